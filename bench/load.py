"""A lean source of registrations: prebuilt bytes, raw sockets, and it knows of each request when it went and what came back.

    python -m bench.load URL TAG FIRST COUNT OUT --connections 64     as fast as the answers come
    python -m bench.load URL TAG FIRST COUNT OUT --rate 20            steady; one that goes late still counts from when it was due

FIRST is the number of the first person (`bench.people`). OUT gets JSON: `sent`, `accepted` (address → when it was posted, of each that
was answered 202), `statuses` (0 stands for no answer), `first_at`, `http_ms` (median, 99 %), `cpu_seconds`.
"""

import argparse
import asyncio
import json
import time
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop

from bench.people import PATH, body, person

GIVE_UP_SECONDS = 300
PATIENT_CONNECTIONS = 8
"""How many wait for the next due request at a steady rate."""


@dataclass
class Request:
    """One registration on its way."""

    email: str
    data: bytes
    due_at: float = 0.0


def request(number: int, tag: str, host: str) -> Request:
    """Return one person's request, whole."""
    content = body(number, tag)
    head = f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return Request(person(number, tag)["email"], head.encode() + content)


class Load:
    """All requests of one call, and what became of them."""

    def __init__(self, host: str, port: int, count: int) -> None:
        self.host, self.port, self._count = host, port, count
        self.todo: deque[Request] = deque()
        self.idle: deque[Connection] = deque()
        self.accepted: dict[str, float] = {}
        self.statuses: Counter[int] = Counter()
        self.took: list[float] = []
        self.done = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def connect(self) -> None:
        """Open one connection; it takes work as long as there is any."""
        await asyncio.get_running_loop().create_connection(lambda: Connection(self), self.host, self.port)

    def reconnect(self) -> None:
        """Replace a connection that was closed on us."""
        if not self.done.is_set():
            task = asyncio.create_task(self.connect())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def finish(self, one: Request, sent_at: float, status: int) -> None:
        """Note an answer."""
        self.took.append(time.monotonic() - sent_at)
        self.statuses[status] += 1
        if status == 202:
            self.accepted[one.email] = one.due_at or sent_at
        if len(self.took) == self._count:
            self.done.set()


class Connection(asyncio.Protocol):
    """One kept connection with one request on it at a time."""

    def __init__(self, load: Load) -> None:
        self._load, self._buffer, self._sent_at = load, b"", 0.0
        self._busy: Request | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports are none of asyncio's classes.
        self.go_on()

    def go_on(self) -> None:
        """Send the next request, or wait for one."""
        if self._load.todo:
            self._busy = self._load.todo.popleft()
            self._sent_at = time.monotonic()
            self._transport.write(self._busy.data)
        else:
            self._load.idle.append(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, ended, content = self._buffer.partition(b"\r\n\r\n")
        fields = head.lower()
        at = fields.find(b"content-length:")
        if not ended or (at >= 0 and len(content) < int(fields[at + 15 :].partition(b"\r\n")[0])):
            return
        self._buffer = b""
        one, self._busy = self._busy, None
        if one:
            self._load.finish(one, self._sent_at, int(fields[9:12]))
        if b"connection: close" in fields:
            self._transport.close()
        else:
            self.go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self._load.idle:
            self._load.idle.remove(self)
        if self._busy:
            self._load.finish(self._busy, self._sent_at, 0)
        self._load.reconnect()


async def main(arguments: argparse.Namespace) -> None:
    """Send everything and write what came of it."""
    url = urlsplit(arguments.url)
    load = Load(url.hostname or "127.0.0.1", url.port or 80, arguments.count)
    requests = [request(arguments.first + number, arguments.tag, url.netloc) for number in range(arguments.count)]
    began_cpu, first_at = time.process_time(), time.monotonic()
    async with asyncio.timeout(GIVE_UP_SECONDS):
        if arguments.rate:
            await asyncio.gather(*(load.connect() for _ in range(PATIENT_CONNECTIONS)))
            first_at = time.monotonic()
            for number, one in enumerate(requests):
                one.due_at = first_at + number / arguments.rate
                await asyncio.sleep(max(0, one.due_at - time.monotonic()))
                load.todo.append(one)
                if load.idle:
                    load.idle.popleft().go_on()
        else:
            load.todo.extend(requests)
            await asyncio.gather(*(load.connect() for _ in range(arguments.connections)))
        await load.done.wait()
    load.took.sort()
    result = {
        "sent": arguments.count,
        "accepted": load.accepted,
        "statuses": load.statuses,
        "first_at": first_at,
        "http_ms": [round(1000 * load.took[int(len(load.took) * share)], 2) for share in (0.5, 0.99)],
        "cpu_seconds": time.process_time() - began_cpu,
    }
    Path(arguments.out).write_text(json.dumps(result))  # noqa: ASYNC240  # Nothing else runs any more.


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name, kind in (("url", str), ("tag", str), ("first", int), ("count", int), ("out", str)):
        parser.add_argument(name, type=kind)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rate", type=float, default=0.0)
    uvloop.run(main(parser.parse_args()))
