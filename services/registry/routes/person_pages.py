"""One person's page for staff: everything held, what they agreed to, what happened; to a mission, what it may see."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from sqlalchemy import select
from starlette.responses import Response

from services.registry import searching
from services.registry.calling.model import CALLABLE
from services.registry.duplicates import pairs
from services.registry.duplicates.model import Pair
from services.registry.history.happenings import Happening, happenings
from services.registry.model import Consent, Member
from services.registry.pages import pages
from services.registry.people import timeline, words
from services.registry.routes.members import SEES_ALL
from services.registry.scope import Scope, scope_of
from services.registry.scoped import as_ourselves, scoped
from shared.audit import note
from shared.database import Transaction
from shared.errors import NotFound
from shared.identity import Identity, require
from shared.service import Db
from shared.web.language import language_of

router = APIRouter(prefix="/staff/members", include_in_schema=False)

MOST_LIKELY = 5
Reader = Annotated[Identity, Depends(require(*SEES_ALL, "mission"))]


@router.get("/{member_id}")
async def show_person(request: Request, db: Db, who: Reader, member_id: UUID) -> Response:
    """Show all that is held about somebody."""
    scope, language = scope_of(who), language_of(request)
    consents: list[Consent] = []
    happened: list[Happening] = []
    reads: list[Happening] = []
    likely: list[tuple[Pair, Member]] = []
    async with scoped(db, who) as session:
        member = await session.scalar(searching.one(member_id, scope))
        if member is None:
            raise NotFound
        note(session, who, "member_read", [member.id])
        if not scope.sharing_only:
            consents = list(await session.scalars(select(Consent).where(Consent.member_id == member.id)))
            likely = await _likely(session, scope, member)
            note(session, who, "duplicates_listed", [other.id for _, other in likely])
            await as_ourselves(session)
            happened = await happenings(session, member.id, kinds=timeline.EVENTS, after=None, fetch=timeline.MOST_EVENTS)
            reads = await happenings(session, member.id, kinds=("read",), after=None, fetch=timeline.MOST_READS)
    return pages.render(
        request,
        "person.html",
        person=member,
        name=name_of(member),
        facts=words.facts_of(member, language, known_only=scope.sharing_only),
        contacts=words.contact_rows(member.contacts, language),
        consents=words.consent_rows(consents, language),
        likely=[(pair.id, name_of(other), min(99, int(100 * pair.score))) for pair, other in likely],
        events=timeline.events(happened, language),
        reads=timeline.events(reads, language),
        may_change=not scope.sharing_only,
        may_code=any(contact.kind in CALLABLE for contact in member.contacts),
        did=request.query_params.get("did", ""),
    )


async def _likely(session: Transaction, scope: Scope, member: Member) -> list[tuple[Pair, Member]]:
    """Return who else may be the same person, the likeliest first."""
    found = await pairs.page(session, scope, after=None, fetch=MOST_LIKELY, about=member.id)
    return [(pair, other) for pair, both in await pairs.whole(session, found) for other in both if other.id != member.id]


def name_of(member: Member) -> str:
    """Return somebody's whole name."""
    return f"{member.given_name} {member.family_name}"
