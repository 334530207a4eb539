"""The relay: carries the outbox to the broker, and forgets a row once the broker has confirmed it.

What this process commits is published from memory at once, before anything is read back: its rows are born with a lease, which keeps
other relays away from them. Whatever is left when a lease ends (a process died, the broker was away) is claimed from the table by
whichever relay comes first. So a message may be published twice, under one `message_id`, and is never published not at all.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from time import monotonic
from uuid import UUID

from sqlalchemy import ARRAY, Double, Integer, Uuid, bindparam, text

from shared import logging, telemetry
from shared.database import Database
from shared.errors import Contention, Outage
from shared.messaging import Outgoing, Publisher
from shared.pauses import longer, wait_any

log = logging.get(__name__)

DEADLINE_SECONDS = 5.0
"""How long a batch's confirms are waited for."""
CARRIED_BATCHES = 20
"""Batches in memory at most; what is committed beyond them is read from the table when its turn comes."""
FULL_SCAN_SECONDS = 30.0
"""How often the relay looks at the whole table, for rows whose transaction committed late."""
LATE_COMMIT = timedelta(minutes=5)
"""How far behind the oldest row last seen the ordinary scan begins: an index hint only, the full scan finds the rest."""
FIRST_PAUSE_SECONDS = 0.1

CLAIM = text(
    "WITH due AS (SELECT id FROM outbox WHERE id >= :floor AND (not_before IS NULL OR not_before <= now())"
    " ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED)"
    " UPDATE outbox SET not_before = now() + make_interval(secs => :lease) FROM due WHERE outbox.id = due.id"
    " RETURNING outbox.id, key, body, correlation_id, queue, again, at"
).bindparams(bindparam("floor", type_=Uuid()), bindparam("most", type_=Integer()), bindparam("lease", type_=Double()))
FORGET = text(
    "DELETE FROM outbox USING (SELECT set_config('synchronous_commit', 'off', true) OFFSET 0) AS unhurried WHERE id = ANY(:ids)"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())))
"""Its commit waits for no disk, so that no other's waits behind it: a deletion that a crash undoes only publishes again."""
RELEASE = text("UPDATE outbox SET not_before = NULL WHERE id = ANY(:ids)").bindparams(bindparam("ids", type_=ARRAY(Uuid())))
"""What the broker did not confirm because it went away is none the worse for it."""
PUT_OFF = text(
    "UPDATE outbox SET attempts = attempts + 1, not_before = now() + least(interval '1 second' * 2 ^ attempts, interval '1 hour')"
    " WHERE id = ANY(:ids)"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())))
"""What was returned or refused is tried again after a pause of its own, so that it holds up nothing else."""


