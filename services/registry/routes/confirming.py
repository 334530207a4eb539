"""The page behind a confirmation link. It changes nothing, since scanners follow links; its answer is the gateway's to hear."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from services.registry.model import Member
from services.registry.pages import pages
from shared.identity import require_link
from shared.service import Db
from shared.tokens import Link
from shared.web.language import LANGUAGES, chosen

router = APIRouter(include_in_schema=False)


@router.get("/confirm/{token}")
async def ask(request: Request, db: Db, link: Annotated[Link, Depends(require_link("confirm"))]) -> HTMLResponse:
    """Ask whether it was them. The page says nothing about anybody, and is the same for those who are gone, or have confirmed.

    It speaks the language of the mail that holds the link, unless the reader has chosen another.
    """
    async with db.transaction() as session:
        written_in = await session.scalar(select(Member.language).where(Member.id == link.subject))
    spoken = chosen(request) or next((language for language in LANGUAGES if language == written_in), None)
    return pages.render(request, "confirm.html", language=spoken)
