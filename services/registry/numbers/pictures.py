"""Numbers as shapes for a page to draw: maps, bars, and curves against targets. No I/O but the maps' own files, no words.

Light and dark say how much, never hue alone: what is drawn can be read in grey, on paper, and by those who see fewer colours. Sizes are
in the units of each picture's own `viewBox`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from math import ceil, log10
from pathlib import Path
from typing import Any, NamedTuple

INK, PAPER = "#14181f", "#fff"
SHADES = (
    (0, "#eff3ff", INK),
    (20, "#c6dbef", INK),
    (40, "#9ecae1", INK),
    (60, "#6baed6", INK),
    (80, "#2171b5", PAPER),
    (100, "#08306b", PAPER),
)
"""From which percent of the target on an area has this shade, and the ink that can be read on it. Source: ColorBrewer, Blues."""
UNTOLD = "url(#untold)"
"""Hatched: the number is not told. A page draws the pattern."""
LAND = "#e5e7eb"
"""What is around the areas of a map, and the areas that are not the caller's."""
CURVE_WIDTH, CURVE_HEIGHT = 400, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 14, 34


class Shape(NamedTuple):
    """One province or country on a map.

    Attributes:
        x: where the middle of its label is.
        beside: where the shape itself is, if it is too small for its label.
    """

    code: str
    path: str
    x: int
    y: int
    fill: str
    ink: str
    percent: int | None
    beside: tuple[int, int] | None = None


class Bar(NamedTuple):
    """One country's bar: lengths in hundredths of the target, both at most `BAR_MOST`."""

    code: str
    name: str
    confirmed: float
    registered: float
    percent: int | None


BAR_MOST = 125.0


@dataclass(frozen=True)
class Map:
    """A map's size and shapes, and the land around them."""

    name: str
    width: int
    height: int
    shapes: tuple[Shape, ...]
    land: str = ""


def percent_of(count: int | None, target: int | None) -> int | None:
    """Return how much of a target is reached, in whole percent, rounded down; None where one of the two is not known."""
    return None if count is None or not target else 100 * count // target


def shade(percent: int | None) -> tuple[str, str]:
    """Return the fill of an area and the ink of what is written on it."""
    if percent is None:
        return UNTOLD, INK
    return next((fill, ink) for least, fill, ink in reversed(SHADES) if percent >= least)


def maps(reached: Mapping[str, int | None]) -> list[Map]:
    """Return each map on which one of these areas lies, with the percent reached; one that is missing is not the caller's business."""
    drawn = {"provinces": _outlines("provinces"), **_outlines("countries")["maps"]}
    return [_map(name, outlines, reached) for name, outlines in drawn.items() if not reached.keys().isdisjoint(outlines["areas"])]


def _map(name: str, drawn: Mapping[str, Any], reached: Mapping[str, int | None]) -> Map:
    shapes = []
    for code, outline in drawn["areas"].items():
        fill, ink = shade(reached[code]) if code in reached else (LAND if "land" in drawn else PAPER, INK)
        (x, y), beside = outline["at"], outline.get("from")
        shapes.append(Shape(code, outline["path"], x, y, fill, ink, reached.get(code), (beside[0], beside[1]) if beside else None))
    return Map(name, drawn["width"], drawn["height"], tuple(shapes), drawn.get("land", ""))


@cache
def _outlines(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(__file__).parent / f"{name}.json").read_text("utf-8"))
    return found


def bar(code: str, name: str, target: int | None, confirmed: int | None, registered: int | None) -> Bar:
    """Return a country's bar; without a target it has no length."""

    def length(count: int | None) -> float:
        return min(BAR_MOST, round(100 * count / target, 1)) if count and target else 0.0

    return Bar(code, name, length(confirmed), length(registered), percent_of(confirmed, target))


class Tick(NamedTuple):
    """A line of the grid and what stands beside it."""

    at: float
    text: str


class Mark(NamedTuple):
    """A dated target on the picture."""

    x: float
    y: float
    by: date
    target: int


@dataclass(frozen=True)
class Curves:
    """What a picture of growth is made of.

    Attributes:
        lines: `d` of each line's path, by its name; a gap where a number is not told.
        ends: where each line ends, for its name.
    """

    lines: dict[str, str]
    ends: dict[str, tuple[float, float]]
    heights: tuple[Tick, ...]
    days: tuple[Tick, ...]
    targets: tuple[Mark, ...]


def curves(lines: Mapping[str, Sequence[tuple[date, int | None]]], targets: Iterable[tuple[date, int]]) -> Curves | None:
    """Return lines against dated targets; None where there is nothing to draw.

    Args:
        lines: (day, count) by the line's name, the earliest first, all with the same days.
    """
    days = [day for points in lines.values() for day, _ in points]
    if not days:
        return None
    first, last = min(days), max(days)
    span = max((last - first).days, 1)
    # A target far ahead would press the curve into a corner.
    shown = [(by, target) for by, target in targets if first <= by and (by - first).days <= 2 * span]
    last = max([last, *(by for by, _ in shown)])
    counts = [count for points in lines.values() for _, count in points if count is not None]
    top, step = _scale(max([*counts, *(target for _, target in shown), 1]))

    def x(day: date) -> float:
        return round(_LEFT + (CURVE_WIDTH - _LEFT - _RIGHT) * (day - first).days / max((last - first).days, 1), 1)

    def y(count: int) -> float:
        return round(CURVE_HEIGHT - _BOTTOM - (CURVE_HEIGHT - _TOP - _BOTTOM) * count / top, 1)

    placed = {name: [(x(day), None if count is None else y(count)) for day, count in points] for name, points in lines.items()}
    ends = {name: [(across, down) for across, down in points if down is not None] for name, points in placed.items()}
    return Curves(
        {name: _line(points) for name, points in placed.items()},
        {name: points[-1] for name, points in ends.items() if points},
        tuple(Tick(y(count), f"{count:,}".replace(",", "\u202f")) for count in range(0, top + 1, step)),
        tuple(Tick(x(day), day.isoformat()) for day in _some_days(first, last)),
        tuple(Mark(x(by), y(target), by, target) for by, target in shown),
    )


def _scale(most: int) -> tuple[int, int]:
    """Return a round top that holds the number, and the step of four or five lines up to it."""
    power = 10 ** max(int(log10(most)) - 1, 0)
    step = next(each * power for each in (1, 2, 5, 10, 20, 25, 50) if each * power * 5 >= most)
    return step * max(ceil(most / step), 1), step


def _some_days(first: date, last: date) -> list[date]:
    middle = date.fromordinal((first.toordinal() + last.toordinal()) // 2)
    return sorted({first, middle, last}) if (last - first).days > 1 else sorted({first, last})


def _line(points: Sequence[tuple[float, float | None]]) -> str:
    path, drawing = [], False
    for across, down in points:
        if down is None:
            drawing = False
            continue
        path.append(f"{'L' if drawing else 'M'}{across:g} {down:g}")
        drawing = True
    return "".join(path)
