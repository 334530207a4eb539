"""Forms on a person's page by which staff add and remove an address or number, as the person asked; each by its API route's function."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.registry import selfservice_words
from services.registry.contacts import changing
from services.registry.contacts.typed import KINDS, NO_KIND
from services.registry.model import Contact, Member
from services.registry.pages import pages
from services.registry.people import telling
from services.registry.routes.contacts import Added, Asked, add_contact, remove_contact
from services.registry.routes.person_acts import Clerk, back, member_shown, version_of
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.service import Db
from shared.web.forms import Form, Typed, translated
from shared.web.language import Language, language_of, mark, translate
from shared.web.pages import Filled

router = APIRouter(prefix="/staff/members/{member_id}/contacts", include_in_schema=False)

UNASKED = mark("Say how they asked for it.")


@router.get("")
async def show_adding(request: Request, db: Db, who: Clerk, member_id: UUID) -> Response:
    """Show the form for a new address or number."""
    return _adding(request, await member_shown(db, who, member_id), Filled())


@router.post("")
async def add(request: Request, db: Db, who: Clerk, member_id: UUID, typed: Typed) -> Response:
    """Add an address or number: 303, 422 with what is wrong, or 409 with what somebody else changed; what was typed is kept."""
    try:
        await add_contact(request, db, who, member_id, _added(typed))
    except (Invalid, Conflict) as refusal:
        member = await member_shown(db, who, member_id)
        return _adding(request, member, *_again(typed, refusal, language_of(request)), changes=_changes(refusal))
    return back(member_id, "added")


@router.get("/{contact_id}/remove")
async def show_removing(request: Request, db: Db, who: Clerk, member_id: UUID, contact_id: UUID) -> Response:
    """Show what removing an address or number comes to, before it is done."""
    member = await member_shown(db, who, member_id)
    contact = member.contact(contact_id)
    if contact is None:
        raise NotFound
    return _removing(request, member, contact, Filled())


@router.post("/{contact_id}/remove")
async def remove(request: Request, db: Db, who: Clerk, member_id: UUID, contact_id: UUID, typed: Typed) -> Response:
    """Remove an address or number; the answers are those of adding. One that another has removed meanwhile is gone, and no mistake."""
    try:
        await remove_contact(request, db, who, member_id, contact_id, _asked(typed), version_of(typed))
    except (Invalid, Conflict) as refusal:
        member = await member_shown(db, who, member_id)
        contact = member.contact(contact_id)
        if contact is None:
            return back(member_id, "gone")
        return _removing(request, member, contact, *_again(typed, refusal, language_of(request)), changes=_changes(refusal))
    return back(member_id, "removed")


def _added(typed: Form) -> Added:
    """Return what the form says.

    Raises:
        Invalid: it does not say what is added, or how the person asked.
    """
    wrong = []
    kind = next((each for each in KINDS if each == typed.value("kind")), None)
    if kind is None:
        wrong.append(FieldError("/kind", NO_KIND))
    try:
        asked = _asked(typed)
    except Invalid as unasked:
        wrong += unasked.errors
    if kind is None or wrong:
        raise Invalid(errors=wrong)
    return Added(kind=kind, value=typed.value("value"), asked=asked, version=version_of(typed))


def _asked(typed: Form) -> Asked:
    asked = next((each for each in telling.ASKED if each == typed.value("asked")), None)
    if asked is None:
        raise Invalid(errors=[FieldError("/asked", UNASKED)])
    return asked


def _again(typed: Form, refusal: Invalid | Conflict, language: Language) -> tuple[Filled, int]:
    """Return the form with what was typed and what is wrong, and the status of the answer."""
    errors = translated(refusal.errors, language) if isinstance(refusal, Invalid) else []
    return typed.filled(errors or [FieldError("", translate(language, refusal.detail))]), refusal.status


def _changes(refusal: Invalid | Conflict) -> list[str]:
    return [error.detail for error in refusal.errors] if isinstance(refusal, Conflict) else []


def _adding(request: Request, member: Member, form: Filled, status: int = 200, **more: Any) -> Response:
    language = language_of(request)
    kinds = selfservice_words.options({kind: selfservice_words.CONTACTS[kind] for kind in KINDS}, language)
    return _page(request, "person_contact_add.html", member, form, status, kinds=kinds, **more)


def _removing(request: Request, member: Member, contact: Contact, form: Filled, status: int = 200, **more: Any) -> Response:
    ends = {"unconfirmed": changing.leaves_unconfirmed(member, contact), "only": len(member.contacts) == 1}
    return _page(request, "person_contact_remove.html", member, form, status, contact=contact, **ends, **more)


def _page(request: Request, template: str, member: Member, form: Filled, status: int, **more: Any) -> Response:
    asked = telling.ways_of_asking(language_of(request))
    return pages.render(request, template, status=status, person=member, form=form, asked=asked, **{"changes": [], **more})
