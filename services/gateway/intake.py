"""The hot place: what outsiders say waits here, in memory, for the one commit that makes it safe to answer 202."""

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from prometheus_client import Counter, Gauge, Histogram

from services.gateway import submissions
from services.gateway.settings import GatewaySettings
from services.gateway.submissions import Said
from shared import journey, logging
from shared.contracts.base import Message
from shared.contracts.gateway import RegistrationSubmitted
from shared.database import Database
from shared.errors import Conflict, Contention, FieldError, Invalid, Outage, Unavailable
from shared.service import Context

log = logging.get(__name__)

RETRY_AFTER_SECONDS = 5
LONGEST_PAUSE_SECONDS = 0.5
"""Between two tries of one batch; whoever waits for it has little time."""
GATHER_SECONDS = 0.004
"""How long a flusher lets others join while the house is busy: a commit costs more than a row. A lone request waits for nobody."""
REGISTRATIONS = "/api/v1/registrations"
"""The scope of a registration's `Idempotency-Key`."""

WAITING = Gauge("khokahano_intake_waiting", "Requests that wait for their commit.")
REFUSED = Counter("khokahano_intake_refused_total", "Requests answered 503, since this process could not commit.", ["reason"])
BATCH = Histogram("khokahano_intake_batch_rows", "Submissions committed at once.", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000))


@dataclass(eq=False, slots=True)
class Entry:
    """One thing said, and the future that its request waits for."""

    said: Said
    answer: asyncio.Future[UUID | None]

    def give_up(self) -> None:
        """Answer that it was not committed in time."""
        if not self.answer.done():
            REFUSED.labels("late").inc()
            self.answer.set_exception(Unavailable(retry_after_seconds=RETRY_AFTER_SECONDS))


class Intake:
    """Takes what is said outside, and commits what has come in one transaction.

    `flush` runs as a background task, twice, so that one batch gathers while another commits. It repeats a batch after a lost
    connection, whose commit may have happened: submissions and keys are written once, whatever is repeated.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self._room, self._wait_seconds, self._batch = settings.intake_queue, settings.intake_wait_seconds, settings.batch_size
        # The oldest key: adding a newer one makes no repeated request look like another.
        self._key = settings.link_keys[-1].get_secret_value().encode()
        self._waiting: dict[Entry, None] = {}
        self._held = 0
        WAITING.set_function(lambda: self._held)
        self._arrived = asyncio.Event()
        self._busy = False

    def fingerprint(self, raw: bytes) -> bytes:
        """Return what tells the same body again; keyed, since a body with a phone number is guessed easily."""
        return hmac.digest(self._key, b"idempotency" + raw, hashlib.sha256)

    async def accept(self, submission: RegistrationSubmitted, key: str | None, fingerprint: bytes, *, scope: str = REGISTRATIONS) -> UUID:
        """Wait until a registration is on disk and return the id to answer with: an earlier one's, if its key and body came before.

        Raises:
            Invalid: the key is not 1-255 printable ASCII characters.
            Conflict: the key came with another body before.
            Unavailable: it was not committed in time. It may be later, so the same key should be used again.
        """
        if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
            raise Invalid(errors=[FieldError("", "Idempotency-Key: 1 to 255 printable ASCII characters.")])
        identifier = await self._wait(Said(submission, key, fingerprint, scope, journey.current()))
        assert identifier is not None  # Every registration is answered with an id.
        return identifier

    async def submit(self, message: Message) -> None:
        """Wait until a single answer (a confirmation, a withdrawal, a yes) is on disk with its announcement.

        Raises:
            Unavailable: it was not committed in time.
        """
        await self._wait(Said(message, correlation_id=journey.current()))

    async def _wait(self, said: Said) -> UUID | None:
        if self._held >= self._room:
            REFUSED.labels("full").inc()
            raise Unavailable(retry_after_seconds=RETRY_AFTER_SECONDS)
        loop = asyncio.get_running_loop()
        entry = Entry(said, loop.create_future())
        late = loop.call_later(self._wait_seconds, entry.give_up)
        self._waiting[entry] = None
        self._held += 1
        self._arrived.set()
        try:
            return await entry.answer
        finally:
            late.cancel()
            self._waiting.pop(entry, None)
            self._held -= 1

    async def flush(self, context: Context) -> None:
        """Commit what comes until the process stops, and then what is still here."""
        wake = asyncio.create_task(self._wake_at(context.stopping))
        try:
            while True:
                if not self._waiting:
                    if context.stopping.is_set():
                        return
                    self._arrived.clear()
                    await self._arrived.wait()
                if self._busy:
                    await asyncio.sleep(GATHER_SECONDS)
                if batch := self._take():
                    self._busy = len(batch) > 1
                    await self._settle(batch, context.database)
        finally:
            wake.cancel()

    async def _wake_at(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._arrived.set()

    def _take(self) -> list[Entry]:
        batch = []
        for entry in self._waiting:
            batch.append(entry)
            if len(batch) == self._batch:
                break
        for entry in batch:
            del self._waiting[entry]
        return batch

    async def _settle(self, batch: list[Entry], database: Database) -> None:
        """Commit a batch and answer it; tried again through trouble for as long as somebody still waits for it."""
        pause = 0.02
        while batch := [entry for entry in batch if not entry.answer.done()]:
            try:
                outcomes = await self._commit(batch, database)
            except (Outage, Contention) as trouble:
                log.warning("intake_waits", reason=str(trouble), requests=len(batch))
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                continue
            except Exception as error:  # One row's own fault, whatever it is, must not become its batch mates'.
                if len(batch) > 1:
                    log.warning("intake_split", requests=len(batch), error=type(error).__name__)
                    for entry in batch:
                        await self._settle([entry], database)
                else:
                    batch[0].answer.set_exception(error)
                return
            BATCH.observe(len(batch))
            _answer(batch, outcomes)
            return

    @staticmethod
    async def _commit(batch: Sequence[Entry], database: Database) -> list[UUID | Conflict | None]:
        async with database.transaction() as session:
            return await submissions.keep(session, [entry.said for entry in batch])


def _answer(batch: Sequence[Entry], outcomes: Sequence[UUID | Conflict | None]) -> None:
    for entry, outcome in zip(batch, outcomes, strict=True):
        if entry.answer.done():  # Its request gave up while we committed.
            continue
        if isinstance(outcome, Conflict):
            entry.answer.set_exception(outcome)
        else:
            entry.answer.set_result(outcome)
