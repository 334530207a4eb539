"""A member's contacts, added and removed by staff whom the member asked: as on the member's own page, and under the staff's name."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from services.registry import showing
from services.registry.contacts import keeping, typed
from services.registry.contacts.changing import By
from services.registry.keeping.changes import act_as, refuse_stale, seen_version
from services.registry.model.consents import UNNAMED_OFFICE
from services.registry.routes.amending import Clerk, IfMatch, member_for_update, whole_now
from services.registry.scoped import acting_on
from shared.clock import now
from shared.errors import NotFound
from shared.identity import Identity
from shared.service import Db
from shared.web.language import language_of

router = APIRouter(prefix="/api/v1/members", tags=["members"])

Asked = Literal["call", "visit", "paper", "message"]
HOW = "how the member asked for it: a call, a visit, a signed paper, or a message"


class Added(BaseModel):
    """A contact that a member gave to staff."""

    model_config = ConfigDict(extra="forbid")

    kind: typed.Kind
    value: str = Field(description="an e-mail address, or a number with its country code")
    asked: Asked = Field(description=HOW)
    version: Annotated[int, Field(strict=True, ge=1)] | None = Field(None, description="the version of the member that the caller has seen")


@router.post("/{member_id}/contacts", status_code=201)
async def add_contact(request: Request, db: Db, who: Clerk, member_id: UUID, added: Added, if_match: IfMatch = None) -> showing.Whole:
    """Add a contact: unconfirmed until its own link is pressed, or we ring it. The member's confirmed addresses are told.

    A stale `version` or `If-Match` is refused with what was changed meanwhile, when and by whom.
    """
    language, seen = language_of(request), seen_version(if_match, added.version)
    given = typed.read(added.kind, added.value, language)
    async with acting_on(db, who, member_id) as session:
        await keeping.lock(session, member_id, given.key)
        member = await member_for_update(session, who, member_id)
        await refuse_stale(session, member.id, seen=seen, stands=member.version, language=language)
        await act_as(session, who)
        by = _by(who, added.asked)
        await keeping.add(session, member, given, who, at=now(), language=language, by=by, asked=added.asked)
        return await whole_now(session, member)


@router.delete("/{member_id}/contacts/{contact_id}")
async def remove_contact(
    request: Request,
    db: Db,
    who: Clerk,
    member_id: UUID,
    contact_id: UUID,
    asked: Annotated[Asked, Query(description=HOW)],
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="the version that the caller has seen")] = None,
    if_match: IfMatch = None,
) -> showing.Whole:
    """Remove a contact, but not the last; information that nothing reaches any more is withdrawn. Confirmed addresses are told.

    Who has no confirmed contact left counts as unconfirmed. A stale `version` or `If-Match` is refused as for corrections.
    """
    language, seen = language_of(request), seen_version(if_match, version)
    async with acting_on(db, who, member_id) as session:
        await keeping.lock(session, member_id)
        member = await member_for_update(session, who, member_id)
        await refuse_stale(session, member.id, seen=seen, stands=member.version, language=language)
        contact = member.contact(contact_id)
        if contact is None:
            raise NotFound
        await act_as(session, who)
        await keeping.remove(session, member, contact, who, at=now(), language=language, by=_by(who, asked), asked=asked)
        return await whole_now(session, member)


def _by(who: Identity, asked: Asked) -> By:
    """Return under which way and whose name the ledger keeps what ends."""
    return By("staff" if asked == "message" else asked, who.name or who.id, who.organisation or UNNAMED_OFFICE)
