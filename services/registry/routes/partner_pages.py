"""Partners for staff in a browser: the list with its figures, one partner, and the forms."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from services.registry.outreach import book, briefing
from services.registry.outreach.fields import PartnerChange, PartnerWanted, PromiseChange, PromiseWanted
from services.registry.outreach.model import Partner, Promise
from services.registry.outreach.sight import MANAGES
from services.registry.outreach.words import KINDS, PACKS, STATUSES
from services.registry.pages import pages
from services.registry.routes.partners import Manager, Own, Reader, base_url, today
from services.registry.selfservice_words import LANGUAGES, options
from shared import facts
from shared.audit import note
from shared.clock import new_id, now
from shared.errors import Conflict, FieldError, Invalid
from shared.identity import Identity
from shared.service import Db
from shared.web.forms import Form, Typed
from shared.web.language import Language, language_of, mark, translate
from shared.web.pages import Filled
from shared.web.paging import Asked, decode
from shared.web.wording import field_errors

router = APIRouter(prefix="/staff/partners", include_in_schema=False)
ON_A_PAGE = 50
MISSING = {"/name": mark("Write the partner's name."), "/kind": mark("Choose what kind of partner it is.")}
EMPTY = ("contact_name", "contact_email", "contact_phone", "note")
"""What a form can take away by leaving it empty."""
CHANGED_MEANWHILE = mark("Somebody else has changed this meanwhile. Look at what it says now, and save once more.")


@router.get("")
async def list_partners(
    request: Request, db: Db, who: Reader, q: Annotated[str, Query(max_length=80)] = "", cursor: Annotated[str, Query(max_length=500)] = ""
) -> HTMLResponse:
    """List partners with their figures."""
    asked = Asked(ON_A_PAGE, decode(cursor) if cursor else None)
    after = (str(asked.after[0]), str(asked.after[1])) if asked.after and len(asked.after) > 1 else None
    async with db.transaction() as session:
        found = await book.page(session, who, book.Wanted(q or None), after=after, fetch=asked.fetch)
        shown = await book.show(session, who, found, base_url(request))
        late = await book.late(session, who, today()) if who.role in MANAGES and asked.after is None else []
        note(session, who, "partners_listed", number=len(shown))
    answer = asked.answer(shown, lambda partner: (partner.name.lower(), str(partner.id)))
    longest = max((each.figures.registered or each.figures.confirmed or 0 for each in answer["items"]), default=0)
    return pages.render(
        request,
        "outreach_partners.html",
        partners=answer["items"],
        next=answer["next"],
        q=q,
        longest=max(longest, 1),
        late=late,
        kinds=KINDS,
        statuses=STATUSES,
        packs=PACKS,
        manages=who.role in MANAGES,
        opens=who.role != "viewer",
        live=who.role in MANAGES,
    )


@router.get("/new")
async def show_empty_form(request: Request, who: Manager) -> HTMLResponse:
    """Show the form for a new partner."""
    return _form(request, who, Filled({"language": ["en"], "status": ["known"], "kind": ["association"]}))


@router.post("")
async def enter_partner(request: Request, db: Db, who: Manager, typed: Typed) -> Response:
    """Enter a partner: 303 to its page, or the form again with what is wrong."""
    language = language_of(request)
    try:
        wanted = PartnerWanted.model_validate(_fields(typed))
        async with db.transaction() as session:
            partner = await book.enter(session, who, wanted, language)
            note(session, who, "partner_entered", partner=str(partner.id))
    except (ValidationError, Conflict, Invalid) as wrong:
        return _form(request, who, typed.filled(_errors(wrong, language)), status=422)
    return RedirectResponse(f"/staff/partners/{partner.id}?saved=1", 303)


@router.get("/{partner_id}")
async def show_partner(request: Request, db: Db, who: Own, partner_id: UUID) -> HTMLResponse:
    """Show a partner: code, link, documents, figures, promises."""
    return await _page(request, db, who, partner_id, Filled())


@router.get("/{partner_id}/edit")
async def show_form(request: Request, db: Db, who: Manager, partner_id: UUID) -> HTMLResponse:
    """Show what can be changed of a partner."""
    async with db.transaction() as session:
        partner = await book.one(session, who, partner_id)
        note(session, who, "partner_read", partner=str(partner_id))
    return _form(request, who, Filled(_typed(partner)), partner=partner)


@router.post("/{partner_id}/edit")
async def change_partner(request: Request, db: Db, who: Manager, partner_id: UUID, typed: Typed) -> Response:
    """Keep what was changed: 303, 422 with what is wrong, or 409 with the form as the record stands now."""
    language = language_of(request)
    async with db.transaction() as session:
        partner = await book.one(session, who, partner_id, for_update=True)
        if typed.value("version") != str(partner.version):
            notice = Filled(_typed(partner), [FieldError("", translate(language, CHANGED_MEANWHILE))])
            return _form(request, who, notice, partner=partner, status=409)
        try:
            wanted = PartnerChange.model_validate(dict.fromkeys(EMPTY) | _fields(typed))
            if changed := await book.change(session, who, partner, wanted.given(), language):
                note(session, who, "partner_changed", partner=str(partner_id), fields=" ".join(sorted(changed)))
        except (ValidationError, Conflict, Invalid) as wrong:
            return _form(request, who, typed.filled(_errors(wrong, language)), partner=partner, status=422)
    return RedirectResponse(f"/staff/partners/{partner_id}?saved=1", 303)


@router.post("/{partner_id}/briefings")
async def send_briefing(db: Db, who: Manager, partner_id: UUID, typed: Typed) -> Response:
    """Send the briefing pack, unless it was sent a moment ago."""
    async with db.transaction() as session:
        partner = await book.one(session, who, partner_id, for_update=True)
        before = (await briefing.latest(session, [partner.id])).get(partner.id)
        if partner.contact_email and not briefing.sent_lately(before, partner.contact_email, now()):
            briefing.send(session, partner, partner.contact_email)
            note(session, who, "partner_briefed", partner=str(partner_id))
    return RedirectResponse(f"/staff/partners/{partner_id}?saved=1", 303)


@router.post("/{partner_id}/promises")
async def add_promise(request: Request, db: Db, who: Manager, partner_id: UUID, typed: Typed) -> Response:
    """Write down what a partner promised."""
    try:
        wanted = PromiseWanted.model_validate({name: typed.value(name) for name in ("what", "due_on")})
    except ValidationError as wrong:
        return await _page(request, db, who, partner_id, typed.filled(_errors(wrong, language_of(request))), status=422)
    async with db.transaction() as session:
        partner = await book.one(session, who, partner_id)
        session.add(Promise(id=new_id(), partner_id=partner.id, version=1, created_at=now(), **wanted.model_dump()))
        note(session, who, "promise_added", partner=str(partner_id))
    return RedirectResponse(f"/staff/partners/{partner_id}?saved=1", 303)


@router.post("/{partner_id}/promises/{promise_id}")
async def keep_promise(db: Db, who: Manager, partner_id: UUID, promise_id: UUID, typed: Typed) -> Response:
    """Note that a promise is done; a second time changes nothing."""
    async with db.transaction() as session:
        found = await book.promise(session, await book.one(session, who, partner_id), promise_id)
        if found.done_on is None and found.change(PromiseChange(done_on=today()).given()):
            note(session, who, "promise_changed", partner=str(partner_id))
    return RedirectResponse(f"/staff/partners/{partner_id}?saved=1", 303)


async def _page(request: Request, db: Db, who: Identity, partner_id: UUID, form: Filled, *, status: int = 200) -> HTMLResponse:
    async with db.transaction() as session:
        partner = await book.one(session, who, partner_id)
        note(session, who, "partner_read", partner=str(partner_id))
        [shown] = await book.show(session, who, [partner], base_url(request))
        promised = await book.promises(session, partner)
        sent = (await briefing.latest(session, [partner.id])).get(partner.id)
    return pages.render(
        request,
        "outreach_partner.html",
        status=status,
        partner=shown,
        note=partner.note if who.role in MANAGES else None,
        promises=promised,
        sent=sent,
        today=today(),
        form=form,
        saved="saved" in request.query_params,
        manages=who.role in MANAGES,
        kinds=KINDS,
        statuses=STATUSES,
        packs=PACKS,
        area_names=_area_names(language_of(request)),
    )


def _form(request: Request, who: Identity, form: Filled, *, partner: Partner | None = None, status: int = 200) -> HTMLResponse:
    language = language_of(request)
    names = _area_names(language)
    offered = [area.code for area in facts.areas()] + [code for code in (partner.areas if partner else []) if not _is_offered(code)]
    return pages.render(
        request,
        "outreach_partner_form.html",
        status=status,
        form=form,
        partner=partner,
        kinds=[("", options(KINDS, language))],
        statuses=[("", options(STATUSES, language))],
        languages=[("", list(LANGUAGES.items()))],
        areas=[(code, names.get(code, code)) for code in offered],
    )


def _is_offered(code: str) -> bool:
    return any(area.code == code for area in facts.areas())


def _area_names(language: Language) -> dict[str, str]:
    return dict(facts.countries(language)) | {area.code: area.name(language) for area in facts.areas()}


def _fields(typed: Form) -> dict[str, Any]:
    """Return the fields of a partner's form as the rules want them."""
    fields: dict[str, Any] = {name: value for name, value in typed.given().items() if name in PartnerWanted.model_fields}
    if "other_areas" not in typed:  # A browser sends this field even if nothing is in it, and no box that is not ticked.
        return fields | ({"areas": typed["areas"]} if "areas" in typed else {})
    return fields | {"areas": [*typed.get("areas", ()), *typed.value("other_areas").replace(",", " ").split()]}


def _typed(partner: Partner) -> dict[str, list[str]]:
    """Return a partner's fields as their form would be filled."""
    held = {name: getattr(partner, name) for name in (*PartnerWanted.model_fields, "version")}
    return {name: list(value) if isinstance(value, list) else [str(value)] for name, value in held.items() if value is not None}


def _errors(wrong: ValidationError | Conflict | Invalid, language: Language) -> list[FieldError]:
    if isinstance(wrong, ValidationError):
        return field_errors([dict(each) for each in wrong.errors()], language, missing=MISSING)
    return list(wrong.errors)
