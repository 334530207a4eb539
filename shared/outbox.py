"""The outbox: an announcement commits together with the state that it announces, and a relay carries it to the broker."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared import journey, logging, telemetry
from shared.clock import new_id, now
from shared.contracts.base import Message
from shared.database import Database, after_commit, before_commit
from shared.errors import Contention, Outage
from shared.messaging import Outgoing, Publisher
from shared.pauses import longer, wait_any

log = logging.get(__name__)

RELAY_DEADLINE_SECONDS = 5.0
"""How long one claim may be held for its publishing and confirms."""
FULL_SCAN_SECONDS = 30.0
"""How often the relay looks at the whole table, for rows whose transaction committed late."""
LATE_COMMIT = timedelta(minutes=5)
"""How far behind the oldest row last seen the ordinary scan begins: an index hint only, the full scan finds the rest."""
FIRST_PAUSE_SECONDS = 0.1

WRITE = text(
    "INSERT INTO outbox (id, key, body, correlation_id, queue, again)"
    " SELECT * FROM unnest(:ids, :keys, :bodies, :correlations, :queues, :agains)"
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid())),
    *(bindparam(name, type_=ARRAY(Text())) for name in ("keys", "bodies", "correlations", "queues")),
    bindparam("agains", type_=ARRAY(Boolean())),
)
CLAIM = text(
    "WITH due AS (SELECT id FROM outbox WHERE id >= :floor AND (not_before IS NULL OR not_before <= now())"
    " ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED)"
    " DELETE FROM outbox USING due WHERE outbox.id = due.id"
    " RETURNING outbox.id, key, body, correlation_id, queue, again, at, attempts"
).bindparams(bindparam("floor", type_=Uuid()))
PUT_BACK = text(
    "INSERT INTO outbox (id, key, body, correlation_id, queue, again, at, attempts, not_before)"
    " VALUES (:id, :key, :body, :correlation_id, :queue, :again, :at, :attempts + 1,"
    " now() + least(interval '1 second' * 2 ^ :attempts, interval '1 hour'))"
)
"""What was returned or refused is tried again after a pause of its own, so that it holds up nothing else."""
PUT_BACK_AT_ONCE = text(
    "INSERT INTO outbox (id, key, body, correlation_id, queue, again, at, attempts)"
    " VALUES (:id, :key, :body, :correlation_id, :queue, :again, :at, :attempts)"
)
"""What the broker did not confirm because it went away is none the worse for it."""


@dataclass(frozen=True)
class Announcement:
    """One row to write."""

    message: Message
    correlation_id: str | None
    queue: str | None
    again: bool


def put(session: AsyncSession, message: Message, *, cause: Message | None = None, queue: str | None = None, again: bool = False) -> None:
    """Announce a fact when this transaction commits.

    Args:
        cause: the delivered message that led to it, whose correlation id travels on; without one, the present journey's.
        queue: the one queue to go to, instead of to all who listen.
        again: a state announced anew: listeners update what they hold and cause no delivery.
    """
    waiting: list[Announcement] | None = session.info.get("outbox")
    if waiting is None:
        waiting = session.info["outbox"] = []
        before_commit(session, _write)
    correlation_id = cause.correlation_id if cause else None
    waiting.append(Announcement(message, correlation_id or journey.current(), queue, again))


async def _write(session: AsyncSession) -> None:
    rows: list[Announcement] = session.info.pop("outbox")
    await session.execute(
        WRITE,
        {
            "ids": [new_id() for _ in rows],
            "keys": [row.message.key for row in rows],
            "bodies": [row.message.model_dump_json() for row in rows],
            "correlations": [row.correlation_id for row in rows],
            "queues": [row.queue for row in rows],
            "agains": [row.again for row in rows],
        },
    )
    if relay := Relay.of_this_process:
        after_commit(session, relay.wake)


class Relay:
    """Carries the outbox to the broker. Any number of them may run beside each other.

    A claim deletes its rows in a transaction that commits only after the broker has confirmed them; what was refused, returned or
    not confirmed goes back. A relay that dies in between leaves the rows: they are published again under the same `message_id`.
    """

    of_this_process: "Relay | None" = None

    def __init__(
        self, database: Database, publisher: Publisher, *, service: str, batch: int, poll_seconds: float, longest_pause_seconds: float
    ) -> None:
        self._database, self._publisher, self._service = database, publisher, service
        self._batch, self._poll_seconds, self._longest_pause = batch, poll_seconds, longest_pause_seconds
        self._woken = asyncio.Event()
        self._floor, self._scanned_whole_at = UUID(int=0), now()

    def wake(self) -> None:
        """Look at once: something was committed."""
        self._woken.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Relay until told to stop; what is claimed then is finished first."""
        Relay.of_this_process = self
        pause = 0.0
        try:
            while not stopping.is_set():
                self._woken.clear()
                try:
                    found = await self.relay_once(most=1 if pause else self._batch)
                    pause = 0.0
                except (Outage, Contention) as trouble:
                    pause = longer(max(pause, FIRST_PAUSE_SECONDS), most=self._longest_pause)
                    log.warning("relay_waits", reason=str(trouble), pause_seconds=round(pause, 1))
                    await wait_any(stopping, seconds=pause)
                    continue
                if not found:
                    await wait_any(self._woken, stopping, seconds=self._poll_seconds)
        finally:
            Relay.of_this_process = None

    async def relay_once(self, most: int) -> int:
        """Publish at most `most` rows and return how many were claimed.

        Raises:
            Outage: the database or the broker is away, or the broker did not confirm in time. Nothing is lost.
        """
        if now() - self._scanned_whole_at > timedelta(seconds=FULL_SCAN_SECONDS):
            self._floor, self._scanned_whole_at = UUID(int=0), now()
        async with self._database.transaction() as session:
            rows: Sequence[Any] = (await session.execute(CLAIM, {"floor": self._floor, "most": most})).all()
            if not rows:
                return 0
            failures = await self._publisher.publish([self._outgoing(row) for row in rows], deadline_seconds=RELAY_DEADLINE_SECONDS)
            unconfirmed = [row for row in rows if row.id in failures]
            if len(unconfirmed) == len(rows) and any(isinstance(error, Outage) for error in failures.values()):
                raise Outage("the broker confirmed nothing")  # The claim rolls back: every row stays as it was.
            for row in unconfirmed:
                if isinstance(failures[row.id], Outage):
                    await session.execute(PUT_BACK_AT_ONCE, dict(row._mapping))
                    continue
                log.error("publish_failed", key=row.key, message_id=str(row.id), error=type(failures[row.id]).__name__)
                await session.execute(PUT_BACK, dict(row._mapping))
        telemetry.RELAYED.labels(self._service).inc(len(rows) - len(unconfirmed))
        self._floor = _earlier(min(row.id for row in rows), LATE_COMMIT)
        return len(rows)

    @staticmethod
    def _outgoing(row: Any) -> Outgoing:
        return Outgoing(row.id, row.key, row.body.encode(), row.correlation_id, row.queue, {"again": True} if row.again else {}, row.at)


def _earlier(identifier: UUID, gap: timedelta) -> UUID:
    """Return the least UUIDv7 of the moment that lies `gap` before this one's. Source: RFC 9562, section 5.7."""
    milliseconds = (identifier.int >> 80) - int(gap.total_seconds() * 1000)
    return UUID(int=max(milliseconds, 0) << 80)
