"""Imports: a sheet is one row and its pages of records; a draft until all is said that it needs, then worked by any copy of the gateway."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import delete, func, insert, select, text, tuple_, update

from services.gateway.choices import Choices, guessed
from services.gateway.model import Import, ImportBadRow, ImportPage, ImportRowError
from services.gateway.sheets.reading import Page, Reading, unpack
from shared import facts
from shared.clock import new_id
from shared.database import Transaction
from shared.identity import Identity
from shared.web.language import CATALOGUES, Language

CHUNK_BYTES = 1024 * 1024
MOST_ERRORS_SHOWN = 1000
PREVIEWED = 5
LISTED = 20
LISTED_FIELDS = ("id", "file_name", "status", "dry_run", "added_at", "finished_at", "office", "total_rows", "accepted", "rejected")
LOOKED_AT_SECONDS = 23 * 3600
"""How long a sheet that was only checked may still be imported."""
SUBMISSIONS = uuid5(NAMESPACE_URL, "https://khokahano.example.org/imports")
"""The namespace of imported submissions' ids: the same row of the same import always gets the same one."""
UNPROCESSED = text("SELECT count(*) FROM submission WHERE import_id = :id AND status = 'received'")


@dataclass(frozen=True)
class HandedIn:
    """Who hands a sheet in, and for which areas only; no areas are no limit.

    Attributes:
        by: the id that finds their own imports again.
        name: theirs, which stands beside each consent; the id, if there is none.
    """

    by: str
    areas: tuple[str, ...] = ()
    name: str = ""
    office: str = ""


def submission_id(import_id: UUID, line: int) -> UUID:
    """Return the id of the submission that a row becomes."""
    return uuid5(SUBMISSIONS, f"{import_id}:{line}")


async def add(session: Transaction, file_name: str, reading: Reading, choices: Choices, who: HandedIn) -> UUID:
    """Put a sheet down as a draft and return the import's id.

    Raises:
        UnreadableSheet: it breaks off while it is read.
    """
    identifier, rows, size = new_id(), 0, 0
    kept = Import(
        id=identifier,
        file_name=_printable(file_name),
        added_by=who.by,
        staff=who.name or who.by,
        office=who.office,
        areas=list(who.areas),
        fingerprint=reading.fingerprint,
        format=reading.dress.format,
        encoding=reading.dress.encoding,
        delimiter=reading.dress.delimiter,
        columns=list(choices.columns),
        **_said(choices),
    )
    session.add(kept)
    await session.flush()
    async for page in reading.pages:
        await session.execute(insert(ImportPage).values(import_id=identifier, last=page.last, content=page.content))
        rows, size = page.last, size + len(page.content)
    await session.execute(update(Import).where(Import.id == identifier).values(total_rows=rows, size_bytes=size))
    return identifier


async def start(session: Transaction, import_id: UUID, choices: Choices, *, dry_run: bool) -> bool:
    """Have a sheet worked from its first row on; False if it is being worked, was imported, or its rows are gone.

    A sheet that was only looked at may be worked again, with other choices and for good.
    """
    # Pages of a finished sheet are deleted after a day: an hour before that it is as good as gone, so that no half of it is worked.
    looked_at = (Import.status == "done") & Import.dry_run & (Import.finished_at > in_seconds(-LOOKED_AT_SECONDS))
    idle = (Import.status == "draft") | looked_at
    held = select(ImportPage.last).where(ImportPage.import_id == Import.id).exists() | (Import.total_rows == 0)
    fresh = {"cursor": 0, "accepted": 0, "rejected": 0, "failure": None, "finished_at": None, "status": "queued", "dry_run": dry_run}
    change = update(Import).where(Import.id == import_id, idle, held).values(**fresh, **_said(choices)).returning(Import.id)
    if (await session.execute(change)).one_or_none() is None:
        return False
    for table in (ImportRowError, ImportBadRow):
        await session.execute(delete(table).where(table.import_id == import_id))
    return True


async def keep_choices(session: Transaction, import_id: UUID, choices: Choices) -> None:
    """Remember what was said about a draft so far."""
    await session.execute(update(Import).where(Import.id == import_id, Import.status == "draft").values(**_said(choices)))


async def find(session: Transaction, import_id: UUID, who: Identity) -> Import | None:
    """Return an import that this caller may know of: a mission knows its own only, and of areas that it still looks after.

    Refused rows hold people. So whoever looks after some areas knows of others' sheets only those that were handed in for these.
    """
    found = await session.get(Import, import_id, populate_existing=True)
    if found is None or not (who.areas or who.role == "mission"):
        return found
    mine, inside = found.added_by == who.id, bool(found.areas) and areas_of(who).issuperset(found.areas)
    # A mission's role may have changed since: a sheet without areas was handed in for anywhere.
    return found if (mine and inside if who.role == "mission" else mine or inside) else None


def areas_of(who: Identity) -> frozenset[str]:
    """Return the areas in which a mission's people live; South Africa as a whole is all its provinces."""
    return frozenset({*who.areas, *(facts.provinces() if "ZA" in who.areas else ())} - {"ZA"})


