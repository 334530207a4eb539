"""Merging and dismissing as transactions: locked, looked at anew, decided, written and announced.

Locks are taken in the order of all who decide about people: contacts' keys, then members' rows, each sorted. So of two clerks with one pair
the second sees what the first did, and an erasure comes either before, and ends the merge, or after, and erases both halves.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Uuid, bindparam, delete, or_, select, text

from services.registry import records
from services.registry.duplicates import following, leading
from services.registry.duplicates.joining import By, join, usual
from services.registry.duplicates.model import Merge, Pair
from services.registry.duplicates.pairs import firm
from services.registry.keeping.changes import refuse_stale
from services.registry.model import Member
from services.registry.scope import Scope
from shared.clock import new_id
from shared.database import Transaction
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.outbox import put
from shared.web.language import Language, mark

MERGED_MEANWHILE = mark("One of the two was merged meanwhile.")
NEITHER = mark("Say which of the two is kept.")
DISMISSED_MEANWHILE = mark("Somebody has found meanwhile that these are two people.")

REPEATS = text("UPDATE repeat SET member_id = :kept WHERE member_id = :absorbed RETURNING submission_id::text")
REPEATED = text("INSERT INTO repeat (submission_id, member_id, at) VALUES (:submission_id, :kept, :at) ON CONFLICT DO NOTHING")
PAIRS = text("SELECT to_jsonb(p) FROM likeness_pair p WHERE :absorbed IN (one, other)").bindparams(bindparam("absorbed", type_=Uuid()))
# Who was found not to be the absorbed one is not the kept one either.
CARRY_DISMISSED = text(
    """
    INSERT INTO likeness_pair (id, one, other, score, reasons, dismissed_at, dismissed_by)
    SELECT gen_random_uuid(), least(:kept, third), greatest(:kept, third), score, reasons, dismissed_at, dismissed_by
    FROM (SELECT p.*, CASE WHEN one = :absorbed THEN other ELSE one END AS third FROM likeness_pair p
          WHERE :absorbed IN (one, other) AND dismissed_at IS NOT NULL) AS dismissed
    WHERE third <> :kept ON CONFLICT (one, other) DO NOTHING
    """
).bindparams(bindparam("absorbed", type_=Uuid()), bindparam("kept", type_=Uuid()))
LAST_CONSENT = text("SELECT coalesce(max(id), 0) FROM consent WHERE member_id = :kept")


class Wish(NamedTuple):
    """What a clerk decided.

    Attributes:
        keep: whose record is kept; None for the one that stands firmer.
        take: the fields taken from the other record; None for those that the kept one does not tell.
        versions: what the clerk has seen.
    """

    keep: UUID | None
    take: Sequence[str] | None
    versions: Mapping[UUID, int]


async def find(session: Transaction, pair_id: UUID, scope: Scope) -> Pair:
    """Return a pair of the queue.

    Raises:
        Conflict: it is gone with a merge.
        NotFound: there is none, or it went with a merge that is not the caller's business.
    """
    if (pair := await session.get(Pair, pair_id, populate_existing=True)) is not None:
        return pair
    gone = await session.scalars(select(Merge).where(Merge.pair_ids.contains([pair_id]), Merge.undone_at.is_(None)))
    for each in gone:
        if scope.covers(each.before["after"]["area"]) and scope.covers(each.before["absorbed"]["area"]):
            raise Conflict(MERGED_MEANWHILE)
    raise NotFound


async def merge(session: Transaction, pair: Pair, wish: Wish, scope: Scope, by: By, language: Language) -> tuple[Merge, Member]:
    """Make one member of a pair, and return the merge with the member who is kept.

    Raises:
        Conflict: another clerk was first, or a record is not what was seen.
        NotFound: one of the two is gone, or not the caller's business.
    """
    members = await _locked(session, pair, scope)
    for member in members:
        await refuse_stale(session, member.id, seen=wish.versions.get(member.id), stands=member.version, language=language)
    kept, absorbed = _in_order(members, wish.keep)
    take = usual(kept, absorbed) if wish.take is None else wish.take
    keys = {contact.value_key for member in members for contact in member.contacts}
    holders = await records.holders_of(session, keys)
    others = {key for key, found in holders.items() if any(holder.member_id not in (kept.id, absorbed.id) for holder in found)}
    joined = join(kept, absorbed, merge_id=new_id(), take=take, shared=others, by=by, new_id=new_id)

    before, both = dict(joined.before), {"kept": kept.id, "absorbed": absorbed.id}
    before["repeats"] = list((await session.execute(REPEATS, both)).scalars())
    before["followers"] = await following.move(session, absorbed.id, kept.id, by)
    before["pairs"] = list((await session.execute(PAIRS, {"absorbed": absorbed.id})).scalars())
    before["moved"] = {str(old): str(new) for old, new in joined.moved.items()}
    await session.execute(CARRY_DISMISSED, both)
    session.expunge(absorbed)
    await session.execute(delete(Member).where(Member.id == absorbed.id))  # What points to them, and was not moved, goes with them.
    await session.execute(REPEATED, {"submission_id": absorbed.submission_id, "kept": kept.id, "at": absorbed.registered_at})
    await leading.lead(session, joined.moved)
    session.add_all(joined.consents)
    await session.flush()
    before["last_consent"] = (await session.execute(LAST_CONSENT, {"kept": kept.id})).scalar_one()
    pair_ids = [UUID(row["id"]) for row in before["pairs"]]
    merged = Merge(id=joined.event.merge_id, kept_id=kept.id, absorbed_id=absorbed.id, at=by.at, staff=by.staff, office=by.office)
    merged.pair_ids, merged.before = pair_ids, orjson.loads(orjson.dumps(before, default=str))
    session.add(merged)
    put(session, joined.event)
    return merged, kept


async def _locked(session: Transaction, pair: Pair, scope: Scope) -> list[Member]:
    """Return both members, locked, once it is sure that the pair is still to be judged."""
    ids = [pair.one, pair.other]
    keys = [key for each in ids for key in (await records.keys_of(session, each)).values()]
    await records.lock_contacts(session, keys)
    members = await records.members_for_update(session, ids)
    found = await session.get(Pair, pair.id, with_for_update=True, populate_existing=True)
    if found is None or len(members) < 2:
        await find(session, pair.id, scope)
        raise NotFound
    if not all(scope.covers(member.area) for member in members):
        raise NotFound
    if found.dismissed_at is not None:
        raise Conflict(DISMISSED_MEANWHILE)
    return members


def _in_order(members: Iterable[Member], keep: UUID | None) -> list[Member]:
    """Return who is kept, then who is absorbed: as was said, else the confirmed before the others, and the first before the later."""
    found = firm(members)
    if keep is not None and all(member.id != keep for member in found):
        raise Invalid(errors=[FieldError("/keep", NEITHER)])
    return sorted(found, key=lambda member: keep is not None and member.id != keep)


async def dismiss(session: Transaction, pair: Pair, scope: Scope, by: By) -> Pair:
    """Note that these are two people; a second time changes nothing.

    Raises:
        Conflict: another clerk has merged them.
        NotFound: one of the two is gone, or not the caller's business.
    """
    try:
        await _locked(session, pair, scope)
    except Conflict:
        if pair.dismissed_at is None:
            raise
        return pair
    pair.dismissed_at, pair.dismissed_by = by.at, by.staff
    return pair


async def erase_halves(session: Transaction, member_id: UUID, contacts: Sequence[UUID]) -> tuple[list[UUID], list[UUID]]:
    """Forget every merge of a member who is erased; return who else they were, and which ids lead to these contacts."""
    halves, led = await leading.halves(session, member_id), await leading.led_to(session, list(contacts))
    ids = [member_id, *halves]
    await session.execute(delete(Merge).where(or_(Merge.kept_id.in_(ids), Merge.absorbed_id.in_(ids))))
    await leading.lead_no_more(session, led)
    return halves, led
