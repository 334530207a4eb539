"""The page of coverage for staff: pictures first, the same numbers beneath, and the form that sets a target."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from services.registry.numbers import counting, parts, pictures, showing, targets, timeline
from services.registry.pages import pages
from services.registry.people.words import WAYS
from services.registry.routes.areas import SEES_LIVE, Counter, TargetWanted
from services.registry.scope import scope_of
from services.registry.selfservice_words import CHANNELS
from shared.clock import now
from shared.errors import Conflict, FieldError
from shared.identity import Identity, require
from shared.service import Db
from shared.web.forms import Typed
from shared.web.language import Language, language_of, mark, translate
from shared.web.pages import Filled
from shared.web.wording import field_errors

router = APIRouter(prefix="/staff/coverage", include_in_schema=False)

PARTS = 12
"""Codes shown, the largest first; the file has more."""
ALL = mark("All areas together")
MAPS = {
    "provinces": (
        mark("South Africa by province"),
        mark("Map of South Africa: what part of its target each province has confirmed"),
    ),
    "neighbours": (
        mark("Neighbouring countries"),
        mark("Map of southern Africa: what part of its target each country has confirmed"),
    ),
    "world": (
        mark("Countries further away"),
        mark("Map of the world: what part of its target each country has confirmed"),
    ),
}
"""What each map is of, and what it shows."""
NO_CODE = mark("Without a code")
Setter = Annotated[Identity, Depends(require(*SEES_LIVE))]


@router.get("")
async def show_coverage(
    request: Request,
    db: Db,
    who: Counter,
    area: Annotated[str, Query(max_length=20)] = "",
    bucket: timeline.Bucket = "week",
) -> Response:
    """Show the map, the countries' bars and the growth of one area, or for unscoped staff of all together."""
    return await _page(request, db, who, area=area, bucket=bucket)


@router.post("/{area}/targets")
async def set_target(request: Request, db: Db, who: Setter, area: str, typed: Typed) -> Response:
    """Set a target, and show the area again; what does not fit, or has changed meanwhile, is said above the form as it was typed."""
    language = language_of(request)
    said = {"target": _number(typed.value("target")), "by": typed.value("by") or None, "version": _number(typed.value("version"))}
    try:
        wanted = TargetWanted.model_validate(said)
        async with db.transaction() as session:
            await targets.change(session, who, area, wanted.by, wanted.target, seen=wanted.version, language=language)
    except ValidationError as wrong:
        return await _page(request, db, who, area=area, form=typed.filled(field_errors(wrong.errors(), language)), status=422)
    except Conflict as conflict:
        return await _page(request, db, who, area=area, form=typed.filled([FieldError("/target", conflict.detail)]), status=409)
    return RedirectResponse(f"/staff/coverage?area={area}#growth", 303)


def _number(typed: str) -> int | str | None:
    """Return a number that was typed, the text where it is none, None where nothing was."""
    return int(typed) if typed.isdecimal() else typed or None


async def _page(
    request: Request,
    db: Db,
    who: Identity,
    *,
    area: str = "",
    bucket: timeline.Bucket = "week",
    form: Filled | None = None,
    status: int = 200,
) -> Response:
    scope, language, today, live = scope_of(who), language_of(request), now().date(), who.role in SEES_LIVE
    async with db.transaction() as session:
        coverage = await counting.coverage(session, scope, language, live=live, day=today)
        together = live and scope.areas is None and not area
        chosen = area or (coverage.items[0].area if coverage.items and not together else "")
        asked = timeline.Asked((chosen,) if chosen else (), bucket)
        curves = await timeline.timeline(session, scope, asked, language, live=live, today=today)
        divided = {
            kind: (await parts.parts(session, scope, kind, chosen or None, live=live, day=today)).items[:PARTS] for kind in parts.KINDS
        }
        own = await targets.version_of(session, chosen) if live else None
    return pages.render(
        request,
        "numbers_coverage.html",
        status=status,
        coverage=coverage,
        rows=showing.rows(coverage, today),
        maps=[(drawn, *MAPS[drawn.name]) for drawn in showing.maps(coverage)],
        names={row.area: row.name for row in coverage.items},
        shades=pictures.SHADES,
        bars=showing.bars(coverage),
        growth=showing.growth(curves, together=translate(language, ALL) if together else "") if curves.items else None,
        chosen=chosen,
        bucket=bucket,
        parts={kind: [(_word(kind, part.value, language), part) for part in found] for kind, found in divided.items()},
        areas=[("", [(row.area, row.name) for row in coverage.items])],
        version=own,
        form=form or Filled(),
        shown_form=Filled({"area": [chosen], "bucket": [bucket]}),
        live=live,
        everything=live and scope.areas is None,
    )


def _word(kind: parts.Kind, value: str, language: Language) -> str:
    if kind == "partner":
        return value or translate(language, NO_CODE)
    return translate(language, (CHANNELS if kind == "channel" else WAYS).get(value, value))
