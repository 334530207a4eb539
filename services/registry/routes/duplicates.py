"""Pairs that are likely one person: shown, merged, dismissed; and merges undone."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from services.registry import files, showing
from services.registry.duplicates import acts, pairs, undoing
from services.registry.duplicates.joining import By
from services.registry.duplicates.model import Merge, Pair
from services.registry.duplicates.shapes import (
    TABLE,
    Duplicate,
    Duplicates,
    Merges,
    MergeShown,
    MergeWanted,
    Undone,
    duplicate,
    merged_shown,
)
from services.registry.keeping.changes import act_as
from services.registry.model import Member
from services.registry.model.consents import UNNAMED_OFFICE
from services.registry.scope import scope_of
from services.registry.scoped import scoped
from shared.audit import note
from shared.clock import now
from shared.database import Database
from shared.errors import NotFound
from shared.identity import Identity, require
from shared.service import Db
from shared.web.language import Language, language_of
from shared.web.paging import Asked, Paging

router = APIRouter(prefix="/api/v1", tags=["duplicates"])

Clerk = Annotated[Identity, Depends(require("admin", "consultant", "officer"))]


@router.get("/duplicates", response_model=Duplicates, responses=files.RESPONSES)
async def list_duplicates(
    request: Request,
    db: Db,
    who: Clerk,
    paging: Paging,
    wish: files.WithReason,
    member: Annotated[UUID | None, Query(description="only the pairs of this member")] = None,
) -> Any:
    """List pairs that nobody has judged yet, the likeliest first, with what speaks for it and against."""
    scope = scope_of(who)

    async def page(paging: Asked, why: str | None) -> dict[str, Any]:
        async with scoped(db, who) as session:
            found = await pairs.page(session, scope, after=pairs.read_key(paging.after), fetch=paging.fetch, about=member)
            answer = paging.answer(found, pairs.key_of)
            items = [duplicate(pair, both, scope, language_of(request)) for pair, both in await pairs.whole(session, answer["items"])]
            shown = [each.id for item in items for each in item.members]
            note(session, who, "duplicates_exported" if why else "duplicates_listed", shown, why=why)
        return answer | {"items": items}

    return await files.answer(wish, paging, "duplicates", TABLE, page)


@router.get("/duplicates/{pair_id}")
async def show_duplicate(request: Request, db: Db, who: Clerk, pair_id: UUID) -> Duplicate:
    """Show one pair."""
    pair, both = await seen(db, who, pair_id)
    return duplicate(pair, both, scope_of(who), language_of(request))


@router.post("/duplicates/{pair_id}/merge")
async def merge_duplicate(request: Request, db: Db, who: Clerk, pair_id: UUID, wanted: MergeWanted | None = None) -> MergeShown:
    """Make one member of the two.

    Both histories are kept, and of the consents the stricter. A `version` that is not the present one is refused with what was changed.
    """
    said = wanted or MergeWanted()
    wish = acts.Wish(said.keep, said.take, said.versions)
    merge, kept = await do_merge(db, who, pair_id, wish, language_of(request))
    return merged_shown(merge, kept, scope_of(who))


@router.post("/duplicates/{pair_id}/dismiss")
async def dismiss_duplicate(request: Request, db: Db, who: Clerk, pair_id: UUID) -> Duplicate:
    """Note that these are two people: the pair is not offered again. A second time changes nothing."""
    pair, both = await do_dismiss(db, who, pair_id)
    return duplicate(pair, both, scope_of(who), language_of(request))


@router.get("/merges")
async def list_merges(
    db: Db, who: Clerk, member: Annotated[UUID | None, Query(description="only the merges into this member")] = None
) -> Merges:
    """List the newest merges that stand."""
    scope = scope_of(who)
    async with db.transaction() as session:
        found = await pairs.lately(session, scope, about=member)
        known = await pairs.members(session, [kept.id for _, kept in found])
        note(session, who, "merges_listed", list(known))
    return Merges(items=[merged_shown(merge, known[merge.kept_id], scope) for merge, _ in found if merge.kept_id in known])


@router.post("/merges/{merge_id}/undo")
async def undo_merge(db: Db, who: Clerk, merge_id: UUID) -> Undone:
    """Make two members of one again: as they were, and stricter where consent was withdrawn since."""
    members = await do_undo(db, who, merge_id)
    return Undone(id=merge_id, members=[showing.listed(member, scope_of(who)) for member in members])


async def seen(db: Database, who: Identity, pair_id: UUID) -> tuple[Pair, list[Member]]:
    """Return a pair for this caller, who is noted to have read both.

    Raises:
        Conflict: it went with a merge.
        NotFound: there is none, or one of the two is not the caller's business.
    """
    async with db.transaction() as session:
        pair = await acts.find(session, pair_id, scope_of(who))
        session.expunge(pair)
    async with scoped(db, who) as session:
        known = await pairs.members(session, (pair.one, pair.other))
        if len(known) < 2 or not all(scope_of(who).covers(member.area) for member in known.values()):
            raise NotFound
        note(session, who, "duplicate_read", sorted(known))
    return pair, pairs.firm(known.values())


def by(who: Identity) -> By:
    """Return who does it, and when."""
    return By(who.name or who.id, who.organisation or UNNAMED_OFFICE, now())


async def do_merge(db: Database, who: Identity, pair_id: UUID, wish: acts.Wish, language: Language) -> tuple[Merge, Member]:
    """Merge a pair for this caller."""
    pair, _ = await seen(db, who, pair_id)
    async with db.transaction() as session:  # That both are the caller's to see is looked at once more, under their locks.
        await act_as(session, who)
        merge, kept = await acts.merge(session, pair, wish, scope_of(who), by(who), language)
        note(session, who, "members_merged", [merge.kept_id, merge.absorbed_id], merge=str(merge.id))
        return merge, kept


async def do_dismiss(db: Database, who: Identity, pair_id: UUID) -> tuple[Pair, list[Member]]:
    """Dismiss a pair for this caller."""
    pair, both = await seen(db, who, pair_id)
    async with db.transaction() as session:
        dismissed = await acts.dismiss(session, await acts.find(session, pair_id, scope_of(who)), scope_of(who), by(who))
        note(session, who, "duplicate_dismissed", [pair.one, pair.other])
    return dismissed, both


async def do_undo(db: Database, who: Identity, merge_id: UUID) -> list[Member]:
    """Undo a merge for this caller."""
    async with db.transaction() as session:
        await act_as(session, who)
        members = await undoing.undo(session, merge_id, scope_of(who), by(who))
        note(session, who, "merge_undone", [member.id for member in members], merge=str(merge_id))
        return members
