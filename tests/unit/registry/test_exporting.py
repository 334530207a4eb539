"""Cells that no spreadsheet runs."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.exporting import columns
from services.registry.files import guard
from services.registry.finding import Filters

HOSTILE = ["=1+1", "+27710000001", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x", "'=1"]


def imported(cell: str) -> str:
    """Return a cell as an import reads it."""
    return cell[1:] if re.match(r"'+[=+\-@\t\r\n＝＋－＠]", cell) else cell


@pytest.mark.parametrize("cell", HOSTILE)
def test_formula_becomes_text(cell: str) -> None:
    assert guard(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Lerato", "'Me Mpho", "a=b", "lerato@example.org", "2020-01-20"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert guard(cell) == cell


@given(st.text(alphabet="'=+-@＝\tab", max_size=6))
def test_what_is_exported_is_imported_unchanged(cell: str) -> None:
    assert imported(guard(cell)) == cell


def test_needs_are_in_no_export_of_one_place() -> None:
    assert "needs" in columns(Filters(language="st"))
    assert "needs" not in columns(Filters(province="ZA-GP"))
    assert "needs" not in columns(Filters(country="GB"))
