"""Key people who are not members yet: taken in with where we had their name, told so, and let go of in time."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import and_, func, or_, select, text

from services.registry import marking
from services.registry.erasing import KEPT_OUT
from services.registry.matching import contact_key, name_key
from services.registry.model import Contact, Member
from services.registry.outreach.fields import KeyPersonWanted
from services.registry.outreach.model import UNTOLD_LIFE, KeyPerson
from services.registry.outreach.sight import key_people_of
from services.registry.scope import scope_of
from shared import logging
from shared.clock import new_id, now
from shared.contracts.registry import ContactKind
from shared.database import Database, Transaction
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.identity import Identity
from shared.pauses import wait_any
from shared.service import Context
from shared.web.language import Language, mark, translate

log = logging.get(__name__)

EVERY_SECONDS = 3600.0
MOST_AT_ONCE = 1000
OTHERS_DOING = ("import", "demo")
"""Ways by which somebody is registered without doing it themselves."""
LEFT = mark("This person has left and asked that we hold nothing about them. Do not enter them.")
A_MEMBER = mark("This person is a member already.")
NOT_YOURS = mark("You can enter people of your own areas only.")
ENTERED = mark("This person has been entered already.")
TO_SAY = mark(
    "We have your name from %(source)s, because: %(reason)s. If you do not want us to keep it, say so, and we delete it now. "
    "We also delete it within 30 days if you do not tell us that you agree."
)
LET_GO = text("DELETE FROM key_person WHERE gone_at <= :at RETURNING id")


async def page(session: Transaction, who: Identity, *, after: tuple[datetime, UUID] | None, fetch: int) -> list[KeyPerson]:
    """Return key people that a caller may see, the newest first."""
    query = select(KeyPerson).where(key_people_of(who))
    if after is not None:
        older = KeyPerson.added_at < after[0]
        query = query.where(or_(older, and_(KeyPerson.added_at == after[0], KeyPerson.id < after[1])))
    return list(await session.scalars(query.order_by(KeyPerson.added_at.desc(), KeyPerson.id.desc()).limit(fetch)))


async def one(session: Transaction, who: Identity, key_person_id: UUID) -> KeyPerson:
    """Return a key person, held until the transaction ends.

    Raises:
        NotFound: there is none, or they are not the caller's business.
    """
    query = select(KeyPerson).where(KeyPerson.id == key_person_id, key_people_of(who)).with_for_update()
    found = await session.scalar(query)
    if found is None:
        raise NotFound
    return found


async def enter(session: Transaction, who: Identity, wanted: KeyPersonWanted, language: Language) -> KeyPerson:
    """Take in somebody, for 30 days.

    Raises:
        Conflict: they have left, are a member, or are here already.
        Invalid: the area is not the caller's.
    """
    scope = scope_of(who)
    if scope.areas is not None and (wanted.area is None or not scope.covers(wanted.area)):
        raise Invalid(errors=[FieldError("/area", translate(language, NOT_YOURS))])
    kind: ContactKind = "phone" if wanted.phone else "email"
    contact = wanted.phone or wanted.email or ""
    key, name = contact_key(kind, contact), name_key(wanted.name, "")
    if (await session.execute(KEPT_OUT, {"marks": [marking.person_mark(key, name)]})).first():
        raise Conflict(translate(language, LEFT))
    known = select(Member.id).join(Contact).where(Contact.value_key == key, Member.name_key == name, scope.condition())
    if await session.scalar(known.limit(1)):
        raise Conflict(translate(language, A_MEMBER))
    if await session.scalar(select(KeyPerson.id).where(KeyPerson.contact_key == key, KeyPerson.name_key == name)):
        raise Conflict(translate(language, ENTERED), errors=[FieldError(f"/{kind}", translate(language, ENTERED))])
    at = now()
    person = KeyPerson(
        id=new_id(),
        version=1,
        status="new",
        name=wanted.name,
        name_key=name,
        contact_kind=kind,
        contact=contact,
        contact_key=key,
        area=wanted.area,
        language=wanted.language,
        source=wanted.source,
        reason=wanted.reason,
        added_at=at,
        gone_at=at + UNTOLD_LIFE,
    )
    session.add(person)
    return person


async def noted_of(session: Transaction, member_id: UUID) -> list[dict[str, str | None]]:
    """Return where we had a member's name, and why we wished for them, from before they registered: theirs to know."""
    found = await session.scalars(select(KeyPerson).where(KeyPerson.member_id == member_id).order_by(KeyPerson.added_at))
    return [{"source": each.source, "reason": each.reason, "at": each.added_at.isoformat()} for each in found]


def to_say(person: KeyPerson) -> str:
    """Return what must be said at the first contact, in the person's language."""
    return translate(person.language, TO_SAY, source=person.source, reason=person.reason)


async def hear(session: Transaction, person: KeyPerson, answer: Literal["yes", "no", "later"], *, at: datetime) -> None:
    """Note what somebody answered who was told where we have their name; who says no is deleted at once."""
    if answer == "no":
        await session.delete(person)
    elif person.status != "member":
        person.tell(agreed=answer == "yes", at=at)


async def tend(context: Context) -> None:
    """See who has become a member, and let go of those whose time is over, hourly, until told to stop."""
    while not context.stopping.is_set():
        await tend_once(context.database, at=now())
        await wait_any(context.stopping, seconds=EVERY_SECONDS)


async def tend_once(database: Database, *, at: datetime) -> tuple[int, int]:
    """Do both once; return how many became members and how many are gone.

    Who registers by themselves under the same contact, and under a name that holds the noted one or is part of it, has become a member.
    A mother who registers on her daughter's phone has another name: that is not her daughter's registration.
    """
    async with database.transaction() as session:
        joined = 0
        for person, member_id in await _who_joined(session):
            person.join(member_id)
            joined += 1
        await session.flush()
        gone = len((await session.execute(LET_GO, {"at": at})).all())
    if joined or gone:
        log.info("key_people_tended", joined=joined, gone=gone)
    return joined, gone


async def _who_joined(session: Transaction) -> Iterable[tuple[KeyPerson, UUID]]:
    noted, given = func.string_to_array(KeyPerson.name_key, " "), func.string_to_array(Member.name_key, " ")
    query = (
        select(KeyPerson, Member.id)
        .join(Contact, Contact.value_key == KeyPerson.contact_key)
        .join(Member, Member.id == Contact.member_id)
        .where(KeyPerson.status != "member", Member.registered_at >= KeyPerson.added_at, Member.way.not_in(OTHERS_DOING))
        .where(or_(noted.op("<@")(given), noted.op("@>")(given)))
        .order_by(KeyPerson.id, Member.registered_at.desc())
        .limit(MOST_AT_ONCE)
        .with_for_update(of=KeyPerson)
    )
    return {person.id: (person, member_id) for person, member_id in await session.execute(query)}.values()
