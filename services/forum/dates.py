"""When the forum is, and until when an invitation can be answered. Pure: today is an argument."""

from datetime import UTC, date, datetime, time, timedelta

NOTICE = timedelta(weeks=8)
"""The least time in which a forum can be prepared."""
ANSWER_BEFORE = timedelta(weeks=2)
"""Answers are wanted this long before the first day: flights and visas take it."""
ANSWER_WITHIN = timedelta(weeks=1)
"""Whoever is invited late still has this long to think, to the end of the day."""


def easter(year: int) -> date:
    """Return Easter Sunday of a year of the Gregorian calendar.

    Source: the anonymous computus of Nature, 20 April 1876 (Meeus, Astronomical Algorithms, chapter 8).
    """
    golden = year % 19
    century, of_century = divmod(year, 100)
    leap_centuries, rest_centuries = divmod(century, 4)
    lunar_correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - lunar_correction + 15) % 30
    leaps, rest = divmod(of_century, 4)
    weekday = (32 + 2 * rest_centuries + 2 * leaps - epact - rest) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def forum_start(today: date) -> date:
    """Return the Wednesday before the next Good Friday that is at least 8 weeks off: people are home for Easter then."""
    for year in (today.year, today.year + 1):
        good_friday = easter(year) - timedelta(days=2)
        if good_friday - today >= NOTICE:
            return good_friday - timedelta(days=2)
    raise AssertionError("next year's Good Friday is never less than 8 weeks off: the earliest is 20 March")


def answer_deadline(starts_on: date, now: datetime) -> datetime:
    """Return the midnight (UTC) before which an invitation sent now can be answered.

    It is two weeks before the forum; somebody who is invited later than three weeks before it has a whole week to think.
    """
    wanted, fair = starts_on - ANSWER_BEFORE, (now + ANSWER_WITHIN).date() + timedelta(days=1)
    return datetime.combine(max(wanted, fair), time(), UTC)


def last_day(deadline: datetime) -> date:
    """Return the last day that lies wholly before a deadline."""
    return (deadline - timedelta(microseconds=1)).date()
