"""An import in one worker's hands: every write names its lease, so that a worker that was given up for dead changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select, text, update

from services.gateway import submissions
from services.gateway.imports import in_seconds
from services.gateway.model import Import, ImportBadRow, ImportPage, ImportRowError
from services.gateway.rows import Fault, Plan, proof_of
from services.gateway.sheets import Record
from services.gateway.sheets.reading import Page
from shared.contracts.gateway import RegistrationSubmitted
from shared.database import Transaction
from shared.errors import KhokahanoError

LEASE_SECONDS = 30
"""How long a worker that says nothing keeps others off."""
CLAIM = text(
    "UPDATE import SET status = 'running', lease = :lease, lease_until = now() + make_interval(secs => :seconds) WHERE id ="
    # A copy of an earlier version may still be at work on what is `waiting` or `working`, unless that has waited for long.
    " (SELECT id FROM import WHERE (status IN ('queued', 'running')"
    " OR (status IN ('waiting', 'working') AND added_at < now() - interval '10 minutes'))"
    " AND (lease_until IS NULL OR lease_until < now()) ORDER BY added_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)"
    " RETURNING id, cursor, dry_run, columns, fields, stated, consent_basis, consent_note, consent_scan, areas, staff, office, added_by"
)


class LeaseLost(KhokahanoError):
    """Another worker has taken the import over; nothing of this step was written."""


@dataclass(frozen=True)
class Job:
    """An import in this worker's hands.

    Attributes:
        cursor: the number of the last record that was dealt with when it was claimed.
        dry_run: nothing is handed in.
        plan: None for a sheet that an earlier version took, whose pages there are not.
    """

    id: UUID
    lease: UUID
    cursor: int
    dry_run: bool = False
    plan: Plan | None = None


async def claim(session: Transaction) -> Job | None:
    """Take the oldest import that nobody is at work on."""
    lease = uuid4()
    row = (await session.execute(CLAIM, {"lease": lease, "seconds": LEASE_SECONDS})).one_or_none()
    if row is None:
        return None
    plan = Plan(tuple(row.columns), tuple(row.fields), row.stated, row.consent_basis, tuple(row.areas))
    plan = replace(
        plan, proof=proof_of(plan, note=row.consent_note, scan=row.consent_scan, staff=row.staff or row.added_by, office=row.office)
    )
    return Job(row.id, lease, row.cursor, row.dry_run, plan if row.columns else None)


async def page_after(session: Transaction, import_id: UUID, number: int) -> Page | None:
    """Return the page in which the record after this one stands."""
    pages = select(ImportPage.last, ImportPage.content).where(ImportPage.import_id == import_id, ImportPage.last > number)
    found = (await session.execute(pages.order_by(ImportPage.last).limit(1))).one_or_none()
    return Page(found.last, found.content) if found else None


async def keep(
    session: Transaction,
    job: Job,
    *,
    cursor: int,
    accepted: Sequence[RegistrationSubmitted],
    faults: Sequence[Fault],
    bad: Sequence[Record],
) -> None:
    """Write what came of some rows: submissions, what was wrong, the bad rows, and how far we are; all of it or nothing.

    A page that was handed in is forgotten with its last row: who is in it is the registry's to keep, and to erase.

    Raises:
        LeaseLost: the import is no longer ours.
    """
    moved = {"cursor": cursor, "accepted": Import.accepted + len(accepted), "rejected": Import.rejected + len(bad)}
    await _change(session, job, **moved, lease_until=in_seconds(LEASE_SECONDS))
    if not job.dry_run:
        await submissions.hear(session, accepted)
        await session.execute(delete(ImportPage).where(ImportPage.import_id == job.id, ImportPage.last <= cursor))
    if bad:
        rows = [{"import_id": job.id, "line": record.line, "cells": [_storable(cell) for cell in record.cells]} for record in bad]
        await session.execute(insert(ImportBadRow), rows)
    if faults:
        wrong = [{"import_id": job.id, "number": number, **fault.__dict__} for number, fault in enumerate(faults)]
        await session.execute(insert(ImportRowError), wrong)


async def stay(session: Transaction, job: Job) -> None:
    """Keep the lease for a while longer.

    Raises:
        LeaseLost: the import is no longer ours.
    """
    await _change(session, job, lease_until=in_seconds(LEASE_SECONDS))


async def leave(session: Transaction, job: Job) -> None:
    """Give the import back, so that another worker goes on with it at once.

    Raises:
        LeaseLost: the import is no longer ours.
    """
    await _change(session, job, lease=None, lease_until=None)


async def finish(session: Transaction, job: Job, failure: str | None = None) -> None:
    """End an import; with a reason if it could not be worked. What it held was forgotten page by page, but for the rows to mend.

    Raises:
        LeaseLost: the import is no longer ours.
    """
    status = "failed" if failure else "done"
    await _change(session, job, status=status, failure=failure, lease=None, lease_until=None, finished_at=func.now())


async def _change(session: Transaction, job: Job, **values: Any) -> None:
    change = update(Import).where(Import.id == job.id, Import.lease == job.lease).values(**values).returning(Import.id)
    if (await session.execute(change)).one_or_none() is None:
        raise LeaseLost


def _storable(cell: str) -> str:
    return cell.replace("\0", "\ufffd")  # PostgreSQL holds no such character.
