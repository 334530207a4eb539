"""Erasing a member on their behalf, and the receipt of any erasure."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel
from sqlalchemy import select

from services.registry import erasing, receipts
from services.registry.keeping.changes import refuse_stale, seen_version
from services.registry.model import Member
from services.registry.model.consents import StaffWay
from services.registry.pages import pages
from services.registry.scoped import acting_on
from shared.audit import note
from shared.clock import now
from shared.errors import NotFound
from shared.identity import Identity, current, require
from shared.receipts import new_number, read_number
from shared.service import Db
from shared.web.language import language_of, mark

router = APIRouter(tags=["members"])

Eraser = Annotated[Identity, Depends(require("admin", "consultant", "officer"))]
PARTS = {
    "gateway": mark("The front door: what you filled in, and sheets in which you stood"),
    "registry": mark("The register of members"),
    "notifier": mark("Messages: addresses, and what was written to them"),
    "forum": mark("The Diaspora Forum: what was noted of you as a member"),
}
"""What each service is to people."""


class ErasureBegun(BaseModel):
    """The number under which the receipt is shown, at `/erased/{receipt}`."""

    receipt: str


@router.delete("/api/v1/members/{member_id}", status_code=202)
async def erase_member(
    request: Request,
    db: Db,
    who: Eraser,
    member_id: UUID,
    reason: Annotated[str | None, Query(max_length=500, description="why; kept in the audit, so it should name nobody")] = None,
    asked: Annotated[StaffWay | Literal["message"] | None, Query(description="how the person asked for it")] = None,
    if_match: Annotated[str | None, Header(description="the version that the caller has seen")] = None,
) -> ErasureBegun:
    """Erase all that is held about a member, everywhere, as they themselves could; the receipt's number is to be told to them."""
    async with acting_on(db, who, member_id) as session:
        if (seen := seen_version(if_match)) is not None:
            stands = await session.scalar(select(Member.version).where(Member.id == member_id)) or 0
            await refuse_stale(session, member_id, seen=seen, stands=stands, language=language_of(request))
        if not await erasing.erase_if_here(session, member_id, at=now()):
            raise NotFound
        number = new_number()
        await erasing.give_receipt(session, member_id, number)
        note(session, who, "member_erased", [member_id], why=reason, **({"asked": asked} if asked else {}))
    return ErasureBegun(receipt=number)


@router.get("/erased/{number}", include_in_schema=False)
async def show_receipt(request: Request, db: Db, number: str) -> HTMLResponse:
    """Show which parts of the system have erased a member, and which are outstanding; the page names nobody."""
    spelled = read_number(number)
    async with db.transaction() as session:
        found = await receipts.receipt(session, spelled) if spelled else None
    language = current(request).language
    status = 200 if found else 404
    return pages.render(
        request, "erased.html", status=status, language=language, receipt=found, number=spelled or "", parts=PARTS, days=receipts.SHOWN_DAYS
    )
