"""Workbooks are read as values; what could harm is refused before anything parses it."""

import io
import struct
import time
import zipfile
from collections.abc import AsyncIterator

import pytest

from services.gateway.sheets import Record, Unreadable
from services.gateway.sheets.__main__ import records
from services.gateway.sheets.reading import REFUSALS, UnreadableSheet, opened
from tests.workbooks import MACROS, sheet, workbook

HEADINGS = ["given_name", "family_name", "phone"]


def why_not(data: bytes) -> str:
    with pytest.raises(Unreadable) as unreadable:
        list(records(data)[2])
    return unreadable.value.code


def test_cells_are_read_as_text_as_people_see_them() -> None:
    rows = [
        [],
        ["Members of the association"],
        HEADINGS,
        ["Lineo", 'f:"Nthu"&"nya"|Nthunya', "+27 71 000 0001"],
        [],
        ["Tšepo", "=cmd|' /C calc'!A0", 27710000002],
        ["Palesa", "Mokoena", 71.5],
        [True, "Ṱhavhana", "x"],
    ]
    dress, headings, found = records(workbook(rows))
    assert (dress.format, headings) == ("xlsx", HEADINGS)
    assert list(found) == [
        Record(4, "", ["Lineo", "Nthunya", "+27 71 000 0001"]),
        Record(6, "", ["Tšepo", "=cmd|' /C calc'!A0", "27710000002"]),
        Record(7, "", ["Palesa", "Mokoena", "71.5"]),
        Record(8, "", ["true", "Ṱhavhana", "x"]),
    ]


def test_formula_without_a_value_is_not_run() -> None:
    assert list(records(workbook([HEADINGS, ["Lineo", "f:1+1|", "f:HYPERLINK(A1)|"]]))[2]) == [Record(2, "", ["Lineo"])]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (workbook([HEADINGS], further={"xl/vbaProject.bin": b"macro"}), "macros"),
        (workbook([HEADINGS], kind=MACROS), "macros"),
        (workbook([HEADINGS], further={"xl/macrosheets/sheet1.xml": b"<x/>"}), "macros"),
        (workbook([HEADINGS], further={"xl/media/zeros": b"\0" * 64 * 1024 * 1024}), "bomb"),
        (workbook([HEADINGS], further={f"xl/{number}": b"" for number in range(3000)}), "bomb"),
        (workbook([HEADINGS], worksheet='<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + sheet([HEADINGS])), "damaged"),
        (workbook([["c" * 3] * 10_000, ["x"] * 10_000]), "many_columns"),
        (workbook([HEADINGS])[:-40], "damaged"),
        (workbook([]), "no_columns"),
        (workbook([HEADINGS], worksheet="<worksheet><sheetData><row><c"), "damaged"),
    ],
)
def test_workbook_that_could_harm_is_refused(data: bytes, why: str) -> None:
    began = time.monotonic()
    assert why_not(data) == why
    assert time.monotonic() - began < 1
    assert REFUSALS[why].endswith(".")


def test_other_programs_archives_are_told_apart() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert why_not(packed.getvalue()) == "other_workbook"


def test_archive_that_lies_about_a_size_is_refused() -> None:
    """A part claims to be small, and unpacks to more than its reader was told."""
    data = bytearray(workbook([HEADINGS], further={"xl/media/zeros": b"\0" * 10_000_000}))
    # The central directory's size of the last part: a signature, 20 bytes further the packed size, then the true one.
    place = data.rindex(b"PK\x01\x02")
    assert struct.unpack_from("<I", data, place + 24) == (10_000_000,)
    struct.pack_into("<I", data, place + 24, 100)
    assert why_not(bytes(data)) == "damaged"


def test_two_parts_of_one_name_are_refused() -> None:
    data = io.BytesIO(workbook([HEADINGS]))
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(data, "a") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", sheet([["other"]]))
    assert why_not(data.getvalue()) == "damaged"


async def test_cell_in_the_furthest_corner_costs_one_upload_and_no_more() -> None:
    """A dense table up to XFD1048576 would be 17 thousand million cells: the process that tries has no such memory."""
    far = sheet([HEADINGS]).replace("</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')
    data = workbook([], worksheet=far)

    async def whole() -> AsyncIterator[bytes]:
        yield data

    began = time.monotonic()
    with pytest.raises(UnreadableSheet) as unreadable:
        async with opened(whole()) as reading:
            async for _ in reading.pages:
                raise AssertionError
    assert unreadable.value.text == REFUSALS["too_much"]
    assert time.monotonic() - began < 5
