"""Consent is evidence: what was agreed to or withdrawn, to which wording, when and how. Records are added, never changed.

They are chained by hashes: see `services.registry.ledger`. Whoever adds a record holds the lock of the member's row.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import BigInteger, FetchedValue, Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.registry.model.base import Base
from shared.codes import record_receipt, registration_receipt

Purpose = Literal["registration", "information", "sharing"]
Recipient = Literal["mission"]
"""To whom something may be shown: kinds, as the wordings name them."""
StaffWay = Literal["call", "visit", "paper"]
"""How an answer reached the staff who record it: a call, somebody who came, a signed sheet."""
UNNAMED_OFFICE = "Khokahano"
"""Stands for the office of staff who have none."""
RECIPIENTS: tuple[Recipient, ...] = get_args(Recipient)


class Wording(Base):
    """The words that people were shown, kept here from the first time somebody answered them."""

    __tablename__ = "wording"

    version: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]


class Consent(Base):
    """One answer to one question. An erasure empties it, but for its id and the four that chain it.

    Attributes:
        channel: for `information`: the channel it is about.
        recipient: for `sharing`: to whom.
        given: False is a withdrawal.
        wording_version: with `language`, names the wording; None for a withdrawal, which needs none.
        way: how it reached us: a registration's way, `link`, or a way of the staff's.
        staff: who recorded it for the person, by name; `office` is theirs.
        outcome: what else was said or done, in the staff's words.
        spoken: the wording as it was spoken, where it was not read out.
        scan: SHA-256 of the scanned sheet, in hexadecimal.
        basis: of a registration that came by a sheet: how it is known that the person agreed, and where the proof is.
        pseudonym: whose chain it is, at random; `sequence` is the place in it. The table fills in what chains a record that comes without.
    """

    __tablename__ = "consent"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(nullable=True)
    purpose: Mapped[str] = mapped_column(nullable=True)
    channel: Mapped[str | None]
    given: Mapped[bool] = mapped_column(nullable=True)
    wording_version: Mapped[str | None]
    language: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(nullable=True)
    way: Mapped[str] = mapped_column(nullable=True)
    submission_id: Mapped[UUID | None]
    recipient: Mapped[str | None]
    staff: Mapped[str | None]
    office: Mapped[str | None]
    outcome: Mapped[str | None]
    spoken: Mapped[str | None]
    scan: Mapped[str | None]
    basis: Mapped[str | None]
    pseudonym: Mapped[UUID] = mapped_column(FetchedValue(), nullable=True)
    sequence: Mapped[int] = mapped_column(FetchedValue(), nullable=True)
    salt: Mapped[bytes | None] = mapped_column(FetchedValue())
    commitment: Mapped[bytes] = mapped_column(FetchedValue(), nullable=True)
    hash: Mapped[bytes] = mapped_column(FetchedValue(), nullable=True)

    @classmethod
    def withdrawn(cls, member_id: UUID, channel: str, *, at: datetime, way: str) -> "Consent":
        """Return the record that a member wants no more information on a channel."""
        return cls(member_id=member_id, purpose="information", channel=channel, given=False, at=at, way=way)

    @property
    def question(self) -> tuple[str, str | None, str | None]:
        """What was answered: of several records about one question the last holds."""
        return self.purpose, self.channel, self.recipient

    @property
    def receipt(self) -> str:
        """The number of its receipt; what was agreed to in one registration has one."""
        return registration_receipt(self.submission_id) if self.submission_id else record_receipt(self.hash)


class ConsentRoot(Base):
    """The root of a day: one hash over all records since the root before, and over that root.

    Attributes:
        last_id: the last record that it covers; records are covered in the order of their ids.
        wordings: SHA-256 of each wording's text that was kept by then, by `version.language`.
    """

    __tablename__ = "consent_root"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    day: Mapped[date] = mapped_column(unique=True)
    last_id: Mapped[int] = mapped_column(BigInteger)
    records: Mapped[int] = mapped_column(BigInteger)
    wordings: Mapped[dict[str, str]] = mapped_column(JSONB)
    root: Mapped[bytes]
    at: Mapped[datetime] = mapped_column(FetchedValue())


def in_force(consents: Iterable[Consent]) -> set[tuple[str, str | None, str | None]]:
    """Return the questions whose last answer is yes."""
    last = {consent.question: consent.given for consent in sorted(consents, key=lambda consent: consent.sequence)}
    return {question for question, given in last.items() if given}
