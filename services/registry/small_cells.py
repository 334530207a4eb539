"""Numbers under five are told to no outsider, neither plainly nor by subtracting what is told. No I/O.

`shown` is for figures of one moment, `held` for a curve. Source: decision 26.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from math import inf
from typing import TypeVar

SMALLEST_SHOWN = 5
"""Whoever is one of fewer could be known by it."""

Cell = TypeVar("Cell", bound=Hashable)
Line = tuple[Cell, frozenset[Cell]]
"""A total and its parts."""


def is_small(count: int) -> bool:
    """Tell whether a number is too small to be told; nobody is as telling as somebody."""
    return count < SMALLEST_SHOWN


def shown(counts: Mapping[Cell, int], sums: Iterable[tuple[Cell, Collection[Cell]]] = ()) -> dict[Cell, int | None]:
    """Return each number that an outsider may see, and None for those that they may not.

    A total that would give a small number away is not told either. Where that is not enough, as where the same people are divided in two
    ways, the smallest number beside it is not told. Give in one call all that one outsider sees of one moment, since numbers of another
    table can be subtracted, too.

    Args:
        counts: every number, totals included; of people, so that none is negative.
        sums: a total and its parts, which add up to exactly it. A total may be a part of another, and be divided in several ways, by
            area and by channel; then it belongs here even if it is told nowhere. Of a total that is not told, do not say whether it is
            small.
    """
    lines = [(total, frozenset(parts)) for total, parts in sums]
    told = {cell for cell, count in counts.items() if not is_small(count)}
    while given_away := _given_away(counts, told, lines):
        told.discard(_giving_way(counts, told, given_away, lines))
    return {cell: count if cell in told else None for cell, count in counts.items()}


def held(counts: Iterable[int]) -> list[int | None]:
    """Return a running count as outsiders may see it move: it stays as last told until it is five or more away from that.

    So nobody who came between two steps is one of fewer than five.
    """
    told: int | None = None
    steps = list[int | None]()
    for count in counts:
        if is_small(count):
            told = None
        elif told is None or abs(count - told) >= SMALLEST_SHOWN:
            told = count
        steps.append(told)
    return steps


def _given_away(counts: Mapping[Cell, int], told: set[Cell], lines: Sequence[Line[Cell]]) -> set[Cell]:
    """Return the small numbers of which an outsider who adds and subtracts knows more than that they are under five."""
    totals = {total for total, _ in lines}
    least: dict[Cell, float] = {}
    most: dict[Cell, float] = {}
    for cell, count in counts.items():
        if cell in told:
            least[cell] = most[cell] = count
        elif is_small(count):
            least[cell], most[cell] = 0, SMALLEST_SHOWN - 1
        else:
            least[cell], most[cell] = 0 if cell in totals else SMALLEST_SHOWN, inf
    changed = True
    while changed:
        changed = False
        for total, parts in lines:
            low, high = sum(least[part] for part in parts), sum(most[part] for part in parts)
            bounds = {total: (low, high)}
            for part in parts:
                others_high = sum(most[other] for other in parts if other != part)
                bounds[part] = (least[total] - others_high, most[total] - (low - least[part]))
            for cell, (lower, upper) in bounds.items():
                if lower > least[cell] or upper < most[cell]:
                    least[cell], most[cell], changed = max(lower, least[cell]), min(upper, most[cell]), True
    return {
        cell
        for cell, count in counts.items()
        if is_small(count) and cell not in totals and (least[cell] > 0 or most[cell] < SMALLEST_SHOWN - 1)
    }


def _giving_way(counts: Mapping[Cell, int], told: set[Cell], given_away: set[Cell], lines: Sequence[Line[Cell]]) -> Cell:
    """Return which number is not told either: the nearest total that is, or where none is left the smallest number beside."""
    reached, layers = set(given_away), list[list[Line[Cell]]]()
    left = list(lines)
    while layer := [line for line in left if not reached.isdisjoint((line[0], *line[1]))]:
        layers.append(layer)
        left = [line for line in left if line not in layer]
        reached |= {cell for total, parts in layer for cell in (total, *parts) if cell not in told}
    nearest_totals = ([total for total, _ in layer if total in told] for layer in layers)
    nearest_parts = ([part for _, parts in layer for part in parts if part in told] for layer in layers)
    candidates: list[Cell] = next((found for found in (*nearest_totals, *nearest_parts) if found), list(told))
    return min(candidates, key=lambda cell: counts[cell])
