"""What outsiders are told all day long: how many had confirmed when the day (UTC) began, whoever comes or goes since."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date

from sqlalchemy import Date, bindparam, text

from services.registry.model.areas import ELSEWHERE
from services.registry.numbers.telling import NO_CODE, hide_rests_of_codes, told_of_any, told_of_whole
from services.registry.small_cells import SMALLEST_SHOWN
from shared.database import Transaction

FIRST = text("INSERT INTO figure (day, area, confirmed) VALUES (:day, '', 0) ON CONFLICT DO NOTHING RETURNING day").bindparams(
    bindparam("day", type_=Date())
)
"""The row without an area says that the day's figures are there; of two who come first, one waits for the other."""
FILL = text(
    "INSERT INTO figure (day, area, confirmed) SELECT CAST(:day AS date), area, sum(confirmed)"
    " FROM (SELECT * FROM tally UNION ALL SELECT * FROM tally_mark) AS counted"
    " WHERE counted.day < :day GROUP BY area HAVING sum(confirmed) > 0"
).bindparams(bindparam("day", type_=Date()))
PARTS = text(
    "SELECT kind, place, CASE WHEN confirmed >= :smallest THEN value END AS value, CAST(sum(confirmed) AS bigint) FROM ("
    " SELECT counted_part.kind, value, coalesce(area.code, :elsewhere) AS place, sum(confirmed) AS confirmed"
    " FROM counted_part LEFT JOIN area ON area.code = counted_part.area WHERE day < :day"
    " GROUP BY counted_part.kind, value, place HAVING sum(confirmed) > 0"
    ") AS counted GROUP BY 1, 2, 3"
).bindparams(bindparam("day", type_=Date()))
"""Small parts as one, so that codes which nobody but one member ever gave are not read one by one."""
WHOLES = text(
    "SELECT coalesce(area.code, :elsewhere) AS place, CAST(sum(confirmed) AS bigint) AS whole"
    " FROM figure LEFT JOIN area ON area.code = figure.area WHERE day = :day AND figure.area <> '' GROUP BY place"
).bindparams(bindparam("day", type_=Date()))
CODES = text(
    "SELECT partner_key(value) AS code, CAST(sum(confirmed) AS bigint) AS whole FROM counted_part WHERE kind = 'partner' AND day < :day"
    " GROUP BY 1 HAVING sum(confirmed) >= :smallest"
).bindparams(bindparam("day", type_=Date()))
Told = tuple[str, str, str, int]
"""Kind, area, value and how many."""
KEEP = text(
    "INSERT INTO figure_part (day, kind, value, area, confirmed) VALUES (:day, :kind, :value, :area, :confirmed) ON CONFLICT DO NOTHING"
).bindparams(bindparam("day", type_=Date()))


async def take(session: Transaction, day: date) -> None:
    """Keep the figures of the day if nobody has before."""
    if not (await session.execute(FIRST, {"day": day})).first():
        return
    await session.execute(FILL, {"day": day})
    parts = list(await session.execute(PARTS, {"day": day, "elsewhere": ELSEWHERE, "smallest": SMALLEST_SHOWN}))
    if not parts:
        return
    counted = await session.execute(WHOLES, {"day": day, "elsewhere": ELSEWHERE})
    wholes = {row.place: row.whole for row in counted}
    counted = await session.execute(CODES, {"day": day, "smallest": SMALLEST_SHOWN})
    codes = {row.code: row.whole for row in counted}
    told = [
        {"day": day, "kind": kind, "value": value, "area": area, "confirmed": confirmed}
        for kind, area, value, confirmed in _told([tuple(row) for row in parts], wholes, codes)
    ]
    if told:
        await session.execute(KEEP, told)


def _told(rows: list[tuple[str, str, str | None, int]], wholes: Mapping[str, int], codes: Mapping[str, int]) -> Iterator[Told]:
    named: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    rest: defaultdict[tuple[str, str], int] = defaultdict(int)
    for kind, area, value, confirmed in rows:
        if value is None:
            rest[kind, area] += confirmed
        else:
            named[kind, area][value] = confirmed
    by_area: defaultdict[str, dict[str, dict[str, int]]] = defaultdict(dict)
    for (kind, area), parts in named.items():
        whole = wholes.get(area, 0)
        if kind == "channel":
            by_area[kind][area] = told_of_any(parts, whole)
        else:
            unnamed = whole - sum(parts.values()) - rest[kind, area]
            by_area[kind][area] = told_of_whole({**parts, NO_CODE: unnamed} if unnamed > 0 else parts, rest[kind, area])
    hide_rests_of_codes(by_area["partner"], codes)
    for kind, areas in by_area.items():
        for area, told in areas.items():
            yield from ((kind, area, value, confirmed) for value, confirmed in told.items())
