"""A member as callers see them: whole, or no more than the wording of consent to sharing names."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.registry.model import Consent, Member
from services.registry.scope import Scope


class Known(BaseModel):
    """What a mission may see of a member who agreed to sharing: name, contacts, area."""

    id: UUID
    given_name: str
    family_name: str
    email: str | None
    phone: str | None
    whatsapp: str | None
    country: str
    province: str | None
    area: str
    status: str
    registered_at: datetime


class Listed(Known):
    """A member in a list."""

    version: int
    city: str | None
    language: str
    diaspora_type: str | None
    interests: list[str]
    contributions: list[str]
    channels: list[str]
    information: list[str]
    sharing: bool
    partner_code: str | None
    way: str
    confirmed_at: datetime | None


class ContactShown(BaseModel):
    """One contact of a member."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: str
    value: str
    uncertain: bool
    shared: bool
    confirmed_at: datetime | None
    undeliverable_at: datetime | None


class ConsentShown(BaseModel):
    """One answer to one question about consent."""

    model_config = ConfigDict(from_attributes=True)

    purpose: str
    channel: str | None
    given: bool
    wording_version: str | None
    language: str | None
    at: datetime
    way: str
    office: str | None
    basis: str | None
    receipt: str


class OwnConsent(ConsentShown):
    """The same for the member, with what was written down of what they said; never a clerk's name."""

    recipient: str | None
    spoken: str | None
    outcome: str | None
    scan: str | None


class _Told(Listed):
    """What a member has told, but for their consents."""

    home_district: str | None
    occupation: str | None
    birth_year: int | None
    gender: str | None
    needs: list[str]
    contribution_note: str | None
    contacts: list[ContactShown]


class Whole(_Told):
    """All that is held about a member."""

    consents: list[ConsentShown]


class Own(_Told):
    """All that is held about a member, for themselves."""

    consents: list[OwnConsent]


class Listing(BaseModel):
    """A page of members, the newest first; `next` is the cursor of the following page."""

    items: list[Listed | Known]
    next: str | None


_COLUMNS: dict[type[Known], tuple[str, ...]] = {
    kind: tuple(name for name in kind.model_fields if name in Member.__table__.columns) for kind in (Known, Listed, Whole)
}


def _known(member: Member, kind: type[Known]) -> dict[str, object]:
    values: dict[str, str] = {contact.kind: contact.value for contact in member.contacts}
    columns = {name: getattr(member, name) for name in _COLUMNS[kind]}
    return {**columns, "email": values.get("email"), "phone": values.get("phone"), "whatsapp": values.get("whatsapp")}


def listed(member: Member, scope: Scope) -> Known:
    """Return a member as a list shows them to this caller."""
    kind = Known if scope.sharing_only else Listed
    return kind.model_validate(_known(member, kind))


def own(member: Member, consents: list[Consent]) -> Own:
    """Return all that is held about a member, for themselves.

    Whether somebody else has a contact, too, is theirs to know only once it is confirmed: else who types a number would learn whose it is.
    """
    shown = Own.model_validate({**_known(member, Whole), "contacts": member.contacts, "consents": consents}, from_attributes=True)
    contacts = [each.model_copy(update={"shared": each.shared and each.confirmed_at is not None}) for each in shown.contacts]
    return shown.model_copy(update={"contacts": contacts})


def whole(member: Member, consents: list[Consent]) -> Whole:
    """Return all that is held about a member."""
    return Whole.model_validate({**_known(member, Whole), "contacts": member.contacts, "consents": consents}, from_attributes=True)
