"""What the notifier keeps: whom it may write to, and what became of each thing it had to say. No I/O, no clock."""

from datetime import date, datetime, timedelta
from typing import Literal, get_args
from uuid import UUID, uuid5

from sqlalchemy import ARRAY, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.notifier.kinds import Template as Template
from shared.contracts.gateway import Channel, Language
from shared.contracts.registry import ContactKind, MemberState
from shared.database import COLUMNS

Status = Literal["due", "sending", "sent", "delivered", "read", "failed", "suppressed"]
Scope = Literal["all", "information"]
"""What a suppression holds back: everything, or only what nobody asked for."""

STATUSES: tuple[Status, ...] = get_args(Status)
TEMPLATES: tuple[Template, ...] = get_args(Template)
TURN = timedelta(days=1)
"""How long an address is left alone between two mails that strangers can cause by registering it."""
NOTICE_DAYS = 30
"""Who joins the forum team hears the answers of so many days; it also makes the order of events matter to nobody."""
CHANNELS_OF: dict[ContactKind, tuple[Channel, ...]] = {
    "email": ("email",),
    "phone": ("sms", "call"),
    "whatsapp": ("whatsapp",),
    "telegram": ("telegram",),
}
ERASED = {"version": 2**31 - 1, "status": "erased", "information": []}
"""A tombstone's values: no later version is higher."""
_REPEATS = UUID("5a0f6c1e-9c1c-5a55-8f4e-2d1d4c0a9b10")


class Base(DeclarativeBase):
    """The notifier's tables."""

    type_annotation_map = COLUMNS


class Recipient(Base):
    """A member, as far as writing to them needs: the registry's state, written only where its version is higher.

    Attributes:
        status: `erased` is the tombstone: nothing later about this member is taken in.
        information: channels on which the registry holds a consent; what was withdrawn here and has not come back yet is in `Withdrawal`.
        registered: the fact that they registered has been here, so that their welcome was dealt with.
        merged_into: who they were found to be; what still comes for them is about that member.
    """

    __tablename__ = "recipient"

    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    status: Mapped[Literal["registered", "confirmed", "erased"]] = mapped_column(Text)
    language: Mapped[Language] = mapped_column(Text)
    information: Mapped[list[str]] = mapped_column(ARRAY(Text))
    registered: Mapped[bool]
    merged_into: Mapped[UUID | None]


class Contact(Base):
    """One way to reach a member.

    One that is gone keeps the address's key for a month: *this was not me* may come after the registry's word that the contact is gone.

    Attributes:
        value: empty when it is gone.
        disowned: its holder is not the member; it is never filled again.
    """

    __tablename__ = "contact"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    kind: Mapped[ContactKind | None] = mapped_column(Text)
    value: Mapped[str | None]
    address_key: Mapped[bytes | None]
    dropped_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    shared: Mapped[bool]
    disowned: Mapped[bool]

    def disown(self, at: datetime) -> None:
        """Keep nothing but that it was disowned, and the address's key."""
        self.value = self.confirmed_at = None
        self.disowned, self.shared, self.dropped_at = True, False, at


class Withdrawal(Base):
    """A consent that was taken back here before the registry's own word of it came: at once, in whatever order.

    It goes when a state of the registry arrives that no longer holds the consent.
    """

    __tablename__ = "withdrawal"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    contact_id: Mapped[UUID | None]
    channel: Mapped[Channel | None] = mapped_column(Text)
    at: Mapped[datetime]

    def channels(self, contact: "Contact | None") -> tuple[Channel, ...]:
        """Return the channels it is about; none while the contact that it names is not known."""
        if self.channel:
            return (self.channel,)
        if self.contact_id is None:
            return get_args(Channel)
        return CHANNELS_OF[contact.kind] if contact and contact.kind else ()

    def still_holds(self, recipient: "Recipient", contact: "Contact | None") -> bool:
        """Return whether the registry's state still shows the consent that was withdrawn here."""
        channels = self.channels(contact)
        return recipient.status != "erased" and (not channels or bool(set(channels) & set(recipient.information)))


