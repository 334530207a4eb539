"""Erasing a member on their behalf, and the receipt of any erasure."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from services.registry import erasing, receipts, searching
from services.registry.scope import scope_of
from shared.audit import note
from shared.clock import now
from shared.errors import NotFound
from shared.identity import Identity, current, require
from shared.receipts import new_number, read_number
from shared.service import Db
from shared.web.language import mark
from shared.web.pages import Pages

router = APIRouter(tags=["members"])
pages = Pages(Path(__file__).parent.parent)

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
    db: Db,
    who: Eraser,
    member_id: UUID,
    reason: Annotated[str | None, Query(max_length=500, description="why; kept in the audit, so it should name nobody")] = None,
) -> ErasureBegun:
    """Erase all that is held about a member, everywhere, as they themselves could."""
    async with db.transaction() as session:
        if await session.scalar(searching.one(member_id, scope_of(who))) is None:
            raise NotFound
        session.expunge_all()  # It is read again, under its locks.
        if not await erasing.erase_if_here(session, member_id, at=now()):
            raise NotFound
        number = new_number()
        await erasing.give_receipt(session, member_id, number)
        note(session, who, "member_erased", [member_id], why=reason)
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
