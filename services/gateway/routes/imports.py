"""Sheets of registrations over HTTP: hand one in, see what its columns mean, start it, see how far it is, take the bad rows back."""

import hmac
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel
from starlette.datastructures import FormData, UploadFile
from starlette.responses import StreamingResponse

from services.gateway import bodies, choices, imports, mending
from services.gateway.authentication import identify
from services.gateway.imports import HandedIn
from services.gateway.sheets.headings import STATED
from services.gateway.sheets.reading import MOST_BYTES, UnreadableSheet, opened
from shared.database import Database
from shared.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, UnsupportedType
from shared.identity import Identity, require
from shared.service import Db
from shared.web.language import language_of, mark, translate

ENVELOPE_BYTES = 64 * 1024
"""What a multipart body may hold besides the sheet."""
MOST_FIELDS = 300
"""More than a sheet's columns and all that is said about it."""
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
NO_FILE = mark("Send the sheet as the part named `file`.")
NOT_NOW = mark("This import is being worked, is done, or was a draft too long ago. Hand the sheet in again.")

router = APIRouter(prefix="/api/v1/imports", tags=["imports"], dependencies=[Depends(identify)])
Importing = Annotated[Identity, Depends(require("admin", "consultant", "officer", "mission"))]

_TEXT = {"type": "string"}
_SAID = {
    "mapping": {"type": "string", "description": "A JSON object: a column's heading, and the field that it is (or null)."},
    "consent_basis": {
        "type": "string",
        "description": "How these people agreed, needed where no column says so: paper, list, spoken, or any other words.",
    },
    "consent_note": _TEXT | {"description": "Where the proof of it is."},
    "consent_scan": _TEXT | {"pattern": "^[0-9a-fA-F]{64}$", "description": "SHA-256 of the scanned paper."},
    **{name: {"type": "string", "description": "Holds for rows whose own cell is empty."} for name in STATED},
}
_SHEET = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}, **_SAID}, "required": ["file"]}
_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _SHEET}}}}
_START: dict[str, Any] = {
    "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": _SAID}}}}
}


class RowFault(BaseModel):
    """What is wrong with a cell, or with a whole row (`column` is empty)."""

    line: int
    column: str
    reason: str


class Column(BaseModel):
    """What a column of the sheet is; `field` is null for one that is left out."""

    column: str
    field: str | None


class ImportState(BaseModel):
    """How far an import is. `status`: draft, queued, running, done or failed."""

    id: UUID
    file_name: str
    status: str
    dry_run: bool
    """Every row is checked, and none is handed in."""
    total_rows: int
    rows: int
    """Dealt with so far."""
    accepted: int
    rejected: int
    unprocessed: int
    """Accepted rows that the registry has not dealt with yet."""
    failure: str | None
    format: str
    encoding: str
    mapping: list[Column]
    stated: dict[str, str]
    """What holds for rows whose own cell is empty, by field."""
    consent_basis: str | None
    consent_note: str | None
    consent_scan: str | None
    missing: list[str]
    """What must still be said before it can start."""
    same_as: UUID | None
    """An earlier import of the very same file."""
    preview: list[list[str]]
    """A draft's first rows."""
    errors: list[RowFault]


@router.post("", status_code=202, openapi_extra=_BODY)
async def begin_import(
    request: Request, response: Response, who: Importing, db: Db, dry_run: bool = False, preview: bool = False
) -> ImportState:
    """Take a CSV or XLSX file of at most 50 MiB as the part `file`, and work it in the background.

    With `dry_run` every row is checked and nobody is registered. With `preview` it stays a draft, to be looked at and started. Else it
    starts at once, or is refused (422) with all that must still be said: which column is what, and how these people agreed.
    """
    identifier = await take(request, who, db, draft=preview, dry_run=dry_run)
    response.headers["location"] = f"{router.prefix}/{identifier}"
    return await show_import(identifier, request, who, db)


@router.get("/{import_id}")
async def show_import(import_id: UUID, request: Request, who: Importing, db: Db) -> ImportState:
    """Show how far an import is, and what is wrong with its rows: where and why, never the value."""
    async with db.transaction() as session:
        found = await imports.find(session, import_id, who)
        if found is None:
            raise NotFound
        return ImportState.model_validate(await imports.show(session, found, language_of(request)))


@router.post("/{import_id}/start", status_code=202, openapi_extra=_START)
async def start_import(import_id: UUID, request: Request, who: Importing, db: Db, dry_run: bool = False) -> ImportState:
    """Start a draft, or a sheet that was only looked at: 422 with all that must still be said about it, 409 if it is past that."""
    said = await read_said(request, who)
    await begin(import_id, request, who, db, said, dry_run=dry_run)
    return await show_import(import_id, request, who, db)


