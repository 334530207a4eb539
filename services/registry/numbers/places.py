"""The rows of every table of numbers: the caller's areas in the pages' order, and where all other countries are counted."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import select

from services.registry.model import Area
from services.registry.model.areas import ELSEWHERE
from services.registry.numbers.targets import Dated, path_of, settings_of
from services.registry.scope import Scope
from shared.database import Transaction
from shared.errors import NotFound
from shared.facts import countries
from shared.web.language import Language, translate


@dataclass(frozen=True)
class Place:
    """A row: an area, a country that is none but is a mission's, or `elsewhere` for all that are neither."""

    code: str
    name: str
    target: int | None = None
    path: tuple[Dated, ...] = ()


class Places(tuple[Place, ...]):
    """A caller's rows, in order."""

    def row_of(self, area: str) -> str | None:
        """Return the row where an area's members are counted; None where they are not this caller's business."""
        codes = {place.code for place in self}
        return area if area in codes else ELSEWHERE if ELSEWHERE in codes else None

    def only(self, wanted: Collection[str]) -> "Places":
        """Return the rows that are wanted, all if none is named.

        Raises:
            NotFound: one of them is no row of this caller's.
        """
        if not set(wanted) <= {place.code for place in self}:
            raise NotFound
        return Places(place for place in self if place.code in wanted) if wanted else self

    def sums(self, counts: Iterable[tuple[str, int]]) -> dict[str, int]:
        """Return how many there are in each row, of how many there are in each area."""
        found = {place.code: 0 for place in self}
        for area, count in counts:
            if row := self.row_of(area):
                found[row] += count
        return found


async def places_of(session: Transaction, scope: Scope, language: Language) -> Places:
    """Return the rows that a caller may see."""
    areas = list(await session.scalars(select(Area).order_by(Area.position)))
    own = [area for area in areas if scope.covers(area.code)]
    settings = await settings_of(session, [area.code for area in own])
    rows = [Place(area.code, area.name(language), area.target, tuple(path_of(settings.get(area.code, ())))) for area in own]
    if scope.areas is None:
        return Places([*rows, Place(ELSEWHERE, translate(language, "Elsewhere"))])
    names = dict(countries(language))
    others = sorted(code for code in scope.areas - {area.code for area in areas} if code in names)
    return Places([*rows, *(Place(code, names[code]) for code in others)])
