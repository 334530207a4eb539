"""Workbooks made by hand, good and hostile: what no spreadsheet program would write can be written here."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

CONTENT_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.{kind}.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
PLAIN = "openxmlformats-officedocument.spreadsheetml.sheet"
MACROS = "ms-excel.sheet.macroEnabled"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_ROOT = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/%s" Target="%s"/></Relationships>'
)
_WORKBOOK = (
    '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    f' xmlns:r="{_RELATIONS}"><sheets><sheet name="People" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'


def letters(column: int) -> str:
    """Return a column's letters: 0 is A, 26 is AA."""
    found = ""
    while column >= 0:
        found, column = chr(65 + column % 26) + found, column // 26 - 1
    return found


def cell(place: str, value: object) -> str:
    """Return a cell; a text that begins with `f:` is a formula and, after `|`, the value it had."""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value}</v></c>'
    said = str(value)
    if said.startswith("f:"):
        formula, _, shown = said[2:].partition("|")
        return f'<c r="{place}" t="str"><f>{escape(formula)}</f><v>{escape(shown)}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(said)}</t></is></c>'


def sheet(rows: Sequence[Sequence[object]]) -> str:
    """Return a worksheet; empty cells are left out, as programs do."""
    lines = [
        f'<row r="{number}">{"".join(cell(f"{letters(place)}{number}", value) for place, value in enumerate(row) if value != "")}</row>'
        for number, row in enumerate(rows, 1)
    ]
    return _SHEET % "".join(lines)


def workbook(
    rows: Sequence[Sequence[object]], *, kind: str = PLAIN, further: Mapping[str, bytes] | None = None, worksheet: str = ""
) -> bytes:
    """Return a workbook of one sheet; `further` parts are added, or take the place of its own."""
    parts = {
        "[Content_Types].xml": CONTENT_TYPES.replace("{kind}", kind).encode(),
        "_rels/.rels": (_ROOT % ("officeDocument", "xl/workbook.xml")).encode(),
        "xl/workbook.xml": _WORKBOOK.encode(),
        "xl/_rels/workbook.xml.rels": (_ROOT % ("worksheet", "worksheets/sheet1.xml")).encode(),
        "xl/worksheets/sheet1.xml": (worksheet or sheet(rows)).encode(),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (parts | dict(further or {})).items():
            archive.writestr(name, content)
    return packed.getvalue()
