"""Key people for staff in a browser: whom we would like to have as members, what to tell them first, and what they answered."""

from typing import Annotated, Literal, cast
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from services.registry.cursors import moment_and_id
from services.registry.outreach import key_people
from services.registry.outreach.fields import KeyPersonWanted
from services.registry.outreach.words import KEY_STATUSES
from services.registry.pages import pages
from services.registry.routes.key_people import Manager
from services.registry.selfservice_words import LANGUAGES
from shared import facts
from shared.audit import note
from shared.clock import now
from shared.errors import Conflict, FieldError, Invalid
from shared.identity import Identity
from shared.service import Db
from shared.web.forms import Typed
from shared.web.language import language_of, mark
from shared.web.pages import Filled
from shared.web.paging import Asked, decode
from shared.web.wording import field_errors

router = APIRouter(prefix="/staff/key-people", include_in_schema=False)
ON_A_PAGE = 50
MISSING = {
    "/name": mark("Write the person's name."),
    "/source": mark("Write from whom or where we have the name: the person is told."),
    "/reason": mark("Write why we would like to have them as a member."),
}


@router.get("")
async def list_key_people(request: Request, db: Db, who: Manager, cursor: Annotated[str, Query(max_length=500)] = "") -> HTMLResponse:
    """List key people, with a form for a new one."""
    return await _page(request, db, who, Filled({"language": ["st"]}), cursor=cursor)


@router.post("")
async def enter_key_person(request: Request, db: Db, who: Manager, typed: Typed) -> Response:
    """Take in somebody, or show the form again with what is wrong."""
    language = language_of(request)
    try:
        wanted = KeyPersonWanted.model_validate(
            {name: value for name, value in typed.given().items() if name in KeyPersonWanted.model_fields}
        )
        async with db.transaction() as session:
            person = await key_people.enter(session, who, wanted, language)
            note(session, who, "key_person_entered", [person.id])
    except ValidationError as wrong:
        errors = field_errors([dict(each) for each in wrong.errors()], language, missing=MISSING)
        return await _page(request, db, who, typed.filled(errors), status=422)
    except (Conflict, Invalid) as refused:
        return await _page(request, db, who, typed.filled(refused.errors or [FieldError("", refused.detail)]), status=refused.status)
    return RedirectResponse("/staff/key-people?saved=1", 303)


@router.post("/{key_person_id}")
async def note_contact(db: Db, who: Manager, key_person_id: UUID, typed: Typed) -> Response:
    """Note what somebody answered who was told where we have their name; who says no is deleted at once."""
    if (said := typed.value("answer")) not in ("yes", "later", "no"):
        raise Invalid
    answer = cast("Literal['yes', 'later', 'no']", said)
    async with db.transaction() as session:
        person = await key_people.one(session, who, key_person_id)
        note(session, who, "key_person_told", [person.id], answer=answer)
        await key_people.hear(session, person, answer, at=now())
    return RedirectResponse("/staff/key-people?saved=1", 303)


async def _page(request: Request, db: Db, who: Identity, form: Filled, *, cursor: str = "", status: int = 200) -> HTMLResponse:
    asked, language = Asked(ON_A_PAGE, decode(cursor) if cursor else None), language_of(request)
    async with db.transaction() as session:
        found = await key_people.page(session, who, after=moment_and_id(asked.after), fetch=asked.fetch)
        note(session, who, "key_people_listed", [person.id for person in found[:ON_A_PAGE]])
    answer = asked.answer(found, lambda person: (person.added_at.isoformat(), str(person.id)))
    return pages.render(
        request,
        "outreach_key_people.html",
        status=status,
        people=[(person, key_people.to_say(person)) for person in answer["items"]],
        next=answer["next"],
        form=form,
        saved="saved" in request.query_params,
        statuses=KEY_STATUSES,
        languages=[("", list(LANGUAGES.items()))],
        areas=[("", [(area.code, area.name(language)) for area in facts.areas()])],
    )
