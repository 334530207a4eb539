"""How two records become one. Rules only: no I/O and no clock. See decision 24.

Nothing is agreed to that either record did not agree to; nothing is forgotten that is needed to part them again.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from services.registry import matching
from services.registry.model import Consent, Contact, Member
from services.registry.model.consents import RECIPIENTS
from shared.contracts.registry import ContactMoved, MembersMerged

Question = tuple[str, str | None]
"""Purpose, and the channel of information or the recipient of sharing."""

CHOSEN = (
    "given_name",
    "family_name",
    "country",
    "city",
    "home_district",
    "occupation",
    "birth_year",
    "gender",
    "diaspora_type",
    "needs",
    "language",
    "interests",
    "contributions",
    "contribution_note",
    "channels",
)
"""What may be taken from the record that is not kept; the country brings its province and area with it."""
GOES_WITH = {"country": ("province", "area")}
UNDOABLE = (*CHOSEN, *GOES_WITH["country"], "partner_code", "registered_at")
WAY = "merge"


class By(NamedTuple):
    """Who does it, for the records of it."""

    staff: str
    office: str
    at: datetime


@dataclass(frozen=True)
class Joined:
    """What is to be written and announced, beside the kept member, who is changed in place.

    Attributes:
        before: both records as they were, and the kept one as it is now, as JSON.
        moved: where each contact of the absorbed one leads now.
    """

    before: dict[str, Any]
    consents: list[Consent]
    moved: dict[UUID, UUID]
    event: MembersMerged


def row_of(entity: Member | Contact) -> dict[str, Any]:
    """Return a row as JSON can carry it."""
    columns = {column.name: getattr(entity, column.name) for column in type(entity).__table__.columns}
    row: dict[str, Any] = orjson.loads(orjson.dumps(columns, default=str))
    return row


def usual(kept: Member, absorbed: Member) -> list[str]:
    """Return what is taken from the absorbed record where nobody says otherwise: what the kept one does not tell."""
    return [name for name in CHOSEN if not getattr(kept, name) and getattr(absorbed, name)]


def different(one: Member, other: Member) -> list[str]:
    """Return which of the fields that can be chosen differ."""
    return [name for name in CHOSEN if any(getattr(one, each) != getattr(other, each) for each in (name, *GOES_WITH.get(name, ())))]


def agreed(member: Member) -> Iterator[Question]:
    """Yield what a member agrees to now, beside being registered."""
    for channel in member.information:
        yield "information", channel
    if member.sharing:
        for recipient in RECIPIENTS:
            yield "sharing", recipient


def answer(member_id: UUID, question: Question, given: bool, by: By, way: str, wording: tuple[str, str] | None = None) -> Consent:
    """Return the record of an answer that follows from a merge or its undoing."""
    purpose, about = question
    version, language = wording or (None, None)
    return Consent(
        member_id=member_id,
        purpose=purpose,
        channel=about if purpose == "information" else None,
        recipient=about if purpose == "sharing" else None,
        given=given,
        wording_version=version,
        language=language,
        at=by.at,
        way=way,
        staff=by.staff,
        office=by.office,
    )


def join(
    kept: Member,
    absorbed: Member,
    *,
    merge_id: UUID,
    take: Collection[str],
    shared: Collection[str],
    by: By,
    new_id: Callable[[], UUID],
) -> Joined:
    """Make one member of two; the absorbed one is left as it is, to be deleted by the caller, who holds the locks of both.

    Args:
        take: the fields, of `CHOSEN`, that are taken from the absorbed record.
        shared: keys of contacts that somebody else has, too.
    """
    before = {
        "kept": row_of(kept),
        "contacts": [row_of(contact) for contact in kept.contacts],
        "absorbed": row_of(absorbed),
        "absorbed_contacts": [row_of(contact) for contact in absorbed.contacts],
    }
    ending = ended(kept, absorbed)
    _take(kept, absorbed, take)
    kept.information = [channel for channel in kept.information if ("information", channel) not in ending]
    kept.sharing = kept.sharing and not any(purpose == "sharing" for purpose, _ in ending)
    moved = _move(kept, absorbed, new_id)
    for contact in kept.contacts:
        contact.shared = contact.value_key in shared
    confirmed = [moment for moment in (kept.confirmed_at, absorbed.confirmed_at) if moment]
    if confirmed:
        kept.status, kept.confirmed_at = "confirmed", min(confirmed)
    kept.version += 1
    event = MembersMerged(
        **kept.state(),
        merge_id=merge_id,
        absorbed_id=absorbed.id,
        absorbed_version=absorbed.version + 1,
        moved=tuple(ContactMoved(contact_id=old, became=new) for old, new in moved.items()),
    )
    before |= {"after": row_of(kept), "after_contacts": [row_of(contact) for contact in kept.contacts]}
    return Joined(before, [answer(kept.id, question, False, by, WAY) for question in ending], moved, event)


def ended(kept: Member, absorbed: Member) -> list[Question]:
    """Return what the kept record agreed to and must no more: the other one did not, or agreed to it with another mission."""
    both = set(agreed(absorbed))
    found = [question for question in agreed(kept) if question not in both]
    if kept.sharing and ("sharing", RECIPIENTS[0]) in both and kept.area != absorbed.area:
        found += [("sharing", recipient) for recipient in RECIPIENTS]
    return found


def _take(kept: Member, absorbed: Member, take: Collection[str]) -> None:
    old_name = kept.name_key
    for name in CHOSEN:
        if name in take:
            for each in (name, *GOES_WITH.get(name, ())):
                setattr(kept, each, getattr(absorbed, each))
    kept.name_key = matching.name_key(kept.given_name, kept.family_name)
    kept.search_key = matching.search_key(kept.given_name, kept.family_name)
    names = {*kept.known_as, old_name, absorbed.name_key, *absorbed.known_as}
    kept.known_as = sorted(names - {kept.name_key})
    # They came once, by whom they came first: that office keeps the credit.
    first, second = sorted((kept, absorbed), key=lambda member: (member.registered_at, member.id))
    kept.partner_code, kept.registered_at = first.partner_code or second.partner_code, first.registered_at


def _move(kept: Member, absorbed: Member, new_id: Callable[[], UUID]) -> dict[UUID, UUID]:
    """Give the kept member the other's contacts, under ids of their own: so no id ever changes hands, in whatever order it is heard of."""
    own = {(contact.kind, contact.value_key): contact for contact in kept.contacts}
    moved = {}
    for contact in absorbed.contacts:
        twin = own.get((contact.kind, contact.value_key))
        if twin is None:
            columns = {column.name: getattr(contact, column.name) for column in Contact.__table__.columns}
            twin = Contact(**columns | {"id": new_id(), "member_id": kept.id})
            kept.contacts.append(twin)
        else:
            confirmed = [moment for moment in (twin.confirmed_at, contact.confirmed_at) if moment]
            twin.confirmed_at = min(confirmed, default=None)
            twin.uncertain = twin.uncertain and contact.uncertain
            twin.undeliverable_at = twin.undeliverable_at or contact.undeliverable_at
        moved[contact.id] = twin.id
    return moved
