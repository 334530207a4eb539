"""The call list and the call log: whom to ring next, each number in one clerk's hands, and what came of it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select

from services.registry import cursors, files
from services.registry.calling import desk, queue, showing
from services.registry.calling.model import CallLog, CallTask, Reason
from services.registry.calling.outcomes import Said
from services.registry.keeping.changes import seen_version
from services.registry.scoped import as_ourselves, scoped
from shared.audit import note
from shared.contracts.gateway import Language
from shared.database import Transaction
from shared.errors import FieldError, Invalid
from shared.identity import Identity, require
from shared.service import Db
from shared.web.language import language_of, mark
from shared.web.paging import Asked, Paging

router = APIRouter(prefix="/api/v1/calls", tags=["calls"])

Clerk = Annotated[Identity, Depends(require("admin", "consultant", "officer"))]
IfMatch = Annotated[str | None, Header(description="the version that the caller has seen")]


class Logged(BaseModel):
    """The call as it stands now; `receipt` is of an erasure, to be read out."""

    call: showing.CallShown | None
    receipt: str | None = None


class Arranged(BaseModel):
    """How a call is arranged anew; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    due_at: AwareDatetime | None = None
    best_hour: Annotated[int, Field(strict=True, ge=0, le=23)] | None = Field(None, description="by Lesotho's clock")
    assigned_to: Annotated[str | None, Field(max_length=80, description="`me`, or null for anybody")] = None
    version: Annotated[int, Field(strict=True, ge=1)] | None = None


@router.get("", response_model=showing.Calls, responses=files.RESPONSES)
async def list_calls(
    db: Db,
    who: Clerk,
    paging: Paging,
    wish: files.WithWhy,
    state: Annotated[queue.State, Query(description="due now, all open ones, or those done with")] = "due",
    reason: Reason | None = None,
    language: Language | None = None,
    member: UUID | None = None,
    mine: Annotated[bool, Query(description="only what is assigned to the caller")] = False,
) -> Any:
    """List who is to be rung and why, those due first, first."""
    asked = queue.Asked(state, reason, language, member, assigned_to=queue.staff_of(who) if mine else None)

    async def page(paging: Asked, why: str | None) -> dict[str, Any]:
        async with scoped(db, who) as session:
            return await desk.page(session, who, asked, paging, "calls_exported" if why else "calls_listed", why)

    return await files.answer(wish, paging, "calls", showing.TABLE, page)


@router.get("/log", response_model=showing.CallLogs, responses=files.RESPONSES)
async def list_log(
    db: Db, who: Clerk, paging: Paging, wish: files.WithReason, member: UUID | None = None, since: datetime | None = None
) -> Any:
    """List calls that were made, the newest first: who rang, what came of it, and what was noted."""
    query = select(CallLog).order_by(CallLog.id.desc())
    if member is not None:
        query = query.where(CallLog.member_id == member)
    if since is not None:
        if since.tzinfo is None:
            raise Invalid(errors=[FieldError("/query/since", "Write the time like this: 2020-04-08T09:00:00Z.")])
        query = query.where(CallLog.at >= since)

    async def page(paging: Asked, why: str | None) -> dict[str, Any]:
        older = query if (place := cursors.number(paging.after)) is None else query.where(CallLog.id < place)
        async with scoped(db, who) as session:
            found = list(await session.scalars(older.limit(paging.fetch)))
            shown = {each.member_id for each in found[: paging.limit] if each.member_id}
            note(session, who, "call_log_exported" if why else "call_log_read", shown, why=why)
        return paging.answer(found, lambda each: (each.id,), showing.LogShown.model_validate)

    return await files.answer(wish, paging, "call-log", showing.LOG_TABLE, page)


@router.post("/next", response_model=showing.CallWhole, responses={204: {"description": "Nobody is to be rung now."}})
async def take_next(db: Db, who: Clerk, language: Language | None = None) -> Any:
    """Take the next call: for a quarter of an hour nobody else is given it, nor its number. Asked again, it is the same one."""
    async with scoped(db, who) as session:
        task = await desk.take_next(session, who, language)
        if task is None:
            return Response(status_code=204)
        return await _whole(session, who, task)


@router.get("/{call_id}")
async def show_call(db: Db, who: Clerk, call_id: UUID) -> showing.CallWhole:
    """Show a call with what came of it before, and what to say, in both languages."""
    async with scoped(db, who) as session:
        return await _whole(session, who, await desk.find(session, call_id))


@router.post("/{call_id}/claim")
async def claim_call(request: Request, db: Db, who: Clerk, call_id: UUID) -> showing.CallWhole:
    """Take this call; 409 while somebody else is at it, or at its number."""
    async with scoped(db, who) as session:
        task = await desk.find(session, call_id)
        await as_ourselves(session)
        await desk.take(session, task, who, language_of(request))
        return await _whole(session, who, task)


@router.post("/{call_id}/release", status_code=204)
async def release_call(db: Db, who: Clerk, call_id: UUID) -> Response:
    """Give a call back, unmade."""
    async with scoped(db, who) as session:
        await desk.find(session, call_id)
        await as_ourselves(session)
        await queue.release(session, who)
    return Response(status_code=204)


@router.post("/{call_id}/log", status_code=201)
async def log_call(request: Request, db: Db, who: Clerk, call_id: UUID, said: Said) -> Logged:
    """Keep what came of a call, and do what follows from it; 409 while somebody else is at it, or if it is done with."""
    async with scoped(db, who) as session:
        task = await desk.find(session, call_id)
        await as_ourselves(session)
        receipt = await desk.log(session, task, said, who, language_of(request))
        if receipt is not None:
            return Logged(call=None, receipt=receipt)
        return Logged(call=showing.shown(task, who, {}))


@router.patch("/{call_id}")
async def arrange_call(
    request: Request, db: Db, who: Clerk, call_id: UUID, arranged: Arranged, if_match: IfMatch = None
) -> showing.CallShown:
    """Put a call off, note when to ring best, or who is to make it; a stale `version` is refused with what stands now."""
    async with scoped(db, who) as session:
        task = await desk.find(session, call_id)
        await as_ourselves(session)
        await desk.lock_open(session, task, seen=seen_version(if_match, arranged.version), language=language_of(request))
        if arranged.due_at is not None:
            task.due_at = arranged.due_at
        if "best_hour" in arranged.model_fields_set:
            task.best_hour = arranged.best_hour
        if "assigned_to" in arranged.model_fields_set:
            task.assigned_to, task.assigned_name = _clerk(arranged.assigned_to, who)
        task.version += 1
        note(session, who, "call_arranged", [task.member_id] if task.member_id else (), call=str(task.id))
        return showing.shown(task, who, await queue.held_by(session, [task.id]))


async def _whole(session: Transaction, who: Identity, task: CallTask) -> showing.CallWhole:
    log = await desk.earlier(session, task)
    note(session, who, "call_read", [task.member_id] if task.member_id else (), call=str(task.id))
    return showing.whole(task, who, await queue.held_by(session, [task.id]), log)


def _clerk(wanted: str | None, who: Identity) -> tuple[str | None, str | None]:
    if wanted is None:
        return None, None
    if wanted != "me":
        raise Invalid(errors=[FieldError("/assigned_to", mark("Take it yourself (me), or leave it to anybody (null)."))])
    return queue.staff_of(who), who.name or who.id
