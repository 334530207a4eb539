"""The process that reads one sheet: the file on standard input, records as lines of JSON on standard output.

The first line is how the file is written and its headings, or why it is refused; each other line is `[line, fault, cells]`. It is given no
secrets, and limits itself before it looks at anything: what a hostile file can reach here is one failed upload.
"""

import resource
import sys
from collections.abc import Iterator
from itertools import chain, islice

import orjson

from services.gateway.sheets import MOST_COLUMNS, Dress, Record, Unreadable, delimited, workbooks
from services.gateway.sheets.headings import LOOKED_AT, row_of_headings

MEMORY_BYTES = 1536 * 1024 * 1024
CPU_SECONDS = 60
WRITTEN_AT_ONCE = 1000
SWALLOWED_COLUMNS = 4
"""With fewer, a line of a note may have as many delimiters as a row."""


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def records(data: bytes) -> tuple[Dress, list[str], Iterator[Record]]:
    """Return how a file is written, its headings, and the rows below them.

    Raises:
        Unreadable: the file as a whole makes no sense.
    """
    dress, rows = workbooks.read(data) if workbooks.is_one(data) else delimited.read(data)
    first = list(islice(rows, LOOKED_AT))
    if not first or first[0].fault == "not_csv":
        raise Unreadable("no_columns")
    place = row_of_headings([row.cells for row in first])
    headings = [heading.strip().replace("\0", "\ufffd") for heading in first[place].cells]  # PostgreSQL holds no such character.
    while headings and not headings[-1]:
        headings.pop()
    if len(headings) > MOST_COLUMNS:
        raise Unreadable("many_columns")
    if first[place].fault or len(headings) < 2:
        raise Unreadable("no_columns")
    below = chain(first[place + 1 :], rows)
    return dress, headings, (_fitted(row, len(headings), dress.delimiter) for row in below)


def _fitted(row: Record, columns: int, delimiter: str) -> Record:
    cells, rest = row.cells[:columns], row.cells[columns:]
    if not row.fault and delimiter and columns >= SWALLOWED_COLUMNS and any(_swallows(cell, columns, delimiter) for cell in cells):
        return Record(row.line, "not_csv", row.cells[:MOST_COLUMNS])
    if not row.fault and any(map(str.strip, rest)):
        return Record(row.line, "many_cells", [*cells, *rest][:MOST_COLUMNS])
    while cells and not cells[-1]:
        cells.pop()
    return Record(row.line, row.fault, cells)


def _swallows(cell: str, columns: int, delimiter: str) -> bool:
    """Tell whether a cell holds a line that is a row of its own: a quotation mark before it was opened and never closed."""
    return "\n" in cell and any(line.count(delimiter) >= columns - 1 for line in cell.split("\n")[1:])


def main() -> None:
    """Read one sheet."""
    _limit()
    write = sys.stdout.buffer.write
    try:
        dress, headings, rows = records(sys.stdin.buffer.read())
        write(orjson.dumps({"format": dress.format, "encoding": dress.encoding, "delimiter": dress.delimiter, "columns": headings}) + b"\n")
        while some := list(islice(rows, WRITTEN_AT_ONCE)):
            write(b"".join(orjson.dumps([*row]) + b"\n" for row in some))
    except Unreadable as unreadable:
        write(orjson.dumps({"refused": unreadable.code}) + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
