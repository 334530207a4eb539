"""How many members came by a partner's code: this moment's for staff, yesterday's confirmed for the partner and everybody else.

Who registers a second time stays one member, with the code of the first time, so that a repeat changes no figure.
"""

from collections.abc import Collection, Iterable
from datetime import date

from pydantic import BaseModel
from sqlalchemy import ARRAY, Date, Text, bindparam, select, text

from services.registry.outreach.model import Partner, PartnerFigure
from services.registry.outreach.sight import MANAGES
from services.registry.small_cells import held
from shared.clock import now
from shared.database import Transaction
from shared.identity import Identity

LIVE = text(
    """
    WITH counted AS MATERIALIZED (
        SELECT value, sum(registered) AS registered, sum(confirmed) AS confirmed FROM counted_part WHERE kind = 'partner' GROUP BY value
    )
    SELECT partner_key(value) AS key, CAST(sum(registered) AS bigint) AS registered, CAST(sum(confirmed) AS bigint) AS confirmed
    FROM counted WHERE partner_key(value) = ANY (:keys) GROUP BY 1
    """
).bindparams(bindparam("keys", type_=ARRAY(Text())))
"""People write a code as they like: what they wrote is read once for each spelling, and not for each of its days and areas."""
FIRST = text("INSERT INTO partner_figure (day, code_key, confirmed) VALUES (:day, '', 0) ON CONFLICT DO NOTHING RETURNING day").bindparams(
    bindparam("day", type_=Date())
)
"""The row without a code says that the day's figures are there; of two who come first, one waits for the other."""
BEFORE = text(
    """
    WITH counted AS MATERIALIZED (
        SELECT value, sum(confirmed) AS confirmed FROM counted_part WHERE kind = 'partner' AND day < :day GROUP BY value
    )
    SELECT partner.code_key AS key, CAST(sum(counted.confirmed) AS bigint) AS confirmed, told.confirmed AS told
    FROM counted JOIN partner ON partner.code_key = partner_key(counted.value)
    LEFT JOIN partner_figure AS told
        ON told.code_key = partner.code_key AND told.day = (SELECT max(day) FROM partner_figure WHERE day < :day)
    GROUP BY 1, 3
    """
).bindparams(bindparam("day", type_=Date()))
"""How many had confirmed before a day, and what was told the day before."""


class Figures(BaseModel):
    """How many came by a code.

    Attributes:
        registered: null for all but staff.
        small: fewer than five, so that the number is not told.
        day: set where the figures are those of the day before.
    """

    registered: int | None = None
    confirmed: int | None = None
    small: bool = False
    day: date | None = None


async def of(session: Transaction, who: Identity, partners: Iterable[Partner]) -> dict[str, Figures]:
    """Return the figures that a caller may see, by code key; each partner has an entry."""
    keys = sorted(partner.code_key for partner in partners)
    if who.role in MANAGES:
        return await _live(session, keys)
    return await _daily(session, keys, now().date())


async def _live(session: Transaction, keys: Collection[str]) -> dict[str, Figures]:
    found = {row.key: row for row in await session.execute(LIVE, {"keys": list(keys)})}
    return {
        key: Figures(registered=row.registered, confirmed=row.confirmed) if (row := found.get(key)) else Figures(registered=0, confirmed=0)
        for key in keys
    }


async def _daily(session: Transaction, keys: Collection[str], day: date) -> dict[str, Figures]:
    if (await session.execute(FIRST, {"day": day})).first():
        counted = (await session.execute(BEFORE, {"day": day})).all()
        # A number stays as it was told until it is five away from that: else whoever comes between two days is one of few.
        steps = {row.key: held([row.told or 0, row.confirmed])[-1] for row in counted}
        session.add_all(PartnerFigure(day=day, code_key=key, confirmed=told) for key, told in sorted(steps.items()) if told is not None)
        await session.flush()
    kept = await session.scalars(select(PartnerFigure).where(PartnerFigure.day == day, PartnerFigure.code_key.in_(keys)))
    counts = {figure.code_key: figure.confirmed for figure in kept}
    return {key: Figures(confirmed=counts.get(key), small=key not in counts, day=day) for key in keys}
