"""The page behind a briefing's link: what is asked of a partner, and the pack. Its answer is the gateway's to hear."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from services.registry.outreach import briefing, codes
from services.registry.outreach.model import Briefing, Partner
from services.registry.pages import pages
from services.registry.routes.partners import base_url, pack_of
from shared.contracts.gateway import Language
from shared.errors import NotFound
from shared.identity import require_link
from shared.service import Db
from shared.tokens import Link
from shared.web.language import chosen

router = APIRouter(include_in_schema=False)
Sent = Annotated[Link, Depends(require_link("briefing"))]


async def _opened(db: Db, link: Link) -> tuple[Briefing, Partner]:
    async with db.transaction() as session:
        found = await briefing.opened(session, link.subject)
    if found is None:
        raise NotFound
    return found


@router.get("/briefing/{token}")
async def show_briefing(request: Request, token: str, db: Db, link: Sent) -> HTMLResponse:
    """Show what we ask of a partner, with two buttons. Opening it is noted and means nothing: scanners follow links."""
    sent, partner = await _opened(db, link)
    return pages.render(
        request,
        "outreach_briefing.html",
        language=chosen(request) or sent.language,
        here=f"/briefing/{token}",
        partner=partner,
        link=codes.link(base_url(request), partner.code),
        status=200,
    )


@router.get("/briefing/{token}/pack.pdf")
async def print_pack(request: Request, db: Db, link: Sent, spoken: Annotated[Language | None, Query(alias="language")] = None) -> Response:
    """Print the briefing pack."""
    sent, partner = await _opened(db, link)
    return await pack_of(partner, base_url(request), spoken or sent.language)
