"""Partners, what they were sent and promised, and key people who are not members yet. Rules only: no I/O and no clock."""

from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.registry.model.base import Base
from shared.contracts.gateway import Language
from shared.contracts.registry import PartnerBriefed

Kind = Literal["mission", "association", "church", "union", "employer", "other"]
Status = Literal["known", "active", "ended"]
PackStatus = Literal["none", "sent", "read", "agreed", "declined"]
Answer = Literal["agree", "decline"]
KeyStatus = Literal["new", "told", "yes", "member"]

UNTOLD_LIFE = timedelta(days=30)
"""How long we keep the name of somebody who has not agreed to that."""
AGREED_LIFE = timedelta(days=180)
"""The same for who said yes, and has not registered: the yes was to being asked, and not to being kept for ever."""


class Partner(Base):
    """A mission, association, church or union that asks its own people to register.

    Attributes:
        code_key: the code as letters and digits in capitals: what two spellings of it have in common.
        areas: area codes that it looks after; empty for everywhere.
        contact_name: the person to speak with, and below how.
        version: raised with each change.
    """

    __tablename__ = "partner"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    code: Mapped[str]
    code_key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[Kind] = mapped_column(Text)
    areas: Mapped[list[str]] = mapped_column(ARRAY(Text))
    language: Mapped[Language] = mapped_column(Text)
    status: Mapped[Status] = mapped_column(Text)
    contact_name: Mapped[str | None]
    contact_email: Mapped[str | None]
    contact_phone: Mapped[str | None]
    note: Mapped[str | None]
    created_at: Mapped[datetime]

    def change(self, wanted: dict[str, Any]) -> list[str]:
        """Take over new values and return the names of the fields that are different now."""
        changed = [name for name, value in wanted.items() if getattr(self, name) != value]
        for name in changed:
            setattr(self, name, wanted[name])
        if changed:
            self.version += 1
        return changed


class Briefing(Base):
    """A briefing pack that was sent to a partner.

    Attributes:
        opened_at: when its link was opened first; a mail scanner may have done it, so that it proves nothing.
        answer: the last answer given behind the link.
    """

    __tablename__ = "briefing"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partner.id", ondelete="CASCADE"))
    email: Mapped[str]
    language: Mapped[Language] = mapped_column(Text)
    sent_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    answer: Mapped[Answer | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None]

    @property
    def status(self) -> PackStatus:
        """What became of it."""
        if self.answer:
            return "agreed" if self.answer == "agree" else "declined"
        return "read" if self.opened_at else "sent"

    def sent(self) -> PartnerBriefed:
        """Return what is announced, so that the mail is written."""
        return PartnerBriefed(briefing_id=self.id, email=self.email, language=self.language)

    def answered(self, answer: Answer, at: datetime) -> bool:
        """Keep an answer, unless a later one is known; tell whether it is new."""
        if self.answered_at is not None and self.answered_at >= at:
            return False
        self.answer, self.answered_at, self.opened_at = answer, at, self.opened_at or at
        return True


class Promise(Base):
    """Something that a partner said they would do."""

    __tablename__ = "promise"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID] = mapped_column(ForeignKey("partner.id", ondelete="CASCADE"))
    version: Mapped[int]
    what: Mapped[str]
    due_on: Mapped[date]
    done_on: Mapped[date | None]
    delivered: Mapped[str | None]
    created_at: Mapped[datetime]

    def change(self, wanted: dict[str, Any]) -> bool:
        """Take over new values; tell whether any was different."""
        changed = {name: value for name, value in wanted.items() if getattr(self, name) != value}
        for name, value in changed.items():
            setattr(self, name, value)
        self.version += bool(changed)
        return bool(changed)

    def is_late(self, today: date) -> bool:
        """Tell whether it should have been done by now."""
        return self.done_on is None and self.due_on < today


class PartnerFigure(Base):
    """What outsiders are told all day: how many had come by a partner's code and confirmed before it began. Small numbers have no row."""

    __tablename__ = "partner_figure"

    day: Mapped[date] = mapped_column(primary_key=True)
    code_key: Mapped[str] = mapped_column(primary_key=True)
    confirmed: Mapped[int]


class KeyPerson(Base):
    """Somebody whom we would like to have as a member, and who has not said so themselves.

    Once they are a member, name and contact are gone: they are in the member's own record.

    Attributes:
        source: from whom or where we have the name; they are told.
        contact_key: what makes two contacts the same (`matching.contact_key`).
        told_at: when they heard where we had their name.
        gone_at: when the row goes unless something changes.
    """

    __tablename__ = "key_person"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    status: Mapped[KeyStatus] = mapped_column(Text)
    name: Mapped[str | None]
    name_key: Mapped[str | None]
    contact_kind: Mapped[Literal["email", "phone"] | None] = mapped_column(Text)
    contact: Mapped[str | None]
    contact_key: Mapped[str | None]
    area: Mapped[str | None]
    language: Mapped[Language] = mapped_column(Text)
    source: Mapped[str]
    reason: Mapped[str]
    added_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]
    member_id: Mapped[UUID | None] = mapped_column(ForeignKey("member.id", ondelete="SET NULL"))

    def tell(self, *, agreed: bool, at: datetime) -> None:
        """Note that they were told where we had their name, and whether they said yes."""
        self.told_at = self.told_at or at
        if agreed and self.status != "yes":
            self.status, self.gone_at = "yes", at + AGREED_LIFE
        elif self.status == "new":
            self.status = "told"
        self.version += 1

    def join(self, member_id: UUID) -> None:
        """Note that they have become a member by themselves, and forget what the member's own record holds."""
        self.status, self.member_id, self.gone_at = "member", member_id, None
        self.name = self.name_key = self.contact_kind = self.contact = self.contact_key = None
        self.version += 1
