"""The sheets that were handed in, by whom and on what basis: a list for programs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.gateway import imports
from services.gateway.authentication import identify
from services.gateway.routes.imports import Importing
from shared.errors import FieldError, Invalid
from shared.service import Db
from shared.web.language import mark
from shared.web.paging import Paging

router = APIRouter(prefix="/api/v1/imports", tags=["imports"], dependencies=[Depends(identify)])


class ImportListed(BaseModel):
    """An import in a list; what is wrong with its rows stands on its own."""

    id: UUID
    file_name: str
    status: str
    dry_run: bool
    added_at: datetime
    finished_at: datetime | None
    handed_in_by: str
    office: str
    total_rows: int
    rows: int
    accepted: int
    rejected: int
    consent_basis: str | None
    consent_note: str | None
    consent_scan: str | None


class Imports(BaseModel):
    """Imports, the newest first; a mission's staff see their own."""

    items: list[ImportListed]
    next: str | None


@router.get("", response_model=Imports)
async def list_imports(who: Importing, db: Db, paging: Paging) -> Any:
    """List the sheets that were handed in, by whom and on what basis, the newest first."""
    after = _place(paging.after) if paging.after is not None else None
    async with db.transaction() as session:
        found = await imports.recent(session, who, most=paging.fetch, after=after)
    return paging.answer(found, lambda each: (each.added_at.isoformat(), str(each.id)), imports.listed)


def _place(cursor: tuple[str | int, ...]) -> tuple[datetime, UUID]:
    try:
        moment, identifier = cursor
        return datetime.fromisoformat(str(moment)), UUID(str(identifier))
    except ValueError:
        raise Invalid(errors=[FieldError("/query/cursor", mark("Take the cursor from `next` of the page before, as it is."))]) from None
