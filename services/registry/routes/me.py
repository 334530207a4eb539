"""A member's own pages, reached by a manage link in the browser that opened it. What is withdrawn or erased is the gateway's to hear."""

from typing import Any, cast

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from services.registry import corrections, records, selfservice, showing
from services.registry import selfservice_words as words
from services.registry.calling.own import calls_of
from services.registry.codes import keeping
from services.registry.corrections import Correction
from services.registry.duplicates import histories
from services.registry.handing_over import NAMES, transfers
from services.registry.history.acts import words_of
from services.registry.history.readers import MOST_TAKEN, readers
from services.registry.model import Member
from services.registry.outreach import key_people
from services.registry.pages import pages
from services.registry.routes.mine import Mine, own_consents, own_member
from services.registry.selfservice import Chosen
from shared import consent, facts
from shared.audit import note
from shared.clock import now
from shared.contracts.gateway import Channel
from shared.errors import FieldError, Invalid
from shared.identity import current
from shared.outbox import put
from shared.service import Db
from shared.web.forms import Typed
from shared.web.language import mark, translate
from shared.web.pages import Filled
from shared.web.wording import field_errors

router = APIRouter(include_in_schema=False)

CHANGED_MEANWHILE = mark("Your record was changed meanwhile. Look at what is different, and save once more.")


@router.get("/me/{token}")
async def show_record(request: Request, token: str, db: Db, link: Mine) -> HTMLResponse:
    """Show all that is held about the member, what they agreed to, and who has read it."""
    async with db.transaction() as session:
        member = await own_member(session, link)
        consents = await own_consents(session, member)
        readings = await readers(session, member.id)
        by_code = await keeping.is_needed(session, member.id)
        handed = await transfers(session)
    language = current(request).language
    return pages.render(
        request,
        "me.html",
        language=language,
        here=f"/me/{token}",
        saved="saved" in request.query_params,
        record=words.record(member, language),
        contacts=[(translate(language, words.CONTACTS[each.kind]), each) for each in member.contacts],
        consents=words.in_force(consents, language),
        readings=readings,
        roles=words.ROLES,
        act=words_of,
        channels=words.options({each: words.CHANNELS[each] for each in member.information}, language),
        sharing=member.sharing,
        by_code=by_code,
        handed=handed[-1] if handed else None,
        offices=NAMES,
        nothing=Filled(),
    )


@router.get("/me/{token}/export")
async def take_away(request: Request, db: Db, link: Mine) -> Response:
    """Give the member all that is held about them, as a file."""
    async with db.transaction() as session:
        member = await own_member(session, link)
        consents = await own_consents(session, member)
        readings = await readers(session, member.id, most=MOST_TAKEN)
        calls = await calls_of(session, member.id)
        before = await histories.earlier(session, member.id)
        wished = await key_people.noted_of(session, member.id)
        note(session, current(request), "own_record_exported", [member.id])
    held = showing.own(member, consents).model_dump(mode="json") | calls | {"read_by": [reading._asdict() for reading in readings]}
    held |= ({"earlier_records": before} if before else {}) | ({"before_you_registered": wished} if wished else {})
    headers = {"content-disposition": 'attachment; filename="khokahano.json"', "cache-control": "no-store"}
    return Response(orjson.dumps(held, option=orjson.OPT_INDENT_2), media_type="application/json", headers=headers)


@router.get("/me/{token}/details")
async def show_details(request: Request, token: str, db: Db, link: Mine) -> HTMLResponse:
    """Show what the member can correct."""
    async with db.transaction() as session:
        member = await own_member(session, link)
    return _details(request, token, member, Filled(_typed(member)))