class Suppression(Base):
    """An address that is not written to, by its keyed hash: the address itself is not kept here."""

    __tablename__ = "suppression"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    channel: Mapped[Channel] = mapped_column(Text)
    address_key: Mapped[bytes]
    scope: Mapped[Scope] = mapped_column(Text)
    reason: Mapped[str]
    since: Mapped[datetime]


class Turn(Base):
    """When an address may next get a mail that strangers can cause. A row whose moment has passed means nothing and may go."""

    __tablename__ = "turn"

    address_key: Mapped[bytes] = mapped_column(primary_key=True)
    next_at: Mapped[datetime]


class Delivery(Base):
    """One thing said to one address, once for each cause: unique on (cause, template, recipient).

    Attributes:
        cause: the member, invitation or campaign; never a message's id.
        recipient: the address's key.
        address: gone as soon as nothing more is to be sent.
        due_at: when it is tried next; while it is being sent, when its sender's lease ends.
        lease_token: whose lease; every write that ends it names it.
        give_up_at: a refusal for now, after this, is for good.
        reason: codes, never what a server said in words.
    """

    __tablename__ = "delivery"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    cause: Mapped[UUID]
    template: Mapped[Template] = mapped_column(Text)
    recipient: Mapped[bytes]
    channel: Mapped[Channel] = mapped_column(Text)
    address: Mapped[str | None]
    language: Mapped[Language] = mapped_column(Text)
    transactional: Mapped[bool]
    status: Mapped[Status] = mapped_column(Text)
    attempts: Mapped[int]
    reason: Mapped[str | None]
    due_at: Mapped[datetime]
    give_up_at: Mapped[datetime]
    lease_token: Mapped[UUID | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class Announcement(Base):
    """One message from the staff to everybody who confirmed an address and agreed to information. Its words are never changed.

    Attributes:
        cursor: the last contact that was looked at; the walk goes by contacts' ids.
        looked_at: how many contacts.
        prepared: how many deliveries were written.
        ended_at: when the walk had seen everybody.
    """

    __tablename__ = "announcement"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_en: Mapped[str]
    text_en: Mapped[str]
    subject_st: Mapped[str]
    text_st: Mapped[str]
    status: Mapped[Literal["preparing", "prepared", "stopped"]] = mapped_column(Text)
    cursor: Mapped[UUID]
    looked_at: Mapped[int]
    prepared: Mapped[int]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Invitation(Base):
    """A speaker's invitation, with the answers. Either may come first.

    Attributes:
        confirmed_at: when the last *yes* was said, if the team should hear of it; an answer told anew leaves it empty.
    """

    __tablename__ = "invitation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str | None]
    language: Mapped[Language] = mapped_column(Text)
    deadline: Mapped[datetime | None]
    talk_title: Mapped[str]
    confirmed_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]

    def confirm(self, talk_title: str, at: datetime) -> None:
        """Keep a *yes*; of two talks the later said stays."""
        if self.confirmed_at is None or self.confirmed_at <= at:
            self.talk_title, self.confirmed_at = talk_title, at


class Team(Base):
    """The forum team's addresses: one row."""

    __tablename__ = "team"

    only: Mapped[bool] = mapped_column(primary_key=True)
    version: Mapped[int]
    emails: Mapped[list[str]] = mapped_column(ARRAY(Text))


def latest(states: list[MemberState]) -> list[MemberState]:
    """Return the newest state of each member, in the order of their ids, so that two batches never lock crosswise."""
    newest: dict[UUID, MemberState] = {}
    for state in states:
        known = newest.get(state.member_id)
        if known is None or known.version < state.version:
            newest[state.member_id] = state
    return [newest[member_id] for member_id in sorted(newest)]


def repeat_cause(member_id: UUID, day: date) -> UUID:
    """Return the cause of telling a member that they are registered: one a day, however often they register."""
    return uuid5(_REPEATS, f"{member_id} {day.isoformat()}")
