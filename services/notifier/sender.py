"""Sending is state, not a queue: what is due is claimed under a lease, sent over kept connections, and recorded.

E-mail is at least once in one gap only: between the server's 250 and our commit. A connection sends its next mail's body after that
commit (see `ledger`), so the gap holds at most one mail a connection; its repeat bears the same Message-ID.
"""

import asyncio
import random
from collections.abc import Iterator, Sequence
from time import monotonic

from services.notifier import announcements, deliveries, handover
from services.notifier.addresses import Unwritable
from services.notifier.deliveries import Claimed, Lease, Outcome
from services.notifier.domains import Domains
from services.notifier.ledger import Ledger
from services.notifier.letters import Letter, Writer
from services.notifier.line import Line
from services.notifier.pool import Pool
from services.notifier.settings import NotifierSettings
from services.notifier.tray import Held, Tray
from services.notifier.watch import Watch
from shared import logging
from shared.database import Database
from shared.errors import Contention, Outage
from shared.pauses import wait_any
from shared.permission import why_not
from shared.service import Context

log = logging.get(__name__)

LENT_SECONDS = 0.5
"""How long a sender that stops waits for what was queued under its lease a moment ago, to give it back."""
DOMAIN_SHARE = 6
"""A domain's first pause is this part of a mail's first pause: the whole domain waits, so it is looked at sooner."""


