"""Workbooks: what is written is what a reader finds, as text, and the file comes as it is written."""

import io
import re
import tracemalloc
import zipfile
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from shared.workbook import SHEET, Workbook

HOSTILE = [
    "=1+1",
    "+27710000001",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1",
    "'=1",
    "<b>&amp;",
    " x ",
    "a\nb",
    "_x000D_",
    "]]>",
    "1e5",
    "TRUE",
    "007",
]
text = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\n\r=+-@'_x0D"), min_size=1)


def written(*rows: list[str | int | None]) -> bytes:
    book = Workbook()
    return book.add([["heading"] * len(rows[0]) if rows else ["heading"]]) + book.add(rows) + book.close()


def read(data: bytes) -> list[list[object]]:
    return [list(row) for row in CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()][1:]


def test_every_cell_is_a_text_or_a_number_and_none_a_formula() -> None:
    data = written(list(HOSTILE), [1, None, *[""] * (len(HOSTILE) - 3), 2])
    assert read(data)[0] == HOSTILE
    assert [cell for cell in read(data)[1] if cell != ""] == [1.0, 2.0]
    sheet = ElementTree.fromstring(zipfile.ZipFile(io.BytesIO(data)).read(SHEET))
    tags = {re.sub(r"{.*}", "", each.tag) for each in sheet.iter()}
    assert tags == {"worksheet", "sheetViews", "sheetView", "pane", "sheetData", "row", "c", "is", "t", "v"}
    assert {each.get("t") for each in sheet.iter() if each.tag.endswith("}c")} == {"inlineStr", None}


@given(st.lists(text, min_size=1, max_size=5))
def test_what_is_written_is_read(cells: list[str]) -> None:
    assert read(written([*cells]))[0] == cells


def test_signs_that_xml_cannot_hold_are_replaced() -> None:
    assert read(written(["a\x00b\x0bc"]))[0] == ["a\ufffdb\ufffdc"]


@pytest.mark.parametrize(("place", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_have_their_letters(place: int, letters: str) -> None:
    data = written([*[None] * place, "here"])
    assert f'r="{letters}2"'.encode() in zipfile.ZipFile(io.BytesIO(data)).read(SHEET)


def test_same_table_is_the_same_file() -> None:
    assert written(["Lerato"]) == written(["Lerato"])


def test_file_comes_as_it_is_written_and_little_of_it_is_held() -> None:
    book, pieces, held = Workbook(), list[int](), list[int]()
    tracemalloc.start()
    for pages in (5, 40):
        tracemalloc.reset_peak()
        pieces += [len(book.add([[f"cell {page * row * place}" for place in range(10)] for row in range(100)])) for page in range(pages)]
        held.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    book.close()
    assert pieces[0] > 0
    assert max(pieces) < sum(pieces) / 4
    assert held[1] < 1.2 * held[0]
