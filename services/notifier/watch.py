"""What is looked at while mails go out: answers that are late, leases that run out, how much is waiting."""

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from services.notifier import deliveries, telemetry
from services.notifier.line import Line
from shared import logging
from shared.database import Database
from shared.errors import Contention, Outage
from shared.pauses import wait_any

if TYPE_CHECKING:
    from services.notifier.sender import Sender

log = logging.get(__name__)

LOOK_SECONDS = 0.25
MEASURE_SECONDS = 15.0
IDLE_SECONDS = 20.0
"""A connection without a mail for so long says goodbye."""


class Watch:
    """Watches over one sender."""

    def __init__(self, sender: "Sender", database: Database) -> None:
        self._sender, self._pool, self._line = sender, sender.pool, Line(database)
        self._measured_at = -MEASURE_SECONDS

    async def connections(self) -> None:
        """Look at the connections until cancelled, as long as there are any. Nothing here waits for anything else."""
        while True:
            await self._pool.busy.wait()
            while self._pool.lanes:
                await asyncio.sleep(LOOK_SECONDS)
                self._look(monotonic())

    def _look(self, at: float) -> None:
        """Hang up where an answer is late, give a stuck connection's place to another, let go what has long been idle, and set the pace."""
        for lane in self._pool.lanes:
            if lane.connection and at > lane.connection.patient_until:
                lane.connection.drop()
            if lane.held and lane.waits_since and not lane.stuck and at - lane.waits_since > self._sender.settings.smtp_slow_seconds:
                lane.stuck = True
                self._sender.domains.trouble(lane.held.domain, at)
                if following := lane.let_go():
                    self._sender.tray.put_back(following)
            if lane.idle_since and at - lane.idle_since > IDLE_SECONDS:
                lane.wake(dismissed=True)
        self._sender.tray.pace(LOOK_SECONDS)
        if self._sender.tray:
            self._pool.work()

    async def leases(self) -> None:
        """Keep the leases of what is in hand, and the gauges, until cancelled: often while there are connections, else seldom."""
        try:
            while True:
                await self._measure()
                await wait_any(self._pool.busy, seconds=MEASURE_SECONDS)
                while self._pool.lanes:
                    await asyncio.sleep(LOOK_SECONDS)
                    await self._prolong()
                    await self._measure()
        finally:
            await self._line.close()

    async def _prolong(self) -> None:
        """Prolong the leases of what is in hand and has used up half of its time, as a mail whose answer is slow does."""
        at, lease_seconds = monotonic(), self._sender.settings.sender_lease_seconds
        held = [each for each in self._sender.in_hand() if at < each.good_until < at + lease_seconds / 2]
        if not held:
            return
        try:
            ours = await deliveries.extend(self._line, [each.claimed for each in held], lease_seconds=lease_seconds)
        except (Outage, Contention) as trouble:
            log.warning("leases_not_prolonged", count=len(held), reason=str(trouble))
            return
        for each in held:
            if each.claimed.id in ours:
                each.good_until = at + lease_seconds

    async def _measure(self) -> None:
        telemetry.CONNECTIONS.set(len(self._pool.lanes))
        if monotonic() - self._measured_at < MEASURE_SECONDS:
            return
        self._measured_at = monotonic()
        try:
            [row] = await self._line.fetch(deliveries.WAITING)
        except (Outage, Contention):
            return  # The gauges keep their last value; readiness tells about the database.
        telemetry.DUE.set(row["due"])
        telemetry.OLDEST.set(float(row["oldest_seconds"]))
