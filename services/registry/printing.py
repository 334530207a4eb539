"""The roots of a week as they are printed: on paper nobody who writes to the database can change them. No I/O, no clock."""

from collections.abc import Mapping
from datetime import date, timedelta

WEEK = 7
GROUP = 8
"""Digits between two spaces, so that an eye finds its way."""
NONE = "no root: the registry was not running when the day ended; the next root covers it"


def monday_of(day: date) -> date:
    """Return the Monday of a day's week (ISO 8601)."""
    return day - timedelta(days=day.weekday())


def sheet(monday: date, days: Mapping[date, tuple[str, int]]) -> str:
    """Return a week's roots as a sheet of at most 80 columns.

    Args:
        days: each day's root, in hexadecimal, and how many records it covers.
    """
    year, week, _ = monday.isocalendar()
    lines = [
        f"Ledger of consents: roots of week {week} of {year}, {monday} to {monday + timedelta(days=WEEK - 1)}",
        "",
        "Each root (SHA-256) vouches for all that was recorded until the end of its day (UTC).",
        "",
    ]
    for day in (monday + timedelta(days=number) for number in range(WEEK)):
        if day not in days:
            lines += [f"{day}  {NONE}"]
            continue
        root, records = days[day]
        groups = [root[start : start + GROUP] for start in range(0, len(root), GROUP)]
        lines += [f"{day}  {records} {'record' if records == 1 else 'records'}", f"  {' '.join(groups[:4])}", f"  {' '.join(groups[4:])}"]
    if days:
        last = max(days)
        command = f"  khokahano consents verify --root {last}={days[last][0][:16]}"
        lines += ["", "To compare the database with this sheet, also years later:", command]
    return "\n".join(lines)
