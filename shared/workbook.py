"""XLSX written as it goes: a table of any length in little memory, its first bytes out before its last row is known.

The libraries that write workbooks (XlsxWriter, openpyxl) make the archive once the last row is there, so that a long table would begin to
arrive after the gateway's patience has ended. What a plain table needs of the format is little: one sheet, and each cell a text or a
number. No cell is ever a formula, whatever it begins with. Source: ECMA-376, part 1, 18.3.1 (worksheets).
"""

import re
import zipfile
from collections.abc import Iterable, Sequence

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET = "xl/worksheets/sheet1.xml"
LEVEL = 4
"""Of deflate: the usual 6 takes a third longer and saves a twentieth."""
_AT = (1980, 1, 1, 0, 0, 0)
"""Of each part, so that the same table is the same file."""
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>'
    f'<Override PartName="/{SHEET}" ContentType="{_TYPES}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    # Style 1 is text (format 49): a cell stays one when somebody edits it.
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts>'
    '<fills count="2"><fill/><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/><xf numFmtId="49" applyNumberFormat="1"/></cellXfs></styleSheet>',
}
_BEGIN = (
    f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)
_END = "</sheetData></worksheet>"
_MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_SIGNS = re.compile("[&<>\r]")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""Excel reads `_x000D_` as a sign by its number; so its first sign is written by its own."""

Cell = str | int | float | None


class _Sink:
    """What the archive is written into; it cannot be gone back in, so the archive says each part's size after it."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes, /) -> int:
        self._written += data
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def take(self) -> bytes:
        taken, self._written = bytes(self._written), bytearray()
        return taken


class Workbook:
    """One table that is being written. The first row, the headings, stays in sight.

    Its methods take tens of milliseconds for some hundred rows: call them off the event loop, one at a time.
    """

    def __init__(self) -> None:
        self._sink, self._row = _Sink(), 0
        self._archive = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)
        for name, content in PARTS.items():
            with self._archive.open(_part(name), "w") as part:
                part.write((_HEAD + content).encode())
        self._sheet = self._archive.open(_part(SHEET), "w", force_zip64=False)
        self._sheet.write(_BEGIN.encode())

    def add(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        """Write rows, and return what of the file has come together."""
        lines = []
        for row in rows:
            self._row += 1
            cells = "".join([_cell(f"{_letters(place)}{self._row}", cell) for place, cell in enumerate(row) if cell not in (None, "")])
            lines.append(f'<row r="{self._row}">{cells}</row>')
        self._sheet.write("".join(lines).encode())
        return self._sink.take()

    def close(self) -> bytes:
        """Return the end of the file."""
        self._sheet.write(_END.encode())
        self._sheet.close()
        self._archive.close()
        return self._sink.take()


def _part(name: str) -> zipfile.ZipInfo:
    part = zipfile.ZipInfo(name, _AT)
    part.compress_type = zipfile.ZIP_DEFLATED
    part.external_attr = 0o600 << 16
    return part


def _cell(place: str, cell: Cell) -> str:
    if isinstance(cell, str):
        return f'<c r="{place}" t="inlineStr" s="1"><is><t xml:space="preserve">{_text(cell)}</t></is></c>'
    return f'<c r="{place}"><v>{cell}</v></c>'


def _text(cell: str) -> str:
    plain = _LOOKS_ESCAPED.sub("_x005F_", _NOT_XML.sub("\ufffd", cell))
    return _SIGNS.sub(lambda sign: _MARKUP[sign.group()], plain)


def _letters(place: int) -> str:
    """Return a column's letters: A for the first, AA for the 27th."""
    letters = ""
    while place >= 0:
        place, rest = divmod(place, 26)
        letters, place = chr(ord("A") + rest) + letters, place - 1
    return letters
