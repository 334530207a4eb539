"""A private mail server that keeps every mail in one Maildir."""

import os
import smtplib
import sys
from collections.abc import Mapping
from pathlib import Path

from ops.ports import LOOPBACK, free_port
from ops.processes import ROOT, Program


class MailCatcher(Program):
    """The mail catcher as a process of its own.

    Args:
        maildir: gets every mail, as one file in `new/`.
    """

    def __init__(self, maildir: Path, *, log: Path, mark: Mapping[str, str] | None = None) -> None:
        self.port, self.maildir = free_port(), maildir
        command = [sys.executable, "-m", "ops.mail_catcher", "--port", str(self.port), "--maildir", str(maildir)]
        super().__init__("mail catcher", command, environment=dict(os.environ) | dict(mark or {}), log=log, directory=ROOT)

    def ready(self) -> bool:
        """Tell whether it greets."""
        try:
            with smtplib.SMTP(LOOPBACK, self.port, timeout=2) as connection:
                return connection.noop()[0] == 250
        except OSError:
            return False

    def mails(self) -> list[bytes]:
        """Return every mail caught so far, oldest first."""
        return [path.read_bytes() for path in sorted((self.maildir / "new").glob("*.khokahano"))]
