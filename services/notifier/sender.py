"""Sending is state, not a queue: what is due is claimed under a lease, sent over kept connections, and recorded.

E-mail is at least once in one gap only: between the server's 250 and our commit. A connection begins its next mail after that commit
(see `ledger`), so the gap holds at most one mail a connection; its repeat bears the same Message-ID.
"""

import asyncio
from collections import deque
from functools import partial
from time import monotonic

from services.notifier import bell, deliveries, telemetry
from services.notifier.deliveries import Outcome
from services.notifier.domains import Domains
from services.notifier.lane import Held, Lane
from services.notifier.ledger import Ledger
from services.notifier.letters import Writer
from services.notifier.settings import NotifierSettings
from services.notifier.watch import Watch
from shared import logging
from shared.clock import new_id
from shared.database import Database
from shared.errors import Contention, Outage
from shared.pauses import longer, wait_any
from shared.permission import silence
from shared.service import Context

log = logging.get(__name__)

MOST_LANES = 64
"""Connections at once, those included that wait for a slow answer."""
FIRST_PAUSE_SECONDS = 0.5
DOMAIN_SHARE = 6
"""A domain's first pause is this part of a mail's first pause: the whole domain waits, so it is looked at sooner."""
FULL_SECONDS = 60.0
"""How long we make do with the connections we have after the server refused one more."""


