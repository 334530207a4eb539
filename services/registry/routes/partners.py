"""Partners: found, entered, changed; their link, code and documents; what they were sent and promised."""

import asyncio
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from services.registry import cursors, files
from services.registry.keeping.changes import seen_version
from services.registry.numbers import sheets
from services.registry.outreach import book, briefing, codes, documents, showing
from services.registry.outreach.fields import PartnerChange, PartnerWanted, PromiseChange, PromiseWanted
from services.registry.outreach.model import Kind, Partner, Promise, Status
from services.registry.outreach.printing import PDF, printer
from services.registry.outreach.showing import BriefingShown, PartnerCounted, Partners, PartnerShown, PartnerWhole, Promises, PromiseShown
from services.registry.outreach.sight import MANAGES
from shared.audit import note
from shared.clock import new_id, now
from shared.contracts.gateway import Language
from shared.errors import Conflict, FieldError, Invalid
from shared.identity import Identity, require
from shared.service import Db
from shared.web.language import language_of, mark, translate
from shared.web.paging import Key, Paging

router = APIRouter(prefix="/api/v1/partners", tags=["outreach"])

Manager = Annotated[Identity, Depends(require(*MANAGES))]
Own = Annotated[Identity, Depends(require(*MANAGES, "mission"))]
Reader = Annotated[Identity, Depends(require(*MANAGES, "mission", "viewer"))]
IfMatch = Annotated[str | None, Header()]
Spoken = Annotated[Language | None, Query(alias="language", description="`en` or `st`; else the partner's own")]
Picture = Literal["svg", "png"]
PICTURES = {"svg": ("image/svg+xml", codes.svg), "png": ("image/png", codes.png)}
MOST_IN_A_TABLE = 10_000
"""More partners than a country's missions and associations are."""
NO_ADDRESS = mark("This partner has no e-mail address: enter one first.")
A_MOMENT_AGO = mark("The pack was sent to this address a moment ago.")


@router.get("", response_model=Partners, responses=files.RESPONSES)
async def list_partners(
    request: Request,
    db: Db,
    who: Reader,
    paging: Paging,
    q: Annotated[str | None, Query(max_length=80)] = None,
    kind: Kind | None = None,
    status: Status | None = None,
    area: Annotated[str | None, Query(max_length=10)] = None,
    form: files.Wanted = None,
) -> dict[str, Any] | Response:
    """List partners by name: a mission finds itself, a viewer figures only. As a table, all that fit."""
    wanted, whole = book.Wanted(q, kind, status, area), files.asked(request, form) is not None
    async with db.transaction() as session:
        found = await book.page(session, who, wanted, after=_key(paging.after), fetch=MOST_IN_A_TABLE if whole else paging.fetch)
        shown = await book.show(session, who, found, base_url(request))
        note(session, who, "partners_exported" if whole else "partners_listed", number=len(shown))
    answer = paging.answer(shown, lambda partner: (partner.name.lower(), str(partner.id)))
    return sheets.answer(request, form, "partners", answer, lambda: showing.table(shown))


@router.post("", status_code=201)
async def enter_partner(request: Request, response: Response, db: Db, who: Manager, wanted: PartnerWanted) -> PartnerWhole:
    """Enter a partner; without a code it gets one."""
    async with db.transaction() as session:
        partner = await book.enter(session, who, wanted, language_of(request))
        note(session, who, "partner_entered", partner=str(partner.id))
        await session.flush()
        [shown] = await book.show(session, who, [partner], base_url(request))
    response.headers["Location"] = f"{router.prefix}/{partner.id}"
    assert isinstance(shown, PartnerWhole)
    return shown


@router.get("/{partner_id}", response_model=PartnerWhole | PartnerShown | PartnerCounted)
async def show_partner(request: Request, db: Db, who: Reader, partner_id: UUID) -> PartnerCounted:
    """Show a partner."""
    async with db.transaction() as session:
        partner = await book.one(session, who, partner_id)
        note(session, who, "partner_read", partner=str(partner.id))
        [shown] = await book.show(session, who, [partner], base_url(request))
    return shown


@router.patch("/{partner_id}")
async def change_partner(
    request: Request, db: Db, who: Manager, partner_id: UUID, wanted: PartnerChange, if_match: IfMatch = None
) -> PartnerWhole:
    """Change what is given of a partner. A stale `version` or `If-Match` is refused with what stands now."""
    async with db.transaction() as session:
        partner = await book.one(session, who, partner_id, for_update=True)
        await _change(request, session, who, partner, wanted, seen_version(if_match, wanted.version))
        await session.flush()
        [shown] = await book.show(session, who, [partner], base_url(request))
    assert isinstance(shown, PartnerWhole)
    return shown


async def _change(request: Request, session: Any, who: Identity, partner: Partner, wanted: PartnerChange, seen: int | None) -> None:
    language = language_of(request)
    book.refuse_stale(partner, wanted.given(), seen, language)
    if changed := await book.change(session, who, partner, wanted.given(), language):
        note(session, who, "partner_changed", partner=str(partner.id), fields=" ".join(sorted(changed)))


