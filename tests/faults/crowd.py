"""People at the front door: many at once, each with a key of their own, who come again until they are heard, or do not."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from ops.ports import LOOPBACK

ANSWER_SECONDS = 10.0
"""How long a caller waits for an answer before they hang up."""
COME_AGAIN_SECONDS = 0.05
NAMES = ("Lerato", "Thabo", "Palesa", "Tšepo", "Nthabiseng", "Mpho", "Limpho", "Teboho", "Rethabile", "Khotso")
FAMILY_NAMES = ("Mokoena", "Molapo", "Letsie", "Mohapi", "Ramaili", "Sekhonyana", "Thabane", "Nkuebe")
PLACES = ({"country": "ZA", "province": "ZA-GP"}, {"country": "ZA", "province": "ZA-FS"}, {"country": "BW"}, {"country": "GB"})


@dataclass
class Registration:
    """One person's form, its key, and what it was answered."""

    body: dict[str, Any]
    key: str = field(default_factory=lambda: str(uuid4()))
    answers: list[int] = field(default_factory=list)
    """The status of each try; 0 where there was no answer."""
    id: UUID | None = None
    """What it was answered with 202."""
    retry_after: str | None = None
    """The last refusal's Retry-After."""
    seconds: float = 0.0
    """How long the last try took."""

    @property
    def email(self) -> str:
        """The address."""
        return str(self.body["email"])


def registration(number: int, *, crowd: str = "crowd", **more: Any) -> Registration:
    """Return a made-up person's registration; each number is another person."""
    body: dict[str, Any] = {
        "given_name": NAMES[number % len(NAMES)],
        "family_name": FAMILY_NAMES[number % len(FAMILY_NAMES)],
        "email": f"{crowd}.{number:05}@example.org",
        **PLACES[number % len(PLACES)],
        "language": "en" if number % 3 else "st",
        "consent": {"registration": True, "information": True},
        "consent_text_version": "2020-01",
        **more,
    }
    return Registration(body)


def registrations(number: int, *, crowd: str = "crowd") -> list[Registration]:
    """Return so many people's registrations."""
    return [registration(each, crowd=crowd) for each in range(number)]


@dataclass(frozen=True)
class Answer:
    """What the door said."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body, read."""
        return json.loads(self.body)


class Caller:
    """One connection to the front door, kept open as long as that works."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Ask once and return the answer; header names are written with underscores.

        Raises:
            OSError, EOFError, TimeoutError: there was no answer.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._call(method, path, body, headers)
        except BaseException:
            self.hang_up()
            raise

    def hang_up(self) -> None:
        """Close the connection."""
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def _call(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection(LOOPBACK, self._port)
        reader, writer = self._streams
        lines = [f"{method} {path} HTTP/1.1", f"Host: {LOOPBACK}:{self._port}", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        status = int((await reader.readuntil(b"\r\n")).split()[1])
        got: dict[str, str] = {}
        while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
            name, _, value = line.decode("latin-1").partition(":")
            got[name.strip().lower()] = value.strip()
        if got.get("transfer-encoding") == "chunked":
            parts = []
            while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
                parts.append((await reader.readexactly(size + 2))[:-2])
            await reader.readuntil(b"\r\n")
            content = b"".join(parts)
        else:
            content = await reader.readexactly(int(got.get("content-length", 0)))
        if got.get("connection") == "close":
            self.hang_up()
        return Answer(status, got, content)


class Crowd:
    """Posts to one gateway."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def post(
        self, people: Sequence[Registration], *, at_once: int = 16, again: bool = True, seconds: float = 120, pace: float = 0
    ) -> list[Registration]:
        """Post all of these and return those that were answered 202.

        Args:
            at_once: connections.
            again: whoever is not answered 202 comes again with the same key, until these seconds are over; else each tries once.
            pace: the most registrations a second that are begun; 0 for as fast as it goes.
        """
        begun, waiting, deadline = time.monotonic(), iter(enumerate(people)), time.monotonic() + seconds

        async def work() -> None:
            caller = Caller(self._port)
            try:
                for number, person in waiting:
                    if pace and (early := begun + number / pace - time.monotonic()) > 0:
                        await asyncio.sleep(early)
                    while not await self.try_once(person, caller) and again:
                        if time.monotonic() > deadline:
                            break
                        await asyncio.sleep(COME_AGAIN_SECONDS)
            finally:
                caller.hang_up()

        async with asyncio.TaskGroup() as callers:
            for _ in range(at_once):
                callers.create_task(work())
        return [person for person in people if person.id]

    async def try_once(self, person: Registration, caller: Caller | None = None) -> bool:
        """Post one registration once; True if it was answered 202."""
        one = caller or Caller(self._port)
        body, started = json.dumps(person.body).encode(), time.monotonic()
        try:
            answer = await one.call("POST", "/api/v1/registrations", body, Content_Type="application/json", Idempotency_Key=person.key)
        except (OSError, EOFError, TimeoutError):
            person.answers.append(0)
            return False
        finally:
            person.seconds = time.monotonic() - started
            if caller is None:
                one.hang_up()
        person.answers.append(answer.status)
        person.retry_after = answer.headers.get("retry-after")
        if answer.status != 202:
            return False
        identifier = UUID(answer.json()["id"])
        assert person.id in (None, identifier), "the same key was answered with another registration"
        person.id = identifier
        return True


def answers(people: Sequence[Registration]) -> Counter[int]:
    """Return how often each status was answered, 0 for none."""
    return Counter(status for person in people for status in person.answers)
