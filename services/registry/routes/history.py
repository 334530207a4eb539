"""What happened with a member, and who of the staff did what."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.registry.history import happenings, trail
from services.registry.history.happenings import SOURCES, Happening
from services.registry.scope import scope_of
from services.registry.scoped import acting_on, scoped
from shared.audit import note
from shared.errors import FieldError, Invalid
from shared.identity import Identity, require
from shared.service import Db
from shared.web.language import mark
from shared.web.paging import Paging, encode

router = APIRouter(prefix="/api/v1", tags=["audit"])

Staff = Annotated[Identity, Depends(require("admin", "consultant", "officer"))]
CURSOR = mark("Take the cursor from `next` of the page before, as it is.")
BIGGEST = 2**63 - 1


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


@router.get("/audit")
async def show_audit(
    db: Db,
    who: Staff,
    paging: Paging,
    what: Annotated[str | None, Query(max_length=80, description="the act, such as `members_exported`")] = None,
    member: Annotated[UUID | None, Query(description="only what was done about this member")] = None,
    since: Annotated[datetime | None, Query(description="at or after this moment")] = None,
) -> Trail:
    """Show who of the staff did what: all of it to administrators, to others what their own office did."""
    if since is not None and since.tzinfo is None:
        raise Invalid(errors=[FieldError("/query/since", "Write the time like this: 2020-04-08T09:00:00Z.")])
    scope, wanted = scope_of(who), trail.Wanted(what, member, since)
    async with scoped(db, who) as session:
        page = await trail.trail(session, who, scope, wanted, before=_place(paging.after), limit=paging.limit)
        note(session, who, "audit_read", {shown for entry in page.entries for shown in entry.members})
    return Trail(items=page.entries, next=encode((page.rest,)) if page.rest else None)


def _moment(cursor: tuple[str | int, ...] | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    try:
        at, key = cursor
        moment = datetime.fromisoformat(str(at))
        if moment.tzinfo is None:
            raise ValueError
    except ValueError:
        raise Invalid(errors=[FieldError("/query/cursor", CURSOR)]) from None
    return moment, str(key)


def _place(cursor: tuple[str | int, ...] | None) -> int | None:
    if cursor is None:
        return None
    if len(cursor) == 1 and isinstance(cursor[0], int) and 0 <= cursor[0] <= BIGGEST:
        return cursor[0]
    raise Invalid(errors=[FieldError("/query/cursor", CURSOR)])
