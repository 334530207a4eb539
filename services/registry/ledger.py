"""What the hashes of the consent ledger cover. No I/O, no clock; the salts are drawn here. See decision 15.

Each record has a *commitment*: SHA-256 over a random salt and the record's contents. Each member's records make a chain under a random
pseudonym: a record's *hash* covers the hash before it, the pseudonym, the record's place and its commitment. Each day has a *root*
over the hashes of all records since the root before. An erasure deletes salts, contents and whose the chain was; commitments and hashes
stay, so that every chain and every root can still be computed, and say nothing about anybody.

A new member's first records are chained here. Whatever is added later is chained by the table itself (`chain_consent` in migration 5),
which writes the same bytes in SQL: so nobody can add a record beside the chain.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from secrets import token_bytes
from typing import Any

Row = dict[str, Any]
Question = tuple[str, str | None, str | None]
"""Purpose, channel and recipient."""

QUESTION = ("purpose", "channel", "recipient")
FIELDS = (
    *QUESTION,
    "given",
    "member_id",
    "wording_version",
    "language",
    "at",
    "way",
    "submission_id",
    "staff",
    "office",
    "outcome",
    "spoken",
    "scan",
    "basis",
)
"""A record's contents, in the order in which they are hashed. A field that is empty leaves no trace, so that new ones can be added at the
end, here and in `consent_contents`, and old hashes stay right."""
SALT_BYTES = 16
MOST_FIRST = 16
"""More than the pseudonym and the questions that a registration can answer: 1 + 1 + 5 + 1."""
BEGINNING = bytes(32)
"""Stands for the hash before the first."""
_CONTENTS, _LINK, _RECORDS, _ROOT = (f"khokahano consent {what} 1\n".encode() for what in ("contents", "link", "records", "root"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def contents(record: Mapping[str, Any]) -> bytes:
    """Return a record's contents as they are hashed: each field that is not empty with its name and length, so none runs into the next."""
    return _CONTENTS + _fields(record, FIELDS)


def _fields(record: Mapping[str, Any], names: Sequence[str]) -> bytes:
    return "".join([f"{name}:{_length(text)}:{text};" for name in names if (text := _text(record.get(name))) is not None]).encode()


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _text(value: object) -> str | None:
    if value is None or type(value) is str:
        return value
    if isinstance(value, datetime):
        return str((value - _EPOCH) // _MICROSECOND)
    return str(value).lower() if isinstance(value, bool) else str(value)


def commitment(salt: bytes, record: Mapping[str, Any]) -> bytes:
    """Return what binds a record to its contents, and tells nothing of them once the salt is deleted."""
    return sha256(salt + contents(record)).digest()


def link(previous: bytes, pseudonym: bytes, sequence: int, committed: bytes) -> bytes:
    """Return the hash of the record at this place of a chain; places are counted from 1."""
    return sha256(b"%b%b%b%b%b" % (_LINK, previous, pseudonym, sequence.to_bytes(4, "big"), committed)).digest()


def begin_chain(questions: Iterable[Question], answer: Row) -> list[Row]:
    """Return a new member's first records with what chains them, as columns that JSON can carry.

    Args:
        questions: what is answered, in the order of the records.
        answer: the columns that all of them have in common; they are written once, since registrations come by the hundred.
    """
    random = token_bytes(MOST_FIRST * SALT_BYTES)
    pseudonym, previous = random[:SALT_BYTES], BEGINNING
    chain, shared, records = pseudonym.hex(), _fields(answer, FIELDS[len(QUESTION) :]), []
    for sequence, question in enumerate(questions, start=1):
        salt = random[sequence * SALT_BYTES : (sequence + 1) * SALT_BYTES]
        committed = sha256(b"%b%b%b" % (salt, _head(question), shared)).digest()
        previous = link(previous, pseudonym, sequence, committed)
        purpose, channel, recipient = question
        records.append(
            {
                "purpose": purpose,
                "channel": channel,
                "recipient": recipient,
                **answer,
                "pseudonym": chain,
                "sequence": sequence,
                "salt": f"\\x{salt.hex()}",
                "commitment": f"\\x{committed.hex()}",
                "hash": f"\\x{previous.hex()}",
            }
        )
    return records


@cache
def _head(question: Question) -> bytes:
    """Return the beginning of contents; there are a handful of questions."""
    return _CONTENTS + _fields(dict(zip(QUESTION, question, strict=True)), QUESTION)


def root(previous: bytes, *, number: int, day: date, last_id: int, records: int, digest: bytes, wordings: Mapping[str, str]) -> bytes:
    """Return a day's root.

    Args:
        previous: the root before, so that each root vouches for all days before it.
        last_id: the last record that it covers.
        records: how many it covers.
        digest: of their ids and hashes, in the order of the ids (`Digest`).
        wordings: SHA-256 of the text of each wording that was kept by then, by its name.
    """
    covered = {"number": number, "day": day.isoformat(), "last_id": last_id, "records": records, "digest": digest.hex()}
    said = {f"wording {name}": wordings[name] for name in sorted(wordings)}
    return sha256(_ROOT + previous + _fields(covered | said, [*covered, *said])).digest()


class Digest:
    """The digest of records in the order of their ids, a page at a time."""

    def __init__(self) -> None:
        self._hash, self.records = sha256(_RECORDS), 0

    def add(self, records: Iterable[tuple[int, bytes]]) -> None:
        """Take in the next records, as their ids and hashes."""
        page = [b"%b%b" % (number.to_bytes(8, "big"), hashed) for number, hashed in records]
        self._hash.update(b"".join(page))
        self.records += len(page)

    def digest(self) -> bytes:
        """Return the digest of all that was taken in."""
        return self._hash.digest()


def wording_digest(text: str) -> str:
    """Return what a root keeps of a wording's text."""
    return sha256(text.encode()).hexdigest()
