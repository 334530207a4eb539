"""The invited person's own pages, reached by the link in the invitation. The answer itself is the gateway's to hear."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from services.forum.dates import last_day
from services.forum.fields import NEED_LENGTH, NeedsForm
from services.forum.model import Edition, Invitation
from shared.audit import note
from shared.clock import now
from shared.database import Transaction
from shared.errors import NotFound
from shared.identity import current, require_link
from shared.service import Db
from shared.tokens import Link
from shared.web.language import Language, chosen
from shared.web.pages import Filled, Pages
from shared.web.wording import field_errors

MOST_FIELDS = 20
"""More than the form has."""

pages = Pages(Path(__file__).parent.parent)
router = APIRouter(include_in_schema=False)
SpeakerLink = Annotated[Link, Depends(require_link("speaker"))]


@router.get("/speaker/{token}")
async def show_invitation(request: Request, db: Db, link: SpeakerLink) -> HTMLResponse:
    """Show the invitation and where it stands; the form posts to the same path."""
    async with db.transaction() as session:
        invitation = await _invitation(session, link.subject)
        edition = await session.get_one(Edition, invitation.edition_id)
    said = {name: [getattr(invitation, name)] for name in ("talk_title", "abstract", "biography")}
    return pages.render(
        request,
        "speaker.html",
        language=_language(request, invitation),
        invitation=invitation,
        edition=edition,
        state=_state(invitation),
        last_day=last_day(invitation.deadline),
        form=Filled(said),
    )


@router.get("/speaker/{token}/needs")
async def show_needs(request: Request, token: str, db: Db, link: SpeakerLink) -> Response:
    """Show what the speaker needs, to be changed."""
    async with db.transaction() as session:
        invitation = await _invitation(session, link.subject)
    if invitation.status == "withdrawn":
        return RedirectResponse(f"/speaker/{token}", 303)
    values = {name: [value] for name, value in vars(invitation.needs).items()}
    return _needs_page(request, invitation, Filled(values), saved="saved" in request.query_params)


@router.post("/speaker/{token}/needs")
async def change_needs(request: Request, token: str, db: Db, link: SpeakerLink) -> Response:
    """Record what the speaker needs, whole; refused fields come back with what was typed."""
    async with request.form(max_fields=MOST_FIELDS, max_files=0) as sent:
        typed = {name: value for name, value in sent.items() if isinstance(value, str)}
    async with db.transaction() as session:
        invitation = await _invitation(session, link.subject, for_update=True)
        if invitation.status == "withdrawn":
            return RedirectResponse(f"/speaker/{token}", 303)
        try:
            invitation.ask_for(NeedsForm.model_validate(typed).needs())
        except ValidationError as error:
            refused = field_errors([dict(each) for each in error.errors()], _language(request, invitation))
            return _needs_page(request, invitation, Filled({name: [value] for name, value in typed.items()}, refused), status=422)
        note(session, current(request), "needs_changed", [invitation.id])
    return RedirectResponse(f"/speaker/{token}/needs?saved=1&lang={_language(request, invitation)}", 303)


def _needs_page(request: Request, invitation: Invitation, form: Filled, *, saved: bool = False, status: int = 200) -> HTMLResponse:
    return pages.render(
        request,
        "needs.html",
        status=status,
        language=_language(request, invitation),
        invitation=invitation,
        last_day=last_day(invitation.deadline),
        form=form,
        saved=saved,
        length=NEED_LENGTH,
    )


async def _invitation(session: Transaction, invitation_id: UUID, *, for_update: bool = False) -> Invitation:
    invitation = await session.get(Invitation, invitation_id, with_for_update=for_update or None)
    if invitation is None:
        raise NotFound
    return invitation


def _state(invitation: Invitation) -> str:
    """Return the invitation's status, or `closed` for one that nobody answered in time."""
    return "closed" if invitation.status == "invited" and invitation.deadline <= now() else invitation.status


def _language(request: Request, invitation: Invitation) -> Language:
    """Return what the person picked on the page, else the language that they were invited in.

    The pages' own links and forms carry it on, since the gateway keeps cookies to itself.
    """
    return chosen(request) or invitation.language