@router.get("/{partner_id}/qr.{picture}", response_class=Response, responses={200: {"content": {"image/svg+xml": {}, "image/png": {}}}})
async def show_qr(request: Request, db: Db, who: Own, partner_id: UUID, picture: Picture) -> Response:
    """Draw the partner's link as a QR code."""
    async with db.transaction() as session:
        partner = await book.one(session, who, partner_id)
    kind, draw = PICTURES[picture]
    drawn = await asyncio.to_thread(draw, codes.link(base_url(request), partner.code))
    return _file(drawn, kind, f"{partner.code}.{picture}", shown=True)


@router.get("/{partner_id}/poster.pdf", response_class=Response, responses={200: {"content": {PDF: {}}}})
async def print_poster(request: Request, db: Db, who: Own, partner_id: UUID, spoken: Spoken = None) -> Response:
    """Print the partner's poster, A4."""
    async with db.transaction() as session:
        partner = await book.one(session, who, partner_id)
    made = await printer.print(documents.poster(documents.addressed(partner, base_url(request)), spoken or partner.language))
    return _file(made, PDF, f"poster-{partner.code}-{spoken or partner.language}.pdf")


@router.get("/{partner_id}/pack.pdf", response_class=Response, responses={200: {"content": {PDF: {}}}})
async def print_pack(request: Request, db: Db, who: Own, partner_id: UUID, spoken: Spoken = None) -> Response:
    """Print the briefing pack: letter, the reasons why, what to say, poster, paper form."""
    async with db.transaction() as session:
        partner = await book.one(session, who, partner_id)
    return await pack_of(partner, base_url(request), spoken or partner.language)


async def pack_of(partner: Partner, base: str, language: Language) -> Response:
    """Return a partner's briefing pack."""
    made = await printer.print(documents.pack(documents.addressed(partner, base), language))
    return _file(made, PDF, f"briefing-{partner.code}-{language}.pdf")


@router.post("/{partner_id}/briefings", status_code=201)
async def send_briefing(request: Request, db: Db, who: Manager, partner_id: UUID) -> BriefingShown:
    """Send the briefing pack to the partner's address: a mail with a link, behind which it is read and answered."""
    language = language_of(request)
    async with db.transaction() as session:
        partner = await book.one(session, who, partner_id, for_update=True)
        if not (email := partner.contact_email):
            raise Invalid(errors=[FieldError("/contact_email", translate(language, NO_ADDRESS))])
        before = (await briefing.latest(session, [partner.id])).get(partner.id)
        if briefing.sent_lately(before, email, now()):
            raise Conflict(translate(language, A_MOMENT_AGO))
        sent = briefing.send(session, partner, email)
        note(session, who, "partner_briefed", partner=str(partner.id))
    return BriefingShown.model_validate(sent)


@router.get("/{partner_id}/promises")
async def list_promises(db: Db, who: Own, partner_id: UUID) -> Promises:
    """List what a partner promised: what is open first, by day."""
    async with db.transaction() as session:
        found = await book.promises(session, await book.one(session, who, partner_id))
    return Promises(items=[PromiseShown.model_validate(each) for each in found])


@router.post("/{partner_id}/promises", status_code=201)
async def add_promise(db: Db, who: Manager, partner_id: UUID, wanted: PromiseWanted) -> PromiseShown:
    """Write down what a partner promised, and by when."""
    async with db.transaction() as session:
        partner = await book.one(session, who, partner_id)
        made = Promise(id=new_id(), partner_id=partner.id, version=1, created_at=now(), **wanted.model_dump())
        session.add(made)
        note(session, who, "promise_added", partner=str(partner.id))
    return PromiseShown.model_validate(made)


@router.patch("/{partner_id}/promises/{promise_id}")
async def change_promise(
    request: Request, db: Db, who: Manager, partner_id: UUID, promise_id: UUID, wanted: PromiseChange, if_match: IfMatch = None
) -> PromiseShown:
    """Change a promise, or say that it is done (`done_on`) and what was delivered. A stale `version` is refused with what stands now."""
    async with db.transaction() as session:
        partner = await book.one(session, who, partner_id)
        found = await book.promise(session, partner, promise_id)
        book.refuse_stale(found, wanted.given(), seen_version(if_match, wanted.version), language_of(request))
        if found.change(wanted.given()):
            note(session, who, "promise_changed", partner=str(partner.id))
    return PromiseShown.model_validate(found)


def base_url(request: Request) -> str:
    """Return what links begin with."""
    base: str = request.app.state.settings.khokahano_base_url
    return base


def today() -> date:
    """Return the day (UTC)."""
    return now().date()


def _file(content: bytes, kind: str, name: str, *, shown: bool = False) -> Response:
    place = "inline" if shown else "attachment"
    return Response(content, media_type=kind, headers={"content-disposition": f'{place}; filename="{name}"', "cache-control": "no-store"})


def _key(cursor: Key | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    try:
        name, partner_id = cursor
        return str(name), str(UUID(str(partner_id)))
    except ValueError:
        raise cursors.wrong() from None