async def recent(session: Transaction, who: Identity, *, most: int = LISTED, after: tuple[datetime, UUID] | None = None) -> list[Import]:
    """Return the newest imports that this caller may know of, or those that follow one."""
    known: Any = Import.added_by.is_not(None)
    if who.areas or who.role == "mission":
        mine, inside = Import.added_by == who.id, (func.cardinality(Import.areas) > 0) & Import.areas.contained_by(sorted(areas_of(who)))
        known = mine & inside if who.role == "mission" else mine | inside
    query = select(Import).where(known).order_by(Import.added_at.desc(), Import.id.desc()).limit(most)
    if after is not None:
        query = query.where(tuple_(Import.added_at, Import.id) < after)
    return list(await session.scalars(query))


def listed(found: Import) -> dict[str, Any]:
    """Return an import as a list shows it."""
    return {name: getattr(found, name) for name in LISTED_FIELDS} | {
        "rows": found.accepted + found.rejected,
        "consent_basis": found.consent_basis or None,
        "consent_note": found.consent_note or None,
        "consent_scan": found.consent_scan or None,
        "handed_in_by": found.staff or found.added_by,
    }


def choices_of(found: Import) -> Choices:
    """Return what is known about a sheet."""
    several = guessed(found.columns).several.difference(found.fields) if found.status == "draft" else frozenset()
    return Choices(
        columns=tuple(found.columns),
        fields=tuple(found.fields),
        stated=found.stated,
        several=several,
        basis=found.consent_basis,
        note=found.consent_note,
        scan=found.consent_scan,
    )


async def unprocessed(session: Transaction, import_id: UUID) -> int:
    """Return how many of an import's submissions the registry has not dealt with."""
    count: int = (await session.execute(UNPROCESSED, {"id": import_id})).scalar_one()
    return count


async def show(session: Transaction, found: Import, language: Language = "en") -> dict[str, Any]:
    """Return how far an import is, with the first thousand things that are wrong; of a draft also its first rows."""
    faults = select(ImportRowError).where(ImportRowError.import_id == found.id).order_by(ImportRowError.line, ImportRowError.number)
    errors = await session.scalars(faults.limit(MOST_ERRORS_SHOWN))
    choices = choices_of(found)
    return {
        "id": str(found.id),
        "file_name": found.file_name,
        "status": found.status,
        "dry_run": found.dry_run,
        "total_rows": found.total_rows,
        "rows": found.accepted + found.rejected,
        "accepted": found.accepted,
        "rejected": found.rejected,
        "unprocessed": await unprocessed(session, found.id),
        "failure": found.failure and CATALOGUES[language].gettext(found.failure),
        "format": found.format,
        "encoding": found.encoding,
        "mapping": [{"column": column, "field": name or None} for column, name in zip(found.columns, found.fields, strict=True)],
        "stated": found.stated,
        "consent_basis": found.consent_basis or None,
        "consent_note": found.consent_note or None,
        "consent_scan": found.consent_scan or None,
        "missing": choices.lacking(),
        "same_as": await _same(session, found),
        "preview": await _first_rows(session, found.id) if found.status == "draft" else [],
        "errors": [
            {"line": error.line, "column": error.column, "reason": error.reason_st or error.reason if language == "st" else error.reason}
            for error in errors
        ],
    }


async def _first_rows(session: Transaction, import_id: UUID) -> list[list[str]]:
    pages = select(ImportPage.last, ImportPage.content).where(ImportPage.import_id == import_id).order_by(ImportPage.last).limit(1)
    first = (await session.execute(pages)).one_or_none()
    return [record.cells for _, record in unpack(Page(first.last, first.content))[:PREVIEWED]] if first else []


async def _same(session: Transaction, found: Import) -> str | None:
    """Return an earlier import of the very same file, for good."""
    same = select(Import.id).where(
        Import.fingerprint == found.fingerprint,
        Import.id != found.id,
        Import.added_at <= found.added_at,
        Import.dry_run.is_(False),
        Import.status.in_(("queued", "running", "done")),
        Import.added_by == found.added_by if found.areas else Import.added_by.is_not(None),
    )
    earlier = await session.scalar(same.order_by(Import.added_at.desc()).limit(1))
    return str(earlier) if earlier else None


def _said(choices: Choices) -> dict[str, Any]:
    return {
        "fields": list(choices.fields),
        "stated": dict(choices.stated),
        "consent_basis": choices.basis,
        "consent_note": choices.note,
        "consent_scan": choices.scan,
    }


def _printable(name: str) -> str:
    return "".join(sign for sign in name[:200] if sign.isprintable())


def in_seconds(seconds: float) -> Any:
    """Return the moment in so many seconds, by the database's clock."""
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def bad_rows(import_id: UUID, after: int, most: int) -> Any:
    """Return the query for the next refused rows."""
    wanted = (ImportBadRow.import_id == import_id, ImportBadRow.line > after)
    return select(ImportBadRow).where(*wanted).order_by(ImportBadRow.line).limit(most)


def faults_of(import_id: UUID, lines: Sequence[int]) -> Any:
    """Return the query for what is wrong with these rows."""
    wanted = (ImportRowError.import_id == import_id, ImportRowError.line.in_(lines))
    return select(ImportRowError).where(*wanted).order_by(ImportRowError.line, ImportRowError.number)
