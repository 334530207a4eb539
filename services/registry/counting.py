"""Numbers against targets: live ones for staff, yesterday's for everybody else."""

from datetime import date

from pydantic import BaseModel
from sqlalchemy import Date, bindparam, select, text

from services.registry.model import Area, Figure
from services.registry.model.areas import ELSEWHERE, SMALLEST_SHOWN
from services.registry.scope import Scope
from shared.database import Transaction
from shared.facts import countries
from shared.web.language import Language, translate

FIRST = text("INSERT INTO figure (day, area, confirmed) VALUES (:day, '', 0) ON CONFLICT DO NOTHING RETURNING day").bindparams(
    bindparam("day", type_=Date())
)
"""The row without an area says that the day's figures are there; of two who come first, one waits for the other."""
FILL = text(
    "INSERT INTO figure (day, area, confirmed) SELECT CAST(:day AS date), area, sum(confirmed)"
    " FROM (SELECT * FROM tally UNION ALL SELECT * FROM tally_mark) AS counted"
    " WHERE counted.day < :day GROUP BY area HAVING sum(confirmed) > 0"
).bindparams(bindparam("day", type_=Date()))
TALLIED = text(
    "SELECT area, CAST(sum(registered) AS bigint), CAST(sum(confirmed) AS bigint)"
    " FROM (SELECT * FROM tally UNION ALL SELECT * FROM tally_mark) AS counted GROUP BY area"
)
"""Both tables in one statement: its one snapshot holds each mark either by itself or added up."""


class Covered(BaseModel):
    """One area's numbers. `small`: fewer than five, so the number is not told."""

    area: str
    name: str
    target: int | None
    registered: int | None
    confirmed: int | None
    small: bool = False


class Coverage(BaseModel):
    """One row an area, countries that are none as `elsewhere`; `day` is set where the figures are those of the day before."""

    items: list[Covered]
    day: date | None = None


async def live(session: Transaction, scope: Scope, language: Language) -> list[Covered]:
    """Return this moment's numbers."""
    counts = {area: (both, sure) for area, both, sure in await session.execute(TALLIED)}
    rows = []
    for area, codes in await _grouped(session, scope, set(counts), language):
        area.registered = sum(counts[code][0] for code in codes)
        area.confirmed = sum(counts[code][1] for code in codes)
        rows.append(area)
    return rows


async def daily(session: Transaction, scope: Scope, language: Language, *, day: date) -> list[Covered]:
    """Return how many had confirmed when the day (UTC) began: the same all day, whoever comes or goes."""
    if (await session.execute(FIRST, {"day": day})).first():
        await session.execute(FILL, {"day": day})
    figures = await session.scalars(select(Figure).where(Figure.day == day, Figure.area != ""))
    counts = {figure.area: figure.confirmed for figure in figures}
    rows = []
    for area, codes in await _grouped(session, scope, set(counts), language):
        confirmed = sum(counts[code] for code in codes)
        area.small = confirmed < SMALLEST_SHOWN
        area.confirmed = None if area.small else confirmed
        rows.append(area)
    return rows


async def _grouped(session: Transaction, scope: Scope, counted: set[str], language: Language) -> list[tuple[Covered, set[str]]]:
    """Return each row to show, still without numbers, and the counted areas that it adds up."""
    areas = list(await session.scalars(select(Area).order_by(Area.position)))
    rows = [
        (Covered(area=area.code, name=area.name(language), target=area.target, registered=None, confirmed=None), counted & {area.code})
        for area in areas
        if scope.covers(area.code)
    ]
    others = counted - {area.code for area in areas}
    if scope.areas is None:
        name = translate(language, "Elsewhere")
        return [*rows, (Covered(area=ELSEWHERE, name=name, target=None, registered=None, confirmed=None), others)]
    names = dict(countries(language))
    own = sorted(code for code in scope.areas - {area.code for area in areas} if code in names)
    return [*rows, *((Covered(area=code, name=names[code], target=None, registered=None, confirmed=None), others & {code}) for code in own)]
