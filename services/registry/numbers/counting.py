"""Numbers against targets: live ones for staff, yesterday's for everybody else."""

from datetime import date

from pydantic import BaseModel
from sqlalchemy import select, text

from services.registry.model import Figure
from services.registry.numbers import figures
from services.registry.numbers.places import Place, Places, places_of
from services.registry.numbers.targets import Dated
from services.registry.scope import Scope
from services.registry.small_cells import is_small
from shared.database import Transaction
from shared.web.language import Language

TALLIED = text(
    "SELECT area, CAST(sum(registered) AS bigint), CAST(sum(confirmed) AS bigint)"
    " FROM (SELECT * FROM tally UNION ALL SELECT * FROM tally_mark) AS counted GROUP BY area"
)
"""Both tables in one statement: its one snapshot holds each mark either by itself or added up."""


class Covered(BaseModel):
    """One area's numbers. `small`: fewer than five, so the number is not told; `path`: the dated targets on the way to `target`."""

    area: str
    name: str
    target: int | None
    path: list[Dated]
    registered: int | None
    confirmed: int | None
    small: bool = False


class Coverage(BaseModel):
    """One row an area, countries that are none as `elsewhere`; `day` is set where the figures are those of the day before."""

    items: list[Covered]
    day: date | None = None


async def coverage(session: Transaction, scope: Scope, language: Language, *, live: bool, day: date) -> Coverage:
    """Return the numbers of a caller's areas: of this moment, or those with which the day (UTC) began."""
    places = await places_of(session, scope, language)
    if live:
        return Coverage(items=await _live(session, places))
    return Coverage(items=await _daily(session, places, day), day=day)


async def _live(session: Transaction, places: Places) -> list[Covered]:
    counts = list(await session.execute(TALLIED))
    registered, confirmed = (places.sums((row[0], row[column]) for row in counts) for column in (1, 2))
    return [_covered(place, registered=registered[place.code], confirmed=confirmed[place.code]) for place in places]


async def _daily(session: Transaction, places: Places, day: date) -> list[Covered]:
    await figures.take(session, day)
    found = await session.scalars(select(Figure).where(Figure.day == day, Figure.area != ""))
    confirmed = places.sums((figure.area, figure.confirmed) for figure in found)
    return [
        _covered(place, confirmed=None if is_small(count) else count, small=is_small(count))
        for place in places
        for count in [confirmed[place.code]]
    ]


def _covered(place: Place, *, registered: int | None = None, confirmed: int | None, small: bool = False) -> Covered:
    return Covered(
        area=place.code,
        name=place.name,
        target=place.target,
        path=list(place.path),
        registered=registered,
        confirmed=confirmed,
        small=small,
    )
