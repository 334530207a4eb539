"""What staff do on a person's page: correct, record an answer, confirm a number, give a code, erase; each by its API route's function."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.registry import searching
from services.registry.calling.model import CALLABLE
from services.registry.model import Contact, Member
from services.registry.pages import pages
from services.registry.people import correcting, telling, words
from services.registry.routes.amending import confirm_by_call, correct_member
from services.registry.routes.codes import Rung, give_code
from services.registry.routes.consents import record_consent
from services.registry.routes.erasures import erase_member
from services.registry.routes.members import SEES_ALL
from services.registry.scope import scope_of
from services.registry.scoped import scoped
from shared.audit import note
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.identity import Identity, require
from shared.service import Db
from shared.web.forms import Form, Typed, translated
from shared.web.language import TAGS, language_of, mark, translate
from shared.web.pages import Filled

router = APIRouter(prefix="/staff/members/{member_id}", include_in_schema=False)

Clerk = Annotated[Identity, Depends(require(*SEES_ALL))]
NOT_SURE = mark("Tick the box first: nothing was erased.")
NO_NUMBER = mark("Say which number you have rung.")
NO_VERSION = 1
"""What a page that carries no version has seen; a record that was never changed since is not refused."""


@router.get("/correct")
async def show_correction(request: Request, db: Db, who: Clerk, member_id: UUID) -> Response:
    """Show what can be corrected."""
    member = await member_shown(db, who, member_id)
    return _correction(request, member, Filled(correcting.held(member)))


@router.post("/correct")
async def correct(request: Request, db: Db, who: Clerk, member_id: UUID, typed: Typed) -> Response:
    """Correct what was changed on the page: 303, 422 with what is wrong, or 409 with what somebody else changed, and all that was typed."""
    language, carried = language_of(request), typed.value("shown")
    changed = correcting.touched(typed, carried)
    if not changed:
        return back(member_id, "unchanged")
    try:
        await correct_member(request, db, who, member_id, {**correcting.body(changed), "version": version_of(typed)})
    except Invalid as invalid:
        member = await member_shown(db, who, member_id)
        return _correction(request, member, typed.filled(translated(invalid.errors, language)), 422, typed=typed)
    except Conflict as conflict:
        member = await member_shown(db, who, member_id)
        merged = correcting.merge(member, typed, carried, language)
        form = Filled(merged.values, [FieldError("", translate(language, conflict.detail))])
        changes = [error.detail for error in conflict.errors]
        return _correction(request, member, form, 409, differences=merged.differences, changes=changes)
    return back(member_id, "corrected")


def _correction(request: Request, member: Member, form: Filled, status: int = 200, *, typed: Form | None = None, **more: Any) -> Response:
    return pages.render(
        request,
        "person_correct.html",
        status=status,
        person=member,
        form=form,
        # A page with a mistake in it goes on from what its first version showed.
        shown=typed.value("shown") if typed else correcting.shown(correcting.held(member)),
        version=version_of(typed) if typed else member.version,
        **{"differences": [], "changes": [], **more},
        **telling.choices(language_of(request), origin=request.app.state.settings.country_of_origin),
    )


@router.get("/consent")
async def show_consent(request: Request, db: Db, who: Clerk, member_id: UUID) -> Response:
    """Show the form for what somebody told us."""
    return _consent(request, await member_shown(db, who, member_id), Filled())


@router.post("/consent")
async def take_consent(request: Request, db: Db, who: Clerk, member_id: UUID, typed: Typed) -> Response:
    """Record an answer: given or withdrawn, with how it reached us; and show what to read back to them."""
    language = language_of(request)
    try:
        recorded = await record_consent(request, db, who, member_id, telling.answer(typed, language))
    except (Invalid, Conflict) as refusal:
        errors = telling.on_page(translated(refusal.errors, language)) or [FieldError("", translate(language, refusal.detail))]
        return _consent(request, await member_shown(db, who, member_id), typed.filled(errors), refusal.status)
    member = await member_shown(db, who, member_id)
    return pages.render(
        request, "person_recorded.html", person=member, receipt=recorded.receipt, spoken=TAGS["st" if member.language == "st" else "en"]
    )


def _consent(request: Request, member: Member, form: Filled, status: int = 200) -> Response:
    language = language_of(request)
    return pages.render(
        request,
        "person_consent.html",
        status=status,
        person=member,
        form=form,
        questions=telling.questions(member, language),
        **telling.wording_choices(member, form),
    )


@router.get("/confirm/{contact_id}")
async def show_confirming(request: Request, db: Db, who: Clerk, member_id: UUID, contact_id: UUID) -> Response:
    """Show the number to ring, and the words to read out."""
    member = await member_shown(db, who, member_id)
    return _confirming(request, member, _number(member, contact_id), Filled())


@router.post("/confirm/{contact_id}")
async def confirm(request: Request, db: Db, who: Clerk, member_id: UUID, contact_id: UUID, typed: Typed) -> Response:
    """Confirm a number by a call that was made to it."""
    language = language_of(request)
    try:
        await confirm_by_call(request, db, who, member_id, contact_id, telling.read_out(typed, language))
    except (Invalid, Conflict) as refusal:
        member = await member_shown(db, who, member_id)
        errors = translated(refusal.errors, language) if isinstance(refusal, Invalid) else []
        form = typed.filled(errors or [FieldError("", translate(language, refusal.detail))])
        return _confirming(request, member, _number(member, contact_id), form, refusal.status)
    return back(member_id, "confirmed")


def _confirming(request: Request, member: Member, contact: Contact, form: Filled, status: int = 200) -> Response:
    return pages.render(
        request,
        "person_confirm.html",
        status=status,
        person=member,
        contact=contact,
        form=form,
        facts=words.facts_of(member, language_of(request), known_only=True),
        **telling.wording_choices(member, form),
    )


@router.get("/code")
async def ask_for_code(request: Request, db: Db, who: Clerk, member_id: UUID) -> Response:
    """Ask which number was rung, before a code for the person's own page is made."""
    return _coding(request, await member_shown(db, who, member_id), Filled())


