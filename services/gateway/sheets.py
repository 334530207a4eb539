"""Reading sheets of registrations: CSV as people's programs really write it."""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from services.gateway.form.rules import RegistrationForm
from services.gateway.form.sources import CONSENTS

COLUMNS = frozenset(RegistrationForm.model_fields) - {"consent"} | {f"consent_{part}" for part in CONSENTS}
"""The columns that mean something; others are ignored."""
NEEDED = "given_name"
"""A first row without this column is no row of headings."""
MOST_COLUMNS = 200
MOST_CHARACTERS = 10_000
"""In one cell: ten times what any field may hold."""
DELIMITERS = ",;\t"
"""Excel writes `;` where the comma parts decimals."""
LOOKED_AT = 64 * 1024
"""Characters that must hold the whole row of headings."""


class UnreadableSheet(ValueError):
    """The sheet as a whole makes no sense; the text says what to do about it."""


@dataclass(frozen=True)
class Row:
    """One row below the headings.

    Attributes:
        number: counts the rows from 1, blank ones too.
        line: the line of the file on which it begins, as an editor counts.
        cells: the text of each known column.
        fault: why the row cannot be read at all; empty for one that can.
    """

    number: int
    line: int
    cells: dict[str, str]
    fault: str = ""


class Sheet:
    """A CSV file: UTF-8 with or without a mark, UTF-16 with one, else Windows' Western encoding; parted by comma, semicolon or tab.

    Raises:
        UnreadableSheet: it is no text, or its first row names no columns of ours.
    """

    def __init__(self, data: bytes) -> None:
        self._data, self._encoding = data, _encoding(data)
        start = self._open().read(LOOKED_AT)
        self._skipped = 1 if start.lower().startswith("sep=") else 0  # Excel's own first line, which says the delimiter.
        self._delimiter, self.columns = _headings(start.split("\n", 1)[-1] if self._skipped else start)

    def rows(self) -> Iterator[Row]:
        """Give the rows that are not blank, each by itself: one that cannot be read spoils no other."""
        lines = self._open()
        for _ in range(self._skipped):
            lines.readline()
        reader = csv.reader(lines, delimiter=self._delimiter)
        next(reader)
        number, line = 0, reader.line_num
        while True:
            number, line = number + 1, reader.line_num + self._skipped + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield Row(number, line, {}, "This row is not CSV: a quotation mark or a very long cell breaks it.")
                continue
            if any(cell.strip() for cell in cells):
                yield self._row(number, line, cells)

    def _row(self, number: int, line: int, cells: list[str]) -> Row:
        if any(cell.strip() for cell in cells[len(self.columns) :]):
            return Row(number, line, {}, "This row has more cells than the first row names columns.")
        if any(len(cell) > MOST_CHARACTERS for cell in cells):
            return Row(number, line, {}, "A cell of this row is too long.")
        named = zip(self.columns, cells, strict=False)
        return Row(number, line, {column: cell for column, cell in named if column in COLUMNS})

    def _open(self) -> io.TextIOWrapper:
        # Five bytes mean nothing in Windows' encoding; what they spoil is one letter, and the rules see it.
        return io.TextIOWrapper(io.BytesIO(self._data), self._encoding, errors="replace", newline="")


def _encoding(data: bytes) -> str:
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if data.startswith(b"PK\x03\x04"):
        raise UnreadableSheet("This is a spreadsheet's own file. Save it as CSV (UTF-8), then import that.")
    if b"\0" in data:
        raise UnreadableSheet("This is no text file. Save the sheet as CSV (UTF-8), then import that.")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _headings(start: str) -> tuple[str, list[str]]:
    """Return the delimiter under which the first row names most columns of ours, and the names."""
    best: tuple[int, str, list[str]] = (0, "", [])
    for delimiter in DELIMITERS:
        try:
            cells = next(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter), [])
        except csv.Error:
            continue
        names = [cell.strip().lower() for cell in cells]
        known = len(COLUMNS.intersection(names))
        if known > best[0]:
            best = (known, delimiter, names)
    known, delimiter, names = best
    if NEEDED not in names:
        raise UnreadableSheet("The first row must name the columns as the form's fields are named: given_name, family_name, country …")
    if len(names) > MOST_COLUMNS:
        raise UnreadableSheet(f"The first row names more than {MOST_COLUMNS} columns.")
    if twice := sorted(name for name in COLUMNS if names.count(name) > 1):
        raise UnreadableSheet(f"The first row names a column twice: {', '.join(twice)}.")
    return delimiter, names
