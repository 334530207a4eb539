"""A mail server that delivers nothing: it puts every mail into one Maildir, where people and tests read it."""

import argparse
import asyncio
import itertools
import os
import signal
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST_MAIL_BYTES = 30 * 2**20


class Catcher:
    """The handler of one Maildir: a header above each mail says whom it was for."""

    def __init__(self, maildir: Path) -> None:
        self._maildir = maildir
        self._numbers = itertools.count(1)
        for folder in ("tmp", "new", "cur"):
            (maildir / folder).mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (the library's name)
        """Write the mail down and say so."""
        name = f"{time.time():.6f}.{os.getpid()}_{next(self._numbers)}.khokahano"
        above = f"Return-Path: <{envelope.mail_from}>\r\n" + "".join(f"Delivered-To: {to}\r\n" for to in envelope.rcpt_tos)
        content = envelope.original_content or b""
        (self._maildir / "tmp" / name).write_bytes(above.encode() + content)
        (self._maildir / "tmp" / name).rename(self._maildir / "new" / name)
        return "250 caught"


async def catch(host: str, port: int, maildir: Path) -> None:
    """Serve until TERM or INT."""
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    catcher = Catcher(maildir)

    def conversation() -> SMTP:
        return SMTP(catcher, enable_SMTPUTF8=True, data_size_limit=LARGEST_MAIL_BYTES, hostname="localhost", ident="Khokahano")

    server = await loop.create_server(conversation, host, port)
    await stopping.wait()
    server.close()


def main() -> None:
    """Read the command line and serve."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--maildir", type=Path, required=True)
    chosen = arguments.parse_args()
    asyncio.run(catch(chosen.host, chosen.port, chosen.maildir))


if __name__ == "__main__":
    main()