class Relay:
    """Carries the outbox of one database to the broker. Any number of them may run beside each other.

    Args:
        lease_seconds: how long a row is one process's to publish; a broker slower than that may be told twice.
        poll_seconds: how often the table is looked at when nothing woke the relay.
    """

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        *,
        service: str,
        batch: int,
        lease_seconds: float,
        poll_seconds: float,
        longest_pause_seconds: float,
    ) -> None:
        self._database, self._publisher, self._service = database, publisher, service
        self._batch, self._lease_seconds = batch, lease_seconds
        self._poll_seconds, self._longest_pause = poll_seconds, longest_pause_seconds
        self._carried: deque[Outgoing] = deque()
        self._flows = False
        self._woken = asyncio.Event()
        self._look_at = 0.0
        self._floor, self._scan_whole_at = UUID(int=0), 0.0

    def lease_seconds(self, rows: int) -> float | None:
        """Return how long rows that are being written will be this relay's to publish; None if it has no room for them."""
        has_room = self._flows and len(self._carried) + rows <= CARRIED_BATCHES * self._batch
        return self._lease_seconds if has_room else None

    def carry(self, rows: Sequence[Outgoing]) -> None:
        """Publish these rows, which are committed under a lease for us."""
        self._carried.extend(rows)
        self._woken.set()

    def wake(self) -> None:
        """Look at the table at once: something was committed there."""
        self._look_at = 0.0
        self._woken.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Relay until told to stop; what is carried then is published first."""
        self._database.relay = self
        pause = 0.0
        try:
            while not stopping.is_set() or self._carried:
                self._woken.clear()
                try:
                    found = await self.relay_once(most=1 if pause else self._batch)
                    self._flows, pause = True, 0.0
                except (Outage, Contention) as trouble:
                    self._flows = False
                    if stopping.is_set():
                        return  # Whoever comes after finds what is left.
                    pause = longer(max(pause, FIRST_PAUSE_SECONDS), most=self._longest_pause)
                    log.warning("relay_waits", reason=str(trouble), pause_seconds=round(pause, 1))
                    await wait_any(stopping, seconds=pause)
                    self._look_at = 0.0
                    continue
                if not found:
                    await wait_any(self._woken, stopping, seconds=max(self._look_at - monotonic(), 0.0))
        finally:
            if self._database.relay is self:
                self._database.relay = None

    async def relay_once(self, most: int) -> int:
        """Publish at most `most` rows, and return how many were in hand.

        Raises:
            Outage: the database or the broker is away, or the broker did not confirm in time. Nothing is lost.
        """
        rows = await self._claim(most) if monotonic() >= self._look_at else []
        if not rows:
            rows = [self._carried.popleft() for _ in range(min(most, len(self._carried)))]
        if rows:
            await self._publish(rows)
        return len(rows)

    async def _claim(self, most: int) -> list[Outgoing]:
        """Take the lease of what nobody carries."""
        if monotonic() >= self._scan_whole_at:
            self._floor, self._scan_whole_at = UUID(int=0), monotonic() + FULL_SCAN_SECONDS
        parameters = {"floor": self._floor, "most": most, "lease": self._lease_seconds}
        rows = sorted(await self._database.at_once(CLAIM, parameters), key=lambda row: row.id)
        if rows:
            self._floor = _earlier(rows[0].id, LATE_COMMIT)
        if len(rows) < most:
            self._look_at = monotonic() + self._poll_seconds
        return [
            Outgoing(row.id, row.key, row.body.encode(), row.correlation_id, row.queue, {"again": True} if row.again else {}, row.at)
            for row in rows
        ]

    async def _publish(self, rows: Sequence[Outgoing]) -> None:
        """Publish rows and forget those that the broker has confirmed."""
        try:
            failures = await self._publisher.publish(rows, deadline_seconds=DEADLINE_SECONDS)
        except Outage:
            await self._release([row.id for row in rows])
            raise
        for row in rows:
            if row.id in failures and not isinstance(failures[row.id], Outage):
                log.error("publish_failed", key=row.key, message_id=str(row.id), error=type(failures[row.id]).__name__)
        confirmed = [row.id for row in rows if row.id not in failures]
        if confirmed:
            await self._database.at_once(FORGET, {"ids": confirmed})
            telemetry.RELAYED.labels(self._service).inc(len(confirmed))
        if refused := [identifier for identifier, error in failures.items() if not isinstance(error, Outage)]:
            await self._database.at_once(PUT_OFF, {"ids": refused})
        if unconfirmed := [identifier for identifier, error in failures.items() if isinstance(error, Outage)]:
            await self._release(unconfirmed)
            raise Outage(f"the broker did not confirm {len(unconfirmed)} of {len(rows)}")

    async def _release(self, ids: Sequence[UUID]) -> None:
        """Give up these rows and all that is carried, so that they need not wait for their lease's end."""
        carried = [row.id for row in self._carried]
        self._carried.clear()
        await self._database.at_once(RELEASE, {"ids": [*ids, *carried]})


def _earlier(identifier: UUID, gap: timedelta) -> UUID:
    """Return the least UUIDv7 of the moment that lies `gap` before this one's. Source: RFC 9562, section 5.7."""
    milliseconds = (identifier.int >> 80) - int(gap.total_seconds() * 1000)
    return UUID(int=max(milliseconds, 0) << 80)
