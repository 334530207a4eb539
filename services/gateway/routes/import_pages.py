"""The import's pages for staff: hand a sheet in, say what its columns are, have it checked or imported, see how far it is."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.gateway import imports
from services.gateway.authentication import Asking, identify
from services.gateway.model import Import
from services.gateway.routes.imports import Importing, begin, read_said, take
from services.gateway.sheets.headings import FIELDS
from shared import consent, facts
from shared.errors import Invalid, NotFound
from shared.identity import Identity
from shared.service import Db
from shared.web.language import Language, language_of, mark, translate
from shared.web.pages import Filled, Pages

router = APIRouter(prefix="/staff/imports", include_in_schema=False, dependencies=[Depends(identify)])

SHOWN_ERRORS = 100
"""Of the first thousand; all are in the file to mend."""
LOOK_AGAIN_SECONDS = 3
NAMES = {
    "given_name": mark("Given name"),
    "family_name": mark("Family name"),
    "email": mark("E-mail address"),
    "phone": mark("Phone number"),
    "whatsapp": mark("WhatsApp number"),
    "phone_region": mark("Country that the number is of"),
    "country": mark("Country"),
    "province": mark("Province"),
    "city": mark("Town or city"),
    "home_district": mark("Home district in Lesotho"),
    "birth_year": mark("Year of birth"),
    "gender": mark("Gender"),
    "occupation": mark("Work, in their own words"),
    "diaspora_type": mark("Kind of work or life"),
    "needs": mark("What they need help with"),
    "language": mark("Language to write in"),
    "interests": mark("What they want to hear about"),
    "contributions": mark("What they do for Lesotho"),
    "contribution_note": mark("About what they do for Lesotho"),
    "channels": mark("Ways to reach them"),
    "consent_registration": mark("Agrees to registration"),
    "consent_information": mark("Agrees to information"),
    "consent_sharing": mark("Agrees to sharing"),
    "consent_text_version": mark("Version of the consent's wording"),
    "partner_code": mark("Code of the association or mission"),
}
"""What the page calls the fields that a column can be."""


@router.get("")
async def show_imports(request: Request, who: Importing, db: Db) -> Response:
    """Show the form to hand a sheet in, and the newest imports."""
    return await _upload_page(request, who, db, Filled())


@router.post("")
async def hand_in(request: Request, who: Importing, db: Db) -> Response:
    """Take a sheet as a draft and lead to its page; on trouble show the form again with what is wrong."""
    try:
        identifier = await take(request, who, db, draft=True)
    except Invalid as wrong:
        return await _upload_page(request, who, db, Filled({}, wrong.errors), 422)
    return RedirectResponse(f"{router.prefix}/{identifier}", 303)


@router.get("/{import_id}")
async def show_one(import_id: UUID, request: Request, who: Importing, db: Db) -> Response:
    """Show a draft's columns to be settled, or how far an import is."""
    return await _page(import_id, request, who, db, None)


@router.post("/{import_id}")
async def settle(import_id: UUID, request: Request, who: Importing, db: Db) -> Response:
    """Hear what the columns are, and have the sheet checked (`action=check`) or imported."""
    said = await read_said(request, who)
    try:
        await begin(import_id, request, who, db, said, dry_run=said.get("action") != "import")
    except Invalid as wrong:
        return await _page(import_id, request, who, db, Filled({name: [value] for name, value in said.items()}, wrong.errors), 422)
    return RedirectResponse(f"{router.prefix}/{import_id}", 303)


async def _upload_page(request: Request, who: Asking, db: Db, form: Filled, status: int = 200) -> Response:
    async with db.transaction() as session:
        newest = await imports.recent(session, who)
    pages: Pages = request.app.state.pages
    return pages.render(request, "imports.html", status=status, form=form, newest=newest)


async def _page(import_id: UUID, request: Request, who: Identity, db: Db, form: Filled | None, status: int = 200) -> Response:
    async with db.transaction() as session:
        found = await imports.find(session, import_id, who)
        if found is None:
            raise NotFound
        state = await imports.show(session, found, language_of(request))
    pages: Pages = request.app.state.pages
    if found.status == "draft":
        return pages.render(request, "import_draft.html", status=status, **_draft(found, state, form, language_of(request)))
    moving = found.status in ("queued", "running") or bool(state["unprocessed"])
    headers = {"refresh": str(LOOK_AGAIN_SECONDS)} if moving else {}
    errors = form.errors if form is not None else []
    return pages.render(
        request,
        "import.html",
        status=status,
        headers=headers,
        state=state,
        moving=moving,
        shown=state["errors"][:SHOWN_ERRORS],
        problems=errors,
    )


def _draft(found: Import, state: dict[str, Any], form: Filled | None, language: Language) -> dict[str, Any]:
    """Return what the draft's page shows: each column with its first cells, and what it seems to be."""
    typed = form or Filled({**{name: [value] for name, value in found.stated.items()}, "consent_basis": [found.consent_basis]})
    columns = [
        {
            "name": f"column_{place}",
            "heading": heading,
            "field": typed.value(f"column_{place}", found.fields[place]),
            "cells": [row[place] for row in state["preview"] if place < len(row) and row[place].strip()][:3],
        }
        for place, heading in enumerate(found.columns)
    ]
    return {
        "state": state,
        "form": typed,
        "columns": columns,
        "choices": [(field, translate(language, NAMES[field])) for field in FIELDS],
        "versions": list(reversed(consent.versions())),
        "countries": [("", list(facts.countries(language)))],
        "provinces": [("", [(area.code, area.name(language)) for area in facts.areas() if area.kind == "province"])],
    }
