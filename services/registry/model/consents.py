"""Consent is evidence: what was agreed to or withdrawn, to which wording, when and how. Rows are added, never changed."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, Identity
from sqlalchemy.orm import Mapped, mapped_column

from services.registry.model.base import Base

Purpose = Literal["registration", "information", "sharing"]


class Wording(Base):
    """The words that people were shown, kept here from the first time somebody answered them."""

    __tablename__ = "wording"

    version: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]


class Consent(Base):
    """One answer to one question.

    Attributes:
        channel: for `information`: the channel it is about.
        given: False is a withdrawal.
        wording_version: with `language`, names the wording; None for a withdrawal, which needs none.
        way: how it reached us: a registration's way, or `link`.
    """

    __tablename__ = "consent"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    member_id: Mapped[UUID]
    purpose: Mapped[str]
    channel: Mapped[str | None]
    given: Mapped[bool]
    wording_version: Mapped[str | None]
    language: Mapped[str | None]
    at: Mapped[datetime]
    way: Mapped[str]
    submission_id: Mapped[UUID | None]

    @classmethod
    def withdrawn(cls, member_id: UUID, channel: str, *, at: datetime, way: str) -> "Consent":
        """Return the record that a member wants no more information on a channel."""
        return cls(member_id=member_id, purpose="information", channel=channel, given=False, at=at, way=way)
