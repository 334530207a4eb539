"""The page of coverage: what its pictures and tables are made of. Pictures and tables hold the same numbers. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.registry.numbers import pictures
from services.registry.numbers.counting import Coverage, Covered
from services.registry.numbers.pictures import Bar, Curves, Map, percent_of
from services.registry.numbers.targets import Dated
from services.registry.numbers.timeline import Curve, Point, Timeline
from shared.facts import provinces

LISTED = 13
"""Days or weeks in the table beside the curves, the newest first; the file has all."""


@dataclass(frozen=True)
class Row:
    """One area in the table; `next` is the first dated target that is still ahead."""

    area: Covered
    percent: int | None
    next: Dated | None


@dataclass(frozen=True)
class Growth:
    """Numbers over time.

    Attributes:
        last: the newest point.
        listed: the newest points, the newest first.
    """

    name: str
    picture: Curves | None
    last: Point | None
    listed: Sequence[Point]
    path: Sequence[Dated]


def rows(coverage: Coverage, today: date) -> list[Row]:
    """Return the table's rows."""
    return [
        Row(area, percent_of(area.confirmed, area.target), next((dated for dated in area.path if dated.by >= today), None))
        for area in coverage.items
    ]


def maps(coverage: Coverage) -> list[Map]:
    """Return the maps on which the caller's areas lie, with what part of its target each has confirmed."""
    return pictures.maps({row.area: percent_of(row.confirmed, row.target) for row in coverage.items})


def bars(coverage: Coverage) -> list[Bar]:
    """Return a bar for each country with a target."""
    others = [row for row in coverage.items if row.area not in provinces() and row.target]
    return [pictures.bar(row.area, row.name, row.target, row.confirmed, row.registered) for row in others]


def growth(timeline: Timeline, *, together: str = "") -> Growth:
    """Return the first curve of a timeline, or all as one under a name; for staff only, since a sum gives its parts away."""
    curve = _together(timeline.items, together) if together else timeline.items[0]
    lines = {"registered": [(point.day, point.registered) for point in curve.points]} if timeline.day is None else {}
    lines["confirmed"] = [(point.day, point.confirmed) for point in curve.points]
    picture = pictures.curves(lines, [(dated.by, dated.target) for dated in curve.path])
    return Growth(curve.name, picture, curve.points[-1] if curve.points else None, curve.points[::-1][:LISTED], curve.path)


def _together(curves: Sequence[Curve], name: str) -> Curve:
    points = [
        Point(
            period=of_one_day[0].period,
            day=of_one_day[0].day,
            registered=sum(point.registered or 0 for point in of_one_day),
            confirmed=sum(point.confirmed or 0 for point in of_one_day),
        )
        for of_one_day in zip(*(curve.points for curve in curves), strict=True)
    ]
    days = sorted({dated.by for curve in curves for dated in curve.path})
    path = [Dated(by=day, target=sum(_due(curve.path, day) for curve in curves)) for day in days]
    return Curve(area="", name=name, target=None, path=path, points=points)


def _due(path: Sequence[Dated], day: date) -> int:
    """Return the last target up to a day; 0 before the first."""
    return next((dated.target for dated in reversed(path) if dated.by <= day), 0)
