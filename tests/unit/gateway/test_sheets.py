"""Sheets as people's programs write them are read; what is wrong is told by line."""

import tracemalloc
from collections.abc import AsyncIterator

import pytest

from services.gateway.form.rules import RegistrationForm
from services.gateway.form.sources import CONSENTS
from services.gateway.sheets import MOST_CHARACTERS, MOST_COLUMNS, Record, Unreadable
from services.gateway.sheets.__main__ import records
from services.gateway.sheets.headings import FIELDS, SYNONYMS, fold, guess, missing
from services.gateway.sheets.reading import REFUSALS, UnreadableSheet, opened, unpack
from shared.errors import TooLarge

HEADINGS = ["given_name", "family_name", "city"]
ROW = ["'Malerato", "Mokhehle", "Thaba-Tšeka"]


def written(delimiter: str = ",", encoding: str = "utf-8", end: str = "\n") -> bytes:
    return (end.join([delimiter.join(HEADINGS), delimiter.join(ROW)]) + end).encode(encoding)


def read(data: bytes) -> list[Record]:
    return list(records(data)[2])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_sheet_is_read_in_any_dress(delimiter: str, encoding: str, end: str) -> None:
    dress, headings, rows = records(written(delimiter, encoding, end))
    assert (headings, list(rows), dress.delimiter) == (HEADINGS, [Record(2, "", ROW)], delimiter)


def test_letters_that_windows_does_not_know_are_looked_up_elsewhere() -> None:
    rows = "".join(f"René{number},Müller,Montréal-Genève\n" for number in range(50))
    data = ("given_name,family_name,city\n" + rows + "Hélène,Lefèvre,Besançon\n").encode("mac_roman")
    assert b"\x8f" in data  # Nothing in Windows' encoding.
    dress, _, found = records(data)
    assert (dress.encoding, list(found)[-1].cells) == ("mac_roman", ["Hélène", "Lefèvre", "Besançon"])


def test_excels_own_first_line_is_skipped() -> None:
    assert read(b"sep=;\r\ngiven_name;city\r\nThabo;Rustenburg\r\n") == [Record(3, "", ["Thabo", "Rustenburg"])]


def test_title_above_the_headings_is_skipped() -> None:
    data = b"Lethathamo la litho tsa Mokhatlo,,\n,,\nLebitso,Fane,Mohala\nThabo,Letsie,071 000 0001\n"
    _, headings, rows = records(data)
    assert (headings, list(rows)) == (["Lebitso", "Fane", "Mohala"], [Record(4, "", ["Thabo", "Letsie", "071 000 0001"])])


def test_lines_are_counted_as_an_editor_does() -> None:
    data = b'given_name,contribution_note\nThabo,"two\nlines"\n\n,,\nLineo,one\n'
    assert [(row.line, row.cells) for row in read(data)] == [(2, ["Thabo", "two\nlines"]), (6, ["Lineo", "one"])]


def test_short_row_is_read_and_long_row_is_refused() -> None:
    rows = read(b"given_name,family_name\nThabo\nLineo,Nthunya,,\nPalesa,Mokoena,x\nMpho,Sello\n")
    assert [(row.line, row.fault) for row in rows] == [(2, ""), (3, ""), (4, "many_cells"), (5, "")]


def test_row_that_cannot_be_read_spoils_no_other() -> None:
    huge = b"x" * 200_000
    rows = read(b"given_name,city\nThabo,a\n" + huge + b",b\nLineo," + b"y" * (MOST_CHARACTERS + 1) + b"\nMpho,c\n")
    assert [(row.cells[:1], row.fault) for row in rows] == [(["Thabo"], ""), ([], "not_csv"), (["Lineo"], "long_cell"), (["Mpho"], "")]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no_columns"),
        (b"\n\n", "no_columns"),
        (b"hello", "no_columns"),
        (b"PK\x03\x04", "damaged"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 100, "old_workbook"),
        (b"given_name,city\0\n", "no_text"),
        (bytes(range(256)), "no_text"),
        (b"given_name," + b"x," * MOST_COLUMNS, "many_columns"),
        (b"given_name," + b"x," * 10_000 + b"\n", "many_columns"),
        (b"x" * 300_000, "no_columns"),
    ],
)
def test_sheet_that_is_none_says_why(data: bytes, why: str) -> None:
    with pytest.raises(Unreadable) as unreadable:
        read(data)
    assert unreadable.value.code == why
    assert REFUSALS[why].endswith(".")


