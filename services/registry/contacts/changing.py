"""A member's own contacts, changed on their own page: what is kept, what ends with it, and who is told. No I/O, no clock.

An added contact is nobody's until it is confirmed by its own link or in a call. What no contact reaches any more is withdrawn, on record.
"""

from datetime import datetime
from typing import NamedTuple

from services.registry.contacts.typed import Given
from services.registry.model import Consent, Contact, Member
from shared.clock import new_id
from shared.contracts.registry import Contact as Said
from shared.contracts.registry import ContactsChanged, MemberChanged
from shared.errors import FieldError, Invalid
from shared.web.language import Language, mark, translate

MOST_OF_A_KIND = 2
"""The old one and the new one: who changes their address has both for a while."""
MOST_UNCONFIRMED = 3
"""Each may have a mail sent to an address that nobody has confirmed."""
HAVE_IT = mark("This is among your contacts already.")
TOO_MANY = mark("Remove one of this kind first, or confirm those that wait for it.")
LAST = mark("This is your only contact: without one nobody can reach you. Add another first, or be erased.")


class Changed(NamedTuple):
    """What is kept, what is announced, and what the member's own addresses are told."""

    consents: list[Consent]
    changed: MemberChanged
    told: ContactsChanged


def add(member: Member, given: Given, *, shared: bool, at: datetime, language: Language) -> Changed:
    """Add a contact, unconfirmed.

    Args:
        shared: another member has it, which the answer must not betray.

    Raises:
        Invalid: the member has it, or as many as they may have.
    """
    same_kind = [contact for contact in member.contacts if contact.kind == given.kind]
    if any(contact.value_key == given.key for contact in same_kind):
        raise Invalid(errors=[FieldError("/value", translate(language, HAVE_IT))])
    waiting = [contact for contact in member.contacts if contact.confirmed_at is None]
    if len(same_kind) >= MOST_OF_A_KIND or len(waiting) >= MOST_UNCONFIRMED:
        raise Invalid(errors=[FieldError("/value", translate(language, TOO_MANY))])
    added = Contact(
        id=new_id(),
        kind=given.kind,
        value=given.value,
        value_key=given.key,
        uncertain=False,
        shared=shared,
        confirmed_at=None,
        undeliverable_at=None,
    )
    told = _told(member)
    member.contacts.append(added)
    return Changed([], member.changed(), _announced(member, told, at, added))


def leaves_unconfirmed(member: Member, contact: Contact) -> bool:
    """Tell whether nothing confirmed would be left, so that the member counts as unconfirmed again."""
    return contact.confirmed_at is not None and all(each is contact or each.confirmed_at is None for each in member.contacts)


def remove(member: Member, contact: Contact, *, at: datetime, language: Language) -> Changed:
    """Remove a contact, and withdraw what nothing reaches any more.

    Raises:
        Invalid: it is the only one.
    """
    if len(member.contacts) == 1:
        raise Invalid(errors=[FieldError("/contact", translate(language, LAST))])
    if leaves_unconfirmed(member, contact):
        member.status, member.confirmed_at = "registered", None
    lost = member.part_with(contact)
    consents = [Consent.withdrawn(member.id, channel, at=at, way="link") for channel in lost]
    return Changed(consents, member.changed(), _announced(member, _told(member), at, None))


def _told(member: Member) -> list[Contact]:
    """Return the addresses that hear of it: those that are confirmed, and nobody else's."""
    return [contact for contact in member.contacts if contact.kind == "email" and contact.confirmed_at is not None and not contact.shared]


def _announced(member: Member, told: list[Contact], at: datetime, added: Contact | None) -> ContactsChanged:
    return ContactsChanged(
        change_id=new_id(),
        member_id=member.id,
        added=Said(**added.state()) if added else None,
        at=at,
        language=member.language,
        told=tuple(Said(**contact.state()) for contact in told),
    )
