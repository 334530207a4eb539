"""The pages on which pairs are judged: the queue, two members side by side, and what was merged lately."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from services.registry.duplicates import pairs, words
from services.registry.duplicates.acts import Wish
from services.registry.duplicates.joining import CHOSEN
from services.registry.duplicates.reasons import shown
from services.registry.pages import pages
from services.registry.routes.duplicates import Clerk, do_dismiss, do_merge, do_undo, seen
from services.registry.scope import scope_of
from services.registry.scoped import scoped
from shared.audit import note
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.identity import Identity
from shared.service import Db
from shared.web.forms import Form, Typed
from shared.web.language import language_of, mark, translate
from shared.web.pages import Filled
from shared.web.paging import Asked, Paging

router = APIRouter(prefix="/staff/duplicates", include_in_schema=False)

REASONS_IN_LIST = 3
DONE = {
    "merged": mark("They are one now."),
    "dismissed": mark("Noted: these are two people."),
    "undone": mark("They are two again."),
}
NO_CHOICE = mark("Say which of the two is kept.")
CHANGED = mark("A record was changed meanwhile. Look at both once more.")


@router.get("")
async def show_queue(request: Request, db: Db, who: Clerk, paging: Paging) -> Response:
    """Show the pairs that nobody has judged, the likeliest first, and what was merged lately."""
    return await _queue(request, db, who, paging, Filled())


async def _queue(request: Request, db: Db, who: Identity, paging: Paging, form: Filled, status: int = 200) -> Response:
    scope, language = scope_of(who), language_of(request)
    async with scoped(db, who) as session:
        found = await pairs.page(session, scope, after=pairs.read_key(paging.after), fetch=paging.fetch)
        answer = paging.answer(found, pairs.key_of)
        queue = await pairs.whole(session, answer["items"])
        note(session, who, "duplicates_listed", [member.id for _, both in queue for member in both])
    async with db.transaction() as session:
        lately = await pairs.lately(session, scope) if paging.after is None else []
        note(session, who, "merges_listed", [member.id for _, member in lately])
    done = DONE.get(request.query_params.get("done", ""))
    return pages.render(
        request,
        "duplicates.html",
        status=status,
        form=form,
        done=translate(language, done) if done else "",
        queue=[
            {
                "id": pair.id,
                "percent": _percent(pair.score),
                "members": [{"name": f"{each.given_name} {each.family_name}", "status": words.status(each, language)} for each in both],
                "reasons": shown(pair.reasons, language)[:REASONS_IN_LIST],
            }
            for pair, both in queue
        ],
        next=answer["next"],
        lately=[
            {
                "id": merge.id,
                "name": f"{member.given_name} {member.family_name}",
                "day": merge.at.date().isoformat(),
                "by": f"{merge.staff}, {merge.office}",
            }
            for merge, member in lately
        ],
    )


@router.get("/{pair_id}")
async def show_pair(request: Request, db: Db, who: Clerk, pair_id: UUID) -> Response:
    """Show two members side by side, with what speaks for one person and against."""
    return await _pair(request, db, who, pair_id, Form(), [])


@router.post("/{pair_id}/merge")
async def merge(request: Request, db: Db, who: Clerk, pair_id: UUID, typed: Typed) -> Response:
    """Merge what the form says: 303, 422 with what is missing, or 409 with what was changed meanwhile."""
    language = language_of(request)
    try:
        await do_merge(db, who, pair_id, _wish(typed), language)
    except Invalid as wrong:
        return await _pair(
            request, db, who, pair_id, typed, [FieldError(e.pointer, translate(language, e.detail)) for e in wrong.errors], 422
        )
    except Conflict as stale:
        if not stale.errors:
            return await _gone(request, db, who, stale)
        told = " ".join((translate(language, CHANGED), *(error.detail for error in stale.errors)))
        return await _pair(request, db, who, pair_id, Form(), [FieldError("", told)], 409)
    return RedirectResponse(f"{router.prefix}?done=merged", 303)


@router.post("/{pair_id}/dismiss")
async def dismiss(request: Request, db: Db, who: Clerk, pair_id: UUID, typed: Typed) -> Response:
    """Note that these are two people."""
    try:
        await do_dismiss(db, who, pair_id)
    except Conflict as gone:
        return await _gone(request, db, who, gone)
    return RedirectResponse(f"{router.prefix}?done=dismissed", 303)


@router.post("/merges/{merge_id}/undo")
async def undo(request: Request, db: Db, who: Clerk, merge_id: UUID, typed: Typed) -> Response:
    """Make two of one again."""
    try:
        await do_undo(db, who, merge_id)
    except Conflict as gone:
        return await _gone(request, db, who, gone)
    return RedirectResponse(f"{router.prefix}?done=undone", 303)


async def _gone(request: Request, db: Db, who: Identity, gone: Conflict) -> Response:
    said = FieldError("", translate(language_of(request), gone.detail))
    return await _queue(request, db, who, Asked(), Filled({}, [said]), 409)


def _wish(typed: Form) -> Wish:
    """Return what the form says.

    Raises:
        Invalid: it does not say who is kept, or is no form of ours.
    """
    try:
        keep = UUID(typed.value("keep"))
        seen_versions = {UUID(each): int(number) for each, _, number in (said.partition(" ") for said in typed.get("version", ()))}
    except ValueError:
        raise Invalid(errors=[FieldError("/keep", NO_CHOICE)]) from None
    take = [name for name in CHOSEN if (chosen := typed.value(f"from_{name}")) and chosen != str(keep)]
    return Wish(keep, take, seen_versions)


async def _pair(
    request: Request, db: Db, who: Identity, pair_id: UUID, typed: Form, errors: list[FieldError], status: int = 200
) -> Response:
    language = language_of(request)
    try:
        pair, both = await seen(db, who, pair_id)
    except Conflict as gone:
        return await _gone(request, db, who, gone)
    if pair.dismissed_at is not None and status == 200:
        raise NotFound
    return pages.render(
        request,
        "duplicates_pair.html",
        status=status,
        form=typed.filled(errors),
        pair_id=pair.id,
        percent=_percent(pair.score),
        reasons=shown(pair.reasons, language),
        members=[
            {
                "id": str(each.id),
                "version": each.version,
                "name": f"{each.given_name} {each.family_name}",
                "status": words.status(each, language),
                "consents": words.consents(each, language),
            }
            for each in both
        ],
        lines=words.lines(both, language),
        contacts=words.contacts(both),
        ends=words.ends(both, language),
    )


def _percent(score: float) -> int:
    """Return a chance as people say it: nothing is certain."""
    return min(99, int(100 * score))
