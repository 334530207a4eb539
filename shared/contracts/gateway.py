"""What the gateway heard outside."""

from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.base import Body, Message, Moment

Language = Literal["en", "st"]
Way = Literal["web", "api", "bot", "ussd", "import", "staff", "demo"]
Channel = Literal["email", "whatsapp", "telegram", "sms", "call"]
Interest = Literal["investment", "trade", "education", "culture", "social", "health"]
Need = Literal["documents", "work", "remittances", "social_security", "health", "return", "study", "legal"]
Gender = Literal["female", "male", "other"]
DiasporaType = Literal[
    "mine_worker",
    "domestic_worker",
    "farm_worker",
    "factory_worker",
    "student",
    "professional",
    "business",
    "retired",
    "other",
]


class ConsentGiven(Body):
    """What the person ticked; `registration` is always true in a message."""

    registration: bool
    information: bool = False
    sharing: bool = False


class ConsentProof(Body):
    """How it is known that a person agreed whose registration came by a sheet or by staff, and who handed it in."""

    basis: str
    """`paper`, `list`, `spoken` or `other`, or `column` where the sheet says it of each person; then where the proof is."""
    scan: str | None = None
    """SHA-256 of the scanned paper, in hexadecimal."""
    way: Literal["call", "visit"] | None = None
    """How staff spoke with the person whom they registered."""
    spoken: str | None = None
    """What the person said when they agreed, in a line."""
    staff: str
    office: str


class RegistrationSubmitted(Message):
    """Somebody filled in a registration. Whether they are new is the registry's to say."""

    key: ClassVar[str] = "gateway.registration_submitted.v1"

    submission_id: UUID
    submitted_at: Moment
    way: Way
    import_id: UUID | None = None
    given_name: str
    family_name: str
    email: str | None = None
    phone: str | None = None
    """E.164."""
    phone_uncertain: bool = False
    """Two countries' readings of the number were valid and nobody chose: write nothing to it until confirmed."""
    whatsapp: str | None = None
    """E.164."""
    country: str
    """ISO 3166-1 alpha-2."""
    province: str | None = None
    """ISO 3166-2, for South Africa."""
    city: str | None = None
    home_district: str | None = None
    occupation: str | None = None
    birth_year: int | None = None
    gender: Gender | None = None
    diaspora_type: DiasporaType | None = None
    needs: tuple[Need, ...] = ()
    language: Language = "en"
    interests: tuple[Interest, ...] = ()
    contributions: tuple[Interest, ...] = ()
    contribution_note: str | None = None
    channels: tuple[Channel, ...] = ()
    consent: ConsentGiven
    consent_text_version: str
    partner_code: str | None = None
    proof: ConsentProof | None = None
    """Of registrations that came by a sheet or by staff."""


class ContactConfirmed(Message):
    """The holder of a contact confirmed it by its own link."""

    key: ClassVar[str] = "gateway.contact_confirmed.v1"

    member_id: UUID
    contact_id: UUID
    at: Moment


class ContactDisowned(Message):
    """The holder of a contact said: this was not me. It is forgotten and not written to again."""

    key: ClassVar[str] = "gateway.contact_disowned.v1"

    member_id: UUID
    contact_id: UUID
    at: Moment


class ConsentWithdrawn(Message):
    """A person wants no more information on one channel (`contact_id`'s), or on any (None)."""

    key: ClassVar[str] = "gateway.consent_withdrawn.v1"

    member_id: UUID
    contact_id: UUID | None = None
    channel: Channel | None = None
    at: Moment


class SharingWithdrawn(Message):
    """A person wants their name, contacts and area shown to no mission any more."""

    key: ClassVar[str] = "gateway.sharing_withdrawn.v1"

    member_id: UUID
    at: Moment


class ManageLinkRequested(Message):
    """Somebody asked for the link by which a member sees what is held about them. Whose contact it is, is not known yet."""

    key: ClassVar[str] = "gateway.manage_link_requested.v1"

    request_id: UUID
    email: str | None = None
    phone: str | None = None
    """E.164."""
    at: Moment


class ErasureRequested(Message):
    """A member asked, twice over, that all that is held about them be erased."""

    key: ClassVar[str] = "gateway.erasure_requested.v1"

    member_id: UUID
    receipt: str
    """The random number under which the receipt is shown."""
    at: Moment


class ErasureCompleted(Message):
    """Nothing about an erased member is left here."""

    key: ClassVar[str] = "gateway.erasure_completed.v1"

    member_id: UUID
    at: Moment


class BriefingAnswered(Message):
    """A partner said whether they help to register people, by the link in the mail with the briefing pack."""

    key: ClassVar[str] = "gateway.briefing_answered.v1"

    briefing_id: UUID
    answer: Literal["agree", "decline"]
    at: Moment


class InvitationAnswered(Message):
    """An invited speaker said yes or no, by the link in the invitation."""

    key: ClassVar[str] = "gateway.invitation_answered.v1"

    invitation_id: UUID
    answer: Literal["accept", "decline"]
    talk_title: str | None = None
    abstract: str | None = None
    biography: str | None = None
    at: Moment
