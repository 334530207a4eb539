"""Numbers against targets, and the targets."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from services.registry import counting
from services.registry.model import Area
from services.registry.scope import scope_of
from shared.audit import note
from shared.clock import now
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.identity import Identity, require
from shared.service import Db
from shared.web.language import language_of, translate

router = APIRouter(prefix="/api/v1", tags=["coverage"])

SEES_LIVE = ("admin", "consultant", "officer")


class TargetWanted(BaseModel):
    """A new target; `version`, where given, is the one that the caller has seen."""

    model_config = ConfigDict(extra="forbid")

    target: Annotated[int, Field(strict=True, ge=0, le=10_000_000)] | None
    version: Annotated[int, Field(strict=True, ge=1)] | None = None


class TargetSet(BaseModel):
    """An area's target as it is now."""

    area: str
    name: str
    target: int | None
    version: int


@router.get("/coverage")
async def show_coverage(
    request: Request, db: Db, who: Annotated[Identity, Depends(require(*SEES_LIVE, "mission", "viewer"))]
) -> counting.Coverage:
    """Show how many are registered and confirmed in each area.

    Missions and viewers get the confirmed of yesterday: a live counter would tell who is known.
    """
    scope, language = scope_of(who), language_of(request)
    today = now().date()
    async with db.transaction() as session:
        if who.role in SEES_LIVE:
            return counting.Coverage(items=await counting.live(session, scope, language))
        return counting.Coverage(items=await counting.daily(session, scope, language, day=today), day=today)


@router.put("/targets/{area}")
async def set_target(
    request: Request,
    db: Db,
    who: Annotated[Identity, Depends(require(*SEES_LIVE))],
    area: str,
    wanted: TargetWanted,
    if_match: Annotated[str | None, Header()] = None,
) -> TargetSet:
    """Set an area's target; null takes it away. A stale `version` or `If-Match` is refused with what stands now."""
    seen = _version(if_match) or wanted.version
    async with db.transaction() as session:
        found = await session.scalar(select(Area).where(Area.code == area).with_for_update())
        if found is None or not scope_of(who).covers(area):
            raise NotFound
        if seen is not None and seen != found.version:
            stands = {"target": "–" if found.target is None else found.target, "version": found.version}
            raise Conflict(translate(language_of(request), "The target is %(target)s now, in version %(version)s.", **stands))
        if found.target != wanted.target:
            note(session, who, "target_set", area=area, before=found.target, after=wanted.target)
            found.target, found.version = wanted.target, found.version + 1
        return TargetSet(area=area, name=found.name(language_of(request)), target=found.target, version=found.version)


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match == "*":
        return None
    try:
        return int(if_match.removeprefix("W/").strip('"'))
    except ValueError:
        raise Invalid(errors=[FieldError("/header/If-Match", "Use a whole number.")]) from None
