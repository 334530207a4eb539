"""People: found, looked at, exported."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy import select

from services.registry import searching, showing
from services.registry.exporting import MEDIA_TYPES, Form, asked, export
from services.registry.finding import Wanted
from services.registry.model import Consent
from services.registry.scope import scope_of
from services.registry.scoped import scoped
from shared.audit import note
from shared.errors import FieldError, Forbidden, Invalid, NotFound
from shared.identity import Identity, require
from shared.service import Db
from shared.web.language import mark
from shared.web.paging import Paging

router = APIRouter(prefix="/api/v1/members", tags=["members"])

SEES_ALL = ("admin", "consultant", "officer")
Reader = Annotated[Identity, Depends(require(*SEES_ALL, "mission"))]


@router.get("", response_model=showing.Listing, responses={200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}})
async def list_members(
    request: Request,
    db: Db,
    who: Reader,
    wanted: Wanted,
    paging: Paging,
    form: Annotated[
        Literal["json", "csv", "xlsx"] | None,
        Query(alias="format", description="`csv` or `xlsx`, or `Accept` says so: all that fit, in one file"),
    ] = None,
    reason: Annotated[str | None, Query(max_length=500, description="why persons are exported; needed for a file")] = None,
) -> showing.Listing | Response:
    """Find members, the newest first; a mission finds those of its areas who agreed to sharing."""
    scope = scope_of(who)
    if scope.sharing_only and wanted.beyond_sharing:
        raise Forbidden(mark("A mission sees name, contacts and area; it cannot look for more than it may see."))
    if file := asked(request.headers.get("accept", ""), form):
        return await _file(db, who, wanted, reason, file)
    after = searching.read_key(paging.after)
    async with scoped(db, who) as session:
        found = await searching.page(session, wanted, scope, after=after, fetch=paging.fetch)
        note(session, who, "members_listed", (member.id for member in found[: paging.limit]))
    return showing.Listing.model_validate(paging.answer(found, searching.key_of, lambda member: showing.listed(member, scope)))


async def _file(db: Db, who: Identity, wanted: Wanted, reason: str | None, form: Form) -> Response:
    if who.role not in SEES_ALL:
        raise Forbidden
    if not reason or not reason.strip():
        raise Invalid(errors=[FieldError("/query/reason", mark("Say why these persons are exported."))])
    pieces = export(db, wanted, scope_of(who), who=who, why=reason.strip(), form=form)
    first = await anext(pieces) + await anext(pieces)  # So that trouble is still an answer of its own, not a file that breaks off.

    async def whole_file() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    headers = {"content-disposition": f'attachment; filename="members.{form}"', "cache-control": "no-store"}
    return StreamingResponse(whole_file(), media_type=MEDIA_TYPES[form], headers=headers)


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
