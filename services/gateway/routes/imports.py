"""Sheets of registrations over HTTP: hand one in, and see how far it is."""

import hmac
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel
from starlette.datastructures import UploadFile

from services.gateway import bodies, imports
from services.gateway.authentication import identify
from shared.errors import FieldError, Forbidden, Invalid, NotFound, UnsupportedType
from shared.identity import Identity, require
from shared.service import Db
from shared.web.language import language_of, mark, translate

ENVELOPE_BYTES = 64 * 1024
"""What a multipart body may hold besides the sheet."""
NO_FILE = mark("Send the sheet as the part named `file`.")

router = APIRouter(prefix="/api/v1/imports", tags=["imports"], dependencies=[Depends(identify)])
Importing = Annotated[Identity, Depends(require("admin", "consultant", "officer"))]

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"multipart/form-data": {"schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}}},
    }
}


class RowFault(BaseModel):
    """What is wrong with a cell, or with a whole row (`column` is empty)."""

    line: int
    column: str
    reason: str


class ImportState(BaseModel):
    """How far an import is."""

    id: UUID
    file_name: str
    status: str
    rows: int
    accepted: int
    rejected: int
    unprocessed: int
    """Accepted rows that the registry has not dealt with yet."""
    failure: str | None
    errors: list[RowFault]


@router.post("", status_code=202, openapi_extra=_BODY)
async def begin_import(request: Request, response: Response, who: Importing, db: Db) -> ImportState:
    """Take a CSV file of at most 50 MiB as the part `file`, and work it in the background."""
    if bodies.content_type(request) != "multipart/form-data":
        raise UnsupportedType
    async with bodies.streamed(request, imports.MOST_BYTES + ENVELOPE_BYTES).form(max_files=1, max_fields=10) as filled:
        sheet = filled.get("file")
        if who.kind == "staff":
            _check_token(str(filled.get("csrf") or request.headers.get("x-csrf-token", "")), who)
        if not isinstance(sheet, UploadFile):
            raise Invalid(errors=[FieldError("/file", translate(language_of(request), NO_FILE))])
        async with db.transaction() as session:
            identifier = await imports.add(session, sheet.filename or "", _chunks(sheet), added_by=who.id)
    response.headers["location"] = f"{router.prefix}/{identifier}"
    return await show_import(identifier, who, db)


@router.get("/{import_id}")
async def show_import(import_id: UUID, who: Importing, db: Db) -> ImportState:
    """Show how far an import is, and what is wrong with its rows: where and why, never the value."""
    async with db.transaction() as session:
        found = await imports.show(session, import_id)
    if found is None:
        raise NotFound
    return ImportState.model_validate(found)


def _check_token(given: str, who: Identity) -> None:
    if not hmac.compare_digest(given.encode(), who.csrf.encode()):
        raise Forbidden


async def _chunks(sheet: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await sheet.read(imports.CHUNK_BYTES):
        yield chunk