@router.post("/me/{token}/details")
async def correct(request: Request, token: str, db: Db, link: Mine, typed: Typed) -> Response:
    """Keep what the member corrected: 303, 422 with what is wrong, or 409 with what was changed meanwhile."""
    language, at = current(request).language, now()
    origin = request.app.state.settings.country_of_origin
    async with db.transaction() as session:
        member = await own_member(session, link, for_update=True)
        try:
            correction = corrections.read(typed, origin=origin, at=at)
        except ValidationError as error:
            wrong = field_errors([dict(each) for each in error.errors()], language, missing=corrections.MISSING)
            return _details(request, token, member, Filled(typed, wrong), status=422, version=(typed.get("version") or [""])[-1])
        if (typed.get("version") or [""])[-1] != str(member.version):
            found = words.differences(member, correction, language)
            notice = Filled(typed, [FieldError("", translate(language, CHANGED_MEANWHILE))])
            return _details(request, token, member, notice, status=409, differences=found)
        consents, changed = selfservice.correct(member, correction, at=at)
        if changed:
            session.add_all(consents)
            put(session, changed)
            note(session, current(request), "own_record_corrected", [member.id])
    return RedirectResponse(f"/me/{token}?saved=1", 303)


@router.get("/me/{token}/choices")
async def show_choices(request: Request, token: str, db: Db, link: Mine) -> HTMLResponse:
    """Show by which channels the member wants to hear from us, and with whom we may share, with the words they agree to."""
    async with db.transaction() as session:
        member = await own_member(session, link)
    language, version = current(request).language, consent.versions()[-1]
    chosen = {"channels": list(member.information), "sharing": ["true"] if member.sharing else []}
    return pages.render(
        request,
        "me_choices.html",
        language=language,
        here=f"/me/{token}",
        form=Filled(chosen),
        version=member.version,
        wording_version=version,
        consent_text=consent.text(version, language),
        channels=words.options({each: words.CHANNELS[each] for each in selfservice.channels_of(member)}, language),
    )


@router.post("/me/{token}/choices")
async def choose(request: Request, token: str, db: Db, link: Mine, typed: Typed) -> Response:
    """Keep what the member chose, each change with its proof; a choice made on an older page than the record is shown anew."""
    shown = (typed.get("wording") or [""])[-1]
    if shown not in consent.versions():
        raise Invalid
    channels = frozenset(cast("Channel", each) for each in typed.get("channels", ()) if each in words.CHANNELS)
    chosen = Chosen(channels, "true" in typed.get("sharing", ()), (shown, current(request).language))
    async with db.transaction() as session:
        member = await own_member(session, link, for_update=True)
        if (typed.get("version") or [""])[-1] != str(member.version):
            return RedirectResponse(f"/me/{token}/choices?again=1", 303)
        await records.keep_wordings(session, {chosen.wording})
        consents, changed = selfservice.choose(member, chosen, at=now())
        if changed:
            session.add_all(consents)
            put(session, changed)
            note(session, current(request), "own_choices_changed", [member.id])
    return RedirectResponse(f"/me/{token}?saved=1", 303)


@router.get("/me/{token}/erase")
async def ask_once_more(request: Request, token: str, db: Db, link: Mine) -> HTMLResponse:
    """Ask whether everything is to be erased."""
    async with db.transaction() as session:
        await own_member(session, link)
    return pages.render(
        request, "me_erase.html", language=current(request).language, here=f"/me/{token}", again="again" in request.query_params
    )


def _details(
    request: Request,
    token: str,
    member: Member,
    form: Filled,
    *,
    status: int = 200,
    version: str = "",
    differences: list[tuple[str, str, str]] | None = None,
) -> HTMLResponse:
    language = current(request).language
    origin = request.app.state.settings.country_of_origin
    context: dict[str, Any] = {
        "countries": [("", [(code, name) for code, name in facts.countries(language) if code != origin])],
        "provinces": [("", [(area.code, area.name(language)) for area in facts.areas() if area.kind == "province"])],
        "districts": [("", [(district.code, district.name(language)) for district in facts.districts()])],
        "types": [("", words.options(words.TYPES, language))],
        "languages": [("", list(words.LANGUAGES.items()))],
        **{name: words.options(getattr(words, name.upper()), language) for name in ("genders", "interests", "needs")},
    }
    return pages.render(
        request,
        "me_details.html",
        status=status,
        language=language,
        here=f"/me/{token}",
        form=form,
        version=version or str(member.version),
        differences=differences or [],
        sharing=member.sharing,
        **context,
    )


def _typed(member: Member) -> dict[str, list[str]]:
    """Return a member's own fields as their form would be filled."""
    held = {name: getattr(member, name) for name in Correction.model_fields}
    return {name: list(value) if isinstance(value, list) else [str(value)] for name, value in held.items() if value is not None}
