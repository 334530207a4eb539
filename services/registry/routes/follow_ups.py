"""Follow-ups, for programs and on a page: due ones first, to be made as calls or ticked off."""

from datetime import date, datetime, time
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.registry import files
from services.registry.calling import desk, following, queue, showing, words
from services.registry.calling.following import FollowUp
from services.registry.calling.model import HOME
from services.registry.keeping.changes import seen_version
from services.registry.pages import pages
from services.registry.scoped import scoped
from shared.errors import FieldError, Invalid
from shared.identity import Identity, require
from shared.service import Db
from shared.web.forms import Typed
from shared.web.language import language_of, mark, translate
from shared.web.pages import Filled
from shared.web.paging import Asked, Paging
from shared.web.wording import field_errors

router = APIRouter(prefix="/api/v1/follow-ups", tags=["calls"])
page_router = APIRouter(prefix="/staff/calls/follow-ups", include_in_schema=False)

Clerk = Annotated[Identity, Depends(require("admin", "consultant", "officer"))]
IfMatch = Annotated[str | None, Header(description="the version that the caller has seen")]
Partner = Annotated[str | None, Query(max_length=64)]
USUAL_HOUR = 9
"""The hour of a follow-up for which only a day was named."""
WRONG_DAY = mark("Write the day like this: 2020-04-08.")


class Done(BaseModel):
    """That a follow-up is done."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(strict=True, ge=1)] | None = None


@router.get("", response_model=showing.Calls, responses=files.RESPONSES)
async def list_follow_ups(
    db: Db,
    who: Clerk,
    paging: Paging,
    wish: files.WithReason,
    state: Annotated[queue.State, Query(description="due now, all open ones, or those done")] = "due",
    member: UUID | None = None,
    partner: Partner = None,
    mine: Annotated[bool, Query(description="only what is assigned to the caller")] = False,
) -> Any:
    """List follow-ups, those due first, first."""
    asked = queue.Asked(state, "follow_up", None, member, partner, queue.staff_of(who) if mine else None)

    async def page(paging: Asked, why: str | None) -> dict[str, Any]:
        async with scoped(db, who) as session:
            return await desk.page(session, who, asked, paging, "follow_ups_exported" if why else "follow_ups_listed", why)

    return await files.answer(wish, paging, "follow-ups", showing.TABLE, page)


@router.post("", status_code=201)
async def plan_follow_up(db: Db, who: Clerk, wanted: FollowUp) -> showing.CallShown:
    """Promise to come back to a member or a partner."""
    async with scoped(db, who) as session:
        return showing.shown(await following.plan(session, wanted, who), who, {})


@router.post("/{follow_up_id}/done")
async def end_follow_up(
    request: Request, db: Db, who: Clerk, follow_up_id: UUID, done: Done | None = None, if_match: IfMatch = None
) -> showing.CallShown:
    """Say that a follow-up is done, without a call; a stale `version` is refused with what stands now."""
    seen = seen_version(if_match, done.version if done else None)
    async with scoped(db, who) as session:
        return showing.shown(await following.end(session, follow_up_id, who, seen=seen, language=language_of(request)), who, {})


@page_router.get("")
async def show_follow_ups(
    request: Request,
    db: Db,
    who: Clerk,
    paging: Paging,
    state: queue.State = "open",
    member: UUID | None = None,
    partner: Partner = None,
) -> HTMLResponse:
    """Show follow-ups; of one member or partner, with the form for another."""
    return await _page(request, db, who, paging, queue.Asked(state, "follow_up", None, member, partner), Filled())


@page_router.post("")
async def plan_on_page(request: Request, db: Db, who: Clerk, typed: Typed, paging: Paging) -> Response:
    """Plan a follow-up: 303 to the list, or the form again with what is wrong."""
    language = language_of(request)
    try:
        wanted = FollowUp.model_validate(
            {
                "member_id": typed.value("member_id") or None,
                "partner_code": typed.value("partner_code") or None,
                "about": typed.value("about"),
                "due_at": _morning(typed.value("due_at")),
                "mine": typed.value("mine") == "true",
            }
        )
        async with scoped(db, who) as session:
            await following.plan(session, wanted, who)
    except ValidationError as error:
        wrong = field_errors([dict(each) for each in error.errors()], language)
    except Invalid as error:
        wrong = [FieldError(each.pointer, translate(language, each.detail)) for each in error.errors]
    else:
        return RedirectResponse("/staff/calls/follow-ups?saved=1", 303)
    member = typed.value("member_id")
    asked = queue.Asked("open", "follow_up", None, UUID(member) if _is_id(member) else None, typed.value("partner_code") or None)
    return await _page(request, db, who, paging, asked, typed.filled(wrong), status=422)


@page_router.post("/{follow_up_id}/done")
async def end_on_page(request: Request, db: Db, who: Clerk, follow_up_id: UUID, typed: Typed) -> Response:
    """Tick a follow-up off."""
    version = typed.value("version")
    seen = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None
    async with scoped(db, who) as session:
        await following.end(session, follow_up_id, who, seen=seen, language=language_of(request))
    return RedirectResponse("/staff/calls/follow-ups?saved=1", 303)


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def _morning(day: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(day), time(USUAL_HOUR), HOME)
    except ValueError:
        raise Invalid(errors=[FieldError("/due_at", WRONG_DAY)]) from None


async def _page(
    request: Request, db: Db, who: Identity, paging: Paging, asked: queue.Asked, form: Filled, *, status: int = 200
) -> HTMLResponse:
    async with scoped(db, who) as session:
        found = await desk.page(session, who, asked, paging, "follow_ups_listed")
    return pages.render(
        request,
        "calls_follow_ups.html",
        status=status,
        calls=found["items"],
        following=found["next"],
        asked=asked,
        endings=words.ENDINGS,
        states=(("due", mark("Due now")), ("open", mark("Open")), ("done", mark("Done"))),
        saved="saved" in request.query_params,
        form=form,
    )
