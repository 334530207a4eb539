"""Numbers under five stay untold, whatever is added to or subtracted from what is told."""

from collections.abc import Mapping
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.small_cells import held, shown

AREAS = ("GP", "FS", "NW")
Counts = dict[str, int]
Sums = Mapping[str, tuple[str, ...]]


def possible(told: dict[str, int | None], sums: Sums, known_small: set[str]) -> dict[str, set[int]]:
    """Return, by trying everything, what each small part can be for somebody who sees what is told and knows which parts are small."""
    parts = [cell for cell in told if cell not in sums]
    choices = []
    for cell in parts:
        number = told[cell]
        choices.append([number] if number is not None else range(5) if cell in known_small else range(5, 26))
    found: dict[str, set[int]] = {cell: set() for cell in known_small}
    for numbers in product(*choices):
        guess = dict(zip(parts, numbers, strict=True))
        for total in sums:
            guess[total] = _add(total, sums, guess)
        if all(told[total] in (None, guess[total]) for total in sums):
            for cell in known_small:
                found[cell].add(guess[cell])
    return found


def _add(cell: str, sums: Sums, guess: Counts) -> int:
    return sum(_add(part, sums, guess) for part in sums[cell]) if cell in sums else guess[cell]


def whole(parts: Counts, sums: Sums) -> Counts:
    return {**parts, **{total: _add(total, sums, parts) for total in sums}}


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"GP": 12, "FS": 7, "NW": 6}, {"GP": 12, "FS": 7, "NW": 6, "all": 25}),
        ({"GP": 12, "FS": 7, "NW": 3}, {"GP": 12, "FS": 7, "NW": None, "all": None}),
        ({"GP": 12, "FS": 2, "NW": 2}, {"GP": 12, "FS": None, "NW": None, "all": 16}),
        ({"GP": 12, "FS": 0, "NW": 0}, {"GP": 12, "FS": None, "NW": None, "all": None}),
        ({"GP": 12, "FS": 4, "NW": 4}, {"GP": 12, "FS": None, "NW": None, "all": None}),
        ({"GP": 1, "FS": 1, "NW": 1}, {"GP": None, "FS": None, "NW": None, "all": None}),
    ],
)
def test_a_total_gives_way_where_it_would_give_a_small_number_away(parts: Counts, told: dict[str, int | None]) -> None:
    assert shown(whole(parts, {"all": AREAS}), [("all", AREAS)]) == told


def test_a_total_of_totals_gives_way_too() -> None:
    sums = {"ZA": ("GP", "FS"), "all": ("ZA", "GB")}
    told = shown(whole({"GP": 40, "FS": 3, "GB": 9}, sums), sums.items())
    assert told == {"GP": 40, "FS": None, "GB": 9, "ZA": None, "all": None}


def test_the_same_people_divided_twice_hide_a_part() -> None:
    """Ways add up to everybody, so that it is of no use not to tell how many these are."""
    counts = {"GP": 20, "FS": 3, "web": 14, "sheet": 9, "all": 23}
    told = shown(counts, [("all", ("GP", "FS")), ("all", ("web", "sheet"))])
    assert told == {"GP": None, "FS": None, "web": 14, "sheet": 9, "all": None}


@given(st.lists(st.integers(0, 14), min_size=2, max_size=4))
def test_nobody_subtracts_a_small_number_from_one_total(numbers: list[int]) -> None:
    parts = {f"p{place}": number for place, number in enumerate(numbers)}
    sums = {"all": tuple(parts)}
    small = {cell for cell, number in parts.items() if number < 5}
    told = shown(whole(parts, sums), sums.items())
    assert all(told[cell] is None for cell in small)
    assert all(told[cell] == number for cell, number in parts.items() if cell not in small)
    assert all(found == set(range(5)) for found in possible(told, sums, small).values())


@given(st.lists(st.integers(0, 9), min_size=4, max_size=4))
def test_nobody_subtracts_a_small_number_from_totals_of_totals(numbers: list[int]) -> None:
    parts = dict(zip(("GP", "FS", "GB", "US"), numbers, strict=True))
    sums = {"ZA": ("GP", "FS"), "all": ("ZA", "GB", "US")}
    small = {cell for cell, number in parts.items() if number < 5}
    told = shown(whole(parts, sums), sums.items())
    assert all(found == set(range(5)) for found in possible(told, sums, small).values())


def test_a_curve_moves_by_five_or_not_at_all() -> None:
    assert held([0, 3, 5, 6, 9, 10, 11, 12, 18, 14, 13, 4, 6]) == [None, None, 5, 5, 5, 10, 10, 10, 18, 18, 13, None, 6]


@given(st.lists(st.integers(0, 40), max_size=30))
def test_no_two_steps_of_a_curve_are_less_than_five_apart(counts: list[int]) -> None:
    told = held(counts)
    assert all(number is None or number >= 5 for number in told)
    steps = [(before, after) for before, after in pairwise(told) if before and after]
    assert all(after == before or abs(after - before) >= 5 for before, after in steps)
