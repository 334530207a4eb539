"""Opening one's own page by a code, where no mailbox is one's own; and making a code anew, by oneself or with staff on the telephone."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from services.registry import records
from services.registry.codes import keeping, rules
from services.registry.pages import pages
from services.registry.routes.mine import Mine, own_member
from services.registry.scope import scope_of
from services.registry.scoped import acting_on
from shared import tokens
from shared.audit import note
from shared.clock import now
from shared.codes import read_code, spelled
from shared.errors import FieldError, Invalid, NotFound, TooMany
from shared.identity import Identity, current, require
from shared.service import Db
from shared.web.forms import Typed
from shared.web.language import Language, language_of, mark, translate
from shared.web.pages import Filled

router = APIRouter(tags=["members"])
Staff = Annotated[Identity, Depends(require("admin", "consultant", "officer"))]

LINK_LIFE = timedelta(minutes=30)
RETRY_SECONDS = 3600
MOST_FIELDS = 10
NO_CODE = mark("Write the 12 digits of your code.")
NO_CONTACT = mark("Write your number with its country code, like +27 71 000 0123 or +266 5000 0123, or your e-mail address.")
NOT_TOGETHER = mark("This code does not open a page with this number or address. Look at both once more, or ask us to ring you.")
WAIT = mark("That was tried too often. Try again in an hour, or ask us to ring you.")
NOT_RUNG = mark("Say which of the member's numbers you rang.")
SAY = mark("Your code is %(code)s. I say it once more: %(code)s. It opens your page once, today or tomorrow morning. Tell it to nobody.")


@router.get("/me/code", include_in_schema=False)
async def show_door(request: Request) -> HTMLResponse:
    """Ask for the code, and for the number or address that was given with it."""
    return pages.render(request, "me_code.html", language=language_of(request), form=Filled())


@router.post("/me/code", include_in_schema=False)
async def open_by_code(request: Request, db: Db) -> Response:
    """Lead to the member's page if the code is theirs; else say the same to everybody, be the contact known or not.

    Every try is counted first. What is asked of the database does not depend on who is known.

    Raises:
        TooMany: this contact was tried too often.
    """
    typed = {name: [value] for name, value in _pairs((await request.body()).decode("utf-8", "replace"))}
    form = Filled(typed)
    code, keys = read_code(form.value("code")), rules.keys_of(form.value("contact"))
    wrong = [*([] if code else [FieldError("/code", NO_CODE)]), *([] if keys else [FieldError("/contact", NO_CONTACT)])]
    if code is None or wrong:
        return _again(request, typed, wrong)
    async with db.transaction() as session:
        may = await keeping.may_try(session, keys)
    if not may:
        raise TooMany(translate(language_of(request), WAIT), retry_after_seconds=RETRY_SECONDS)
    settings = request.app.state.settings
    async with db.transaction() as session:
        found = rules.opened(await keeping.candidates(session, keys), code, settings.link_keys)
        if found is not None and found[1] == "call" and not await keeping.spend(session, found[0].id, code):
            found = None
        if found is not None:
            note(session, current(request), "own_page_opened_by_code", [found[0].id], by=found[1])
    if found is None:
        return _again(request, typed, [FieldError("", NOT_TOGETHER)])
    token = tokens.mint(settings.link_keys, "manage", found[0].id, expires_at=now() + LINK_LIFE)
    return RedirectResponse(f"/me/{token}?lang={language_of(request)}", 303, headers={"cache-control": "no-store"})


@router.post("/me/{token}/code", include_in_schema=False)
async def make_own(request: Request, token: str, db: Db, link: Mine, _typed: Typed) -> HTMLResponse:
    """Make the member's own code anew and show it, once; the one before it opens nothing any more."""
    async with db.transaction() as session:
        member = await own_member(session, link, for_update=True)
        code = await keeping.make(session, member.id, "own")
        note(session, current(request), "own_code_made", [member.id])
    return pages.render(request, "me_code_made.html", language=current(request).language, here=f"/me/{token}", code=spelled(code))


class Rung(BaseModel):
    """Which of a member's numbers was rung, and why."""

    model_config = ConfigDict(extra="forbid")

    contact_id: UUID
    reason: Annotated[str, Field(max_length=500)] | None = None


class ReadOut(BaseModel):
    """A code to be read out now, in the member's own language; nobody can look it up again."""

    code: str
    hours: int
    say: str


@router.post("/api/v1/members/{member_id}/code", status_code=201)
async def give_code(request: Request, db: Db, who: Staff, member_id: UUID, rung: Rung) -> ReadOut:
    """Make a code for a member whom staff have rung at a number that we hold: it opens the member's page once, within a day."""
    async with acting_on(db, who, member_id) as session:
        members = await records.members_for_update(session, [member_id])
        if not members or not scope_of(who).covers(members[0].area):
            raise NotFound
        [member] = members
        contact = member.contact(rung.contact_id)
        if contact is None or contact.kind not in ("phone", "whatsapp"):
            raise Invalid(errors=[FieldError("/contact_id", translate(language_of(request), NOT_RUNG))])
        code = spelled(await keeping.make(session, member.id, "call"))
        note(session, who, "code_given", [member.id], why=rung.reason)
        language: Language = "st" if member.language == "st" else "en"
    return ReadOut(code=code, hours=keeping.CALL_HOURS, say=translate(language, SAY, code=code))


def _pairs(body: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Invalid from None


def _again(request: Request, typed: dict[str, list[str]], wrong: list[FieldError]) -> HTMLResponse:
    language = language_of(request)
    errors = [FieldError(error.pointer, translate(language, error.detail)) for error in wrong]
    shown = {name: values for name, values in typed.items() if name == "contact"}
    return pages.render(request, "me_code.html", status=422, language=language, form=Filled(shown, errors))
