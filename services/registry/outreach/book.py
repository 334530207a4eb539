"""The book of partners: found, entered, changed, with what they were sent and promised."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, text, tuple_

from services.registry.outreach import briefing, figures, showing
from services.registry.outreach.codes import code_key, new_code
from services.registry.outreach.fields import PartnerWanted
from services.registry.outreach.model import Kind, Partner, Promise, Status
from services.registry.outreach.sight import MANAGES, visible, within
from shared.clock import new_id, now
from shared.database import Transaction
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.identity import Identity
from shared.web.language import Language, mark, translate

TAKEN = {"name": mark("There is a partner of this name."), "code": mark("Another partner has this code.")}
NOT_YOURS = mark("You can enter partners of your own areas only.")
MOST_LATE = 20
"""Late promises that are shown at once."""
TRIES = 20
"""Of 26,000 codes a fresh one is found at once, until thousands are taken."""
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('khokahano.partners', 0))")

Key = tuple[str, str]


@dataclass(frozen=True)
class Wanted:
    """Which partners are asked for."""

    q: str | None = None
    kind: Kind | None = None
    status: Status | None = None
    area: str | None = None

    def narrow(self, query: Select[Partner]) -> Select[Partner]:
        """Return the query for those who fit."""
        if self.q:
            sought = f"%{self.q.strip().lower()}%"
            query = query.where(func.lower(Partner.name).like(sought) | (Partner.code_key == code_key(self.q)))
        if self.kind:
            query = query.where(Partner.kind == self.kind)
        if self.status:
            query = query.where(Partner.status == self.status)
        return query.where(Partner.areas.op("@>")([self.area])) if self.area else query


async def page(session: Transaction, who: Identity, wanted: Wanted, *, after: Key | None = None, fetch: int = 200) -> list[Partner]:
    """Return partners that a caller may see, by name."""
    query = wanted.narrow(select(Partner).where(visible(who)))
    if after is not None:
        query = query.where(tuple_(func.lower(Partner.name), Partner.id) > (after[0], UUID(after[1])))
    return list(await session.scalars(query.order_by(func.lower(Partner.name), Partner.id).limit(fetch)))


async def one(session: Transaction, who: Identity, partner_id: UUID, *, for_update: bool = False) -> Partner:
    """Return a partner that a caller may see.

    Raises:
        NotFound: there is none, or it is not the caller's business.
    """
    query = select(Partner).where(Partner.id == partner_id, visible(who))
    partner = await session.scalar(query.with_for_update() if for_update else query)
    if partner is None:
        raise NotFound
    return partner


async def show(session: Transaction, who: Identity, partners: list[Partner], base_url: str) -> list[showing.PartnerCounted]:
    """Return partners as this caller sees them."""
    counts = await figures.of(session, who, partners)
    if who.role == "viewer":
        return [showing.counted(partner, counts[partner.code_key]) for partner in partners]
    sent = await briefing.latest(session, [partner.id for partner in partners])
    shown = [showing.whole(partner, counts[partner.code_key], sent.get(partner.id), base_url) for partner in partners]
    return list(shown) if who.role in MANAGES else [showing.own(each) for each in shown]


async def enter(session: Transaction, who: Identity, wanted: PartnerWanted, language: Language) -> Partner:
    """Enter a new partner, with a new code if none is given.

    Raises:
        Conflict: a partner has this name or code.
        Invalid: an area is not the caller's.
    """
    if not within(who, wanted.areas):
        raise Invalid(errors=[FieldError("/areas", translate(language, NOT_YOURS))])
    await session.execute(LOCK)
    code = wanted.code or await _free_code(session)
    await _refuse_taken(session, language, name=wanted.name, code=code)
    partner = Partner(id=new_id(), version=1, code_key=code_key(code), created_at=now(), **wanted.model_dump() | {"code": code})
    session.add(partner)
    return partner


async def change(session: Transaction, who: Identity, partner: Partner, wanted: Mapping[str, Any], language: Language) -> list[str]:
    """Take over new values, and return the names of the fields that are different now.

    Raises:
        Conflict: another partner has the new name.
        Invalid: an area is not the caller's.
    """
    if "areas" in wanted and wanted["areas"] != partner.areas and not within(who, wanted["areas"]):
        raise Invalid(errors=[FieldError("/areas", translate(language, NOT_YOURS))])
    if "name" in wanted and wanted["name"].lower() != partner.name.lower():
        await session.execute(LOCK)
        await _refuse_taken(session, language, name=wanted["name"])
    return partner.change(dict(wanted))


def refuse_stale(row: Partner | Promise, wanted: Mapping[str, Any], seen: int | None, language: Language) -> None:
    """Let a change go on if its caller has seen the row as it stands, or says nothing of what they have seen.

    Raises:
        Conflict: it was changed since; of each field that was to be changed it says what stands now.
    """
    if seen is None or seen == row.version:
        return
    said = translate(language, "Somebody else has changed this: it is in version %(version)s now.", version=row.version)
    different = [(name, getattr(row, name)) for name, value in wanted.items() if getattr(row, name) != value]
    errors = [FieldError(f"/{name}", translate(language, "It is now: %(value)s", value=_plain(value))) for name, value in different]
    raise Conflict(said, errors=errors)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "–"
    return "–" if value is None else str(value)


async def _free_code(session: Transaction) -> str:
    tried = [new_code() for _ in range(TRIES)]
    taken = set(await session.scalars(select(Partner.code_key).where(Partner.code_key.in_(tried))))
    return next(code for code in tried if code not in taken)


async def _refuse_taken(session: Transaction, language: Language, *, name: str, code: str | None = None) -> None:
    wrong = []
    if await session.scalar(select(Partner.id).where(func.lower(Partner.name) == name.lower())):
        wrong.append("name")
    if code and await session.scalar(select(Partner.id).where(Partner.code_key == code_key(code))):
        wrong.append("code")
    if wrong:
        raise Conflict(errors=[FieldError(f"/{field}", translate(language, TAKEN[field])) for field in wrong])


async def promises(session: Transaction, partner: Partner) -> list[Promise]:
    """Return what a partner promised: what is open first, by day."""
    wanted = select(Promise).where(Promise.partner_id == partner.id)
    return list(await session.scalars(wanted.order_by(Promise.done_on.is_not(None), Promise.due_on, Promise.id)))


async def late(session: Transaction, who: Identity, today: date) -> list[tuple[Partner, Promise]]:
    """Return what should have been done by now, what has waited longest, first; no more than a page holds."""
    query = select(Partner, Promise).join(Promise, Promise.partner_id == Partner.id).where(visible(who))
    overdue = query.where(Promise.done_on.is_(None), Promise.due_on < today, Partner.status != "ended")
    found = await session.execute(overdue.order_by(Promise.due_on, Promise.id).limit(MOST_LATE))
    return [(partner, promised) for partner, promised in found]


async def promise(session: Transaction, partner: Partner, promise_id: UUID) -> Promise:
    """Return one promise, held until the transaction ends.

    Raises:
        NotFound: this partner made no such promise.
    """
    wanted = select(Promise).where(Promise.id == promise_id, Promise.partner_id == partner.id)
    found = await session.scalar(wanted.with_for_update())
    if found is None:
        raise NotFound
    return found
