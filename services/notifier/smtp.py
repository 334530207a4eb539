"""One kept connection to the mail server, one mail in flight on it.

aiosmtplib opens it (TLS, login, EHLO); then this protocol takes the transport over, because aiosmtplib waits for each answer before
it says the next thing, and a whole envelope in one packet (RFC 2920) saves half of the work of a mail.
"""

import asyncio
from collections import deque
from typing import cast

import aiosmtplib

from services.notifier.addresses import Mailbox
from services.notifier.replies import Fate, Reply, to_data, to_recipient, to_sender
from services.notifier.settings import NotifierSettings
from shared.errors import Outage

LONGEST_LINE = 8192
"""Octets of an answer's line; RFC 5321 allows 512, servers say more."""


class Lost(Exception):
    """The connection broke, or the server did not answer in time. What became of a mail whose body was on its way is not known."""


class Refused(Exception):
    """The server's answer ends this mail."""

    def __init__(self, fate: Fate, reply: Reply) -> None:
        super().__init__(fate.value)
        self.fate, self.reply = fate, reply


class Connection(asyncio.Protocol):
    """A conversation with the mail server, from after its greeting on."""

    def __init__(self, transport: asyncio.Transport, extensions: frozenset[str], *, step_seconds: float, accept_seconds: float) -> None:
        self._transport, self._extensions = transport, extensions
        self._step_seconds, self._accept_seconds = step_seconds, accept_seconds
        self._buffer = b""
        self._lines: list[bytes] = []
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._needs_reset = False

    @classmethod
    async def connect(cls, settings: NotifierSettings) -> "Connection":
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
        """Whether a mail may begin: still open, and the server has said nothing unasked, as it does before it hangs up on the idle."""
        return not self._transport.is_closing() and not self._replies and not self._buffer

    async def envelope(self, sender: str, recipient: Mailbox) -> None:
        """Say whom the mail is from and to, until the server waits for its body.

        Raises:
            Refused: this mail cannot go now, or at all.
            Lost: the connection broke; the mail was not sent.
        """
        if recipient.international and "smtputf8" not in self._extensions:
            raise Refused(Fate.REFUSED, Reply(553, "5.6.7 the server takes no international addresses"))
        if self._needs_reset:
            await self._say(b"RSET\r\n")
            self._needs_reset = False
        more = b" SMTPUTF8" if recipient.international else b""
        steps = (b"MAIL FROM:<%s>%s\r\n" % (sender.encode(), more), b"RCPT TO:<%s>\r\n" % recipient.path, b"DATA\r\n")
        pipelined = "pipelining" in self._extensions
        if pipelined:
            self._transport.write(b"".join(steps))
        refused: Refused | None = None
        for step, judge in zip(steps, (to_sender, to_recipient, to_data), strict=True):
            if refused and not pipelined:
                break
            reply = await self._reply(self._step_seconds) if pipelined else await self._say(step)
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

    async def body(self, mail: bytes) -> Reply:
        """Send the mail after its envelope and return the server's last word on it.

        Raises:
            Lost: it is not known whether the mail was taken.
        """
        if b"\r\n." in mail:
            mail = mail.replace(b"\r\n.", b"\r\n..")
        self._transport.write(mail + b".\r\n")
        reply = await self._reply(self._accept_seconds)
        if reply.code == 421:
            self.drop()
        return reply

    def close(self) -> None:
        """Say goodbye, and wait for nothing."""
        if not self._transport.is_closing():
            self._transport.write(b"QUIT\r\n")
            self._transport.close()

    def drop(self) -> None:
        """Hang up at once: a mail whose body was not ended is not taken."""
        self._transport.abort()

    async def _say(self, line: bytes) -> Reply:
        self._transport.write(line)
        return await self._reply(self._step_seconds)

    async def _reply(self, seconds: float) -> Reply:
        if not self._replies:
            if self._transport.is_closing():
                raise Lost("the connection is closed")
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            timer = loop.call_later(seconds, self.drop)
            try:
                await self._waiter
            finally:
                timer.cancel()
                self._waiter = None
            if not self._replies:
                raise Lost("the server hung up or did not answer in time")
        return self._replies.popleft()

    def data_received(self, data: bytes) -> None:
        """Take in the server's answers."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._lines.append(line.rstrip(b"\r"))
            if line[3:4] != b"-":
                self._answer()
        if len(self._buffer) > LONGEST_LINE or len(self._lines) > 100:
            self.drop()

    def _answer(self) -> None:
        code = self._lines[-1][:3]
        if len(code) != 3 or not code.isdigit():
            self.drop()
            return
        self._replies.append(Reply(int(code), " ".join(line[4:].decode("utf-8", "replace") for line in self._lines)))
        self._lines.clear()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake whoever waits for an answer that will not come."""
        self._wake()

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)
