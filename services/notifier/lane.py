"""One connection at work: mail after mail, each one recorded before the next one's body goes out."""

import asyncio
import random
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING

from services.notifier.addresses import Unwritable
from services.notifier.deliveries import Claimed, Outcome
from services.notifier.letters import Letter
from services.notifier.replies import Fate, Reply, to_body
from services.notifier.smtp import Connection, Lost, Refused
from shared import logging
from shared.errors import Outage

if TYPE_CHECKING:
    from services.notifier.sender import Sender

log = logging.get(__name__)

IDLE_SECONDS = 20.0
"""A connection without a mail for so long says goodbye."""


@dataclass(eq=False)
class Held:
    """A claimed delivery in this process's hands.

    Attributes:
        good_until: when its lease ends, by this process's monotonic clock; never later than by the database's.
    """

    claimed: Claimed
    good_until: float

    @cached_property
    def domain(self) -> str:
        """The mail domain it goes to."""
        return self.claimed.address.rpartition("@")[2].lower()


class Lane:
    """One connection and the task that works on it.

    Attributes:
        held: the mail in hand.
        waits_since: since when the answer to a body is waited for; 0 if none is.
        stuck: it has waited too long, and another lane has its place.
    """

    def __init__(self, sender: "Sender") -> None:
        self._sender = sender
        self._connection: Connection | None = None
        self._woken = asyncio.Event()
        self.held: Held | None = None
        self.waits_since, self.stuck, self.idle = 0.0, False, False
        self.task = asyncio.create_task(self._run(), name="smtp")

    @property
    def connected(self) -> bool:
        """Whether it holds an open connection."""
        return self._connection is not None and self._connection.open

    def wake(self) -> None:
        """Look for work again."""
        self._woken.set()

    async def _run(self) -> None:
        recorded: Awaitable[None] | None = None
        try:
            while held := await self._next():
                self.held = held
                recorded = await self._send(held, recorded)
                self.held = None
        except Outage as outage:
            if self.held:
                self._sender.give_back(self.held)
            self._sender.server_away(self, str(outage))
        finally:
            if self._connection:
                self._connection.close()

    async def _next(self) -> Held | None:
        """Return the next mail, or None when this connection is not needed any more."""
        sender = self._sender
        while not sender.stopping.is_set() and not sender.surplus(self):
            if held := sender.take():
                return held
            self._woken.clear()
            self.idle = True
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                return None
            finally:
                self.idle = False
        return None

    async def _send(self, held: Held, recorded: Awaitable[None] | None) -> Awaitable[None] | None:
        """Bring one mail to its end, and return what to wait for before the next one's body may go.

        Raises:
            Outage: the mail server is away; the mail was not sent.
        """
        sender = self._sender
        try:
            letter = sender.writer.write(held.claimed)
        except Unwritable:
            return sender.end(Outcome(held.claimed, "failed", reason="address"))
        except Exception:  # A fault in one template must not stop other mails; this one is tried again when it is mended.
            log.exception("mail_not_written", template=held.claimed.template)
            return self._again(held, "fault")
        try:
            connection = await self._envelope(letter)
        except Refused as refused:
            if refused.fate is not Fate.SERVER_TROUBLE:
                sender.server_back()
            if recorded:
                await recorded
            return self._refused(held, refused.fate, refused.reply)
        if recorded:
            await recorded
        if not connection.usable:
            sender.give_back(held)  # The server grew tired of waiting for the body, which was not sent.
            return None
        if monotonic() + sender.settings.smtp_timeout_seconds > held.good_until:
            connection.drop()  # The server waits for a body that may be another sender's to send by now.
            return None
        self.waits_since = monotonic()
        try:
            reply = await connection.body(letter.mail)
        except Lost:
            sender.domains.trouble(held.domain, monotonic())
            return self._again(held, "no answer")
        finally:
            self.waits_since, self.stuck = 0.0, False
        fate = to_body(reply)
        if fate is not Fate.SENT:
            return self._refused(held, fate, reply)
        sender.domains.success(held.domain)
        return sender.end(Outcome(held.claimed, "sent", spent=True))

    async def _envelope(self, letter: Letter) -> Connection:
        """Return a connection that waits for this letter's body; a kept one that has died meanwhile is replaced once."""
        sender, fresh = self._sender, False
        while True:
            if self._connection is None or not self._connection.usable:
                self._connection, fresh = await Connection.connect(sender.settings), True
            try:
                await self._connection.envelope(sender.writer.mails.envelope_sender, letter.mailbox)
            except Lost as lost:
                self._connection = None
                if fresh:
                    raise Outage(f"the mail server broke off: {lost}") from lost
            else:
                sender.server_back()
                return self._connection

    def _refused(self, held: Held, fate: Fate, reply: Reply) -> Awaitable[None]:
        """Record what a refusal means.

        Raises:
            Outage: it is the mail server's own trouble.
        """
        sender = self._sender
        match fate:
            case Fate.SERVER_TROUBLE:
                raise Outage(f"the mail server refuses our mail: {reply.reason}")
            case Fate.DOMAIN_TROUBLE:
                sender.domains.trouble(held.domain, monotonic())
                return self._again(held, reply.reason)
            case Fate.AGAIN:
                return self._again(held, reply.reason)
        return sender.end(Outcome(held.claimed, "failed", spent=True, reason=reply.reason, undeliverable=fate is Fate.GONE))

    def _again(self, held: Held, reason: str) -> Awaitable[None]:
        settings = self._sender.settings
        pause = min(settings.mail_retry_seconds * 2.0 ** min(held.claimed.attempts, 20), settings.mail_retry_max_seconds)
        return self._sender.end(Outcome(held.claimed, "due", spent=True, reason=reason, pause_seconds=pause * random.uniform(1, 1.3)))
