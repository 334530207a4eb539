"""Sheets of people, as programs really write them: read by a process of its own into plain records. `reading` is the way in.

reading   this side: starts the other process, feeds it the file, and takes the records in pages
__main__  the other process, which has no secrets, little memory and little time
delimited CSV in any dress
workbooks XLSX
headings  which column is which field
"""

from dataclasses import dataclass
from typing import NamedTuple

MOST_COLUMNS = 200
MOST_CHARACTERS = 10_000
"""In one cell: ten times what any field may hold."""


class Unreadable(ValueError):
    """The file as a whole makes no sense; `code` is one of `reading.REFUSALS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Record(NamedTuple):
    """One row that is not blank.

    Attributes:
        line: the line of the file on which it begins, as an editor counts; in a workbook the row's own number.
        fault: why it cannot be read, one of `reading.FAULTS`; empty for a row that can.
    """

    line: int
    fault: str
    cells: list[str]


@dataclass(frozen=True)
class Dress:
    """How a file was written: `encoding` and `delimiter` are a CSV file's."""

    format: str
    encoding: str = ""
    delimiter: str = ""
