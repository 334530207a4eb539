"""XLSX: looked through as the archive it is before anything parses it, then read as values; formulas are not run."""

import datetime
import io
import zipfile
from collections.abc import Iterator

from services.gateway.sheets import Dress, Record, Unreadable
from services.gateway.sheets.delimited import checked

MOST_ENTRIES = 2000
MOST_UNPACKED = 512 * 1024 * 1024
MOST_TIMES = 200
"""How many times its packed size a part may unpack to; sheets of people come to 5 to 50."""
HARMLESS_BYTES = 4 * 1024 * 1024
"""A part that unpacks to no more than this may be packed as tightly as it likes."""
PIECE = 1024 * 1024
_PROLOGUE = (b"<!DOCTYPE", b"<!ENTITY")
_OLD = bytes.fromhex("d0cf11e0a1b11ae1")
"""Microsoft's compound file: an .xls, or any workbook under a password."""


def is_one(data: bytes) -> bool:
    """Tell whether this is a spreadsheet program's own file."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06", _OLD))


def read(data: bytes) -> tuple[Dress, Iterator[Record]]:
    """Return the rows of a workbook's first visible sheet that are not blank.

    Raises:
        Unreadable: it is another program's file, holds macros, unpacks to too much, or is damaged.
    """
    if data.startswith(_OLD):
        raise Unreadable("old_workbook")
    try:
        _look_through(data)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as broken:
        if isinstance(broken, Unreadable):
            raise
        raise Unreadable("damaged") from None
    return Dress("xlsx"), _records(data)


def _look_through(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if len(parts) > MOST_ENTRIES or sum(part.file_size for part in parts) > MOST_UNPACKED:
            raise Unreadable("bomb")
        if any(part.file_size > HARMLESS_BYTES and part.file_size > MOST_TIMES * part.compress_size for part in parts):
            raise Unreadable("bomb")
        names = [part.filename.lower() for part in parts]
        # Two parts of one name, or parts that lie over each other, would be another file to the next program.
        if len(set(names)) < len(names) or sum(part.compress_size for part in parts) > len(data):
            raise Unreadable("damaged")
        if any(name.endswith("vbaproject.bin") or "/macrosheets/" in name for name in names):
            raise Unreadable("macros")
        if "xl/workbook.xml" not in names or "[content_types].xml" not in names:
            raise Unreadable("other_workbook")
        for part in parts:
            _look_at(archive, part)


def _look_at(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Unpack a part once, bounded by the size that it claims: a lie shows in its check sum."""
    tail = b""
    with archive.open(part) as opened:
        while piece := opened.read(PIECE):
            text = tail + piece
            if any(word in text for word in _PROLOGUE):
                raise Unreadable("damaged")  # No spreadsheet program declares entities.
            if part.filename.lower() == "[content_types].xml" and b"macroenabled" in text.lower():
                raise Unreadable("macros")
            tail = text[-64:]


def _records(data: bytes) -> Iterator[Record]:
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        visible = [
            place
            for place, sheet in enumerate(workbook.sheets_metadata)
            if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
        ]
        if not visible:
            raise Unreadable("no_columns")
        rows = workbook.get_sheet_by_index(visible[0]).iter_rows()
    except CalamineError:
        raise Unreadable("damaged") from None
    for number, values in enumerate(rows, 1):
        cells = [_text(value) for value in values]
        if any(map(str.strip, cells)):
            yield checked(number, cells)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # A phone number that was typed as a number.
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)
