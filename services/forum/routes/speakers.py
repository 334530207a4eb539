"""Speakers, for the forum's staff: invite, list, look at, withdraw."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict
from sqlalchemy import select

from services.forum.editions import fill_places, lock_invitation, open_edition
from services.forum.fields import SpeakerToInvite, VersionSeen
from services.forum.model import Invitation, Status, email_key
from shared import outbox
from shared.audit import note
from shared.clock import new_id, now
from shared.contracts.gateway import Language
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.identity import Identity, require
from shared.service import Db
from shared.web.language import language_of, translate
from shared.web.paging import Key, Paging

router = APIRouter(prefix="/api/v1/speakers", tags=["speakers"])
Staff = Annotated[Identity, Depends(require("admin", "officer", "forum"))]


class SpeakerNeeds(BaseModel):
    """What a speaker asked for. Diet and access are health data."""

    model_config = ConfigDict(from_attributes=True)

    travel: str
    diet: str
    access: str
    equipment: str


class SpeakerListed(BaseModel):
    """A speaker as lists show them."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    email: str
    language: Language
    status: Status
    talk_title: Annotated[str | None, BeforeValidator(lambda title: title or None)]
    """Null until the person has said what they will talk about."""
    invited_at: datetime
    answered_at: datetime | None
    deadline: datetime
    version: int


class Speaker(SpeakerListed):
    """A speaker looked at alone."""

    note: str
    abstract: str
    biography: str
    needs: SpeakerNeeds


class Speakers(BaseModel):
    """One page of speakers, in the order in which they were invited."""

    items: list[SpeakerListed]
    next: str | None


@router.post("", status_code=201)
async def invite_speaker(wanted: SpeakerToInvite, who: Staff, db: Db, request: Request, response: Response) -> Speaker:
    """Invite a speaker to the forum being prepared; they get a mail with their own link."""
    at = now()
    async with db.transaction() as session:
        # One invitation at a time: the edition's lock is held to the end, so that two of the same address cannot both be new.
        edition = await open_edition(session, request.app.state.settings, at.date())
        again = select(Invitation.id).where(Invitation.edition_id == edition.id, Invitation.email_key == email_key(wanted.email))
        if await session.scalar(again):
            raise Conflict(translate(language_of(request), "This address has been invited to this forum before."))
        invitation = edition.invite(new_id(), name=wanted.name, email=wanted.email, language=wanted.language, note=wanted.note, at=at)
        session.add(invitation)
        outbox.put(session, invitation.invited())
        note(session, who, "speaker_invited", [invitation.id])
    response.headers["Location"] = f"{router.prefix}/{invitation.id}"
    return Speaker.model_validate(invitation)


@router.get("", response_model=Speakers)
async def list_speakers(who: Staff, db: Db, paging: Paging, status: Annotated[Status | None, Query()] = None) -> dict[str, Any]:
    """List the invited of every edition, or those of one status."""
    wanted = select(Invitation).order_by(Invitation.id).limit(paging.fetch)
    if status is not None:
        wanted = wanted.where(Invitation.status == status)
    if paging.after is not None:
        wanted = wanted.where(Invitation.id > _id(paging.after))
    async with db.transaction() as session:
        found = (await session.scalars(wanted)).all()
        note(session, who, "speakers_listed", [each.id for each in found])
    return paging.answer(found, lambda invitation: (str(invitation.id),))


@router.get("/{speaker_id}")
async def show_speaker(speaker_id: UUID, who: Staff, db: Db) -> Speaker:
    """Show one speaker with what they said and need."""
    async with db.transaction() as session:
        invitation = await session.get(Invitation, speaker_id)
        if invitation is None:
            raise NotFound
        note(session, who, "speaker_read", [speaker_id])
    return Speaker.model_validate(invitation)


@router.post("/{speaker_id}/withdraw")
async def withdraw_speaker(speaker_id: UUID, seen: VersionSeen, who: Staff, db: Db, request: Request) -> Speaker:
    """Take an invitation back; a place that becomes free goes to whoever has waited longest. The person is told by the team, not by us."""
    at = now()
    async with db.transaction() as session:
        invitation = await lock_invitation(session, speaker_id)
        if invitation is None:
            raise NotFound
        if invitation.version != seen.version:
            raise Conflict(translate(language_of(request), "This has changed since you saw it. Look at it again, then decide."))
        invitation.withdraw(at)
        for moved_up in await fill_places(session, invitation.edition_id, at):
            outbox.put(session, moved_up)
        note(session, who, "speaker_withdrawn", [speaker_id])
    return Speaker.model_validate(invitation)


def _id(key: Key) -> UUID:
    try:
        return UUID(str(key[0]))
    except ValueError:
        raise Invalid(errors=[FieldError("/query/cursor", "Take the cursor from `next` of the page before, as it is.")]) from None
