"""Imports: a sheet is one row and its file in the database; any copy of the gateway works it, row by row, under a lease."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from sqlalchemy import func, insert, select, text, update

from services.gateway import submissions
from services.gateway.model import Import, ImportChunk, ImportRowError
from shared.clock import new_id
from shared.contracts.gateway import RegistrationSubmitted
from shared.database import Transaction
from shared.errors import KhokahanoError, TooLarge

MOST_BYTES = 50 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024
MOST_ERRORS_SHOWN = 1000
LEASE_SECONDS = 30
"""How long a worker that says nothing keeps others off."""
SUBMISSIONS = uuid5(NAMESPACE_URL, "https://khokahano.example.org/imports")
"""The namespace of imported submissions' ids: the same row of the same import always gets the same one."""

CLAIM = text(
    "UPDATE import SET status = 'working', lease = :lease, lease_until = now() + make_interval(secs => :seconds) WHERE id ="
    " (SELECT id FROM import WHERE status IN ('waiting', 'working') AND (lease_until IS NULL OR lease_until < now())"
    " ORDER BY added_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, cursor"
)
UNPROCESSED = text("SELECT count(*) FROM submission WHERE import_id = :id AND status = 'received'")


class LeaseLost(KhokahanoError):
    """Another worker has taken the import over; nothing of this step was written."""


@dataclass(frozen=True)
class Job:
    """An import in this worker's hands.

    Attributes:
        cursor: the number of the last row that was dealt with when it was claimed.
    """

    id: UUID
    lease: UUID
    cursor: int


@dataclass(frozen=True)
class Fault:
    """What is wrong with one cell, or with a whole row (`column` is empty)."""

    line: int
    column: str
    reason: str


def submission_id(import_id: UUID, line: int) -> UUID:
    """Return the id of the submission that a row becomes."""
    return uuid5(SUBMISSIONS, f"{import_id}:{line}")


async def add(session: Transaction, file_name: str, chunks: AsyncIterator[bytes], *, added_by: str) -> UUID:
    """Put a sheet down to be imported and return the import's id.

    Raises:
        TooLarge: it is longer than 50 MiB.
    """
    identifier, size = new_id(), 0
    session.add(Import(id=identifier, file_name=file_name[:200], added_by=added_by, size_bytes=0))
    await session.flush()
    number = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > MOST_BYTES:
            raise TooLarge
        await session.execute(insert(ImportChunk).values(import_id=identifier, number=number, content=chunk))
        number += 1
    await session.execute(update(Import).where(Import.id == identifier).values(size_bytes=size))
    return identifier


async def claim(session: Transaction) -> Job | None:
    """Take the oldest import that nobody is at work on."""
    lease = uuid4()
    row = (await session.execute(CLAIM, {"lease": lease, "seconds": LEASE_SECONDS})).one_or_none()
    return Job(row.id, lease, row.cursor) if row else None


async def contents(session: Transaction, import_id: UUID) -> bytes:
    """Return the sheet."""
    chunks = await session.scalars(select(ImportChunk.content).where(ImportChunk.import_id == import_id).order_by(ImportChunk.number))
    return b"".join(chunks)


async def unprocessed(session: Transaction, import_id: UUID) -> int:
    """Return how many of an import's submissions the registry has not dealt with."""
    count: int = (await session.execute(UNPROCESSED, {"id": import_id})).scalar_one()
    return count


async def keep(session: Transaction, job: Job, *, cursor: int, accepted: Sequence[RegistrationSubmitted], faults: Sequence[Fault]) -> None:
    """Write what came of some rows: submissions, what was wrong, and how far we are; all of it or nothing.

    Raises:
        LeaseLost: the import is no longer ours.
    """
    rejected = {fault.line for fault in faults}
    moved = {"cursor": cursor, "accepted": Import.accepted + len(accepted), "rejected": Import.rejected + len(rejected)}
    await _change(session, job, **moved, lease_until=_in_a_lease())
    await submissions.hear(session, accepted)
    if faults:
        rows = [
            {"import_id": job.id, "line": fault.line, "number": number, "column": fault.column, "reason": fault.reason}
            for number, fault in enumerate(faults)
        ]
        await session.execute(insert(ImportRowError), rows)


async def stay(session: Transaction, job: Job) -> None:
    """Keep the lease for a while longer.

    Raises:
        LeaseLost: the import is no longer ours.
    """
    await _change(session, job, lease_until=_in_a_lease())


async def leave(session: Transaction, job: Job) -> None:
    """Give the import back, so that another worker goes on with it at once.

    Raises:
        LeaseLost: the import is no longer ours.
    """
    await _change(session, job, lease=None, lease_until=None)


async def finish(session: Transaction, job: Job, failure: str | None = None) -> None:
    """End an import; with a reason if the sheet as a whole could not be read.

    Raises:
        LeaseLost: the import is no longer ours.
    """
    status = "failed" if failure else "done"
    await _change(session, job, status=status, failure=failure, lease=None, lease_until=None, finished_at=func.now())


async def show(session: Transaction, import_id: UUID) -> dict[str, Any] | None:
    """Return how far an import is, with the first thousand things that are wrong."""
    found = await session.get(Import, import_id, populate_existing=True)
    if found is None:
        return None
    faults = select(ImportRowError).where(ImportRowError.import_id == import_id).order_by(ImportRowError.line, ImportRowError.number)
    errors = await session.scalars(faults.limit(MOST_ERRORS_SHOWN))
    return {
        "id": str(found.id),
        "file_name": found.file_name,
        "status": found.status,
        "rows": found.accepted + found.rejected,
        "accepted": found.accepted,
        "rejected": found.rejected,
        "unprocessed": await unprocessed(session, import_id),
        "failure": found.failure,
        "errors": [{"line": error.line, "column": error.column, "reason": error.reason} for error in errors],
    }


async def _change(session: Transaction, job: Job, **values: Any) -> None:
    change = update(Import).where(Import.id == job.id, Import.lease == job.lease).values(**values).returning(Import.id)
    if (await session.execute(change)).one_or_none() is None:
        raise LeaseLost


def _in_a_lease() -> Any:
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, LEASE_SECONDS)
