"""A member, the contacts that reach them, and what stays when they are gone."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.registry.model.base import Base
from shared.contracts.gateway import Channel
from shared.contracts.registry import ContactKind, MemberChanged

REACHED_BY: dict[Channel, ContactKind] = {
    "email": "email",
    "whatsapp": "whatsapp",
    "telegram": "telegram",
    "sms": "phone",
    "call": "phone",
}
"""Which kind of contact a channel uses."""


class Member(Base):
    """A person who registered.

    Attributes:
        version: raised with each change that is announced, under the row's lock.
        name_key: what spellings of one name have in common (`matching.name_key`); decides who is the same.
        search_key: folded words for finding (`matching.search_key`).
        known_as: the keys of names that somebody had who turned out to be this member (`services.registry.duplicates`).
        area: the province of South Africa, or the country: what targets and missions' scopes are about.
        channels: what the person chose to be reached by.
        information: the channels on which consent to information stands now; the proof is in `consent`.
        sharing: consent to sharing with the area's missions stands now; the proof is in `consent`.
    """

    __tablename__ = "member"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    status: Mapped[str]
    given_name: Mapped[str]
    family_name: Mapped[str]
    name_key: Mapped[str]
    search_key: Mapped[str]
    country: Mapped[str]
    province: Mapped[str | None]
    area: Mapped[str]
    city: Mapped[str | None]
    home_district: Mapped[str | None]
    occupation: Mapped[str | None]
    birth_year: Mapped[int | None]
    gender: Mapped[str | None]
    diaspora_type: Mapped[str | None]
    needs: Mapped[list[str]] = mapped_column(ARRAY(Text))
    language: Mapped[str]
    interests: Mapped[list[str]] = mapped_column(ARRAY(Text))
    contributions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    contribution_note: Mapped[str | None]
    channels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    information: Mapped[list[str]] = mapped_column(ARRAY(Text))
    sharing: Mapped[bool]
    partner_code: Mapped[str | None]
    way: Mapped[str]
    submission_id: Mapped[UUID] = mapped_column(unique=True)
    import_id: Mapped[UUID | None]
    registered_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    known_as: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))

    contacts: Mapped[list["Contact"]] = relationship(
        back_populates="member", order_by="Contact.id", lazy="raise", cascade="all, delete-orphan", passive_deletes=True
    )

    def contact(self, contact_id: UUID | None) -> "Contact | None":
        """Return the contact with this id; None if it is not this member's."""
        return next((contact for contact in self.contacts if contact.id == contact_id), None)

    def state(self) -> dict[str, Any]:
        """Return what an event says of this member."""
        return {
            "member_id": self.id,
            "version": self.version,
            "status": self.status,
            "given_name": self.given_name,
            "family_name": self.family_name,
            "language": self.language,
            "area": self.area,
            "interests": self.interests,
            "diaspora_type": self.diaspora_type,
            "contacts": [contact.state() for contact in self.contacts],
            "information": self.information,
        }

    def changed(self) -> MemberChanged:
        """Raise the version and return what is announced."""
        self.version += 1
        return MemberChanged(**self.state())

    def confirm(self, contact: "Contact", at: datetime) -> MemberChanged | None:
        """Confirm one contact, and with it the member; None if it was confirmed before."""
        if contact.confirmed_at is not None:
            return None
        contact.confirmed_at, contact.uncertain = at, False
        if self.status != "confirmed":
            self.status, self.confirmed_at = "confirmed", at
        return self.changed()

    def share(self, keys: Collection[str], shared: bool) -> MemberChanged | None:
        """Note that these contacts are shared with another member, or no more; None if that was known."""
        touched = [contact for contact in self.contacts if contact.value_key in keys and contact.shared != shared]
        for contact in touched:
            contact.shared = shared
        return self.changed() if touched else None

    def agree(self, channel: Channel) -> MemberChanged | None:
        """Give information on this channel; None if that was agreed to."""
        if channel in self.information:
            return None
        self.information = [known for known in REACHED_BY if known == channel or known in self.information]
        self.channels = [known for known in REACHED_BY if known == channel or known in self.channels]
        return self.changed()

    def withdraw(self, channels: Iterable[str]) -> MemberChanged | None:
        """Give no more information on these channels; None if none of them was agreed to."""
        gone = set(channels)
        if gone.isdisjoint(self.information):
            return None
        self.information = [channel for channel in self.information if channel not in gone]
        return self.changed()

    def stands_without(self, key: str) -> bool:
        """Tell whether a member is left when the holder of this contact says: that was not me.

        A confirmed member stands on a confirmed contact, one who is not confirmed yet on any.
        """
        left = [contact for contact in self.contacts if contact.value_key != key]
        return any(contact.confirmed_at is not None or self.status == "registered" for contact in left)

    def lose(self, key: str) -> list[str]:
        """Forget a contact and return the channels of agreed information that nothing reaches any more. The caller announces."""
        return self._left_with([contact for contact in self.contacts if contact.value_key != key])

    def part_with(self, contact: "Contact") -> list[str]:
        """Forget one contact and return what `lose` does. The caller announces."""
        return self._left_with([each for each in self.contacts if each is not contact])

    def _left_with(self, contacts: list["Contact"]) -> list[str]:
        self.contacts = contacts
        kinds = {contact.kind for contact in self.contacts}
        unreached = [channel for channel, kind in REACHED_BY.items() if kind not in kinds]
        lost: list[str] = [channel for channel in self.information if channel in unreached]
        self.channels = [channel for channel in self.channels if channel not in unreached]
        self.information = [channel for channel in self.information if channel not in unreached]
        return lost


class Contact(Base):
    """One way to reach a member.

    Attributes:
        value: an e-mail address as written, or a number in E.164.
        value_key: what makes two contacts the same (`matching.contact_key`).
        uncertain: two countries' readings of the number were valid and nobody chose: not written to until confirmed.
        shared: another member has the same contact: what is sent to it names nobody.
    """

    __tablename__ = "contact"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"))
    kind: Mapped[str]
    value: Mapped[str]
    value_key: Mapped[str]
    uncertain: Mapped[bool]
    shared: Mapped[bool]
    confirmed_at: Mapped[datetime | None]
    undeliverable_at: Mapped[datetime | None]

    member: Mapped[Member] = relationship(back_populates="contacts", lazy="raise")

    def state(self) -> dict[str, Any]:
        """Return what an event says of this contact."""
        return {"id": self.id, "kind": self.kind, "value": self.value, "confirmed_at": self.confirmed_at, "shared": self.shared}


class Repeat(Base):
    """A submission of somebody who was a member already."""

    __tablename__ = "repeat"

    submission_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"))
    at: Mapped[datetime]


class Tombstone(Base):
    """An id that means nothing any more, a member's, a contact's or a submission's: what still comes for it is refused."""

    __tablename__ = "tombstone"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
