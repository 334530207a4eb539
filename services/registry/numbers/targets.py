"""An area's targets: one at the end, and on the way to it one by each of some dates. All that ever were are kept."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import ARRAY, Date, Integer, Text, bindparam, select, text

from services.registry.model import Area
from services.registry.scope import scope_of
from shared.audit import note
from shared.database import Transaction
from shared.errors import Conflict, NotFound
from shared.identity import Identity
from shared.web.language import Language, translate

SETTINGS = text("SELECT area, version, by, target, at FROM target WHERE area = ANY (:areas) ORDER BY area, version").bindparams(
    bindparam("areas", type_=ARRAY(Text()))
)
SET = text("INSERT INTO target (area, version, by, target) VALUES (:area, :version, :by, :target)").bindparams(
    bindparam("by", type_=Date()), bindparam("target", type_=Integer())
)


class Dated(BaseModel):
    """How many there should be by the end of a day."""

    by: date
    target: int


class Setting(BaseModel):
    """A target as it was set; without a date the one at the end, null where it was taken away."""

    by: date | None
    target: int | None
    version: int
    at: datetime


class Targets(BaseModel):
    """An area's target, the dated ones on the way to it, and `version`, which each change raises; `history` begins with the newest."""

    area: str
    name: str
    target: int | None
    path: list[Dated]
    version: int
    history: list[Setting]


def path_of(settings: Iterable[Setting]) -> list[Dated]:
    """Return the dated targets that hold, the earliest first.

    Args:
        settings: all of one area, the oldest first.
    """
    held = {setting.by: setting.target for setting in settings}
    dated = {by: target for by, target in held.items() if by is not None}
    return [Dated(by=by, target=target) for by, target in sorted(dated.items()) if target is not None]


async def settings_of(session: Transaction, areas: Iterable[str]) -> dict[str, list[Setting]]:
    """Return all that was ever set for each of these areas, the oldest first."""
    found: defaultdict[str, list[Setting]] = defaultdict(list)
    for area, version, by, target, at in await session.execute(SETTINGS, {"areas": sorted(areas)}):
        found[area].append(Setting(by=by, target=target, version=version, at=at))
    return found


async def targets_of(session: Transaction, area: Area, language: str) -> Targets:
    """Return an area's targets with their history."""
    settings = (await settings_of(session, [area.code]))[area.code]
    return Targets(
        area=area.code,
        name=area.name(language),
        target=area.target,
        path=path_of(settings),
        version=area.version,
        history=settings[::-1],
    )


async def standing(session: Transaction, area: Area, by: date | None) -> int | None:
    """Return the target that holds, at the end or by a date; None if there is none."""
    if by is None:
        return area.target
    settings = (await settings_of(session, [area.code]))[area.code]
    return next((dated.target for dated in path_of(settings) if dated.by == by), None)


async def change(
    session: Transaction, who: Identity, code: str, by: date | None, target: int | None, *, seen: int | None, language: Language
) -> Area:
    """Set an area's target, at the end or by a date, and return the area; null takes it away, the same one again changes nothing.

    Args:
        seen: the version that the caller has seen; None if they do not say.

    Raises:
        NotFound: there is no such area, or it is none of the caller's.
        Conflict: the version is another one by now.
    """
    area = await session.scalar(select(Area).where(Area.code == code).with_for_update())
    if area is None or not scope_of(who).covers(code):
        raise NotFound
    stands = await standing(session, area, by)
    if seen is not None and seen != area.version:
        told = {"target": "–" if stands is None else stands, "version": area.version}
        raise Conflict(translate(language, "The target is %(target)s now, in version %(version)s.", **told))
    if stands != target:
        dated: dict[str, Any] = {"by": by.isoformat()} if by else {}
        note(session, who, "target_set", area=code, before=stands, after=target, **dated)
        area.version += 1
        if by is None:
            area.target = target
        await session.execute(SET, {"area": code, "version": area.version, "by": by, "target": target})
    return area


async def version_of(session: Transaction, code: str) -> int | None:
    """Return the version of an area's targets; None where there is no such area."""
    return await session.scalar(select(Area.version).where(Area.code == code))
