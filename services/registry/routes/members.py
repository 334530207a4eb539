"""People: found, looked at, exported."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from sqlalchemy import select

from services.registry import cursors, exporting, files, searching, showing
from services.registry.finding import Wanted
from services.registry.model import Consent
from services.registry.scope import scope_of
from services.registry.scoped import scoped
from shared.audit import note
from shared.errors import Forbidden, NotFound
from shared.identity import Identity, require
from shared.service import Db
from shared.web.language import mark
from shared.web.paging import Paging

router = APIRouter(prefix="/api/v1/members", tags=["members"])

SEES_ALL = ("admin", "consultant", "officer")
Reader = Annotated[Identity, Depends(require(*SEES_ALL, "mission"))]


@router.get("", response_model=showing.Listing, responses=files.RESPONSES)
async def list_members(
    db: Db,
    who: Reader,
    wanted: Wanted,
    paging: Paging,
    wish: files.WithReason,
) -> showing.Listing | Response:
    """Find members, the newest first; a mission finds those of its areas who agreed to sharing."""
    scope = scope_of(who)
    if scope.sharing_only and wanted.beyond_sharing:
        raise Forbidden(mark("A mission sees name, contacts and area; it cannot look for more than it may see."))
    if wish.form:
        if who.role not in SEES_ALL:
            raise Forbidden
        rows = exporting.export(db, wanted, scope, who=who, why=wish.reason())
        return await files.stream("members", wish.form, exporting.columns(wanted), rows)
    after = cursors.moment_and_id(paging.after)
    async with scoped(db, who) as session:
        found = await searching.page(session, wanted, scope, after=after, fetch=paging.fetch)
        note(session, who, "members_listed", (member.id for member in found[: paging.limit]))
    return showing.Listing.model_validate(paging.answer(found, searching.key_of, lambda member: showing.listed(member, scope)))


@router.get("/{member_id}", response_model=showing.Whole | showing.Known)
async def show_member(db: Db, who: Reader, member_id: UUID) -> showing.Known:
    """Show all that is held about a member; to a mission, what the wording of consent to sharing names."""
    scope = scope_of(who)
    async with scoped(db, who) as session:
        member = await session.scalar(searching.one(member_id, scope))
        if member is None:
            raise NotFound
        note(session, who, "member_read", [member.id])
        if scope.sharing_only:
            return showing.listed(member, scope)
        consents = list(await session.scalars(select(Consent).where(Consent.member_id == member.id).order_by(Consent.id)))
        return showing.whole(member, consents)
