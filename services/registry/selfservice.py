"""What members do about their own record: who is sent a manage link, what they change and agree to."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from services.registry import matching
from services.registry.corrections import Correction
from services.registry.model import REACHED_BY, Consent, Contact, Member
from shared.contracts.gateway import Channel, ManageLinkRequested, SharingWithdrawn
from shared.contracts.registry import ManageLinkDecided, MemberChanged
from shared.facts import area_of


def contact_key(requested: ManageLinkRequested) -> str:
    """Return the key of the contact that was given."""
    if requested.email:
        return matching.contact_key("email", requested.email)
    return matching.contact_key("phone", requested.phone or "")


def decide_links(members: Iterable[Member], requested: ManageLinkRequested) -> list[ManageLinkDecided]:
    """Return what is written to whom, when somebody asked with a contact of these members; an address hears it once.

    A link opens all that is held about a member, so that it goes only to an e-mail address which is confirmed and nobody else's.
    Asked with a number it goes to the member's own e-mail address, since nothing can be sent to the number.
    """
    decided, told = list[ManageLinkDecided](), set[str]()
    for member in sorted(members, key=lambda member: member.id):
        contact = _address(member, contact_key(requested))
        if contact is None or contact.value_key in told:
            continue
        told.add(contact.value_key)
        answer = "ask_the_office" if contact.shared else "link" if contact.confirmed_at else "confirm_first"
        decided.append(ManageLinkDecided(request_id=requested.request_id, member_id=member.id, contact_id=contact.id, answer=answer))
    return decided


def _address(member: Member, asked: str) -> Contact | None:
    """Return the e-mail address to write to: the one that was given, else the best of the member's."""
    addresses = [contact for contact in member.contacts if contact.kind == "email"]
    given = [contact for contact in addresses if contact.value_key == asked]
    return next(iter(given or sorted(addresses, key=lambda contact: (contact.shared, contact.confirmed_at is None, contact.id))), None)


def withdraw_sharing(member: Member, withdrawn: SharingWithdrawn) -> tuple[Consent, MemberChanged] | None:
    """Show the member to no mission any more; None if none saw them."""
    if not member.sharing:
        return None
    member.sharing = False
    return sharing_ended(member, withdrawn.at), member.changed()


def sharing_ended(member: Member, at: datetime) -> Consent:
    """Return the record that a member is to be shown to no mission."""
    return Consent(member_id=member.id, purpose="sharing", channel=None, given=False, at=at, way="link")


def correct(member: Member, correction: Correction, *, at: datetime) -> tuple[list[Consent], MemberChanged | None]:
    """Make the member what they say they are, and return the consents that changed and what is announced; None if nothing is different.

    Who moves to another area ends the sharing: it was agreed to with the mission of the old one.
    """
    before = {name: getattr(member, name) for name in Correction.model_fields}
    after = correction.columns()
    changed = {name: value for name, value in after.items() if value != before[name]}
    if not changed:
        return [], None
    for name, value in changed.items():
        setattr(member, name, value)
    member.name_key = matching.name_key(member.given_name, member.family_name)
    member.search_key = matching.search_key(member.given_name, member.family_name)
    area, consents = area_of(member.country, member.province), list[Consent]()
    if area != member.area:
        member.area = area
        if member.sharing:
            member.sharing = False
            consents.append(sharing_ended(member, at))
    return consents, member.changed()


class Chosen(NamedTuple):
    """What a member wants to hear, and by what.

    Attributes:
        channels: by which information is wanted.
        wording: version and language of the words that were shown with the choice.
    """

    channels: frozenset[Channel]
    sharing: bool
    wording: tuple[str, str]


def choose(member: Member, chosen: Chosen, *, at: datetime) -> tuple[list[Consent], MemberChanged | None]:
    """Agree to information on these channels and to no other, and to sharing or not; a channel that nothing reaches is passed over.

    Returns:
        The consents given and withdrawn, and what is announced; None if nothing is different.
    """
    reached = [channel for channel in REACHED_BY if channel in chosen.channels and channel in channels_of(member)]
    added = [channel for channel in reached if channel not in member.information]
    ended = [channel for channel in member.information if channel not in reached]
    version, language = chosen.wording
    proof: dict[str, Any] = {"member_id": member.id, "wording_version": version, "language": language, "at": at, "way": "link"}
    consents = [Consent(purpose="information", channel=channel, given=True, **proof) for channel in added]
    consents += [Consent.withdrawn(member.id, channel, at=at, way="link") for channel in ended]
    if chosen.sharing != member.sharing:
        consents.append(Consent(purpose="sharing", channel=None, given=True, **proof) if chosen.sharing else sharing_ended(member, at))
    if not consents:
        return [], None
    member.information, member.sharing = list(reached), chosen.sharing
    member.channels = [*(channel for channel in member.channels if channel not in ended), *(c for c in added if c not in member.channels)]
    return consents, member.changed()


def channels_of(member: Member) -> Sequence[Channel]:
    """Return the channels by which a member can be reached at all."""
    kinds = {contact.kind for contact in member.contacts}
    return [channel for channel, kind in REACHED_BY.items() if kind in kinds]
