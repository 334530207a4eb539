"""A fast mail server that remembers who got a mail and when, and throws the mail away.

    python -m bench.sink SMTP_PORT CONTROL_PORT

The control port takes one line a connection and answers one JSON line: `reset PREFIX` (forget all, and count only recipients that
begin so), `stats`, `dump` (recipient → when). Times are time.monotonic(), which is one clock for all processes of a machine.
"""

import asyncio
import json
import socket
import sys
import time
from typing import Any, cast

import uvloop

from ops.ports import LOOPBACK

CAPABILITIES = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 10485760\r\n"
END = b"\r\n.\r\n"


class Memory:
    """What the sink remembers.

    Attributes:
        seen: recipient → when its first mail was accepted.
    """

    def __init__(self) -> None:
        self.forget("")

    def forget(self, prefix: str) -> None:
        """Begin anew, counting recipients that begin with the prefix."""
        self.prefix, self.seen, self.mails, self.first, self.last = prefix.encode(), dict[bytes, float](), 0, 0.0, 0.0

    def take(self, recipients: list[bytes]) -> None:
        """Remember one accepted mail."""
        at = time.monotonic()
        for recipient in recipients:
            if recipient.startswith(self.prefix):
                self.mails += 1
                if recipient not in self.seen:
                    self.seen[recipient] = self.last = at
                    self.first = self.first or at

    def stats(self) -> dict[str, float]:
        """Return the counts; `last` is when the last new recipient got its mail."""
        unique = len(self.seen)
        return {"mails": self.mails, "unique": unique, "duplicates": self.mails - unique, "first": self.first, "last": self.last}


class Conversation(asyncio.Protocol):
    """One client. All answers to what came in one read go out in one write."""

    def __init__(self, memory: Memory) -> None:
        self._memory, self._buffer, self._recipients, self._in_body = memory, b"", list[bytes](), False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports are none of asyncio's classes.
        self._transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answers = []
        while True:
            if self._in_body:
                _, ended, rest = self._buffer.partition(END)
                if not ended:
                    break
                self._buffer, self._in_body = rest, False
                self._memory.take(self._recipients)
                self._recipients = []
                answers.append(b"250 2.0.0 queued\r\n")
            else:
                line, ended, rest = self._buffer.partition(b"\r\n")
                if not ended:
                    break
                self._buffer = rest
                answers.append(self._command(line))
        if answers:
            self._transport.write(b"".join(answers))
            if answers[-1].startswith(b"221"):
                self._transport.close()

    def _command(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"RCPT":
            self._recipients.append(line[line.find(b"<") + 1 : line.rfind(b">")].lower())
        elif verb in (b"MAIL", b"RSET"):
            self._recipients = []
        elif verb == b"DATA":
            if not self._recipients:
                return b"554 5.5.1 no valid recipients\r\n"
            self._in_body, self._buffer = True, b"\r\n" + self._buffer  # So that an empty body ends as well.
            return b"354 go ahead\r\n"
        elif verb == b"EHLO":
            return CAPABILITIES
        elif verb == b"QUIT":
            return b"221 bye\r\n"
        return b"250 OK\r\n"


async def _control(memory: Memory, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    word, _, argument = (await reader.readline()).decode().strip().partition(" ")
    if word == "reset":
        memory.forget(argument)
    answer: dict[str, float] = {key.decode(): at for key, at in memory.seen.items()} if word == "dump" else memory.stats()
    writer.write(json.dumps(answer).encode() + b"\n")
    await writer.drain()
    writer.close()


def ask(control_port: int, line: str) -> dict[str, Any]:
    """Say one line to a sink's control port and return its answer."""
    with socket.create_connection((LOOPBACK, control_port), timeout=30) as connection, connection.makefile("rb") as answers:
        connection.sendall(line.encode() + b"\n")
        answer: dict[str, Any] = json.loads(answers.readline())
        return answer


async def main(smtp_port: int, control_port: int) -> None:
    """Serve until the process is ended."""
    memory, loop = Memory(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Conversation(memory), LOOPBACK, smtp_port, backlog=1024)
    control = await asyncio.start_server(lambda reader, writer: _control(memory, reader, writer), LOOPBACK, control_port)
    async with server, control:
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(*map(int, sys.argv[1:])))