class Sender:
    """The mouth of one process. Any number may run beside each other.

    Attributes:
        ready: claimed, and not yet taken by a connection.
        changed: set when connections were opened.
        pause_seconds: the present pause while the mail server is away; 0 while it is there.
    """

    def __init__(self, settings: NotifierSettings, database: Database) -> None:
        self.settings, self._database = settings, database
        self.writer = Writer(settings)
        self.domains = Domains(
            first_pause_seconds=settings.mail_retry_seconds / DOMAIN_SHARE,
            longest_pause_seconds=settings.mail_retry_max_seconds / DOMAIN_SHARE,
        )
        self.ledger = Ledger(database, longest_pause_seconds=settings.outage_pause_seconds)
        self.ready: deque[Held] = deque()
        self.lanes: set[Lane] = set()
        self.stopping = asyncio.Event()
        self.pause_seconds = 0.0
        self._freed, self.changed, self._judged = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._most_connections, self._full_until = settings.smtp_connections, 0.0

    async def run(self, stopping: asyncio.Event) -> None:
        """Send until told to stop; then finish what is under way, and give the rest back."""
        self.stopping = stopping
        ledger_stops = asyncio.Event()
        ledger = asyncio.create_task(self.ledger.run(ledger_stops), name="ledger")
        watch = asyncio.create_task(Watch(self, self._database).run(), name="watch")
        try:
            with bell.due.heard() as rung:
                while not stopping.is_set():
                    if ledger.done() or watch.done():
                        break  # Neither ends by itself; what it raised is raised below.
                    rung.clear()
                    self._freed.clear()
                    await self._send_some(rung)
        finally:
            while self.ready:
                self.give_back(self.ready.popleft())
            for lane in self.lanes:
                lane.wake()
            if self.lanes:
                await asyncio.wait([lane.task for lane in self.lanes], timeout=0.8 * self.settings.stop_seconds)
            for lane in list(self.lanes):
                lane.task.cancel()
            watch.cancel()
            ledger_stops.set()
            ended = await asyncio.gather(ledger, watch, *(lane.task for lane in self.lanes), return_exceptions=True)
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome

    async def _send_some(self, rung: asyncio.Event) -> None:
        """Claim once, and wait until there is reason to claim again."""
        if self.pause_seconds:
            await wait_any(self.stopping, seconds=self.pause_seconds)
            if self.stopping.is_set():
                return
        room = 1 if self.pause_seconds else self.settings.batch_size - len(self.ready)
        try:
            claimed = await self._claim(room)
        except (Outage, Contention) as trouble:
            log.warning("sender_waits", reason=str(trouble))
            await wait_any(self.stopping, seconds=self.settings.sender_poll_seconds)
            return
        self._judged.clear()
        self.open_lanes()
        if self.pause_seconds:
            if claimed:
                await wait_any(self._judged, self.stopping, seconds=self.settings.smtp_timeout_seconds)
            else:
                self.pause_seconds = 0.0  # Nothing is due: the next mail will find out.
        elif claimed < room:
            await wait_any(rung, self.stopping, seconds=self.settings.sender_poll_seconds)
        while len(self.ready) > self.settings.batch_size // 2 and not self.stopping.is_set():
            await wait_any(self._freed, self.stopping, seconds=self.settings.sender_poll_seconds)
            self._freed.clear()

    async def _claim(self, most: int) -> int:
        token, since = new_id(), monotonic()
        async with self._database.transaction() as session:
            claimed = await deliveries.claim(session, token, most=most, lease_seconds=self.settings.sender_lease_seconds)
        good_until = since + self.settings.sender_lease_seconds
        for each in claimed:
            if why := silence(each.standing, transactional=each.transactional):
                self.end(Outcome(each, "suppressed", reason=why))
            else:
                self.ready.append(Held(each, good_until))
        return len(claimed)

    def open_lanes(self) -> None:
        """Have as many connections at work as there is work for."""
        working = [lane for lane in self.lanes if not lane.stuck]
        idle = sum(lane.idle for lane in working)
        wanted = min(len(self.ready) - idle, self._room() - len(working), MOST_LANES - len(self.lanes))
        for _ in range(wanted):
            lane = Lane(self)
            self.lanes.add(lane)
            lane.task.add_done_callback(partial(self._closed, lane))
        self.changed.set()
        for lane in working:
            lane.wake()

    def _room(self) -> int:
        """Return how many connections the server lets us have."""
        if monotonic() > self._full_until:
            self._most_connections = self.settings.smtp_connections
        return self._most_connections

    def surplus(self, lane: Lane) -> bool:
        """Return whether there are enough connections without this one, as after it was stuck."""
        return sum(not each.stuck for each in self.lanes if each is not lane) >= self._room()

    def _closed(self, lane: Lane, _: asyncio.Task[None]) -> None:
        self.lanes.discard(lane)
        self._freed.set()
        if not lane.task.cancelled() and (error := lane.task.exception()):
            log.error("connection_failed", exc_info=error)

    def take(self) -> Held | None:
        """Return the next mail that may go now; those of a paused domain are put off."""
        while self.ready:
            held = self.ready.popleft()
            if len(self.ready) <= self.settings.batch_size // 2:
                self._freed.set()
            wait = self.domains.put_off_seconds(held.domain, monotonic())
            if wait is None:
                return held
            self.end(Outcome(held.claimed, "due", pause_seconds=wait, reason="domain paused"))
        return None

    def end(self, outcome: Outcome) -> asyncio.Future[None]:
        """Record an outcome."""
        telemetry.MAILS.labels(outcome.claimed.template, outcome.status if outcome.status != "due" else "put off").inc()
        return self.ledger.enter(outcome)

    def give_back(self, held: Held) -> None:
        """Return a mail that was not sent; no attempt is spent, and any sender may take it at once."""
        self.ledger.enter(Outcome(held.claimed, "due"))

    def server_away(self, lane: Lane, reason: str) -> None:
        """Note that the mail server does not serve this connection.

        If it serves others, they are enough for a while. If not, everything in hand goes back, and the next look is one mail after a
        growing pause.
        """
        if serving := sum(each.connected for each in self.lanes if each is not lane):
            self._most_connections, self._full_until = serving, monotonic() + FULL_SECONDS
            log.info("mail_server_full", connections=serving, reason=reason)
            return
        if self.pause_seconds == 0 or not self._judged.is_set():
            self.pause_seconds = longer(self.pause_seconds, most=self.settings.outage_pause_seconds) or FIRST_PAUSE_SECONDS
            log.warning("mail_server_waits", reason=reason, pause_seconds=self.pause_seconds)
        self._judged.set()
        while self.ready:
            self.give_back(self.ready.popleft())
        self._freed.set()

    def server_back(self) -> None:
        """Note that the mail server talks to us."""
        if self.pause_seconds:
            log.info("mail_server_back")
            self.pause_seconds = 0.0
            self._judged.set()


async def send(context: Context) -> None:
    """Send what is due, until told to stop."""
    await Sender(context.settings, context.database).run(context.stopping)