def test_fields_are_those_of_the_form() -> None:
    assert set(FIELDS) == set(RegistrationForm.model_fields) - {"consent"} | {f"consent_{part}" for part in CONSENTS}
    assert set(SYNONYMS) < set(FIELDS)
    words = [fold(word) for called in SYNONYMS.values() for word in called]
    assert len(words) == len(set(words))
    assert not set(words) & {fold(field) for field in FIELDS}


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Cell", "phone"),
        ("MOBILE NO.", "phone"),
        ("Cell number:", "phone"),
        ("Nomoro ea mohala", "phone"),
        ("Lebitso", "given_name"),
        ("First  Name", "given_name"),
        ("FANE", "family_name"),
        ("Surname", "family_name"),
        ("E-Mail", "email"),
        ("Áterese ea imeile", "email"),
        ("Naha", "country"),
        ("Profínse", "province"),
        ("Toropo/Motse", "city"),
        ("Setereke", "home_district"),
        ("Selemo sa tsoalo", "birth_year"),
        (" consent_registration ", "consent_registration"),
        ("role", ""),
        ("status", ""),
        ("id", ""),
        ("area", ""),
        ("consent.given_at", ""),
        ("approved_by", ""),
        ("member_id", ""),
        ("registered_at", ""),
        ("reason", ""),
        ("Full name", ""),
    ],
)
def test_heading_is_guessed(heading: str, field: str) -> None:
    assert guess([heading]).fields == [field]


def test_field_that_two_columns_claim_is_left_to_somebody() -> None:
    assert guess(["Cell", "Tel", "Name"]) == (["", "", "given_name"], {"phone": ["Cell", "Tel"]})
    assert guess(["Cell", "phone"]) == (["", "phone"], {})
    assert guess(["phone", "Phone "]).twice == {"phone": ["phone", "Phone "]}


def test_what_is_missing_is_named() -> None:
    assert missing(["", "city"], [], "") == ["given_name", "family_name", "email", "country", "consent_text_version", "consent_basis"]
    assert missing(["given_name", "family_name", "phone"], ["country", "consent_text_version"], "paper") == []
    assert missing(["given_name", "family_name", "phone", "country", "consent_text_version", "consent_registration"], [], "") == []


async def pieces(data: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def test_other_process_reads_many_rows_in_pages_and_little_memory() -> None:
    data = b"given_name,family_name,city\n" + b"".join(f"Lineo,Nthunya,Soweto {each}\n".encode() for each in range(50_000))
    tracemalloc.start()
    async with opened(pieces(data)) as reading:
        assert (reading.columns, reading.dress.encoding) == (HEADINGS, "utf-8")
        count = 0
        async for page in reading.pages:
            found = unpack(page)
            assert [number for number, _ in found] == list(range(count + 1, page.last + 1))
            assert found[-1][1] == Record(page.last + 1, "", ["Lineo", "Nthunya", f"Soweto {page.last - 1}"])
            count = page.last
    assert count == 50_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 * 1024 * 1024


async def test_other_process_says_why_a_sheet_is_none() -> None:
    with pytest.raises(UnreadableSheet) as unreadable:
        async with opened(pieces(b"hello")):
            raise AssertionError
    assert unreadable.value.text == REFUSALS["no_columns"]


async def test_sheet_that_is_too_long_is_read_no_further() -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"a" * 1024 * 1024

    with pytest.raises(TooLarge):
        async with opened(endless()):
            raise AssertionError
    assert taken == 51
