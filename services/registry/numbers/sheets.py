"""Tables of numbers as CSV or XLSX: the same rows as the answers in JSON."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Query, Request
from fastapi.responses import Response

from services.registry.exporting import FILES, MEDIA_TYPES, asked
from services.registry.numbers.counting import Coverage
from services.registry.numbers.parts import Parts
from services.registry.numbers.timeline import Timeline

RESPONSES: dict[int | str, dict[str, Any]] = {200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}}
Form = Annotated[
    Literal["json", "csv", "xlsx"] | None, Query(alias="format", description="`csv` or `xlsx`, or `Accept` says so: as a table")
]
Row = Iterable[str | int | None]
Answer = TypeVar("Answer")


def is_wanted(request: Request, form: str | None) -> bool:
    """Tell whether a table is asked for, so that whoever pages knows to fetch all."""
    return asked(request.headers.get("accept", ""), form) is not None


def answer(request: Request, form: str | None, name: str, numbers: Answer, rows: Callable[[], Iterable[Row]]) -> Answer | Response:
    """Return the numbers as they are, or as a file where that is asked for."""
    wanted = asked(request.headers.get("accept", ""), form)
    if wanted is None:
        return numbers
    file = FILES[wanted]()
    headers = {"content-disposition": f'attachment; filename="{name}.{wanted}"', "cache-control": "no-store"}
    return Response(file.add(tuple(row) for row in rows()) + file.close(), media_type=MEDIA_TYPES[wanted], headers=headers)


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
