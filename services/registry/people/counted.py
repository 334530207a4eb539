"""How many people fit, told only where it costs next to nothing."""

from collections.abc import Sequence

from services.registry.model import Member
from services.registry.numbers.counting import TALLIED
from services.registry.people.asked import Asked
from services.registry.scope import Scope
from shared.database import Database

TALLIED_BY = frozenset({"country", "province", "status"})
"""Filters by which running counts are kept; nothing else can be told without counting."""


async def how_many(db: Database, scope: Scope, wanted: Asked, found: Sequence[Member], *, whole: bool) -> int | None:
    """Return how many fit; None where only counting them would tell.

    Args:
        whole: all who fit are on this page.
    """
    if whole:
        return len(found)
    if scope.sharing_only or not wanted.given.keys() <= TALLIED_BY:
        return None
    places = wanted.filters.places()
    inside = scope.areas if places is None else places if scope.areas is None else places & scope.areas
    async with db.transaction() as session:
        rows = (await session.execute(TALLIED)).all()
    counted = [(registered, confirmed) for area, registered, confirmed in rows if inside is None or area in inside]
    registered, confirmed = (sum(each) for each in zip(*counted, strict=True)) if counted else (0, 0)
    return {"confirmed": confirmed, "registered": registered - confirmed}.get(wanted.status or "", registered)
