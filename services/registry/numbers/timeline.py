"""How the numbers grew, by day or by week: live for staff; for everybody else the confirmed that each day began with, in steps."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import BaseModel
from sqlalchemy import Date, TextClause, bindparam, text

from services.registry.numbers import figures
from services.registry.numbers.places import Place, Places, places_of
from services.registry.numbers.targets import Dated
from services.registry.scope import Scope
from services.registry.small_cells import held
from shared.contracts.gateway import Channel, Way
from shared.database import Transaction
from shared.errors import FieldError, Invalid
from shared.web.language import Language, mark

Bucket = Literal["day", "week"]
MOST_POINTS = 400
"""More than a year of days, or seven years of weeks."""
USUAL_POINTS = {"day": 60, "week": 53}

_DAY = bindparam("today", type_=Date())
LIVE = (
    "SELECT area, least(day, :today) AS day, CAST(sum(registered) AS bigint), CAST(sum(confirmed) AS bigint)"
    " FROM {counted} AS counted GROUP BY 1, 2 ORDER BY 2"
)
"""A row an area and day. A clock that goes ahead makes nobody wait for their day."""
LIVE_WHOLE = text(LIVE.format(counted="(SELECT * FROM tally UNION ALL SELECT * FROM tally_mark)")).bindparams(_DAY)
LIVE_PART = text(
    LIVE.format(counted="(SELECT area, day, registered, confirmed FROM counted_part WHERE kind = :kind AND value = :value)")
).bindparams(_DAY)
DAYS = text("SELECT day FROM figure WHERE area = '' AND day <= :today ORDER BY day").bindparams(_DAY)
TOLD_WHOLE = text("SELECT area, day, confirmed FROM figure WHERE area <> '' AND day <= :today").bindparams(_DAY)
TOLD_PART = text("SELECT area, day, confirmed FROM figure_part WHERE kind = :kind AND value = :value AND day <= :today").bindparams(_DAY)


@dataclass(frozen=True)
class Asked:
    """Which curves a caller wants; at most one of `part`'s kinds."""

    areas: tuple[str, ...] = ()
    bucket: Bucket = "week"
    part: tuple[str, str] | None = None
    since: date | None = None
    until: date | None = None

    def ends(self, last: date, first: date | None) -> list[date]:
        """Return the last day of each day or week asked for, up to a day; by default as many as fit a page, from the first count on.

        Raises:
            Invalid: there are too many, or none.
        """
        step = 1 if self.bucket == "day" else 7
        until = min(self.until or last, last)
        usual = until - timedelta(days=step * (USUAL_POINTS[self.bucket] - 1))
        since = self.since or max(usual, min(first or until, until))
        count = (_end(until, self.bucket) - _end(since, self.bucket)).days // step + 1
        if since > until or count > MOST_POINTS:
            raise Invalid(errors=[FieldError("/query/since", mark("Ask for 400 days or weeks at most, the first not after the last."))])
        return [min(_end(since, self.bucket) + timedelta(days=step * number), until) for number in range(count)]


def _end(day: date, bucket: Bucket) -> date:
    return day if bucket == "day" else day + timedelta(days=7 - day.isoweekday())


async def _asked(  # One parameter a filter: so each is documented, and a wrong one is named. Awaited, it needs no thread.
    area: Annotated[list[str] | None, Query(max_length=300, description="area codes, or `elsewhere`; all of the caller's if none")] = None,
    bucket: Bucket = "week",
    channel: Annotated[Channel | None, Query(description="only who chose this channel")] = None,
    way: Annotated[Way | None, Query(description="only who came this way")] = None,
    partner: Annotated[str | None, Query(min_length=1, max_length=80, description="only who gave this code")] = None,
    since: Annotated[date | None, Query(description="the first day")] = None,
    until: Annotated[date | None, Query(description="the last day")] = None,
) -> Asked:
    parts = [(kind, value) for kind, value in (("channel", channel), ("way", way), ("partner", partner)) if value is not None]
    if len(parts) > 1:
        raise Invalid(errors=[FieldError(f"/query/{kind}", mark("Ask for one of channel, way and partner.")) for kind, _ in parts])
    return Asked(tuple(area or ()), bucket, parts[0] if parts else None, since, until)


Wanted = Annotated[Asked, Depends(_asked)]
"""A route's parameter: `wanted: Wanted`."""


