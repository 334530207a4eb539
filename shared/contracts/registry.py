"""What the registry decided about people."""

from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.base import Body, Message, Moment
from shared.contracts.gateway import Channel, DiasporaType, Interest, Language, Way

ContactKind = Literal["email", "phone", "whatsapp", "telegram"]


class Contact(Body):
    """One way to reach a member."""

    id: UUID
    kind: ContactKind
    value: str
    """An e-mail address as written, or a number in E.164."""
    confirmed_at: Moment | None = None
    shared: bool = False
    """Another member has the same contact: what is sent to it names nobody."""


class MemberState(Message):
    """A member as listeners need them. A higher `version` replaces a lower one."""

    member_id: UUID
    version: int
    status: Literal["registered", "confirmed"]
    given_name: str
    family_name: str
    language: Language
    area: str
    """ISO 3166-2 province of South Africa, or ISO 3166-1 country."""
    interests: tuple[Interest, ...] = ()
    diaspora_type: DiasporaType | None = None
    contacts: tuple[Contact, ...] = ()
    information: tuple[Channel, ...] = ()
    """The channels on which the member agreed to receive information."""


class MemberRegistered(MemberState):
    """A person became a member."""

    key: ClassVar[str] = "registry.member_registered.v1"

    submission_id: UUID
    way: Way


class MemberChanged(MemberState):
    """A member's details, contacts or consents are different now."""

    key: ClassVar[str] = "registry.member_changed.v1"


class ContactMoved(Body):
    """Where the id of a contact leads now; no contact ever changes hands under one id."""

    contact_id: UUID
    became: UUID


class MembersMerged(MemberState):
    """Two members were found to be one person. The state is that of the one who is kept; the other one has no state any more."""

    key: ClassVar[str] = "registry.members_merged.v1"

    merge_id: UUID
    absorbed_id: UUID
    absorbed_version: int
    """An older state of the absorbed one means nothing any more; a newer one says that the merge was undone."""
    moved: tuple[ContactMoved, ...] = ()
    """Where each contact of the absorbed one leads: to a contact of the kept one."""


class MembersParted(MemberState):
    """A merge was undone. The state is that of the one who stands by themselves again; the other one's comes as `MemberChanged`."""

    key: ClassVar[str] = "registry.members_parted.v1"

    merge_id: UUID
    kept_id: UUID
    moved: tuple[ContactMoved, ...] = ()
    """Where each contact leads that the kept one had by the merge."""


class RegistrationRepeated(Message):
    """A member registered again; nothing was added. Their own address is told, at most once a day."""

    key: ClassVar[str] = "registry.registration_repeated.v1"

    member_id: UUID
    at: Moment


class RegistrationsProcessed(Message):
    """The registry has dealt with these submissions, whatever it decided; their contents can be blanked."""

    key: ClassVar[str] = "registry.registrations_processed.v1"

    submission_ids: tuple[UUID, ...]


class ManageLinkDecided(Message):
    """Somebody asked for a member's manage link; what is written to this contact of theirs, and to nobody else.

    A link goes only to a contact that is confirmed and nobody else's: who shares one sees nothing of the other's.
    """

    key: ClassVar[str] = "registry.manage_link_decided.v1"

    request_id: UUID
    member_id: UUID
    contact_id: UUID
    answer: Literal["link", "confirm_first", "ask_the_office"]


class ConsentRecorded(Message):
    """Staff recorded what a member said about consent. The member is told so, by the contacts given here, to see whether it is true."""

    key: ClassVar[str] = "registry.consent_recorded.v1"

    receipt_id: UUID
    member_id: UUID
    purpose: Literal["registration", "information", "sharing"]
    channel: Channel | None = None
    """For information: the channel that it is about."""
    given: bool
    """False is a withdrawal."""
    way: Literal["call", "visit", "paper"]
    office: str
    """Whose staff recorded it."""
    at: Moment
    language: Language
    contacts: tuple[Contact, ...] = ()
    """Where the member can be told."""


class PartnerBriefed(Message):
    """Staff sent a partner the briefing pack: its mail is to be written, with a link behind which the partner answers."""

    key: ClassVar[str] = "registry.partner_briefed.v1"

    briefing_id: UUID
    email: str
    language: Language


class ContactsChanged(Message):
    """A member added or removed a contact, or had staff do it. What was added is asked whether it is theirs, the others are told."""

    key: ClassVar[str] = "registry.contacts_changed.v1"

    change_id: UUID
    member_id: UUID
    added: Contact | None = None
    """None where one was removed."""
    removed: UUID | None = None
    """The id of one that was removed; it may be among those that are told."""
    at: Moment
    language: Language
    told: tuple[Contact, ...] = ()
    """Their own confirmed addresses; with them one that staff removed."""


class MemberErased(Message):
    """A member is gone; whoever holds anything about them deletes it and refuses what comes later."""

    key: ClassVar[str] = "registry.member_erased.v1"

    member_id: UUID
    submission_ids: tuple[UUID, ...] = ()
