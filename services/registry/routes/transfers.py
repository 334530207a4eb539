"""The record of who handed the register to whom."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.registry.handing_over import Transfer, holders, transfers
from shared.identity import Identity, require
from shared.service import Db

router = APIRouter(prefix="/api/v1", tags=["transfers"])

Reader = Annotated[Identity, Depends(require("admin", "consultant", "officer", "viewer"))]


class ShownTransfer(BaseModel):
    """One handing over; hashes in hexadecimal."""

    at: datetime
    giver: str
    taker: str
    signed_by: str
    reason: str
    document: str
    counts: dict[str, Any]
    root_day: date | None
    root: str | None


class Transfers(BaseModel):
    """Every handing over, the first first, and who holds the register now."""

    holders: list[str]
    items: list[ShownTransfer]
    next: None = None


@router.get("/transfers")
async def list_transfers(db: Db, who: Reader) -> Transfers:
    """List every handing over of the register from one office to another."""
    async with db.transaction() as session:
        handed = await transfers(session)
    return Transfers(holders=list(holders(handed)), items=[_shown(done) for done in handed])


def _shown(done: Transfer) -> ShownTransfer:
    columns = {name: getattr(done, name) for name in ShownTransfer.model_fields if name not in ("document", "root")}
    return ShownTransfer(**columns, document=done.document.hex(), root=done.root.hex() if done.root else None)
