"""Undoing a merge as a transaction: the last one first, under the locks of merging."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB

from services.registry import records
from services.registry.duplicates import following, leading
from services.registry.duplicates.joining import By, Question
from services.registry.duplicates.model import Merge
from services.registry.duplicates.parting import part
from services.registry.model import Consent, Member
from services.registry.scope import Scope
from shared.contracts.registry import ContactMoved, MembersParted
from shared.database import Transaction
from shared.errors import Conflict, NotFound
from shared.outbox import put
from shared.web.language import mark

UNDONE_MEANWHILE = mark("This merge was undone already.")
MERGED_ON = mark("They were merged with somebody else since. Undo that first.")

NOT_REPEATED = text("DELETE FROM repeat WHERE submission_id = :submission_id AND member_id = :kept")
REPEATS_BACK = text("UPDATE repeat SET member_id = :absorbed WHERE submission_id::text = ANY (:ids) AND member_id = :kept").bindparams(
    bindparam("ids", type_=ARRAY(Text()))
)
PAIRS_BACK = text(
    "INSERT INTO likeness_pair SELECT p.* FROM jsonb_populate_recordset(NULL::likeness_pair, :rows) AS p"
    " WHERE EXISTS (SELECT FROM member WHERE id = p.one) AND EXISTS (SELECT FROM member WHERE id = p.other) ON CONFLICT DO NOTHING"
).bindparams(bindparam("rows", type_=JSONB))


async def undo(session: Transaction, merge_id: UUID, scope: Scope, by: By) -> list[Member]:
    """Make two members of one again, and return both, who was kept first.

    Raises:
        Conflict: it was undone before, or they were merged with somebody else since.
        NotFound: there is no such merge, it is not the caller's business, or they were erased.
    """
    found = await session.get(Merge, merge_id)
    if found is None:
        raise NotFound
    contacts = found.before.get("absorbed_contacts", [])
    keys = {*(await records.keys_of(session, found.kept_id)).values(), *(row["value_key"] for row in contacts)}
    await records.lock_contacts(session, keys)
    members = await records.members_for_update(session, [found.kept_id])
    found = await session.get(Merge, merge_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound
    await _is_last(session, found, members, scope)
    [kept] = members
    before = found.before
    moved = {UUID(old): UUID(new) for old, new in before["moved"].items()}
    answers = select(Consent).where(Consent.member_id == kept.id, or_(Consent.id > before["last_consent"], Consent.given))
    said = list(await session.scalars(answers.order_by(Consent.sequence)))
    parted = part(
        kept,
        before,
        moved,
        since={_question(each): each.given for each in said if each.id > before["last_consent"]},
        wordings={_question(each): (each.wording_version, each.language) for each in said if each.given and each.wording_version},  # type: ignore[misc]  # A wording has a language.
        by=by,
    )
    await session.flush()
    await records.insert(session, {"member": [parted.member], "contact": parted.contacts})
    both = {"kept": kept.id, "absorbed": found.absorbed_id}
    await session.execute(NOT_REPEATED, {"submission_id": UUID(parted.member["submission_id"]), "kept": kept.id})
    await session.execute(REPEATS_BACK, {**both, "ids": before["repeats"]})
    await following.move_back(session, before["followers"], found.absorbed_id, kept.id)
    await session.execute(PAIRS_BACK, {"rows": before["pairs"]})
    await leading.lead_no_more(session, list(moved))
    await leading.lead(session, parted.moved)
    [back] = await records.members_for_update(session, [found.absorbed_id])
    await _share(session, kept, back)
    session.add_all(parted.consents)
    found.undone_at, found.undone_by, found.before = by.at, by.staff, {}
    put(session, kept.changed())
    led = tuple(ContactMoved(contact_id=old, became=new) for old, new in parted.moved.items())
    put(session, MembersParted(**back.state(), merge_id=found.id, kept_id=kept.id, moved=led))
    await session.flush()
    return [kept, back]


async def _is_last(session: Transaction, found: Merge, members: Sequence[Member], scope: Scope) -> None:
    """Refuse to undo what is undone, what a later merge stands on, and what is not this caller's business."""
    if found.undone_at is not None:
        held = await session.scalars(select(Member.area).where(Member.id.in_((found.kept_id, found.absorbed_id))))
        raise Conflict(UNDONE_MEANWHILE) if all(scope.covers(area) for area in held) else NotFound
    if not scope.covers(found.before["absorbed"]["area"]) or not all(scope.covers(member.area) for member in members):
        raise NotFound
    later = select(Merge.id).where(Merge.kept_id == found.kept_id, Merge.undone_at.is_(None), Merge.at > found.at)
    if not members or await session.scalar(later.limit(1)):
        raise Conflict(MERGED_ON)


async def _share(session: Transaction, *members: Member) -> None:
    """Note of each contact whether somebody else has it now."""
    holders = await records.holders_of(session, {contact.value_key for member in members for contact in member.contacts})
    for member in members:
        for contact in member.contacts:
            contact.shared = any(holder.member_id != member.id for holder in holders.get(contact.value_key, ()))


def _question(said: Consent) -> Question:
    return said.purpose, said.channel if said.purpose == "information" else said.recipient


async def standing(session: Transaction, member_ids: Iterable[UUID]) -> dict[UUID, Merge]:
    """Return, for each of these members, their latest merge that stands."""
    query = select(Merge).where(Merge.kept_id.in_(list(member_ids)), Merge.undone_at.is_(None)).order_by(Merge.at)
    return {each.kept_id: each for each in await session.scalars(query)}
