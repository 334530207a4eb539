"""What staff change of a member: correcting fields, and confirming a number by a call."""

from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Header, Request
from sqlalchemy import select

from services.registry import records, showing
from services.registry.calling.confirming import Read, confirm_number, log_of, refuse_others, words_of
from services.registry.corrections import Correction
from services.registry.keeping import amending
from services.registry.keeping.changes import act_as, refuse_stale, seen_version
from services.registry.model import Consent, Member
from services.registry.scope import scope_of
from services.registry.scoped import acting_on
from shared.audit import note
from shared.clock import now
from shared.database import Transaction
from shared.errors import NotFound
from shared.identity import Identity, require
from shared.outbox import put
from shared.service import Db
from shared.web.language import language_of

router = APIRouter(prefix="/api/v1/members", tags=["members"])

Clerk = Annotated[Identity, Depends(require("admin", "consultant", "officer"))]
"""A mission registers people, and changes nobody."""
IfMatch = Annotated[str | None, Header(description="the version that the caller has seen")]


def _schema() -> dict[str, Any]:
    fields = Correction.model_json_schema()
    properties = {**fields["properties"], "version": {"type": "integer", "description": "the version that the caller has seen"}}
    body = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}


@router.patch("/{member_id}", openapi_extra=_schema())
async def correct_member(
    request: Request, db: Db, who: Clerk, member_id: UUID, body: Annotated[dict[str, Any], Body()], if_match: IfMatch = None
) -> showing.Whole:
    """Correct some of a member's fields; who moves to another area is asked for consent to sharing anew.

    A stale `version` or `If-Match` is refused with what was changed meanwhile, when and by whom.
    """
    seen = seen_version(if_match, amending.version_in(body))
    language, at = language_of(request), now()
    async with acting_on(db, who, member_id) as session:
        member = await member_for_update(session, who, member_id)
        await refuse_stale(session, member.id, seen=seen, stands=member.version, language=language)
        origin = request.app.state.settings.country_of_origin
        amended = amending.amend(member, amending.read(member, body, origin=origin, at=at, language=language), who, at=at)
        if amended.changed:
            await act_as(session, who)
            session.add_all(amended.consents)
            put(session, amended.changed)
            note(session, who, "member_corrected", [member.id], fields=", ".join(amended.fields), version=member.version)
        return await whole_now(session, member)


@router.post("/{member_id}/contacts/{contact_id}/confirm")
async def confirm_by_call(
    request: Request, db: Db, who: Clerk, member_id: UUID, contact_id: UUID, read: Read | None = None, if_match: IfMatch = None
) -> showing.Whole:
    """Confirm a number by a call that we made to it; a second time changes nothing.

    Kept are who rang, when, which wording was read in which language, and what was said.
    """
    said = read or Read()
    at = now()
    async with acting_on(db, who, member_id) as session:
        member = await member_for_update(session, who, member_id)
        contact = member.contact(contact_id)
        if contact is None:
            raise NotFound
        refuse_others(contact, said)
        if contact.confirmed_at is None:
            seen = seen_version(if_match, said.version)
            await refuse_stale(session, member.id, seen=seen, stands=member.version, language=language_of(request))
            await act_as(session, who)
            await confirm_number(session, member, contact, said, who, at=at)
            version, language = words_of(said, member)
            session.add(log_of(member, who, at=at, outcome="reached", language=language, wording_version=version, contact=contact))
        note(session, who, "contact_confirmed", [member.id], contact=str(contact.id))
        return await whole_now(session, member)


async def member_for_update(session: Transaction, who: Identity, member_id: UUID) -> Member:
    """Return a member, locked.

    Raises:
        NotFound: there is none in the caller's areas, or not any more.
    """
    members = await records.members_for_update(session, [member_id])
    if not members or not scope_of(who).covers(members[0].area):
        raise NotFound
    return members[0]


async def whole_now(session: Transaction, member: Member) -> showing.Whole:
    """Return all that is held about a member, with what this session has changed."""
    await session.flush()
    consents = await session.scalars(select(Consent).where(Consent.member_id == member.id).order_by(Consent.id))
    return showing.whole(member, cast("list[Consent]", list(consents)))
