"""A fast mail server for tests that remembers who got what and when, and misbehaves on request.

    python -m tests.sink SMTP_PORT CONTROL_PORT [MODE] [--log FILE]

It speaks on loopback. Each accepted mail is one JSON line in FILE: `at` (time.monotonic, one clock for all processes), `to`,
`message_id`, `repeat` (this recipient had this very Message-ID before).

MODE is a comma list, and may be limited to one domain by `name@domain`, as in `later@slow.example.org`:
    greylist     450 to each recipient once
    bounce       550 5.1.1 to recipients; without a domain, to those whose address holds `bounce`
    spam         554 5.7.1 after the body
    later        451 4.3.2 to recipients
    closing      421 to recipients, and hangs up
    hang         no answer after the body, ever; the mail is not taken
    silent=SECONDS   the mail is taken, and its 250 comes so late
    drop=N       takes the body of each Nth mail, hangs up instead of answering (drop=1: each)
    lose=N       the same, but the mail counts as taken
    slow=MS      milliseconds before each answer to a body
    close=N      421 instead of every Nth acceptance
    away         421 as greeting

The control port takes one line a connection and answers one JSON line:
    stats | dump (recipients → Message-IDs in order) | reset | mode MODE | cut (hang up on all)
"""

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import cast

from tests.sink_memory import Sink

CAPABILITIES = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 10485760\r\n"


class Conversation(asyncio.Protocol):
    """One client."""

    transport: asyncio.Transport

    def __init__(self, sink: Sink) -> None:
        self._sink, self._buffer, self._recipients = sink, b"", list[str]()
        self._in_body = self._waiting = False
        self._mail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)  # uvloop's transports are none of asyncio's classes.
        self.transport = transport
        self._sink.connections.add(self)
        self._sink.most_connections = max(self._sink.most_connections, len(self._sink.connections))
        if self._sink.does("away") or len(self._sink.connections) > self._sink.most:
            transport.write(b"421 4.3.2 away\r\n")
            transport.close()
        else:
            transport.write(b"220 sink ESMTP\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        self._sink.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._work()

    def _work(self) -> None:
        while not self._waiting and not self.transport.is_closing():
            if self._in_body:
                end = self._buffer.find(b"\r\n.\r\n")
                if end < 0:
                    return
                self._mail, self._buffer, self._in_body = self._buffer[2:end], self._buffer[end + 5 :], False
                self._end_of_body()
            else:
                line, ended, rest = self._buffer.partition(b"\r\n")
                if not ended:
                    return
                self._buffer = rest
                self._say(self._command(line))

    def _say(self, answer: bytes) -> None:
        self.transport.write(answer)
        if not answer.startswith((b"2", b"3")):
            self._sink.refused += 1
        if answer.startswith((b"221", b"421")):
            self.transport.close()

    def _command(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"RCPT":
            recipient = line[line.find(b"<") + 1 : line.rfind(b">")].decode().lower()
            answer = self._sink.answer_recipient(recipient)
            if answer.startswith(b"250"):
                self._recipients.append(recipient)
            return answer
        if verb in (b"MAIL", b"RSET"):
            if verb == b"MAIL" and self._recipients:
                return b"503 5.5.1 nested MAIL\r\n"
            self._recipients = []
        elif verb == b"DATA":
            if not self._recipients:
                return b"554 5.5.1 no valid recipients\r\n"
            self._in_body, self._buffer = True, b"\r\n" + self._buffer
            return b"354 go ahead\r\n"
        elif verb in (b"EHLO", b"HELO"):
            return CAPABILITIES
        elif verb == b"QUIT":
            return b"221 bye\r\n"
        return b"250 OK\r\n"

    def _end_of_body(self) -> None:
        sink, recipient = self._sink, self._recipients[0]
        sink.mails += 1
        recipients, self._recipients = self._recipients, []
        if sink.does("hang", recipient):
            self._waiting = True
        elif (every := sink.does("drop", recipient)) and sink.mails % every == 0:
            self.transport.abort()
        elif (every := sink.does("lose", recipient)) and sink.mails % every == 0:
            sink.take(recipients, self._mail)
            self.transport.abort()
        elif sink.does("spam", recipient):
            self._say(b"554 5.7.1 looks like spam\r\n")
        elif (every := sink.does("close", recipient)) and sink.mails % every == 0:
            self._say(b"421 4.3.2 closing\r\n")
        else:
            late, slow = sink.does("silent", recipient), sink.does("slow", recipient) / 1000
            if late or slow:
                self._waiting = True
                if late:
                    sink.take(recipients, self._mail)
                asyncio.get_running_loop().call_later(late or slow, self._resume, [] if late else recipients)
            else:
                sink.take(recipients, self._mail)
                self._say(b"250 2.0.0 queued\r\n")

    def _resume(self, recipients: list[str]) -> None:
        self._waiting = False
        if not self.transport.is_closing():
            self._sink.take(recipients, self._mail)
            self._say(b"250 2.0.0 queued\r\n")
            self._work()


async def listen(sink: Sink, port: int = 0) -> asyncio.Server:
    """Start a sink on loopback; port 0 takes a free one."""
    return await asyncio.get_running_loop().create_server(lambda: Conversation(sink), "127.0.0.1", port, backlog=1024)


async def _control(sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    word, _, argument = (await reader.readline()).decode().strip().partition(" ")
    answer: object
    try:
        match word:
            case "reset":
                sink.reset()
            case "mode":
                sink.behave(argument)
            case "cut":
                sink.cut()
        answer = sink.accepted if word == "dump" else sink.stats()
    except ValueError as error:
        answer = {"error": str(error)}
    writer.write(json.dumps(answer).encode() + b"\n")
    with contextlib.suppress(ConnectionError):
        await writer.drain()
    writer.close()


async def ask(port: int, line: str) -> dict[str, object]:
    """Say one line to a sink's control port and return its answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
    writer.write(line.encode() + b"\n")
    answer: dict[str, object] = json.loads(await reader.readline())
    writer.close()
    return answer


async def main(smtp: int, control: int, mode: str, log: str) -> None:
    """Serve until the process is ended."""
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(Path(log).open("a", encoding="utf-8")) if log else None  # noqa: ASYNC230  # Once, at start.
        sink = Sink(mode, stream)
        server = await listen(sink, smtp)
        controlled = await asyncio.start_server(lambda reader, writer: _control(sink, reader, writer), "127.0.0.1", control)
        async with server, controlled:
            await asyncio.Event().wait()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    file = ""
    if "--log" in arguments:
        place = arguments.index("--log")
        file = arguments[place + 1]
        del arguments[place : place + 2]
    import uvloop

    uvloop.run(main(int(arguments[0]), int(arguments[1]), arguments[2] if len(arguments) > 2 else "", file))
