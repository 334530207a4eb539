"""Key people who are not members yet: for staff only, in no export, and not for long."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict

from services.registry.cursors import moment_and_id
from services.registry.outreach import key_people
from services.registry.outreach.fields import KeyPersonWanted
from services.registry.outreach.model import KeyPerson
from services.registry.outreach.showing import KeyPeople, KeyPersonShown
from services.registry.outreach.sight import MANAGES
from shared.audit import note
from shared.clock import now
from shared.identity import Identity, require
from shared.service import Db
from shared.web.language import language_of
from shared.web.paging import Paging

router = APIRouter(prefix="/api/v1/key-people", tags=["outreach"])
Manager = Annotated[Identity, Depends(require(*MANAGES))]


class FirstContact(BaseModel):
    """What came of speaking with a key person, who was told where we have their name."""

    model_config = ConfigDict(extra="forbid")

    told_source: Literal[True]
    answer: Literal["yes", "no", "later"]


def _shown(person: KeyPerson) -> KeyPersonShown:
    plain = {name: getattr(person, name) for name in KeyPersonShown.model_fields if name != "to_say"}
    return KeyPersonShown(**plain, to_say=key_people.to_say(person))


@router.get("", response_model=KeyPeople)
async def list_key_people(db: Db, who: Manager, paging: Paging) -> dict[str, Any]:
    """List key people, the newest first."""
    async with db.transaction() as session:
        found = await key_people.page(session, who, after=moment_and_id(paging.after), fetch=paging.fetch)
        note(session, who, "key_people_listed", [person.id for person in found[: paging.limit]])
    return paging.answer(found, lambda person: (person.added_at.isoformat(), str(person.id)), _shown)


@router.post("", status_code=201)
async def enter_key_person(request: Request, response: Response, db: Db, who: Manager, wanted: KeyPersonWanted) -> KeyPersonShown:
    """Take in somebody whom we would like to have as a member; without a yes they are gone after 30 days."""
    async with db.transaction() as session:
        person = await key_people.enter(session, who, wanted, language_of(request))
        note(session, who, "key_person_entered", [person.id])
    response.headers["Location"] = f"{router.prefix}/{person.id}"
    return _shown(person)


@router.get("/{key_person_id}")
async def show_key_person(db: Db, who: Manager, key_person_id: UUID) -> KeyPersonShown:
    """Show a key person, with what must be said at the first contact."""
    async with db.transaction() as session:
        person = await key_people.one(session, who, key_person_id)
        note(session, who, "key_person_read", [person.id])
    return _shown(person)


@router.post("/{key_person_id}/contact", response_model=KeyPersonShown, responses={204: {"description": "They said no, and are gone."}})
async def note_contact(db: Db, who: Manager, key_person_id: UUID, contact: FirstContact) -> KeyPersonShown | Response:
    """Note that they were told where we have their name, and what they answered; who says no is deleted at once."""
    async with db.transaction() as session:
        person = await key_people.one(session, who, key_person_id)
        note(session, who, "key_person_told", [person.id], answer=contact.answer)
        await key_people.hear(session, person, contact.answer, at=now())
    return Response(status_code=204) if contact.answer == "no" else _shown(person)


@router.delete("/{key_person_id}", status_code=204)
async def forget_key_person(db: Db, who: Manager, key_person_id: UUID) -> None:
    """Delete all that is held about a key person."""
    async with db.transaction() as session:
        person = await key_people.one(session, who, key_person_id)
        note(session, who, "key_person_deleted", [person.id])
        await session.delete(person)
