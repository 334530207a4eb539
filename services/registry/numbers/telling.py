"""Which parts of an area's number outsiders are told, where the whole number is told anyhow. No I/O."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, MutableMapping
from typing import TypeVar

from services.registry.outreach.codes import code_key
from services.registry.small_cells import is_small

Part = TypeVar("Part", bound=Hashable)
NO_CODE = ""
"""Stands for those who gave no partner's code, so that codes and they are all there are."""


def told_of_whole(parts: Mapping[Part, int], rest: int = 0) -> dict[Part, int]:
    """Return which parts may be told of a number that everybody knows, and that they add up to.

    Those left out are at least five people together, or nobody: what is told, subtracted from the whole, gives no small number away.

    Args:
        rest: how many belong to parts that are not named, since each of them is small.
    """
    told = {part: count for part, count in parts.items() if not is_small(count)}
    untold = rest + sum(parts.values()) - sum(told.values())
    while told and untold > 0 and is_small(untold):
        smallest = min(told, key=lambda part: (told[part], str(part)))
        untold += told.pop(smallest)
    return told


def told_of_any(parts: Mapping[Part, int], whole: int) -> dict[Part, int]:
    """Return which parts may be told where somebody can belong to several of them, or to none.

    A part is not told either where so few do not belong to it that they could be known.
    """
    return {part: count for part, count in parts.items() if not is_small(count) and (count == whole or not is_small(whole - count))}


def hide_rests_of_codes(told: Mapping[str, MutableMapping[str, int]], codes: Mapping[str, int]) -> None:
    """Take away what would give a small number away beside the number that each partner has in all areas.

    Where a code is taken away in an area, whoever gave none goes, too, or else all: a single part that is not told is as good as told.

    Args:
        told: area → value as it was given, or `NO_CODE` → how many.
        codes: code key → how many there are in all areas.
    """
    by_code: defaultdict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for area, cells in told.items():
        for value, count in cells.items():
            if value != NO_CODE:
                by_code[code_key(value)][area, value] = count
    for code, places in by_code.items():
        kept = told_of_whole(places, codes.get(code, 0) - sum(places.values()))
        for area, value in places.keys() - kept.keys():
            told[area].pop(value, None)
            if told[area].pop(NO_CODE, None) is None:
                told[area].clear()
