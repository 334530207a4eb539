"""A member's own pages, reached by a manage link in the browser that opened it. What is withdrawn or erased is the gateway's to hear."""

import hmac
from pathlib import Path
from typing import Annotated, Any, cast
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from services.registry import corrections, records, selfservice, showing
from services.registry import selfservice_words as words
from services.registry.corrections import Correction
from services.registry.model import Consent, Member
from services.registry.selfservice import Chosen
from shared import consent, facts
from shared.audit import note
from shared.clock import now
from shared.contracts.gateway import Channel
from shared.database import Transaction
from shared.errors import FieldError, Forbidden, Invalid, NotFound
from shared.identity import current, require_link
from shared.outbox import put
from shared.service import Db
from shared.tokens import Link
from shared.web.language import mark, translate
from shared.web.pages import Filled, Pages
from shared.web.wording import field_errors

router = APIRouter(include_in_schema=False)
pages = Pages(Path(__file__).parent.parent)
Mine = Annotated[Link, Depends(require_link("manage"))]

MOST_FIELDS = 100
"""More boxes than the longest form has."""
CHANGED_MEANWHILE = mark("Your record was changed meanwhile. Look at what is different, and save once more.")


@router.get("/me/{token}")
async def show_record(request: Request, token: str, db: Db, link: Mine) -> HTMLResponse:
    """Show all that is held about the member, what they agreed to, and who has read it."""
    async with db.transaction() as session:
        member = await _member(session, link)
        consents = await _consents(session, member)
        readings = await selfservice.readings(session, member.id)
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
        acts=words.ACTS,
        other_act=words.OTHER_ACT,
        channels=words.options({each: words.CHANNELS[each] for each in member.information}, language),
        sharing=member.sharing,
        nothing=Filled(),
    )


@router.get("/me/{token}/export")
async def take_away(request: Request, db: Db, link: Mine) -> Response:
    """Give the member all that is held about them, as a file."""
    async with db.transaction() as session:
        member = await _member(session, link)
        consents = await _consents(session, member)
        readings = await selfservice.readings(session, member.id)
        note(session, current(request), "own_record_exported", [member.id])
    held = showing.whole(member, consents).model_dump(mode="json") | {"read_by": [reading._asdict() for reading in readings]}
    headers = {"content-disposition": 'attachment; filename="khokahano.json"', "cache-control": "no-store"}
    return Response(orjson.dumps(held, option=orjson.OPT_INDENT_2), media_type="application/json", headers=headers)


@router.get("/me/{token}/details")
async def show_details(request: Request, token: str, db: Db, link: Mine) -> HTMLResponse:
    """Show what the member can correct."""
    async with db.transaction() as session:
        member = await _member(session, link)
    return _details(request, token, member, Filled(_typed(member)))


@router.post("/me/{token}/details")
async def correct(request: Request, token: str, db: Db, link: Mine) -> Response:
    """Keep what the member corrected: 303, 422 with what is wrong, or 409 with what was changed meanwhile."""
    typed = await _form(request)
    language, at = current(request).language, now()
    origin = request.app.state.settings.country_of_origin
    async with db.transaction() as session:
        member = await _member(session, link, for_update=True)
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
        member = await _member(session, link)
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
async def choose(request: Request, token: str, db: Db, link: Mine) -> Response:
    """Keep what the member chose, each change with its proof; a choice made on an older page than the record is shown anew."""
    typed = await _form(request)
    shown = (typed.get("wording") or [""])[-1]
    if shown not in consent.versions():
        raise Invalid
    channels = frozenset(cast("Channel", each) for each in typed.get("channels", ()) if each in words.CHANNELS)
    chosen = Chosen(channels, "true" in typed.get("sharing", ()), (shown, current(request).language))
    async with db.transaction() as session:
        member = await _member(session, link, for_update=True)
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
        await _member(session, link)
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


async def _form(request: Request) -> dict[str, list[str]]:
    """Return what a form of ours says.

    Raises:
        Forbidden: the form's token is missing or another page's.
        Invalid: it is no form, or has more fields than any of ours.
    """
    try:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Invalid from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    given, known = (found.get("csrf") or [""])[0], current(request).csrf
    if not known or not hmac.compare_digest(given.encode(), known.encode()):
        raise Forbidden
    return found


async def _member(session: Transaction, link: Link, *, for_update: bool = False) -> Member:
    """Return whose link it is.

    Raises:
        NotFound: they are gone, as is any link of theirs.
    """
    if for_update:
        members = await records.members_for_update(session, [link.subject])
        if not members:
            raise NotFound
        return members[0]
    member = await session.scalar(select(Member).where(Member.id == link.subject).options(selectinload(Member.contacts)))
    if member is None:
        raise NotFound
    return member


async def _consents(session: Transaction, member: Member) -> list[Consent]:
    return list(await session.scalars(select(Consent).where(Consent.member_id == member.id).order_by(Consent.id)))
