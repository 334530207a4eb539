"""Sheets as people's programs write them are read; what is wrong is told by line."""

import pytest

from services.gateway.sheets import MOST_CHARACTERS, MOST_COLUMNS, Row, Sheet, UnreadableSheet

ROW = {"given_name": "'Malerato", "family_name": "Mokhehle", "city": "Thaba-Tšeka"}


def written(delimiter: str = ",", encoding: str = "utf-8", end: str = "\n") -> bytes:
    lines = [delimiter.join(ROW), delimiter.join(ROW.values())]
    return (end.join(lines) + end).encode(encoding)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_sheet_is_read_in_any_dress(delimiter: str, encoding: str, end: str) -> None:
    assert list(Sheet(written(delimiter, encoding, end)).rows()) == [Row(1, 2, ROW)]


def test_headings_are_known_in_any_case_and_others_are_ignored() -> None:
    data = b" Given_Name , FAMILY_NAME,status,id\nThabo,Letsie,processed,7\n"
    assert [row.cells for row in Sheet(data).rows()] == [{"given_name": "Thabo", "family_name": "Letsie"}]


def test_excels_own_first_line_is_skipped() -> None:
    assert list(Sheet(b"sep=;\r\ngiven_name;city\r\nThabo;Rustenburg\r\n").rows()) == [
        Row(1, 3, {"given_name": "Thabo", "city": "Rustenburg"})
    ]


def test_lines_are_counted_as_an_editor_does() -> None:
    data = b'given_name,contribution_note\nThabo,"two\nlines"\n\n,,\nLineo,one\n'
    assert [(row.number, row.line, row.cells["given_name"]) for row in Sheet(data).rows()] == [(1, 2, "Thabo"), (4, 6, "Lineo")]


def test_short_row_is_read_and_long_row_is_refused() -> None:
    rows = list(Sheet(b"given_name,family_name\nThabo\nLineo,Nthunya,,\nPalesa,Mokoena,x\nMpho,Sello\n").rows())
    assert [(row.line, bool(row.fault)) for row in rows] == [(2, False), (3, False), (4, True), (5, False)]


def test_row_that_cannot_be_read_spoils_no_other() -> None:
    huge = b"x" * 200_000
    rows = list(Sheet(b"given_name,city\nThabo,a\n" + huge + b",b\nLineo," + b"y" * (MOST_CHARACTERS + 1) + b"\nMpho,c\n").rows())
    assert [(row.cells.get("given_name"), bool(row.fault)) for row in rows] == [
        ("Thabo", False),
        (None, True),
        (None, True),
        ("Mpho", False),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"PK\x03\x04",
        b"name,surname\nThabo,Letsie\n",
        b"given_name,city\0\n",
        b"given_name,given_name\n",
        b"given_name," + b"x," * MOST_COLUMNS,
        b"x" * 300_000,
    ],
)
def test_sheet_that_is_none_says_why(data: bytes) -> None:
    with pytest.raises(UnreadableSheet) as unreadable:
        list(Sheet(data).rows())
    assert str(unreadable.value).endswith((".", "…"))
