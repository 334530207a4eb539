"""One kept connection to the mail server, one mail in flight on it.

aiosmtplib opens it (TLS, login, EHLO); then this protocol takes the transport over, because aiosmtplib waits for each answer before
it says the next thing. Here a mail's body goes out in one packet with the next mail's envelope (RFC 2920), so that a mail costs one
round trip.
"""

import asyncio
import math
from collections import deque
from time import monotonic
from typing import cast

import aiosmtplib

from services.notifier.addresses import Mailbox
from services.notifier.replies import Fate, Reply, to_data, to_recipient, to_sender
from services.notifier.settings import NotifierSettings
from shared.errors import Outage

LONGEST_LINE = 8192
"""Octets of an answer's line; RFC 5321 allows 512, servers say more."""
RESET = b"RSET\r\n"


class Lost(Exception):
    """The connection broke, or the server did not answer in time. What became of a mail whose body was on its way is not known."""


class Refused(Exception):
    """The server's answer ends this mail."""

    def __init__(self, fate: Fate, reply: Reply) -> None:
        super().__init__(fate.value)
        self.fate, self.reply = fate, reply


class Connection(asyncio.Protocol):
    """A conversation with the mail server, from after its greeting on.

    Attributes:
        patient_until: when the answer that is waited for is late, by the monotonic clock. Whoever watches hangs up then: one look at
            all connections is much cheaper than a timer for each answer.
    """

    def __init__(
        self, transport: asyncio.Transport, extensions: frozenset[str], *, sender: str, step_seconds: float, accept_seconds: float
    ) -> None:
        self._transport, self._extensions = transport, extensions
        self._pipelines = "pipelining" in extensions
        self._mail_from = b"MAIL FROM:<%s>" % sender.encode()
        self._step_seconds, self._accept_seconds = step_seconds, accept_seconds
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._lines: list[bytes] = []
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._begun: Mailbox | None = None
        self._needs_reset = False
        self.patient_until = math.inf

    @classmethod
    async def connect(cls, settings: NotifierSettings, sender: str) -> "Connection":
        """Connect, and log in if a name is set.

        Raises:
            Outage: the mail server is away, or does not want us.
        """
        client = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username or None,
            password=settings.smtp_password.get_secret_value() or None,
            local_hostname=settings.mail_domain,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
            timeout=settings.smtp_timeout_seconds,
        )
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
        except aiosmtplib.SMTPResponseException as error:
            client.close()
            raise Outage(f"the mail server said {error.code}") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise Outage(f"the mail server is away: {type(error).__name__}") from error
        transport = cast("asyncio.Transport | None", client.transport)  # uvloop's transports are none of asyncio's classes.
        if transport is None or transport.is_closing():
            raise Outage("the mail server hung up")
        connection = cls(
            transport,
            frozenset(client.esmtp_extensions),
            sender=sender,
            step_seconds=settings.smtp_timeout_seconds,
            accept_seconds=settings.smtp_accept_seconds,
        )
        transport.set_protocol(connection)
        return connection

    @property
    def open(self) -> bool:
        """Whether neither side has hung up."""
        return not self._transport.is_closing()

    @property
    def usable(self) -> bool:
        """Whether a mail may go on: still open, and the server has said nothing unasked, as it does before it hangs up on the idle."""
        return not self._transport.is_closing() and (self._begun is not None or not (self._replies or self._buffer))

    async def envelope(self, recipient: Mailbox) -> None:
        """Have the server wait for the body of this recipient's mail; what `body` has said already is not said again.

        Raises:
            Refused: this mail cannot go now, or at all.
            Lost: the connection broke; the mail was not sent.
        """
        if self._begun is not recipient:
            await self._begin(recipient)
        self._begun = None
        refused: Refused | None = None
        for step, judge in zip(self._steps(recipient), (to_sender, to_recipient, to_data), strict=True):
            if refused and not self._pipelines:
                break
            reply = await self._answer(self._step_seconds) if self._pipelines else await self._say(step)
            fate = judge(reply)
            if refused is None and fate:
                refused = Refused(fate, reply)
            elif refused and reply.code == 354:
                await self._say(b".\r\n")  # It wants a body for nobody: the empty one ends it. Source: RFC 2920, section 3.1.
            if reply.code == 421:
                break
        if refused:
            self._needs_reset = True
            if refused.reply.code == 421 or refused.fate is Fate.SERVER_TROUBLE:
                self.drop()
            raise refused

    async def _begin(self, recipient: Mailbox) -> None:
        """Say the envelope, where a server takes it in one packet."""
        if self._begun:
            self.drop()
            raise Lost("another mail's envelope is open")
        if not self._takes(recipient):
            raise Refused(Fate.REFUSED, Reply(553, "5.6.7 the server takes no international addresses"))
        group = b"".join(self._steps(recipient)) if self._pipelines else b""
        if self._needs_reset:
            await self._say(RESET + group)
            self._needs_reset = False
        elif group:
            self._transport.write(group)

    def _takes(self, recipient: Mailbox) -> bool:
        return not recipient.international or "smtputf8" in self._extensions

    def _steps(self, recipient: Mailbox) -> tuple[bytes, bytes, bytes]:
        more = b" SMTPUTF8\r\n" if recipient.international else b"\r\n"
        return self._mail_from + more, b"RCPT TO:<%s>\r\n" % recipient.path, b"DATA\r\n"

    async def body(self, mail: bytes, following: Mailbox | None = None) -> Reply:
        """Send the mail after its envelope and return the server's last word on it.

        Args:
            following: whom the next mail on this connection is to; its envelope goes out behind the body.

        Raises:
            Lost: it is not known whether the mail was taken.
        """
        if b"\r\n." in mail:
            mail = mail.replace(b"\r\n.", b"\r\n..")
        if following and self._pipelines and self._takes(following):
            self._begun = following
            self._transport.write(b"".join((mail, b".\r\n", *self._steps(following))))
        else:
            self._transport.write(mail + b".\r\n")
        reply = await self._answer(self._accept_seconds)
        if reply.code == 421:
            self.drop()
        return reply

    def close(self) -> None:
        """Say goodbye, and wait for nothing. A mail whose body was not begun is not taken."""
        if self._begun:
            self.drop()
        elif not self._transport.is_closing():
            self._transport.write(b"QUIT\r\n")
            self._transport.close()

    def drop(self) -> None:
        """Hang up at once: a mail whose body was not ended is not taken."""
        self._transport.abort()

    async def _say(self, line: bytes) -> Reply:
        self._transport.write(line)
        return await self._answer(self._step_seconds)

    async def _answer(self, seconds: float) -> Reply:
        if not self._replies:
            if self._transport.is_closing():
                raise Lost("the connection is closed")
            self._waiter = self._loop.create_future()
            self.patient_until = monotonic() + seconds
            try:
                await self._waiter
            finally:
                self._waiter, self.patient_until = None, math.inf
            if not self._replies:
                raise Lost("the server hung up or did not answer in time")
        return self._replies.popleft()

    def data_received(self, data: bytes) -> None:
        """Take in the server's answers."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            if line[3:4] == b"-":
                self._lines.append(line)
            else:
                self._take_reply(line)
        if len(self._buffer) > LONGEST_LINE or len(self._lines) > 100:
            self.drop()

    def _take_reply(self, last: bytes) -> None:
        """Take in an answer of which this is the last line."""
        code = last[:3]
        if len(code) != 3 or not code.isdigit():
            self.drop()
            return
        said = b" ".join(line[4:].strip() for line in (*self._lines, last)) if self._lines else last[4:].strip()
        self._lines.clear()
        self._replies.append(Reply(int(code), said.decode("utf-8", "replace")))
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake whoever waits for an answer that will not come."""
        self._wake()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)
