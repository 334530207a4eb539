"""The outreach desk at `/staff/calls`: the next person, what to say to them, and one button for what came of it."""

from datetime import date, datetime, time
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError
from sqlalchemy import text

from services.registry.calling import desk, queue, reading_back, script, showing, words
from services.registry.calling.model import HOME, CallTask, Reason
from services.registry.calling.outcomes import Said
from services.registry.pages import pages
from services.registry.scoped import as_ourselves, scoped
from shared import consent
from shared.audit import note
from shared.database import Transaction
from shared.errors import Conflict, FieldError, Invalid
from shared.identity import Identity, require
from shared.service import Db
from shared.web.forms import Form, Typed
from shared.web.language import LANGUAGES, OWN_NAMES, TAGS, Language, language_of, mark, translate
from shared.web.pages import Filled
from shared.web.wording import field_errors

router = APIRouter(prefix="/staff/calls", include_in_schema=False)

Clerk = Annotated[Identity, Depends(require("admin", "consultant", "officer"))]
SHOWN = 20
"""Calls that the desk lists beneath its button."""
USUAL_HOUR = 9
"""When somebody is rung again who named a day and no hour."""
DUE = text("SELECT reason, count(*) AS number FROM call_task WHERE done_at IS NULL AND due_at <= now() GROUP BY reason ORDER BY reason")
WRONG_DAY = mark("Write the day like this: 2020-04-08.")


@router.get("")
async def show_desk(request: Request, db: Db, who: Clerk) -> HTMLResponse:
    """Show the call that this clerk is at; else how many wait, and the button for the next."""
    async with scoped(db, who) as session:
        task = await queue.mine(session, who)
        if task is not None:
            return await _call_page(request, session, who, task, Filled())
        due = {row.reason: row.number for row in await session.execute(DUE)}
        found = list(await session.scalars(queue.listed(queue.Asked("due"), after=None, fetch=SHOWN)))
        held = await queue.held_by(session, [task.id for task in found])
        note(session, who, "calls_listed", {each.member_id for each in found if each.member_id})
        saved = request.query_params.get("saved", "")
        back_in, receipts = await reading_back.of_call(session, saved, who)
    return pages.render(
        request,
        "calls_desk.html",
        due=[(words.REASONS[cast("Reason", reason)], number) for reason, number in due.items()],
        calls=[showing.shown(each, who, held) for each in found],
        reasons=words.REASONS,
        spoken=OWN_NAMES,
        saved=bool(saved),
        receipts=receipts,
        receipts_tag=TAGS[back_in],
        nobody="nobody" in request.query_params,
    )


@router.post("/next")
async def take_next(db: Db, who: Clerk, typed: Typed) -> Response:
    """Take the next call, in the language that the clerk speaks if they named one."""
    wanted = typed.value("language")
    language: Language | None = next((each for each in LANGUAGES if each == wanted), None)
    async with scoped(db, who) as session:
        task = await desk.take_next(session, who, language)
    return RedirectResponse("/staff/calls" if task else "/staff/calls?nobody=1", 303)


@router.post("/{call_id}/claim")
async def claim_call(request: Request, db: Db, who: Clerk, call_id: UUID, typed: Typed) -> Response:  # The form's token is read.
    """Take this call."""
    async with scoped(db, who) as session:
        task = await desk.find(session, call_id)
        await as_ourselves(session)
        await desk.take(session, task, who, language_of(request))
    return RedirectResponse("/staff/calls", 303)


@router.post("/{call_id}/release")
async def release_call(db: Db, who: Clerk, call_id: UUID, typed: Typed) -> Response:  # As above.
    """Give the call back, unmade."""
    async with scoped(db, who) as session:
        await desk.find(session, call_id)
        await as_ourselves(session)
        await queue.release(session, who)
    return RedirectResponse("/staff/calls", 303)


@router.post("/{call_id}/log")
async def log_call(request: Request, db: Db, who: Clerk, call_id: UUID, typed: Typed) -> Response:
    """Keep what came of the call: 303 to the desk, or the call again with what is wrong."""
    language = language_of(request)
    try:
        said = _said(typed, language)
        async with scoped(db, who) as session:
            task = await desk.find(session, call_id)
            await as_ourselves(session)
            receipt = await desk.log(session, task, said, who, language)
    except Invalid as wrong:
        async with scoped(db, who) as session:
            task = await desk.find(session, call_id)
            return await _call_page(request, session, who, task, typed.filled(_translated(wrong, language)), status=422)
    if receipt:
        return pages.render(request, "calls_erased.html", receipt=receipt)
    return RedirectResponse(f"/staff/calls?saved={call_id}", 303)


def _said(typed: Form, language: Language) -> Said:
    """Return what the form says.

    Raises:
        Invalid: something in it is wrong.
    """
    fields: dict[str, Any] = {name: value for name in ("contact_id", "language", "note") if (value := typed.value(name))}
    button = typed.value("outcome")
    fields |= {"outcome": "reached", "confirm": True} if button == "confirmed" else {"outcome": button}
    if typed.value("erase") == "yes" and button == "withdrew":
        fields["erase"] = True
    hour = typed.value("hour")
    if hour.isdigit() and int(hour) < 24:
        fields["best_hour"] = int(hour)
    if button in ("call_again", "no_answer") and (day := typed.value("day")):
        fields["next_at"] = _moment(day, fields.get("best_hour", USUAL_HOUR))
    try:
        return Said.model_validate(fields)
    except ValidationError as error:
        raise Invalid(errors=field_errors([dict(each) for each in error.errors()], language)) from None


def _moment(day: str, hour: int) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(day), time(hour), HOME)
    except ValueError:
        raise Invalid(errors=[FieldError("/next_at", WRONG_DAY)]) from None


def _translated(wrong: Invalid, language: Language) -> list[FieldError]:
    """Return the errors by the fields of the page."""
    names = {"/next_at": "/day", "/contact_id": "/contact_id"}
    return [FieldError(names.get(each.pointer, each.pointer), translate(language, each.detail)) for each in wrong.errors]


async def _call_page(
    request: Request, session: Transaction, who: Identity, task: CallTask, form: Filled, *, status: int = 200
) -> HTMLResponse:
    if task.done_at is not None:
        raise Conflict(translate(language_of(request), "This call is done with: %(by)s made it.", by=task.done_by or "–"))
    call = showing.whole(task, who, await queue.held_by(session, [task.id]), await desk.earlier(session, task))
    note(session, who, "call_read", [task.member_id] if task.member_id else (), call=str(task.id))
    asked = request.query_params.get("script") or form.value("language") or call.language
    spoken: Language = "st" if asked == "st" else "en"
    version = consent.versions()[-1]
    return pages.render(
        request,
        "calls_call.html",
        status=status,
        call=call,
        reason=words.REASONS[cast("Reason", call.reason)],
        script=script.spoken(cast("Reason", call.reason), f"{call.given_name or ''} {call.family_name or ''}".strip(), spoken),
        spoken=spoken,
        spoken_tag=TAGS[spoken],
        names=OWN_NAMES,
        kinds=words.KINDS,
        endings=words.ENDINGS,
        consent_text=consent.text(version, spoken),
        to_confirm=any(number.confirmed_at is None for number in call.numbers),
        several=[(str(number.id), f"{number.value} ({words.KINDS[number.kind]})") for number in call.numbers],
        hours=[("", [(str(hour), f"{hour:02}:00") for hour in range(6, 22)])],
        form=form,
    )
