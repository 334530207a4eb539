"""CSV in any dress: the delimiters that programs use, the encodings of Windows and old Macs, line ends inside quotation marks."""

import codecs
import contextlib
import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

from services.gateway.sheets import MOST_CHARACTERS, Dress, Record, Unreadable
from services.gateway.sheets.headings import LOOKED_AT, known

DELIMITERS = ",;\t|"
"""Excel writes `;` where the comma parts decimals."""
SAMPLE = 64 * 1024
"""Characters that must hold the row of headings."""
OLD_ENCODINGS = ["mac_roman", "cp850", "cp437"]
_GUARDED = re.compile(r"'(?='*[=+\-@\t\r\n＝＋－＠])")
"""What an export puts before a cell that a spreadsheet could run, as ours do; it is not part of what the cell says."""
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def encoding_of(data: bytes) -> str:
    """Return a text's encoding: by its mark, else UTF-8 if all of it is, else Windows' Western one, else the likeliest old one.

    Raises:
        Unreadable: it is no text.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    sample = data[:SAMPLE]
    if b"\0" in sample:
        # Text in UTF-16 without a mark has a zero in every other byte, since most of its letters are ASCII.
        zeros = sample[0::2].count(0), sample[1::2].count(0)
        if max(zeros) > len(sample) // 4 and min(zeros) == 0:
            return "utf-16-le" if zeros[1] else "utf-16-be"
    if b"\0" in data:
        raise Unreadable("no_text")
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), SAMPLE):
            decoder.decode(data[start : start + SAMPLE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _western(data)
    return "utf-8"


def _western(data: bytes) -> str:
    # A few letters give a detector nothing to go by, so it is asked only where the usual encoding cannot be.
    if not re.search(rb"[\x81\x8d\x8f\x90\x9d]", data):
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(data[:SAMPLE], cp_isolation=OLD_ENCODINGS).best()
    return best.encoding if best else "cp1252"


def unguarded(cell: str) -> str:
    """Return what a cell says, without the mark that an export put before it."""
    return cell[1:] if cell[:1] == "'" and _GUARDED.match(cell) else cell


def read(data: bytes) -> tuple[Dress, Iterator[Record]]:
    """Return how a file is written, and its rows: the headings are among the first, blank ones are left out.

    Raises:
        Unreadable: it is no text, or nothing in it parts columns.
    """
    encoding = encoding_of(data)
    start = _open(data, encoding).read(SAMPLE)
    skipped = 1 if start.lower().startswith("sep=") else 0  # Excel's own first line, which says the delimiter.
    delimiter = _delimiter(start.split("\n", 1)[-1] if skipped else start)
    return Dress("csv", encoding, delimiter), _records(_open(data, encoding), delimiter, skipped)


def _open(data: bytes, encoding: str) -> io.TextIOWrapper:
    # Five bytes mean nothing in Windows' encoding; what they spoil is one letter, and the rules see it.
    return io.TextIOWrapper(io.BytesIO(data), encoding, errors="replace", newline="")


def _delimiter(start: str) -> str:
    """Return the delimiter under which some row among the first names most fields; if none does, most columns."""
    best: tuple[tuple[int, int], str] = ((0, 1), "")
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(start, newline=""), delimiter=delimiter)
        rows = list[list[str]]()
        with contextlib.suppress(csv.Error):  # The sample may end within a quotation; what came before it counts.
            rows.extend(islice(reader, LOOKED_AT))
        score = max(((known(row), len(row)) for row in rows), default=(0, 0))
        if score > best[0]:
            best = (score, delimiter)
    if not best[1]:
        raise Unreadable("no_columns")
    return best[1]


def _records(lines: io.TextIOWrapper, delimiter: str, skipped: int) -> Iterator[Record]:
    """Give the rows that are not blank, each by itself: one that cannot be read spoils no other."""
    for _ in range(skipped):
        lines.readline()
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        line = reader.line_num + skipped + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Record(line, "not_csv", [])
            continue
        if any(map(str.strip, cells)):
            yield checked(line, [unguarded(cell) for cell in cells])


def checked(line: int, cells: list[str]) -> Record:
    """Return a row, refused where a cell is too long for any field."""
    if max(map(len, cells)) > MOST_CHARACTERS:
        return Record(line, "long_cell", [cell[:MOST_CHARACTERS] for cell in cells])
    return Record(line, "", cells)
