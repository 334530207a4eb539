"""How many came by each channel, way or partner's code: live for staff, yesterday's confirmed for everybody else."""

from datetime import date
from typing import Annotated, Literal, get_args

from fastapi import Query
from pydantic import BaseModel
from sqlalchemy import ARRAY, Date, Text, bindparam, text

from services.registry.numbers import figures
from services.registry.numbers.places import places_of
from services.registry.scope import Scope
from shared.database import Transaction

KindName = Literal["channel", "way", "partner"]
KINDS: tuple[KindName, ...] = get_args(KindName)
Kind = Annotated[KindName, Query(description="what the numbers are parted by")]
Place = Annotated[str | None, Query(max_length=20, description="one area only, by its code; `elsewhere` for all that are none")]
MOST = 200
"""Rows shown, the largest first: anybody may give any code, so that there may be as many codes as members."""

LIVE = text(
    "SELECT value, CAST(sum(registered) AS bigint) AS registered, CAST(sum(confirmed) AS bigint) AS confirmed"
    " FROM counted_part LEFT JOIN area ON area.code = counted_part.area"
    " WHERE counted_part.kind = :kind AND (CAST(:areas AS text[]) IS NULL"
    " OR coalesce(area.code, 'elsewhere') = ANY (:areas) OR counted_part.area = ANY (:areas))"
    " GROUP BY value HAVING sum(registered) > 0 OR sum(confirmed) > 0 ORDER BY registered DESC, value LIMIT :most"
)
DAILY = text(
    "SELECT value, area, confirmed FROM figure_part WHERE kind = :kind AND day = :day AND area = ANY (:areas)"
    " ORDER BY confirmed DESC, value, area"
)


class Part(BaseModel):
    """The numbers of one channel, way or code; an outsider's row of an area has no number of the registered."""

    value: str
    area: str | None
    registered: int | None
    confirmed: int


class Parts(BaseModel):
    """One row a part, the largest first; for outsiders one a part and area, and `day` is set."""

    items: list[Part]
    day: date | None = None


async def parts(session: Transaction, scope: Scope, kind: str, area: str | None, *, live: bool, day: date) -> Parts:
    """Return the numbers of each part, in one area or all of the caller's.

    Raises:
        NotFound: the area is none of the caller's.
    """
    places = (await places_of(session, scope, "en")).only([area] if area else [])
    codes = [place.code for place in places]
    if live:
        asked = LIVE.bindparams(bindparam("areas", codes if area or scope.areas is not None else None, type_=ARRAY(Text())))
        found = await session.execute(asked, {"kind": kind, "most": MOST})
        return Parts(items=[Part(value=value, area=area, registered=both, confirmed=sure) for value, both, sure in found])
    await figures.take(session, day)
    told = await session.execute(
        DAILY.bindparams(bindparam("areas", codes, type_=ARRAY(Text())), bindparam("day", type_=Date())), {"kind": kind, "day": day}
    )
    return Parts(items=[Part(value=value, area=place, registered=None, confirmed=sure) for value, place, sure in told], day=day)
