"""The roots of a week on paper: whole, in order, no wider than a page, and with the days that have none."""

from datetime import date, timedelta

import pytest

from services.registry.printing import monday_of, sheet

MONDAY = date(2026, 11, 16)
ROOT = "0f3c9a1b" * 8


@pytest.mark.parametrize("day", range(7))
def test_week_begins_on_monday(day: int) -> None:
    assert monday_of(MONDAY + timedelta(days=day)) == MONDAY


def test_sheet_has_each_days_root_whole_and_says_how_to_compare() -> None:
    days = {MONDAY + timedelta(days=number): (f"{number}" + ROOT[1:], number) for number in range(7)}
    printed = sheet(MONDAY, days)
    assert "week 47 of 2026, 2026-11-16 to 2026-11-22" in printed
    for number, (day, (root, records)) in enumerate(sorted(days.items())):
        assert f"{day}  {records} {'record' if number == 1 else 'records'}\n" in printed
        assert root in printed.replace(" ", "").replace("\n", "")
    assert printed.endswith(f"--root 2026-11-22=6{ROOT[1:16]}")
    assert max(map(len, printed.splitlines())) <= 85


def test_day_without_a_root_is_said_so() -> None:
    printed = sheet(MONDAY, {MONDAY: (ROOT, 3)})
    assert printed.count("no root: the registry was not running") == 6
    assert "--root 2026-11-16=" in printed
    assert "--root" not in sheet(MONDAY, {})
