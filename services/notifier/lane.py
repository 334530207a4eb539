"""One connection at work: mail after mail, each one recorded before the next one's body goes out."""

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from services.notifier.deliveries import Outcome
from services.notifier.letters import Letter
from services.notifier.replies import Fate, Reply, to_body
from services.notifier.smtp import Connection, Lost, Refused
from services.notifier.tray import Held
from shared.errors import Outage

if TYPE_CHECKING:
    from services.notifier.sender import Sender


class Lane:
    """One connection and the task that works on it.

    Attributes:
        connection: none before the first mail, and after it broke.
        held: the mail in hand.
        following: the next mail, while its envelope is with the server behind the body of the one in hand.
        idle_since: since when there has been nothing to do, by the monotonic clock; 0 while there is.
        waits_since: since when the answer to a body is waited for; 0 if none is.
        stuck: it has waited too long, and another lane has its place.
    """

    def __init__(self, sender: "Sender") -> None:
        self._sender = sender
        self.connection: Connection | None = None
        self._recorded: asyncio.Future[None] | None = None
        self._woken: asyncio.Future[None] | None = None
        self.held: Held | None = None
        self.following: tuple[Held, Letter] | None = None
        self.idle_since, self.waits_since, self.stuck, self._dismissed = 0.0, 0.0, False, False
        self.task = asyncio.create_task(self._run(), name="smtp")

    @property
    def connected(self) -> bool:
        """Whether it holds an open connection."""
        return self.connection is not None and self.connection.open

    def wake(self, *, dismissed: bool = False) -> None:
        """Have it look for work again.

        Args:
            dismissed: it ends instead; one that has work ends after that.
        """
        self._dismissed = self._dismissed or dismissed
        if self._woken and not self._woken.done():
            self._woken.set_result(None)

    def let_go(self) -> Held | None:
        """Return the following mail for another connection to send, as when this one is stuck. Its body has not gone out."""
        if self.following is None:
            return None
        held, self.following = self.following[0], None
        return held

    async def _run(self) -> None:
        try:
            while work := self.following or await self._next():
                self.held, letter = work
                self.following = None
                await self._send(self.held, letter)
                self.held = None
        except Outage as outage:
            if self.held:
                self._sender.give_back(self.held)
            self._sender.pool.server_away(self, str(outage))
        finally:
            if held := self.let_go():
                self._sender.give_back(held)
            if self.connection:
                self.connection.close()

    async def _next(self) -> tuple[Held, Letter] | None:
        """Return the next mail, or None when this connection is not needed any more."""
        sender = self._sender
        while not self._dismissed and not sender.stopping.is_set() and not sender.pool.surplus(self):
            if work := sender.take():
                return work
            self._woken, self.idle_since = asyncio.get_running_loop().create_future(), monotonic()
            sender.pool.idle[self] = None
            try:
                await self._woken
            finally:
                self._woken, self.idle_since = None, 0.0
                sender.pool.idle.pop(self, None)
        return None

    async def _send(self, held: Held, letter: Letter) -> None:
        """Bring one mail to its end; its outcome is recorded before the next one's body may go.

        Raises:
            Outage: the mail server is away; the mail was not sent.
        """
        sender = self._sender
        try:
            connection = await self._envelope(letter)
        except Refused as refused:
            if refused.fate is not Fate.SERVER_TROUBLE:
                sender.pool.server_back()
            # No need to wait for the last outcome: the ledger keeps the order, and this one is waited for before the next body.
            self._refused(held, refused.fate, refused.reply)
            return
        if self._recorded:
            await self._recorded
        if not connection.usable:
            sender.give_back(held)  # The server grew tired of waiting for the body, which was not sent.
            return
        if monotonic() + sender.settings.smtp_timeout_seconds > held.good_until:
            connection.drop()  # The server waits for a body that may be another sender's to send by now.
            return
        if not sender.stopping.is_set() and not sender.pool.surplus(self):
            self.following = sender.take()
        self.waits_since = monotonic()
        try:
            reply = await connection.body(letter.mail, self.following[1].mailbox if self.following else None)
        except Lost:
            sender.domains.trouble(held.domain, monotonic())
            self._recorded = sender.try_again(held, "no answer")
            return
        finally:
            self.waits_since, self.stuck = 0.0, False
        if (fate := to_body(reply)) is Fate.SENT:
            sender.domains.success(held.domain)
            self._recorded = sender.ledger.enter(Outcome(held.claimed, "sent", spent=True))
        else:
            self._refused(held, fate, reply)

    async def _envelope(self, letter: Letter) -> Connection:
        """Return a connection that waits for this letter's body; a kept one that has died meanwhile is replaced once."""
        sender, fresh = self._sender, False
        while True:
            if self.connection is None or not self.connection.usable:
                self.connection = await Connection.connect(sender.settings, sender.writer.mails.envelope_sender)
                fresh = True
            try:
                await self.connection.envelope(letter.mailbox)
            except Lost as lost:
                self.connection = None
                if fresh:
                    raise Outage(f"the mail server broke off: {lost}") from lost
            except Refused as refused:
                if fresh or refused.fate is not Fate.SERVER_TROUBLE or refused.reply.code != 421:
                    raise
                self.connection = None  # It takes no more on this one: so many mails a connection, or it was idle for too long.
            else:
                sender.pool.server_back()
                return self.connection

    def _refused(self, held: Held, fate: Fate, reply: Reply) -> None:
        """Record what a refusal means.

        Raises:
            Outage: it is the mail server's own trouble.
        """
        sender = self._sender
        if fate is Fate.SERVER_TROUBLE:
            raise Outage(f"the mail server refuses our mail: {reply.reason}")
        if fate is Fate.DOMAIN_TROUBLE:
            sender.domains.trouble(held.domain, monotonic())
        if fate in (Fate.DOMAIN_TROUBLE, Fate.AGAIN):
            self._recorded = sender.try_again(held, reply.reason)
        else:
            failed = Outcome(held.claimed, "failed", spent=True, reason=reply.reason, undeliverable=fate is Fate.GONE)
            self._recorded = sender.ledger.enter(failed)