@router.post("/code")
async def make_code(request: Request, db: Db, who: Clerk, member_id: UUID, typed: Typed) -> Response:
    """Make a code for the person's own page and show it once, to be read out to them."""
    member = await member_shown(db, who, member_id)
    number = next((contact for contact in member.contacts if str(contact.id) == typed.value("contact_id")), None)
    if number is None or number.kind not in CALLABLE:
        wrong = [FieldError("/contact_id", translate(language_of(request), NO_NUMBER))]
        return _coding(request, member, typed.filled(wrong), 422)
    rung = Rung(contact_id=number.id, reason=typed.value("reason")[:500] or None)
    read_out = await give_code(request, db, who, member_id, rung)
    return pages.render(request, "person_coded.html", person=member, given=read_out, spoken=TAGS["st" if member.language == "st" else "en"])


def _coding(request: Request, member: Member, form: Filled, status: int = 200) -> Response:
    numbers = [(str(contact.id), contact.value) for contact in member.contacts if contact.kind in CALLABLE]
    return pages.render(request, "person_code.html", status=status, person=member, form=form, numbers=numbers)


@router.get("/erase")
async def ask_once_more(request: Request, db: Db, who: Clerk, member_id: UUID) -> Response:
    """Ask whether everything is to be erased."""
    return _erasing(request, await member_shown(db, who, member_id), Filled())


@router.post("/erase")
async def erase(request: Request, db: Db, who: Clerk, member_id: UUID, typed: Typed) -> Response:
    """Erase somebody everywhere, and show the number of the receipt, to be told to them."""
    if typed.value("sure") != "yes":
        form = typed.filled([FieldError("/sure", translate(language_of(request), NOT_SURE))])
        return _erasing(request, await member_shown(db, who, member_id), form, 422)
    asked = next((value for value in telling.ASKED if value == typed.value("asked")), None)
    begun = await erase_member(request, db, who, member_id, typed.value("reason")[:500] or None, asked)
    return pages.render(request, "person_erased.html", number=begun.receipt)


def _erasing(request: Request, member: Member, form: Filled, status: int = 200) -> Response:
    asked = [("", telling.ways_of_asking(language_of(request)))]
    return pages.render(request, "person_erase.html", status=status, person=member, form=form, asked=asked)


async def member_shown(db: Db, who: Identity, member_id: UUID) -> Member:
    """Return somebody whose page is about to be shown, which is noted.

    Raises:
        NotFound: there is none in the caller's areas.
    """
    async with scoped(db, who) as session:
        member = await session.scalar(searching.one(member_id, scope_of(who)))
        if member is None:
            raise NotFound
        note(session, who, "member_read", [member.id])
    return member


def _number(member: Member, contact_id: UUID) -> Contact:
    contact = member.contact(contact_id)
    if contact is None:
        raise NotFound
    return contact


def version_of(typed: Form) -> int:
    """Return the version of the member that a form was made from."""
    return typed.number("version") or NO_VERSION


def back(member_id: UUID, did: str) -> Response:
    """Lead back to the person's page, which says what was done."""
    return RedirectResponse(f"/staff/members/{member_id}?did={did}", 303)
