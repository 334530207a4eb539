"""The forum is in the week before Easter, and is known early enough."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.forum.dates import NOTICE, answer_deadline, easter, forum_start, last_day


@pytest.mark.parametrize(
    ("year", "sunday"),
    [
        (1961, date(1961, 4, 2)),
        (1981, date(1981, 4, 19)),  # The two exceptions of older rules: 1954 and 1981.
        (1954, date(1954, 4, 18)),
        (2000, date(2000, 4, 23)),
        (2008, date(2008, 3, 23)),
        (2019, date(2019, 4, 21)),
        (2020, date(2020, 4, 12)),
        (2021, date(2021, 4, 4)),
        (2024, date(2024, 3, 31)),
        (2025, date(2025, 4, 20)),
        (2026, date(2026, 4, 5)),
        (2027, date(2027, 3, 28)),
        (2038, date(2038, 4, 25)),  # The latest there is.
        (2285, date(2285, 3, 22)),  # The earliest there is.
    ],
)
def test_easter_is_the_known_sunday(year: int, sunday: date) -> None:
    assert easter(year) == sunday


def test_easter_is_a_sunday_of_spring_in_every_year() -> None:
    days = [easter(year) for year in range(1900, 2300)]
    assert {day.weekday() for day in days} == {6}
    assert all((3, 22) <= (day.month, day.day) <= (4, 25) for day in days)


@pytest.mark.parametrize(
    ("today", "first_day"),
    [
        (date(2019, 12, 1), date(2020, 4, 8)),
        (date(2020, 2, 14), date(2020, 4, 8)),  # Good Friday is 8 weeks off to the day.
        (date(2020, 2, 15), date(2021, 3, 31)),  # One day less: next year's.
        (date(2020, 12, 31), date(2021, 3, 31)),
        (date(2026, 6, 1), date(2027, 3, 24)),
    ],
)
def test_forum_starts_on_the_wednesday_before_good_friday(today: date, first_day: date) -> None:
    assert forum_start(today) == first_day


def test_forum_start_is_always_a_wednesday_that_leaves_time_to_prepare() -> None:
    for day in range(4000):
        today = date(2018, 1, 1) + timedelta(days=day)
        first_day = forum_start(today)
        assert first_day.weekday() == 2
        assert NOTICE - timedelta(days=2) <= first_day - today < timedelta(days=450)


def test_answer_deadline_is_two_weeks_before_the_forum() -> None:
    assert answer_deadline(date(2020, 4, 8), datetime(2020, 2, 20, 9, tzinfo=UTC)) == datetime(2020, 3, 25, tzinfo=UTC)


def test_answer_deadline_leaves_a_late_guest_one_week() -> None:
    assert answer_deadline(date(2020, 4, 8), datetime(2020, 3, 24, 9, tzinfo=UTC)) == datetime(2020, 4, 1, tzinfo=UTC)


def test_answer_deadline_of_a_forum_that_is_over_leaves_one_week() -> None:
    assert answer_deadline(date(2020, 4, 8), datetime(2024, 3, 24, 9, tzinfo=UTC)) == datetime(2024, 4, 1, tzinfo=UTC)


def test_last_day_is_the_one_before_the_deadline() -> None:
    assert last_day(datetime(2020, 3, 25, tzinfo=UTC)) == date(2020, 3, 24)
