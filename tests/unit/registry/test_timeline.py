"""Growth: which days are points, how many there were at their ends, and what outsiders are told of it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.numbers.timeline import Asked, grown, stepped
from shared.errors import Invalid

MONDAY = date(2020, 3, 30)


def test_points_are_the_ends_of_iso_weeks_and_the_last_one_is_today() -> None:
    asked = Asked(since=date(2020, 3, 18))
    assert asked.ends(date(2020, 4, 2), None) == [date(2020, 3, 22), date(2020, 3, 29), date(2020, 4, 2)]
    assert Asked(since=MONDAY, until=MONDAY).ends(date(2020, 4, 2), None) == [MONDAY]


def test_points_begin_with_the_first_count_or_a_year_ago() -> None:
    assert Asked().ends(date(2020, 4, 2), date(2020, 3, 25)) == [date(2020, 3, 29), date(2020, 4, 2)]
    assert len(Asked().ends(date(2020, 4, 2), date(2010, 1, 1))) == 53
    assert len(Asked(bucket="day").ends(date(2020, 4, 2), date(2010, 1, 1))) == 60
    assert Asked().ends(date(2020, 4, 2), None) == [date(2020, 4, 2)]


@pytest.mark.parametrize(
    "asked", [Asked(since=date(2020, 4, 3)), Asked(bucket="day", since=date(2019, 1, 1)), Asked(since=date(2000, 1, 1))]
)
def test_too_many_points_or_none_are_refused(asked: Asked) -> None:
    with pytest.raises(Invalid):
        asked.ends(date(2020, 4, 2), None)


def test_counts_grow_by_all_up_to_the_end_of_the_day() -> None:
    steps = [(MONDAY, 2), (MONDAY, 1), (MONDAY + timedelta(days=2), -1), (MONDAY + timedelta(days=9), 4)]
    ends = [MONDAY + timedelta(days=days) for days in (-1, 0, 1, 2, 8, 9)]
    assert grown(steps, ends) == [0, 3, 3, 2, 2, 6]


def test_outsiders_see_steps_of_five_and_nothing_small() -> None:
    days = [MONDAY + timedelta(days=n) for n in range(6)]
    ends = [day - timedelta(days=1) for day in days]
    assert stepped(days, [3, 5, 7, 9, 10, 4], ends) == [None, 5, 5, 5, 10, None]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=30), st.integers(0, 29))
def test_asking_for_other_days_tells_nothing_more(counts: list[int], start: int) -> None:
    days = [MONDAY + timedelta(days=n) for n in range(len(counts))]
    ends = [day - timedelta(days=1) for day in days]
    assert stepped(days, counts, ends[start:]) == stepped(days, counts, ends)[start:]


def test_a_day_without_figures_has_those_of_the_day_before() -> None:
    assert stepped([MONDAY, MONDAY + timedelta(days=4)], [6, 20], [MONDAY + timedelta(days=n) for n in range(-2, 4)]) == [
        None,
        6,
        6,
        6,
        6,
        20,
    ]