@router.get("/{import_id}/rejected")
async def show_rejected(import_id: UUID, request: Request, who: Importing, db: Db) -> Response:
    """Give the refused rows as CSV to mend and hand in again: the sheet's own columns, and `reason`."""
    async with db.transaction() as session:
        found = await imports.find(session, import_id, who)
    if found is None:
        raise NotFound
    name = f'attachment; filename="rejected-{import_id}.csv"'
    rows = mending.mend(db, import_id, found.columns, language_of(request))
    return StreamingResponse(rows, media_type="text/csv", headers={"content-disposition": name, "cache-control": "no-store"})


async def take(request: Request, who: Identity, db: Database, *, draft: bool, dry_run: bool = False) -> UUID:
    """Read a sheet from a multipart body, keep it, and start it unless it is to stay a draft.

    Raises:
        Invalid: there is no sheet, it is unreadable, or something must still be said about it; nothing is kept.
    """
    if bodies.content_type(request) != "multipart/form-data":
        raise UnsupportedType
    language = language_of(request)
    async with bodies.streamed(request, MOST_BYTES + ENVELOPE_BYTES).form(max_files=1, max_fields=MOST_FIELDS) as filled:
        _check_token(request, filled, who)
        sheet = filled.get("file")
        if not isinstance(sheet, UploadFile) or not sheet.size:
            raise Invalid(errors=[FieldError("/file", translate(language, NO_FILE))])
        try:
            async with opened(_chunks(sheet)) as reading:
                known = choices.chosen(choices.guessed(reading.columns), _texts(filled), language)
                if not draft and (errors := known.errors(language)):
                    raise Invalid(errors=errors)
                async with db.transaction() as session:
                    identifier = await imports.add(session, sheet.filename or "", reading, known, handed_in_by(who))
                    if not draft:
                        await imports.start(session, identifier, known, dry_run=dry_run)
        except UnreadableSheet as unreadable:
            raise Invalid(errors=[FieldError("/file", translate(language, unreadable.text))]) from None
    return identifier


async def begin(import_id: UUID, request: Request, who: Identity, db: Database, said: Mapping[str, str], *, dry_run: bool) -> None:
    """Start a sheet that is there already, after hearing more about it.

    Raises:
        NotFound: there is none, or none that this caller may know of.
        Invalid: something must still be said.
        Conflict: it is being worked, or was.
    """
    language = language_of(request)
    async with db.transaction() as session:
        found = await imports.find(session, import_id, who)
        if found is None:
            raise NotFound
        known = choices.chosen(imports.choices_of(found), said, language)
        if errors := known.errors(language):
            await imports.keep_choices(session, import_id, known)
        elif not await imports.start(session, import_id, known, dry_run=dry_run):
            raise Conflict(translate(language, NOT_NOW))
    if errors:
        raise Invalid(errors=errors)


async def read_said(request: Request, who: Identity) -> dict[str, str]:
    """Return what a form says about a sheet; nothing, if there is no body.

    Raises:
        Forbidden: it comes from a browser, without its session's token.
    """
    if bodies.content_type(request) not in FORM_TYPES:
        _check_token(request, {}, who)
        return {}
    async with bodies.streamed(request, ENVELOPE_BYTES).form(max_files=0, max_fields=MOST_FIELDS) as filled:
        _check_token(request, filled, who)
        return _texts(filled)


def handed_in_by(who: Identity) -> HandedIn:
    """Return who hands a sheet in; a mission's people all live in its areas.

    Raises:
        Forbidden: a mission that has no areas.
    """
    if who.role != "mission":
        return HandedIn(who.id, (), who.name, who.organisation)
    areas = imports.areas_of(who)
    if not areas:
        raise Forbidden
    return HandedIn(who.id, tuple(sorted(areas)), who.name, who.organisation)


def _texts(filled: FormData) -> dict[str, str]:
    return {name: value for name, value in filled.multi_items() if isinstance(value, str)}


def _check_token(request: Request, filled: Mapping[str, Any], who: Identity) -> None:
    given = str(filled.get("csrf") or request.headers.get("x-csrf-token", ""))
    if who.kind == "staff" and not hmac.compare_digest(given.encode(), who.csrf.encode()):
        raise Forbidden


async def _chunks(sheet: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await sheet.read(imports.CHUNK_BYTES):
        yield chunk
