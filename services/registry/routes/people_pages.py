"""The list of people for staff: filters, saved views, and the file that needs a reason."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.registry import cursors, files, searching, showing
from services.registry.model import Member
from services.registry.pages import pages
from services.registry.people import asked, counted, views, words
from services.registry.people.asked import Asked
from services.registry.routes.members import SEES_ALL, list_members
from services.registry.scope import Scope, scope_of
from services.registry.scoped import scoped
from services.registry.selfservice_words import CHANNELS, INTERESTS, LANGUAGES, options
from shared import facts
from shared.audit import note
from shared.errors import FieldError, Invalid
from shared.identity import Identity, require
from shared.service import Db
from shared.web.forms import Typed, translated
from shared.web.language import Language, language_of, translate
from shared.web.pages import Filled
from shared.web.paging import Asked as FirstPage
from shared.web.paging import Paging

router = APIRouter(prefix="/staff/members", include_in_schema=False)

Reader = Annotated[Identity, Depends(require(*SEES_ALL, "mission"))]
Exporter = Annotated[Identity, Depends(require(*SEES_ALL))]


@router.get("")
async def list_people(request: Request, db: Db, who: Reader, paging: Paging) -> Response:
    """Show a page of people, the newest first; what was typed wrong is said, and then nobody is shown."""
    scope, language = scope_of(who), language_of(request)
    wanted, wrong = asked.read(request.query_params, language)
    wanted.refuse_beyond(scope)
    found: list[Member] = []
    if not wrong:
        async with scoped(db, who) as session:
            after = cursors.moment_and_id(paging.after)
            found = await searching.page(session, wanted.filters, scope, after=after, fetch=paging.fetch)
            note(session, who, "members_listed", (member.id for member in found[: paging.limit]))
    async with db.transaction() as session:
        saved = await views.visible(session, who, scope)
    answer = paging.answer(found, searching.key_of)
    whole = paging.after is None and answer["next"] is None
    count = None if wrong else await counted.how_many(db, scope, wanted, found, whole=whole)
    typed = {name: [value] for name, value in request.query_params.items()} if wrong else _shown(wanted, language)
    return pages.render(
        request,
        "people.html",
        status=422 if wrong else 200,
        form=Filled(typed, wrong),
        people=[_row(member, scope, language) for member in answer["items"]],
        next=answer["next"],
        count=count,
        may_export=who.role in SEES_ALL,
        more_open=bool(wrong) or any(name in wanted.given for name in asked.MORE),
        given=urlencode(wanted.given),
        to_save=wanted.to_save,
        saved=saved,
        **_choices(scope, language),
    )


def _shown(wanted: Asked, language: Language) -> dict[str, list[str]]:
    """Return the filters as their form shows them: a country by its name."""
    names = dict(facts.countries(language))
    return {name: [names.get(value, value) if name == "country" else value] for name, value in wanted.given.items()}


def _choices(scope: Scope, language: Language) -> dict[str, Any]:
    whole = not scope.sharing_only
    return {
        "provinces": [("", [(area.code, area.name(language)) for area in facts.areas() if area.kind == "province"])],
        "statuses": [("", options(words.STATUSES, language))],
        "languages": [("", list(LANGUAGES.items()))] if whole else [],
        "interests": [("", options(INTERESTS, language))] if whole else [],
        "channels": [("", options(CHANNELS, language))] if whole else [],
    }


def _row(member: Member, scope: Scope, language: Language) -> dict[str, object]:
    """Return what the list shows of somebody: of one who agreed to sharing, no more than a mission may see."""
    known = showing.listed(member, scope)
    place = words.spoken("province", known.province, language) or words.spoken("country", known.country, language)
    row: dict[str, object] = known.model_dump(include={"id", "given_name", "family_name", "email", "phone", "whatsapp", "status"})
    row |= {"place": place, "registered": known.registered_at.date().isoformat(), "language": "", "city": ""}
    if isinstance(known, showing.Listed):
        row |= {"language": LANGUAGES.get(known.language, known.language), "city": known.city or ""}
    return row


@router.get("/views")
async def show_views(request: Request, db: Db, who: Reader) -> Response:
    """Show one's saved views, and let the filters in the address become one."""
    wanted, _ = asked.read(request.query_params, language_of(request))
    return await _views(request, db, who, wanted, Filled())


@router.post("/views")
async def save_view(request: Request, db: Db, who: Reader, typed: Typed) -> Response:
    """Keep filters under a name; without what was searched for in words."""
    wanted, _ = asked.read(typed.given(), language_of(request))
    wanted.refuse_beyond(scope_of(who))
    try:
        async with db.transaction() as session:
            shared = typed.value("shared") == "true" and bool(who.organisation)
            await views.save(session, who, name=typed.value("name"), query=wanted.to_save, shared=shared)
    except Invalid as invalid:
        return await _views(request, db, who, wanted, typed.filled(translated(invalid.errors, language_of(request))), 422)
    return RedirectResponse(f"{router.prefix}?{wanted.to_save}", 303)


@router.post("/views/{view_id}/remove")
async def remove_view(db: Db, who: Reader, view_id: UUID, typed: Typed) -> Response:
    """Forget a view of one's own."""
    async with db.transaction() as session:
        await views.remove(session, who, view_id)
    return RedirectResponse(f"{router.prefix}/views", 303)


async def _views(request: Request, db: Db, who: Identity, wanted: Asked, form: Filled, status: int = 200) -> Response:
    language = language_of(request)
    async with db.transaction() as session:
        saved = await views.visible(session, who, scope_of(who))
    return pages.render(
        request,
        "people_views.html",
        status=status,
        form=form,
        to_save=wanted.to_save,
        filters=_told(wanted, language, without=asked.NOT_SAVED),
        hidden=[(name, value) for name, value in wanted.given.items() if name not in asked.NOT_SAVED],
        saved=[(view, view.owner == views.owner_of(who)) for view in saved],
        office=who.organisation,
    )


@router.get("/export")
async def ask_reason(request: Request, who: Exporter) -> Response:
    """Ask why these people are taken out in a file."""
    wanted, wrong = asked.read(request.query_params, language_of(request))
    if wrong:
        raise Invalid(errors=wrong)
    return _reason(request, wanted, Filled())


@router.post("/export")
async def export_people(request: Request, db: Db, who: Exporter, typed: Typed) -> Response:
    """Give all who fit in a file, with the reason in the audit; without one, the page again."""
    wanted, wrong = asked.read(typed.given(), language_of(request))
    if wrong:
        raise Invalid(errors=wrong)
    try:
        wish = files.Wish("xlsx" if typed.value("format") == "xlsx" else "csv", typed.value("reason")[:500])
        answer = await list_members(db, who, wanted.filters, FirstPage(), wish)
    except Invalid:
        return _reason(request, wanted, typed.filled([FieldError("/reason", translate(language_of(request), files.NO_REASON))]), 422)
    assert isinstance(answer, Response)
    return answer


def _reason(request: Request, wanted: Asked, form: Filled, status: int = 200) -> Response:
    filters = _told(wanted, language_of(request))
    return pages.render(
        request,
        "people_export.html",
        status=status,
        form=form,
        filters=filters,
        hidden=list(wanted.given.items()),
        given=urlencode(wanted.given),
    )


def _told(wanted: Asked, language: Language, *, without: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """Return the filters in words."""
    return [
        (translate(language, words.FILTERS[name]), words.filter_said(name, value, language))
        for name, value in wanted.given.items()
        if name not in without
    ]
