"""What happened with a member, and who of the staff did what."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.registry import cursors, files
from services.registry.history import happenings, trail
from services.registry.history.happenings import SOURCES, Happening
from services.registry.scope import scope_of
from services.registry.scoped import acting_on, scoped
from shared.audit import note
from shared.errors import FieldError, Invalid
from shared.identity import Identity, require
from shared.service import Db
from shared.web.language import mark
from shared.web.paging import Asked, Paging, encode

router = APIRouter(prefix="/api/v1", tags=["audit"])

Staff = Annotated[Identity, Depends(require("admin", "consultant", "officer"))]


class History(BaseModel):
    """A page of what happened, the newest first."""

    items: list[Happening]
    next: str | None


class Trail(BaseModel):
    """A page of the audit, the newest first. A page may be short, or empty, and yet have a next one."""

    items: list[trail.Entry]
    next: str | None


@router.get("/members/{member_id}/history")
async def show_history(
    db: Db,
    who: Staff,
    member_id: UUID,
    paging: Paging,
    kind: Annotated[list[str] | None, Query(description="only these kinds, such as `consent`; all if left out")] = None,
) -> History:
    """Show what happened with a member: changes, consents, reads, calls and merges in one timeline."""
    unknown = sorted(set(kind or ()) - set(SOURCES))
    if unknown:
        raise Invalid(errors=[FieldError("/query/kind", mark("There is no such kind."))])
    kinds = tuple(each for each in SOURCES if not kind or each in kind)
    async with acting_on(db, who, member_id) as session:
        found = await happenings.happenings(session, member_id, kinds=kinds, after=_moment(paging.after), fetch=paging.fetch)
        note(session, who, "history_read", [member_id])
    return History.model_validate(paging.answer(found, lambda happened: (happened.at.isoformat(), happened.key)))


@router.get("/audit", response_model=Trail, responses=files.RESPONSES)
async def show_audit(
    db: Db,
    who: Staff,
    paging: Paging,
    wish: files.WithReason,
    what: Annotated[str | None, Query(max_length=80, description="the act, such as `members_exported`")] = None,
    member: Annotated[UUID | None, Query(description="only what was done about this member")] = None,
    since: Annotated[datetime | None, Query(description="at or after this moment")] = None,
) -> Any:
    """Show who of the staff did what: all of it to administrators, to others what their own office did.

    A file names a member where an act was about one; of more it says how many.
    """
    if since is not None and since.tzinfo is None:
        raise Invalid(errors=[FieldError("/query/since", "Write the time like this: 2020-04-08T09:00:00Z.")])
    scope, wanted = scope_of(who), trail.Wanted(what, member, since)

    async def page(paging: Asked, why: str | None) -> dict[str, Any]:
        async with scoped(db, who) as session:
            found = await trail.trail(session, who, scope, wanted, before=cursors.number(paging.after), limit=paging.limit)
            if why:
                note(session, who, "audit_exported", {entry.members[0] for entry in found.entries if len(entry.members) == 1}, why=why)
            else:
                note(session, who, "audit_read", {shown for entry in found.entries for shown in entry.members})
        return {"items": found.entries, "next": encode((found.rest,)) if found.rest else None}

    return await files.answer(wish, paging, "audit", trail.TABLE, page)


def _moment(cursor: tuple[str | int, ...] | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    try:
        at, key = cursor
        moment = datetime.fromisoformat(str(at))
        if moment.tzinfo is None:
            raise ValueError
    except ValueError:
        raise cursors.wrong() from None
    return moment, str(key)