class Sender:
    """The mouth of one process. Any number may run beside each other.

    It fills its tray with what is due, and its connections empty it.
    """

    def __init__(self, settings: NotifierSettings, database: Database) -> None:
        self.settings, self._database, self._line = settings, database, Line(database)
        self.writer = Writer(settings)
        self.domains = Domains(
            first_pause_seconds=settings.mail_retry_seconds / DOMAIN_SHARE,
            longest_pause_seconds=settings.mail_retry_max_seconds / DOMAIN_SHARE,
        )
        self.ledger = Ledger(database, longest_pause_seconds=settings.outage_pause_seconds)
        self.tray = Tray(urgent=settings.batch_size, bulk=settings.bulk_size, least_bulk=2 * settings.smtp_connections)
        self.pool = Pool(self)
        self.stopping = asyncio.Event()
        self._rung = asyncio.Event()
        self._more_urgent, self._more_bulk = True, True
        self._lent_until = 0.0

    async def run(self, stopping: asyncio.Event) -> None:
        """Send until told to stop; then finish what is under way, and give the rest back."""
        self.stopping = stopping
        ledger_stops = asyncio.Event()
        ledger = asyncio.create_task(self.ledger.run(ledger_stops), name="ledger")
        watch = Watch(self, self._database)
        others = [asyncio.create_task(watch.connections(), name="watch"), asyncio.create_task(watch.leases(), name="leases")]
        handover.announce(self._database, self)
        try:
            while not stopping.is_set():
                if ledger.done() or any(task.done() for task in others):
                    break  # None ends by itself; what it raised is raised below.
                await self._look_for_work()
        finally:
            self.give_all_back()
            await self.pool.end(0.8 * self.settings.stop_seconds)
            await asyncio.sleep(self._lent_until - monotonic())
            handover.withdraw(self._database, self)
            self.give_all_back()
            for task in others:
                task.cancel()
            ledger_stops.set()
            ended = await asyncio.gather(ledger, *others, return_exceptions=True)
            await self._line.close()
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome

    async def _look_for_work(self) -> None:
        """Fill the tray once, and wait until there is reason to look again."""
        self._rung.clear()
        try:
            if self.pool.pause_seconds:
                await self._try_server()
                return
            await self._claim(*self.tray.room)
        except (Outage, Contention) as trouble:
            log.warning("sender_waits", reason=str(trouble))
            await wait_any(self.stopping, seconds=self.settings.sender_poll_seconds)
            return
        self.pool.work()
        if not self._wants_more:
            await wait_any(self._rung, self.stopping, seconds=self.settings.sender_poll_seconds)

    async def _try_server(self) -> None:
        """Wait out the pause, and see whether the mail server is back, by one mail."""
        await wait_any(self.stopping, seconds=self.pool.pause_seconds)
        if self.stopping.is_set():
            return
        self.pool.judged.clear()
        await self._claim(1, 0)
        if not self.tray:
            await self._claim(0, 1)
        if self.tray:
            self.pool.work()
            await wait_any(self.pool.judged, self.stopping, seconds=self.settings.smtp_timeout_seconds)
        else:
            self.pool.pause_seconds = 0.0  # Nothing is due: the next mail will find out.

    async def _claim(self, urgent: int, bulk: int) -> None:
        """Take up to so many mails of each kind in hand, and note of which kind there may be more."""
        lease = Lease.begun(self.settings.sender_lease_seconds)
        claimed = await deliveries.claim(self._line, lease, urgent=urgent, bulk=bulk) if urgent or bulk else []
        found = sum(each.transactional for each in claimed)
        self._more_urgent = found == urgent if urgent else self._more_urgent
        self._more_bulk = len(claimed) - found == bulk if bulk else self._more_bulk
        if bulk and not self._more_bulk:
            give_up_seconds = self.settings.mail_give_up_seconds
            prepared = await announcements.prepare(self._line, lease, most=bulk, give_up_seconds=give_up_seconds)
            self._more_bulk = prepared is not None
            claimed += prepared or ()
        await self._learn_texts(claimed)
        self._accept(claimed, lease)

    async def _learn_texts(self, claimed: Sequence[Claimed]) -> None:
        """Fetch what staff typed, where the mails to be written hold it and we have not read it yet."""
        unknown = {each.cause for each in claimed if each.template == "announcement"} - self.writer.announcements.keys()
        if unknown:
            for identifier, typed in (await announcements.texts(self._database, unknown)).items():
                self.writer.learn(identifier, typed)

    def _accept(self, claimed: Sequence[Claimed], lease: Lease) -> None:
        for each in claimed:
            if why := why_not("answer" if each.transactional else "inform", each.standing):
                self.ledger.enter(Outcome(each, "suppressed", reason=why))
            else:
                self.tray.put(Held(each, lease.good_until))

    def lease(self) -> Lease | None:
        """Return a lease for mails that a transaction queues now, if we have room and know of nothing older that is due."""
        away = self.stopping.is_set() or self.pool.pause_seconds or self._more_urgent
        if away or self.tray.full:
            return None
        self._lent_until = monotonic() + LENT_SECONDS
        return Lease.begun(self.settings.sender_lease_seconds)

    def receive(self, claimed: Sequence[Claimed], lease: Lease) -> None:
        """Take in hand what was queued under our lease."""
        self._accept(claimed, lease)
        if self.pool.pause_seconds or self.stopping.is_set():
            self.give_all_back()
        else:
            self.pool.work()

    def look(self) -> None:
        """Look for what is due, at once or as soon as there is room."""
        self._more_urgent = self._more_bulk = True
        self._rung.set()

    def take(self) -> tuple[Held, Letter] | None:
        """Return the next mail that may go now, written; those of a paused domain are put off."""
        while held := self.tray.take():
            if self._wants_more:
                self._rung.set()
            if (wait := self.domains.put_off_seconds(held.domain, monotonic())) is not None:
                self.ledger.enter(Outcome(held.claimed, "due", pause_seconds=wait, reason="domain paused"))
            elif letter := self._written(held):
                return held, letter
        return None

    @property
    def _wants_more(self) -> bool:
        urgent, bulk = self.tray.room
        return bool((self._more_urgent and urgent) or (self._more_bulk and bulk))

    def _written(self, held: Held) -> Letter | None:
        """Return a mail's letter; one that cannot be written is recorded so, and stops no other."""
        try:
            return self.writer.write(held.claimed)
        except Unwritable:
            self.ledger.enter(Outcome(held.claimed, "failed", reason="address"))
        except Exception:  # A fault in one template must not stop other mails; this one is tried again when it is mended.
            log.exception("mail_not_written", template=held.claimed.template)
            self.try_again(held, "fault")
        return None

    def try_again(self, held: Held, reason: str) -> asyncio.Future[None]:
        """Record a try that failed for now."""
        settings = self.settings
        pause = min(settings.mail_retry_seconds * 2.0 ** min(held.claimed.attempts, 20), settings.mail_retry_max_seconds)
        again = Outcome(held.claimed, "due", spent=True, reason=reason, pause_seconds=pause * random.uniform(1, 1.3))
        return self.ledger.enter(again)

    def give_back(self, held: Held) -> None:
        """Return a mail that was not sent; no attempt is spent, and any sender may take it at once."""
        self.ledger.enter(Outcome(held.claimed, "due"))

    def give_all_back(self) -> None:
        """Return all that no connection has taken."""
        while held := self.tray.take():
            self.give_back(held)

    def in_hand(self) -> Iterator[Held]:
        """Yield every mail whose lease we need."""
        yield from self.tray
        for lane in self.pool.lanes:
            if lane.held:
                yield lane.held
            if lane.following:
                yield lane.following[0]


async def send(context: Context) -> None:
    """Send what is due, until told to stop."""
    await Sender(context.settings, context.database).run(context.stopping)
