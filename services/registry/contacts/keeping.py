"""A contact added or removed, under locks: the same for a member on their own page and for staff whom they asked.

The caller takes `lock`, then locks the member's row: contacts come before members, as everywhere.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from services.registry import records
from services.registry.calling.model import numbers
from services.registry.calling.raising import put_on_list
from services.registry.contacts import changing
from services.registry.contacts.changing import THEMSELVES, By, Changed
from services.registry.contacts.typed import Given
from services.registry.erasing import unshare
from services.registry.model import Contact, Member
from shared.audit import note
from shared.database import Transaction
from shared.errors import FieldError, Invalid
from shared.identity import Identity
from shared.outbox import put
from shared.web.language import Language, mark, translate

MOST_ADDED_A_DAY = 5
"""To one record, by whomever. Each has a mail sent to whoever has that address."""
ADDED = text(
    "SELECT count(*) FROM audit WHERE ids @> ARRAY[CAST(:id AS uuid)] AND what IN ('own_contact_added', 'contact_added')"
    " AND at > now() - interval '1 day'"
)
TOO_OFTEN = mark("You have added enough for one day. Try again tomorrow.")
TOO_OFTEN_FOR_STAFF = mark("Enough was added to this record for one day. Try again tomorrow.")
WRITTEN_TO = ("email", "telegram")
"""Kinds of contact that can be confirmed in writing."""


async def lock(session: Transaction, member_id: UUID, *added: str) -> None:
    """Lock the member's contacts and those to be added, by their keys; what was read of the member so far is read anew."""
    keys = await records.keys_of(session, member_id)
    await records.lock_contacts(session, [*keys.values(), *added])
    session.expunge_all()


async def add(
    session: Transaction,
    member: Member,
    given: Given,
    who: Identity,
    *,
    at: datetime,
    language: Language,
    by: By = THEMSELVES,
    asked: str | None = None,
) -> None:
    """Add a contact to a member whose row is locked; it is unconfirmed and asked to confirm, and other members who have it are noted.

    Args:
        asked: how the member asked staff for it.

    Raises:
        Invalid: the member has it, or as many as they may have, or enough were added today.
    """
    holders = (await records.holders_of(session, [given.key])).get(given.key, [])
    others = [holder.member_id for holder in holders if holder.member_id != member.id]
    if (await session.execute(ADDED, {"id": member.id})).scalar_one() >= MOST_ADDED_A_DAY:
        raise Invalid(errors=[FieldError("/value", translate(language, TOO_OFTEN_FOR_STAFF if by.staff else TOO_OFTEN))])
    done = changing.add(member, given, shared=bool(others), at=at, language=language, by=by)
    for other in await records.members_for_update(session, others):
        if shared := other.share({given.key}, True):
            put(session, shared)
    _keep(session, member, done, who, "contact_added" if by.staff else "own_contact_added", asked)


async def remove(
    session: Transaction,
    member: Member,
    contact: Contact,
    who: Identity,
    *,
    at: datetime,
    language: Language,
    by: By = THEMSELVES,
    asked: str | None = None,
) -> None:
    """Remove a contact of a member whose row is locked; who is unconfirmed then, and can only be rung, is put on the call list.

    Raises:
        Invalid: it is the only one.
    """
    key = contact.value_key
    done = changing.remove(member, contact, at=at, language=language, by=by)
    await records.bury(session, [contact.id], at=at)
    _keep(session, member, done, who, "contact_removed" if by.staff else "own_contact_removed", asked)
    await session.flush()
    if member.status == "registered" and _is_only_rung(member):
        await put_on_list(session, "confirm", [member.id], at=at)
    if all(each.value_key != key for each in member.contacts):
        await unshare(session, member.id, [key])


def _is_only_rung(member: Member) -> bool:
    written = any(each.kind in WRITTEN_TO and each.undeliverable_at is None for each in member.contacts)
    return not written and bool(numbers(member))


def _keep(session: Transaction, member: Member, done: Changed, who: Identity, what: str, asked: str | None) -> None:
    session.add_all(done.consents)
    put(session, done.changed)
    put(session, done.told)
    if asked is None:
        note(session, who, what, [member.id])
    else:
        note(session, who, what, [member.id], asked=asked, version=member.version)
