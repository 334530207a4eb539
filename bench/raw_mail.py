"""Pipelined SMTP over kept connections, for the raw reference: no retries, no refusals, no records of its own."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

CONNECTIONS = 8
SENDER = "welcome@example.org"
TEXT = """Dear {name},

thank you for registering with us. We have received your details and you are
now on the list; we will write to you when there is something in your area
that matches the interests you have chosen.

You can change your details, your interests or the ways we may contact you at
any time, and you can ask us to delete everything that we hold about you. To
do so answer this mail, or use the link in any later one.

If you did not register yourself, please tell us and we will remove you.

With kind regards,
the registration team
.
"""
MAIL = (
    f"From: {SENDER}\nTo: {{email}}\nSubject: Welcome\nDate: {{date}}\nMessage-ID: <{{id}}@example.org>\nMIME-Version: 1.0\n"
    f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{TEXT}"
).replace("\n", "\r\n")
PAUSE_SECONDS = 0.5


@dataclass
class Letter:
    """One mail, and what it is known by when it was accepted."""

    mark: Any
    recipient: bytes
    data: bytes


def letter(mark: Any, email: str, name: str, identifier: object) -> Letter:
    """Return a mail as bytes."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
    return Letter(mark, email.encode(), MAIL.format(email=email, date=date, id=identifier, name=name).encode())


async def send(port: int, letters: asyncio.Queue[Letter], done: asyncio.Queue[Any]) -> None:
    """Send what comes, for ever, on one connection, and put the marks of what was accepted."""
    while True:
        begun: list[Letter] = []
        try:
            await _session(port, letters, done, begun)
        except OSError:  # No server yet, or it went away.
            for one in begun:
                letters.put_nowait(one)
            await asyncio.sleep(PAUSE_SECONDS)


async def _session(port: int, letters: asyncio.Queue[Letter], done: asyncio.Queue[Any], begun: list[Letter]) -> None:
    """Converse; the envelope of the next mail goes out with the body of this one. Source: RFC 2920."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    def envelope(one: Letter) -> bytes:
        begun.append(one)
        return b"MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n" % (SENDER.encode(), one.recipient)

    async def expect(code: bytes) -> None:
        line = await reader.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("closed")
        assert line.startswith(code), line

    await expect(b"220")
    writer.write(b"EHLO raw\r\n")
    while (await reader.readline())[3:4] == b"-":
        pass
    while True:
        if not begun:
            writer.write(envelope(await letters.get()))
        one = begun[0]
        for code in (b"250", b"250", b"354"):
            await expect(code)
        writer.write(one.data if letters.empty() else one.data + envelope(letters.get_nowait()))
        await expect(b"250")
        done.put_nowait(begun.pop(0).mark)
