"""What the page about data protection names is there: each test, each file, each principle; and it says plainly what is not met."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from services.registry.settings import RegistrySettings

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/data-protection.md"
NAMED = re.compile(r"`((?:tests|services|shared|ops|bench|docs)/[\w./-]+?)(?:::(\w+))?`")
NOT_YET = "*Not yet*"


def named() -> list[tuple[str, str]]:
    """Return the path and, if one is named, the test of each place that the page points to."""
    return sorted({(path, test) for path, test in NAMED.findall(PAGE.read_text())})


@cache
def functions_of(path: str) -> frozenset[str]:
    """Return the names of a file's tests."""
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))


def section(heading: str) -> list[list[str]]:
    """Return the rows of a section's table, without its head."""
    body = PAGE.read_text().partition(f"\n## {heading}")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in body.splitlines() if line.startswith("|")]
    return rows[2:]


@pytest.mark.parametrize(("path", "test"), named(), ids=lambda each: str(each).rpartition("/")[2])
def test_what_is_named_is_there(path: str, test: str) -> None:
    assert (ROOT / path).exists()
    if path.startswith("tests/") and test:
        assert test in functions_of(path)
    elif path.startswith("tests/"):
        assert any(name.startswith("test_") for name in functions_of(path))


@pytest.mark.parametrize(("heading", "rows"), [("IOM's thirteen principles", 13), ("South Africa", 8)])
def test_every_principle_has_its_row_and_a_test(heading: str, rows: int) -> None:
    found = section(heading)
    assert [row[0] for row in found] == [str(number) for number in range(1, rows + 1)]
    assert [row[0] for row in found if "`tests/" not in row[-1]] == []


@pytest.mark.parametrize("heading", ["European Union", "Lesotho", "Risks"])
def test_row_without_a_test_says_that_it_is_not_met_or_is_for_people(heading: str) -> None:
    people = ("Breach", "Telling of a security compromise")
    bare = [row for row in section(heading) if "`tests/" not in row[-1]]
    assert [row[0] for row in bare if not any(NOT_YET in cell for cell in row) and row[0] not in people] == []


def test_what_is_not_met_is_said_in_one_list_too() -> None:
    page = PAGE.read_text()
    assert page.count(NOT_YET) >= 5
    assert "\n## What is not met yet, in one list\n" in page


def test_times_are_those_of_the_settings() -> None:
    fields = RegistrySettings.model_fields
    page = PAGE.read_text()
    for name, said in (
        ("keep_unconfirmed_days", "60 days"),
        ("keep_inactive_days", "5 years"),
        ("keep_bounced_days", "180 days"),
    ):
        days = fields[name].default
        assert f"{said} (`{name.upper()}`)" in page
        assert days == {"60 days": 60, "5 years": 5 * 365, "180 days": 180}[said]
