"""What a member agreed to: every record with the words that were agreed to; and what staff record of what they were told."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel
from sqlalchemy import select

from services.registry import cursors, records, searching
from services.registry.keeping.changes import seen_version
from services.registry.model import Consent, ConsentRoot, Member, Wording
from services.registry.model.consents import in_force
from services.registry.reading_back import read_back
from services.registry.recording import Answer, record
from services.registry.scope import scope_of
from services.registry.scoped import acting_on, scoped
from shared.audit import note
from shared.clock import now
from shared.database import Transaction
from shared.errors import Conflict, Invalid, NotFound
from shared.identity import Identity, require
from shared.outbox import put
from shared.service import Db
from shared.web.language import language_of, translate
from shared.web.paging import Paging

router = APIRouter(prefix="/api/v1", tags=["consents"])

Staff = Annotated[Identity, Depends(require("admin", "consultant", "officer"))]


class ConsentRecord(BaseModel):
    """One record, as it was written; nothing in it can be changed.

    Attributes:
        wording: the text that was agreed to.
        place: its place in the member's chain; `hash` is the record's own, and covers those before it.
    """

    id: int
    purpose: str
    channel: str | None
    recipient: str | None
    given: bool
    at: datetime
    way: str
    wording_version: str | None
    language: str | None
    wording: str | None
    spoken: str | None
    scan: str | None
    outcome: str | None
    basis: str | None
    staff: str | None
    office: str | None
    place: int
    hash: str
    receipt: str


class ReadBack(BaseModel):
    """The receipt of what was recorded now, in the member's language, for staff to read out; `mailed`: it goes by mail as well."""

    number: str
    text: str
    mailed: bool


class InForce(BaseModel):
    """What a member agrees to now."""

    registration: bool
    information: list[str]
    sharing: list[str]


class Consents(BaseModel):
    """All of a member's records, the newest first, and what they add up to."""

    in_force: InForce
    version: int
    items: list[ConsentRecord]
    next: None = None
    receipt: ReadBack | None = None


@router.get("/members/{member_id}/consents")
async def list_consents(db: Db, who: Staff, member_id: UUID) -> Consents:
    """Show every consent that a member has given or withdrawn, with its wording, and what is in force."""
    async with scoped(db, who) as session:
        member = await session.scalar(searching.one(member_id, scope_of(who)))
        if member is None:
            raise NotFound
        note(session, who, "consents_read", [member.id])
        return await _shown(session, member)


@router.post("/members/{member_id}/consents", status_code=201)
async def record_consent(
    request: Request, db: Db, who: Staff, member_id: UUID, answer: Answer, if_match: Annotated[str | None, Header()] = None
) -> Consents:
    """Record what a member said to staff: given or withdrawn. It holds at once, and the member is told what was recorded.

    A stale `version` or `If-Match` is refused.
    """
    seen = seen_version(if_match, answer.version)
    async with acting_on(db, who, member_id) as session:
        members = await records.members_for_update(session, [member_id])
        if not members or not scope_of(who).covers(members[0].area):
            raise NotFound
        [member] = members
        if seen is not None and seen != member.version:
            raise Conflict(translate(language_of(request), "The member is in version %(version)s now.", version=member.version))
        if wrong := answer.misfits(member):
            raise Invalid(errors=wrong)
        said = record(member, answer, who, at=now())
        if said.consent.wording_version and said.consent.language:
            await records.keep_wordings(session, {(said.consent.wording_version, said.consent.language)})
        session.add(said.consent)
        if said.changed:
            put(session, said.changed)
        put(session, said.receipt)
        note(session, who, "consent_recorded", [member.id], purpose=answer.purpose, channel=answer.channel, given=int(answer.given))
        await session.flush()
        shown = await _shown(session, member)
        back = read_back(said.consent, "st" if member.language == "st" else "en", mailed=bool(said.receipt.contacts))
    return shown.model_copy(update={"receipt": ReadBack(**back._asdict())})


class ShownRoot(BaseModel):
    """The root of one day: it vouches for every record until then, and is kept elsewhere, too."""

    number: int
    day: date
    records: int
    root: str
    at: datetime


class Roots(BaseModel):
    """Roots, the newest first."""

    items: list[ShownRoot]
    next: str | None


@router.get("/consent-roots", response_model=Roots)
async def list_roots(db: Db, who: Annotated[Identity, Depends(require("admin", "consultant", "officer", "viewer"))], paging: Paging) -> Any:
    """List the roots of the ledger of consents, to be printed and kept where nobody can change them."""
    query = select(ConsentRoot).order_by(ConsentRoot.number.desc()).limit(paging.fetch)
    if (place := cursors.number(paging.after)) is not None:
        query = query.where(ConsentRoot.number < place)
    async with db.transaction() as session:
        found = list(await session.scalars(query))
    return paging.answer(
        found,
        lambda root: (root.number,),
        lambda root: ShownRoot(number=root.number, day=root.day, records=root.records, root=root.root.hex(), at=root.at),
    )


async def _shown(session: Transaction, member: Member) -> Consents:
    found = list(await session.scalars(select(Consent).where(Consent.member_id == member.id).order_by(Consent.sequence.desc())))
    named = {(each.wording_version, each.language) for each in found}
    texts = {
        (wording.version, wording.language): wording.text
        for wording in await session.scalars(select(Wording).where(Wording.version.in_({version for version, _ in named if version})))
    }
    now_in_force = in_force(found)
    return Consents(
        in_force=InForce(
            registration=("registration", None, None) in now_in_force,
            information=sorted(channel for _, channel, _ in now_in_force if channel),
            sharing=sorted(recipient for _, _, recipient in now_in_force if recipient),
        ),
        version=member.version,
        items=[_record(each, texts.get((each.wording_version or "", each.language or ""))) for each in found],
    )


def _record(said: Consent, wording: str | None) -> ConsentRecord:
    columns = {name: getattr(said, name) for name in ConsentRecord.model_fields if name not in ("wording", "place", "hash")}
    return ConsentRecord(**columns, wording=wording, place=said.sequence, hash=said.hash.hex())
