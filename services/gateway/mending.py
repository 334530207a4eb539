"""The rows that were refused, as a file to mend and hand in again: the sheet's own columns, and why."""

import csv
import io
import re
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from services.gateway import imports
from services.gateway.model import ImportBadRow, ImportRowError
from shared.database import Database
from shared.web.language import Language

REASON = "reason"
"""The added column; an import takes no notice of it."""
ROWS = 500
"""Read in one transaction."""
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")  # Excel takes full-width signs for the plain ones.


def guard(cell: str) -> str:
    """Return a cell that a spreadsheet shows as text: `'` goes before what it could run, and an import takes it away again."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


async def mend(database: Database, import_id: UUID, columns: Sequence[str], language: Language) -> AsyncIterator[bytes]:
    """Give the file in pieces, in short transactions, since a long one would keep dead rows from being cleaned."""
    yield "\ufeff".encode() + _lines([[*map(guard, columns), REASON]])  # Excel reads UTF-8 only where a byte order mark says so.
    after = -1
    while True:
        async with database.transaction() as session:
            rows: list[ImportBadRow] = list(await session.scalars(imports.bad_rows(import_id, after, ROWS)))
            faults: list[ImportRowError] = list(await session.scalars(imports.faults_of(import_id, [row.line for row in rows])))
        if rows:
            yield _lines([_row(row, len(columns), faults, language) for row in rows])
        if len(rows) < ROWS:
            return
        after = rows[-1].line


def _row(row: ImportBadRow, columns: int, faults: Sequence[ImportRowError], language: Language) -> list[str]:
    cells = [*row.cells, *[""] * columns][: max(columns, len(row.cells))]
    said = "; ".join(_said(fault, language) for fault in faults if fault.line == row.line)
    # A row that was too long pushes its reason out of the column: joined, it can be seen whole and mended.
    cells = [*cells[: columns - 1], " | ".join(cells[columns - 1 :])]
    return [*map(guard, cells), guard(said)]


def _said(fault: ImportRowError, language: Language) -> str:
    reason = (fault.reason_st if language == "st" else None) or fault.reason
    return f"{fault.column}: {reason}" if fault.column else reason


def _lines(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
