"""What the tests' mail server remembers, and how it was told to behave; `tests/sink.py` speaks for it."""

import asyncio
import json
import re
import time
from typing import Protocol, TextIO

NAMES = ("greylist", "bounce", "spam", "later", "closing", "hang", "silent", "drop", "lose", "slow", "close", "away")
_MESSAGE_ID = re.compile(rb"^message-id:\s*<?([^>\r\n]+)", re.IGNORECASE | re.MULTILINE)


class Client(Protocol):
    """One connection to the sink."""

    transport: asyncio.Transport


class Sink:
    """What one mail server remembers, and how it behaves.

    Attributes:
        most: connections that are served; further ones are refused.
        accepted: recipient → the Message-IDs it got, in order; a repeat stands in it twice.
    """

    def __init__(self, mode: str = "", log: TextIO | None = None) -> None:
        self._log = log
        self.connections: set[Client] = set()
        self.most_connections, self.most = 0, 1_000_000
        self.reset()
        self.behave(mode)

    def reset(self) -> None:
        """Forget everything but the mode."""
        self.accepted: dict[str, list[str]] = {}
        self.times: list[float] = []
        self.bodies: dict[str, bytes] = {}
        self.refused = self.mails = self.commands_after_data = 0
        self.attempts: list[tuple[float, str]] = []
        self._greylisted: set[str] = set()

    def behave(self, mode: str) -> None:
        """Set the mode; an empty one is good behaviour."""
        behaviour: dict[str, dict[str, float]] = {}
        for part in filter(None, mode.split(",")):
            name, _, value = part.partition("=")
            name, _, domain = name.partition("@")
            if name not in NAMES:
                raise ValueError(f"unknown mode {name!r}")
            behaviour.setdefault(name, {})[domain] = float(value or 1)
        self._mode = behaviour

    def does(self, name: str, recipient: str = "") -> float:
        """Return the value of a mode that holds for this recipient, 0 if it does not."""
        values = self._mode.get(name)
        return values.get(recipient.rpartition("@")[2], values.get("", 0.0)) if values else 0.0

    def take(self, recipients: list[str], mail: bytes) -> None:
        """Remember an accepted mail."""
        found = _MESSAGE_ID.search(mail)
        message_id = found[1].decode("ascii", "replace") if found else ""
        at = time.monotonic()
        for recipient in recipients:
            before = self.accepted.setdefault(recipient, [])
            repeat = message_id in before
            before.append(message_id)
            self.times.append(at)
            self.bodies[recipient] = mail
            if self._log:
                line = {"at": at, "to": recipient, "message_id": message_id, "repeat": repeat}
                self._log.write(json.dumps(line) + "\n")
        if self._log:
            self._log.flush()

    def answer_recipient(self, recipient: str) -> bytes:
        """Return the answer to RCPT TO."""
        self.attempts.append((time.monotonic(), recipient))
        if self.does("closing", recipient):
            return b"421 4.7.0 try again later\r\n"
        if self.does("later", recipient):
            return b"451 4.3.2 not now\r\n"
        limited = "" not in self._mode.get("bounce", {"": 1})
        if self.does("bounce", recipient) and (limited or "bounce" in recipient):
            return b"550 5.1.1 no such mailbox\r\n"
        if self.does("greylist", recipient) and recipient not in self._greylisted:
            self._greylisted.add(recipient)
            return b"450 4.7.1 greylisted, try again\r\n"
        return b"250 OK\r\n"

    def stats(self) -> dict[str, float]:
        """Return the counts; `repeats` are mails that came again with the same Message-ID."""
        mails = sum(map(len, self.accepted.values()))
        distinct = sum(len(set(ids)) for ids in self.accepted.values())
        return {
            "mails": mails,
            "recipients": len(self.accepted),
            "repeats": mails - distinct,
            "refused": self.refused,
            "connections": len(self.connections),
            "most_connections": self.most_connections,
            "first": self.times[0] if self.times else 0.0,
            "last": self.times[-1] if self.times else 0.0,
        }

    def cut(self) -> None:
        """Hang up on everybody."""
        for connection in list(self.connections):
            connection.transport.abort()
