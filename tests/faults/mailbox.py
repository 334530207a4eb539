"""The mail server of a house: what it took, as tests ask for it. It runs in the test's own event loop."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from functools import cached_property

from tests.sink import listen
from tests.sink_memory import Sink


@dataclass(frozen=True, eq=False)
class Mail:
    """One mail as it arrived.

    Attributes:
        recipient: the envelope's.
        at: when it was taken, by time.monotonic().
    """

    recipient: str
    raw: bytes
    at: float

    @cached_property
    def message(self) -> EmailMessage:
        """The mail, read."""
        message = BytesParser(policy=default).parsebytes(self.raw)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def subject(self) -> str:
        """The subject, decoded."""
        return str(self.message["Subject"])

    @property
    def message_id(self) -> str:
        """The Message-ID: the same for every try of one delivery."""
        return str(self.message["Message-ID"])

    @property
    def text(self) -> str:
        """The plain part."""
        return self._part("plain")

    @property
    def html(self) -> str:
        """The HTML part."""
        return self._part("html")

    def link(self, purpose: str) -> str:
        """Return the path of the first link of this purpose, such as `confirm`."""
        for word in self.text.split():
            if f"/{purpose}/" in word:
                return word[word.index(f"/{purpose}/") :]
        raise AssertionError(f"no link to /{purpose}/ in {self.text}")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None, f"no text/{kind} in {self.subject}"
        return str(part.get_content())


class Mailbox(Sink):
    """The sink, and every mail that it took; `behave("greylist,…")` makes it misbehave."""

    def __init__(self) -> None:
        self.taken: list[Mail] = []
        super().__init__()
        self._server: asyncio.Server | None = None

    async def open(self, port: int) -> None:
        """Begin to listen."""
        self._server = await listen(self, port)

    def close(self) -> None:
        """Hang up on everybody and listen no more; `open` begins again."""
        if self._server:
            self._server.close()
            self._server = None
        self.cut()

    def reset(self) -> None:
        """Forget what was taken."""
        super().reset()
        self.taken.clear()

    def take(self, recipients: list[str], mail: bytes) -> None:
        """Keep a mail, once for each recipient."""
        super().take(recipients, mail)
        self.taken += [Mail(recipient, mail, time.monotonic()) for recipient in recipients]

    def to(self, recipient: str) -> list[Mail]:
        """Return the mails to one address, oldest first."""
        return [mail for mail in self.taken if mail.recipient == recipient.lower()]

    def repeats(self) -> Counter[str]:
        """Return the addresses that got the same Message-ID more than once, with how often too many."""
        return Counter({to: extra for to, ids in self.accepted.items() if (extra := len(ids) - len(set(ids)))})

    def doubles(self) -> dict[str, list[str]]:
        """Return the addresses that got more than one mail that differ, with the Message-IDs: never right for a crowd."""
        return {to: sorted(set(ids)) for to, ids in self.accepted.items() if len(set(ids)) > 1}
