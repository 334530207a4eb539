"""From the transactions of this process to its own sender, in memory: NOTIFY costs two thirds of all commits.

What a transaction queues is claimed by this process's sender in the first place, where that sender has nothing older to do and room
in hand: the rows are written under its lease, and given to it once they are committed. What another process or a crash has left,
and what there was no room for, is due: any sender claims it. See `docs/decisions/0010-what-is-queued-is-handed-to-the-sender.md`.
"""

from collections.abc import Sequence
from typing import Protocol
from weakref import WeakKeyDictionary

from services.notifier.deliveries import Claimed, Lease
from shared.database import Database, Transaction, database_of


class Receiver(Protocol):
    """A sender, as those see it who queue mails."""

    def lease(self) -> Lease | None:
        """Return a lease for mails that it will be given, or None if they had better be due."""

    def receive(self, claimed: Sequence[Claimed], lease: Lease) -> None:
        """Take mails that are committed under its lease."""

    def look(self) -> None:
        """Look at once for what is due: something was committed."""


_receivers: WeakKeyDictionary[Database, list[Receiver]] = WeakKeyDictionary()


def announce(database: Database, receiver: Receiver) -> None:
    """Let those who queue mails in this database know of a sender that is at work here."""
    _receivers.setdefault(database, []).append(receiver)


def withdraw(database: Database, receiver: Receiver) -> None:
    """Let them forget it."""
    _receivers[database].remove(receiver)


def receivers(session: Transaction) -> Sequence[Receiver]:
    """Return the senders of this process that work on the session's database."""
    return _receivers.get(database_of(session), ())
