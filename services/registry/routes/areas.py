"""Numbers against targets, and the targets."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from services.registry import files
from services.registry.keeping.changes import seen_version
from services.registry.model import Area
from services.registry.numbers import counting, parts, sheets, targets, timeline
from services.registry.scope import scope_of
from shared.clock import now
from shared.errors import NotFound
from shared.identity import Identity, require
from shared.service import Db
from shared.web.language import language_of

router = APIRouter(prefix="/api/v1", tags=["coverage"])

SEES_LIVE = ("admin", "consultant", "officer")
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 1, 1)
Counter = Annotated[Identity, Depends(require(*SEES_LIVE, "mission", "viewer"))]
"""Whoever sees numbers: staff as they are at this moment, missions and viewers those with which the day began."""


class TargetWanted(BaseModel):
    """A new target, at the end or `by` the end of a day; `version`, where given, is the one that the caller has seen."""

    model_config = ConfigDict(extra="forbid")

    target: Annotated[int, Field(strict=True, ge=0, le=10_000_000)] | None
    by: Annotated[date, Field(ge=FIRST_DAY, lt=LAST_DAY)] | None = None
    version: Annotated[int, Field(strict=True, ge=1)] | None = None


class TargetSet(BaseModel):
    """An area's target as it is now; with `by` the one by that day."""

    area: str
    name: str
    target: int | None
    by: date | None
    version: int


@router.get("/coverage", response_model=counting.Coverage, responses=files.RESPONSES)
async def show_coverage(request: Request, db: Db, who: Counter, form: files.Wanted = None) -> counting.Coverage | Response:
    """Show how many are registered and confirmed in each area.

    Missions and viewers get the confirmed of yesterday: a live counter would tell who is known.
    """
    language = language_of(request)
    async with db.transaction() as session:
        coverage = await counting.coverage(session, scope_of(who), language, live=who.role in SEES_LIVE, day=now().date())
    return sheets.answer(request, form, "coverage", coverage, lambda: sheets.of_coverage(coverage))


@router.get("/coverage/timeline", response_model=timeline.Timeline, responses=files.RESPONSES)
async def show_timeline(
    request: Request, db: Db, who: Counter, wanted: timeline.Wanted, form: files.Wanted = None
) -> timeline.Timeline | Response:
    """Show how the numbers grew, by day or ISO week: each point counts all up to the end of its day.

    Missions and viewers get the confirmed of the days before; what they see of a number moves in steps of five or more.
    """
    async with db.transaction() as session:
        curves = await timeline.timeline(
            session, scope_of(who), wanted, language_of(request), live=who.role in SEES_LIVE, today=now().date()
        )
    return sheets.answer(request, form, "coverage-timeline", curves, lambda: sheets.of_timeline(curves))


@router.get("/coverage/parts", response_model=parts.Parts, responses=files.RESPONSES)
async def show_parts(
    request: Request, db: Db, who: Counter, by: parts.Kind, area: parts.Place = None, form: files.Wanted = None
) -> parts.Parts | Response:
    """Show how many came by each channel, way or partner's code; who chose two channels counts for both.

    Missions and viewers get the confirmed of yesterday, and no number that is small or would give a small one away.
    """
    async with db.transaction() as session:
        found = await parts.parts(session, scope_of(who), by, area, live=who.role in SEES_LIVE, day=now().date())
    return sheets.answer(request, form, "coverage-parts", found, lambda: sheets.of_parts(found))


@router.get("/targets/{area}")
async def show_targets(request: Request, db: Db, who: Counter, area: str) -> targets.Targets:
    """Show an area's target, the dated ones on the way to it, and all that ever were."""
    async with db.transaction() as session:
        found = await session.get(Area, area)
        if found is None or not scope_of(who).covers(area):
            raise NotFound
        return await targets.targets_of(session, found, language_of(request))


@router.put("/targets/{area}")
async def set_target(
    request: Request,
    db: Db,
    who: Annotated[Identity, Depends(require(*SEES_LIVE))],
    area: str,
    wanted: TargetWanted,
    if_match: Annotated[str | None, Header()] = None,
) -> TargetSet:
    """Set an area's target, at the end or by a date; null takes it away.

    A stale `version` or `If-Match` is refused with what stands now. Every target of an area shares its version.
    """
    language = language_of(request)
    async with db.transaction() as session:
        seen = seen_version(if_match, wanted.version)
        found = await targets.change(session, who, area, wanted.by, wanted.target, seen=seen, language=language)
        return TargetSet(area=area, name=found.name(language), target=wanted.target, by=wanted.by, version=found.version)
