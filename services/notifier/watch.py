"""What is looked at while mails go out: connections that are stuck, leases that run out, how much is waiting."""

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from services.notifier import deliveries, telemetry
from shared import logging
from shared.database import Database
from shared.errors import Contention, Outage
from shared.pauses import wait_any

if TYPE_CHECKING:
    from services.notifier.sender import Sender

log = logging.get(__name__)

LOOK_SECONDS = 0.25
MEASURE_SECONDS = 15.0


class Watch:
    """Watches over one sender."""

    def __init__(self, sender: "Sender", database: Database) -> None:
        self._sender, self._database = sender, database
        self._measured_at = -MEASURE_SECONDS

    async def run(self) -> None:
        """Watch until cancelled: often while there are connections, seldom while there are none."""
        while True:
            await self._measure()
            await wait_any(self._sender.changed, seconds=MEASURE_SECONDS)
            self._sender.changed.clear()
            while self._sender.lanes:
                await asyncio.sleep(LOOK_SECONDS)
                self._replace_stuck()
                await self._prolong()
                await self._measure()

    def _replace_stuck(self) -> None:
        at = monotonic()
        for lane in self._sender.lanes:
            if lane.held and lane.waits_since and not lane.stuck and at - lane.waits_since > self._sender.settings.smtp_slow_seconds:
                lane.stuck = True
                self._sender.domains.trouble(lane.held.domain, at)
        if self._sender.ready:
            self._sender.open_lanes()

    async def _prolong(self) -> None:
        """Prolong the leases of what is in hand and has used up half of its time, as a mail whose answer is slow does."""
        sender, at = self._sender, monotonic()
        lease_seconds = sender.settings.sender_lease_seconds
        in_hand = (*sender.ready, *(lane.held for lane in sender.lanes if lane.held))
        held = [each for each in in_hand if at < each.good_until < at + lease_seconds / 2]
        if not held:
            return
        try:
            async with self._database.transaction() as session:
                ours = await deliveries.extend(session, [each.claimed for each in held], lease_seconds=lease_seconds)
        except (Outage, Contention) as trouble:
            log.warning("leases_not_prolonged", count=len(held), reason=str(trouble))
            return
        for each in held:
            if each.claimed.id in ours:
                each.good_until = at + lease_seconds

    async def _measure(self) -> None:
        telemetry.CONNECTIONS.set(len(self._sender.lanes))
        if monotonic() - self._measured_at < MEASURE_SECONDS:
            return
        self._measured_at = monotonic()
        try:
            async with self._database.transaction() as session:
                row = (await session.execute(deliveries.WAITING)).one()
        except (Outage, Contention):
            return  # The gauges keep their last value; readiness tells about the database.
        telemetry.DUE.set(row.due)
        telemetry.OLDEST.set(float(row.oldest_seconds))
