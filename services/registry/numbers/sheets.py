"""Tables of numbers as CSV or XLSX: the same rows as the answers in JSON."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from fastapi import Request
from fastapi.responses import Response

from services.registry import files
from services.registry.numbers.counting import Coverage
from services.registry.numbers.parts import Parts
from services.registry.numbers.timeline import Timeline

Row = Iterable[str | int | None]
Answer = TypeVar("Answer")


def answer(request: Request, form: str | None, name: str, numbers: Answer, rows: Callable[[], Iterable[Row]]) -> Answer | Response:
    """Return the numbers as they are, or as a file where that is asked for."""
    wanted = files.asked(request, form)
    return numbers if wanted is None else files.small(name, wanted, (tuple(row) for row in rows()))


def of_coverage(coverage: Coverage) -> Iterable[Row]:
    """Give a row an area."""
    yield "area", "name", "target", "registered", "confirmed", "small"
    for row in coverage.items:
        yield row.area, row.name, row.target, row.registered, row.confirmed, "true" if row.small else "false"


def of_timeline(timeline: Timeline) -> Iterable[Row]:
    """Give a row an area and day or week."""
    yield "area", "name", "period", "day", "registered", "confirmed"
    for curve in timeline.items:
        for point in curve.points:
            yield curve.area, curve.name, point.period, point.day.isoformat(), point.registered, point.confirmed


def of_parts(parts: Parts) -> Iterable[Row]:
    """Give a row a part, for outsiders one a part and area."""
    yield "value", "area", "registered", "confirmed"
    for part in parts.items:
        yield part.value, part.area, part.registered, part.confirmed
