"""A member's contacts, changed by themselves or by staff whom they asked: what is kept, what ends, and who is told. No I/O, no clock.

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
TO_STAFF = {
    HAVE_IT: mark("This person has this contact already."),
    LAST: mark("This is their only contact: without one nobody can reach them. Add another first, or erase the person."),
}
"""What staff are told, who read about somebody else."""


class By(NamedTuple):
    """Who changes the contacts.

    Attributes:
        way: how consents that end with it are recorded.
        staff: who of the staff does it for the member, by name, with their `office`; None for the member themselves.
    """

    way: str = "link"
    staff: str | None = None
    office: str | None = None

    def told(self, text: str, language: Language) -> str:
        """Return a refusal in the words for whoever reads it."""
        return translate(language, TO_STAFF.get(text, text) if self.staff else text)


THEMSELVES = By()


class Changed(NamedTuple):
    """What is kept, what is announced, and what the member's own addresses are told."""

    consents: list[Consent]
    changed: MemberChanged
    told: ContactsChanged


def add(member: Member, given: Given, *, shared: bool, at: datetime, language: Language, by: By = THEMSELVES) -> Changed:
    """Add a contact, unconfirmed.

    Args:
        shared: another member has it, which the answer must not betray.

    Raises:
        Invalid: the member has it, or as many as they may have.
    """
    same_kind = [contact for contact in member.contacts if contact.kind == given.kind]
    if any(contact.value_key == given.key for contact in same_kind):
        raise Invalid(errors=[FieldError("/value", by.told(HAVE_IT, language))])
    waiting = [contact for contact in member.contacts if contact.confirmed_at is None]
    if len(same_kind) >= MOST_OF_A_KIND or len(waiting) >= MOST_UNCONFIRMED:
        raise Invalid(errors=[FieldError("/value", by.told(TOO_MANY, language))])
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
    return Changed([], member.changed(), _announced(member, told, at, added=added))


def leaves_unconfirmed(member: Member, contact: Contact) -> bool:
    """Tell whether nothing confirmed would be left, so that the member counts as unconfirmed again."""
    return contact.confirmed_at is not None and all(each is contact or each.confirmed_at is None for each in member.contacts)


def remove(member: Member, contact: Contact, *, at: datetime, language: Language, by: By = THEMSELVES) -> Changed:
    """Remove a contact, and withdraw what nothing reaches any more.

    An address that staff remove is told, too: whoever asked them may have been somebody else.

    Raises:
        Invalid: it is the only one.
    """
    if len(member.contacts) == 1:
        raise Invalid(errors=[FieldError("/contact", by.told(LAST, language))])
    if leaves_unconfirmed(member, contact):
        member.status, member.confirmed_at = "registered", None
    told = _told(member)
    lost = member.part_with(contact)
    consents = [Consent.withdrawn(member.id, channel, at=at, way=by.way) for channel in lost]
    for consent in consents:
        consent.staff, consent.office = by.staff, by.office
    heard = [each for each in told if by.staff or each is not contact]
    return Changed(consents, member.changed(), _announced(member, heard, at, removed=contact))


def _told(member: Member) -> list[Contact]:
    """Return the addresses that hear of it: those that are confirmed, and nobody else's."""
    return [contact for contact in member.contacts if contact.kind == "email" and contact.confirmed_at is not None and not contact.shared]


def _announced(
    member: Member, told: list[Contact], at: datetime, *, added: Contact | None = None, removed: Contact | None = None
) -> ContactsChanged:
    return ContactsChanged(
        change_id=new_id(),
        member_id=member.id,
        added=Said(**added.state()) if added else None,
        removed=removed.id if removed else None,
        at=at,
        language=member.language,
        told=tuple(Said(**contact.state()) for contact in told),
    )