class Point(BaseModel):
    """How many there were at the end of a day; `period` is that day, or its ISO week such as `2020-W15`."""

    period: str
    day: date
    registered: int | None
    confirmed: int | None


class Curve(BaseModel):
    """One area's growth, and the targets that it grows towards."""

    area: str
    name: str
    target: int | None
    path: list[Dated]
    points: list[Point]


class Timeline(BaseModel):
    """One curve an area; `day` is set where the figures are those with which the days began."""

    items: list[Curve]
    bucket: Bucket
    part: dict[str, str] | None = None
    day: date | None = None


Steps = list[tuple[date, int]]
"""How many more, or fewer, since the step before: by day, the earliest first."""


async def timeline(session: Transaction, scope: Scope, asked: Asked, language: Language, *, live: bool, today: date) -> Timeline:
    """Return the curves of a caller's areas.

    Raises:
        NotFound: an area is none of the caller's.
        Invalid: too many points are asked for.
    """
    places = (await places_of(session, scope, language)).only(asked.areas)
    part = {asked.part[0]: asked.part[1]} if asked.part else None
    if live:
        return Timeline(items=await _live(session, places, asked, today), bucket=asked.bucket, part=part)
    return Timeline(items=await _told(session, places, asked, today), bucket=asked.bucket, part=part, day=today)


def _of_part(asked: Asked, whole: TextClause, one: TextClause) -> tuple[TextClause, dict[str, str]]:
    return (one, {"kind": asked.part[0], "value": asked.part[1]}) if asked.part else (whole, {})


async def _live(session: Transaction, places: Places, asked: Asked, today: date) -> list[Curve]:
    query, values = _of_part(asked, LIVE_WHOLE, LIVE_PART)
    rows = [tuple(row) for row in await session.execute(query, {**values, "today": today})]
    registered, confirmed = defaultdict[str | None, Steps](list), defaultdict[str | None, Steps](list)
    for area, day, more, surer in rows:
        row = places.row_of(area)
        registered[row].append((day, more))
        confirmed[row].append((day, surer))
    ends = asked.ends(today, rows[0][1] if rows else None)
    return [_curve(place, asked.bucket, ends, grown(registered[place.code], ends), grown(confirmed[place.code], ends)) for place in places]


def grown(steps: Steps, ends: Sequence[date]) -> list[int | None]:
    """Return how many there were at the end of each of these days."""
    days = [day for day, _ in steps]
    totals = [0, *accumulate(more for _, more in steps)]
    return [totals[bisect_right(days, end)] for end in ends]


async def _told(session: Transaction, places: Places, asked: Asked, today: date) -> list[Curve]:
    await figures.take(session, today)
    days = [row.day for row in await session.execute(DAYS, {"today": today})]
    query, values = _of_part(asked, TOLD_WHOLE, TOLD_PART)
    by_day = defaultdict[date, list[tuple[str, int]]](list)
    for area, day, confirmed in await session.execute(query, {**values, "today": today}):
        by_day[day].append((area, confirmed))
    sums = [places.sums(by_day[day]) for day in days]
    yesterday = today - timedelta(days=1)
    ends = asked.ends(yesterday, days[0] - timedelta(days=1) if days else None)
    return [
        _curve(place, asked.bucket, ends, [None] * len(ends), stepped(days, (counts[place.code] for counts in sums), ends))
        for place in places
    ]


def stepped(days: Sequence[date], counts: Iterable[int], ends: Sequence[date]) -> list[int | None]:
    """Return how many outsiders may know there were at the end of each of these days.

    The steps are those of all days from the first on, whatever is asked for: so asking twice with other days gives nothing more away.

    Args:
        days: those with whose beginning there were so many.
    """
    told = [None, *held(counts)]
    return [told[bisect_right(days, end + timedelta(days=1))] for end in ends]


def _curve(place: Place, bucket: Bucket, ends: Sequence[date], registered: Sequence[int | None], confirmed: Sequence[int | None]) -> Curve:
    points = [
        Point(period=_name(end, bucket), day=end, registered=both, confirmed=sure)
        for end, both, sure in zip(ends, registered, confirmed, strict=True)
    ]
    return Curve(area=place.code, name=place.name, target=place.target, path=list(place.path), points=points)


def _name(end: date, bucket: Bucket) -> str:
    return end.isoformat() if bucket == "day" else f"{end.isocalendar().year}-W{end.isocalendar().week:02d}"
