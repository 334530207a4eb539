"""Outcomes are committed as they come: whatever has ended while the last commit ran goes into the next one.

A connection sends no further body before the commit that holds the outcome of its last one. So a crash can leave at most one mail a
connection that was sent and not recorded. With several connections such a group commit costs little, since their waits are shared. A mark
before each body would close the gap no further, and write each row once more.
"""

import asyncio
from collections.abc import Sequence

from services.notifier import deliveries, telemetry
from services.notifier.deliveries import Outcome
from services.notifier.line import Line
from services.notifier.projection import suppress
from shared import logging, outbox
from shared.contracts.notifier import ContactUndeliverable
from shared.database import Database, Transaction
from shared.errors import Contention, Outage
from shared.pauses import longer

log = logging.get(__name__)

FIRST_PAUSE_SECONDS = 0.1


class Ledger:
    """Records outcomes in groups."""

    def __init__(self, database: Database, *, longest_pause_seconds: float) -> None:
        self._database, self._line, self._longest = database, Line(database), longest_pause_seconds
        self._waiting: list[tuple[Outcome, asyncio.Future[None]]] = []
        self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()

    def enter(self, outcome: Outcome) -> asyncio.Future[None]:
        """Take an outcome in; the future is done once it is committed, or known to be no longer ours to write.

        Outcomes are committed in the order in which they come.
        """
        written = self._loop.create_future()
        self._waiting.append((outcome, written))
        self._woken.set()
        return written

    async def run(self, stopping: asyncio.Event) -> None:
        """Commit group after group, until told to stop and nothing is left."""
        stop = asyncio.create_task(self._wake_at(stopping))
        try:
            while self._waiting or not stopping.is_set():
                if not self._waiting:
                    self._woken.clear()
                    await self._woken.wait()
                    continue
                group, self._waiting = self._waiting, []
                await self._commit([outcome for outcome, _ in group])
                for _, written in group:
                    if not written.done():
                        written.set_result(None)
        finally:
            stop.cancel()
            await self._line.close()

    async def _wake_at(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._woken.set()

    async def _commit(self, outcomes: Sequence[Outcome]) -> None:
        """Write outcomes, however long the database is away: a mail that was sent stays in our mind until it is recorded."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                if any(outcome.undeliverable for outcome in outcomes):
                    await self._write_and_announce(outcomes)
                else:
                    await deliveries.record_at_once(self._line, outcomes)
                telemetry.count(outcomes)
            except (Outage, Contention) as trouble:
                log.warning("outcomes_wait", count=len(outcomes), reason=str(trouble), pause_seconds=pause)
                await asyncio.sleep(pause)
                pause = longer(pause, most=self._longest)
            else:
                return

    async def _write_and_announce(self, outcomes: Sequence[Outcome]) -> None:
        async with self._database.transaction() as session:
            ours = await deliveries.record(session, outcomes)
            for outcome in outcomes:
                if outcome.undeliverable and outcome.claimed.id in ours:
                    await self._give_up_address(session, outcome)

    @staticmethod
    async def _give_up_address(session: Transaction, outcome: Outcome) -> None:
        claimed, reason = outcome.claimed, outcome.reason or "refused"
        await suppress(session, "email", claimed.recipient, scope="all", reason="undeliverable")
        if claimed.member_id and claimed.contact_id:
            outbox.put(session, ContactUndeliverable(member_id=claimed.member_id, contact_id=claimed.contact_id, reason=reason))
