"""A page of members, the newest first, at about the same cost whatever is asked and however many members there are.

A single filter has an index in the pages' order. For several together no one plan is good: to walk in that order is quick where many
fit, to gather all who fit is quick where few do, and which of the two it is the planner cannot know, since it takes filters to be
independent. So each is tried up to a limit. Source: decision 9.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    UnaryExpression,
    Uuid,
    any_,
    cast,
    func,
    literal,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased, selectinload

from services.registry.finding import Filters
from services.registry.model import Member
from services.registry.scope import Scope
from services.registry.scoped import finding
from shared.database import Transaction
from shared.permission import condition

WALKED = 200
"""How many members are looked at for each that is wanted, at most; they lie side by side."""
WALKED_APART = 20
"""The same along one area or partner, whose members do not: each costs several times as much."""
GATHERED = 2000
"""How many members who fit are gathered and sorted, at most: where more fit, one in so many of all does, and walking ends soon."""
MOST_STREAMS = 20
"""Areas whose members are merged; of more, hardly anybody is left out, and all members are walked."""
PLANNED = text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('max_parallel_workers_per_gather', '0', true),"
    " set_config('jit', 'off', true)"
)
"""A plan for any filter is a bad one for most; and a page is too small a thing to start processes or a compiler for."""
_WALKING = ("enable_seqscan", "enable_indexscan", "enable_indexonlyscan")
GATHERING = text("SELECT " + ", ".join(f"set_config('{name}', 'off', true)" for name in _WALKING))
"""What fits is gathered from indexes, as bitmaps."""
AS_USUAL = text("SELECT " + ", ".join(f"set_config('{name}', 'on', true)" for name in _WALKING))

Key = tuple[datetime, UUID]


def one(member_id: UUID, scope: Scope) -> Select[Member]:
    """Return the query for one member with their contacts; none outside the scope."""
    return select(Member).where(Member.id == member_id, scope.condition()).options(selectinload(Member.contacts))


async def page(session: Transaction, wanted: Filters, scope: Scope, *, after: Key | None, fetch: int) -> list[Member]:
    """Return a page of members with their contacts, the newest first.

    Args:
        after: `registered_at` and `id` of the last member of the page before.
    """
    await session.execute(PLANNED)
    async with finding(session):
        ids = await _ids(session, _Question(wanted, scope, after, fetch))
    shown = select(Member).where(Member.id == any_(literal(ids, ARRAY(Uuid()))), scope.condition()).order_by(*_newest(Member))
    return list(await session.scalars(shown.options(selectinload(Member.contacts)))) if ids else []


async def _ids(session: Transaction, question: "_Question") -> Sequence[UUID]:
    """Return who is on the page."""
    if question.places == frozenset():
        return []
    if question.has_an_order:
        return (await session.scalars(question.ordered())).all()
    if not question.wanted.names_few:
        walked = (await session.scalars(question.walked())).all()
        if len(walked) == question.fetch:
            return walked
    await session.execute(GATHERING)
    gathered = (await session.execute(question.gathered())).all()
    if not gathered or gathered[0].fitting <= GATHERED:
        return [row.id for row in gathered]
    await session.execute(AS_USUAL)
    return (await session.scalars(question.ordered())).all()


@dataclass(frozen=True)
class _Question:
    """What is asked for on one page."""

    wanted: Filters
    scope: Scope
    after: Key | None
    fetch: int

    @property
    def places(self) -> frozenset[str] | None:
        """The areas where members fit who may be seen; None for anywhere."""
        own, wanted = self.scope.areas, self.wanted.places()
        return own & wanted if own is not None and wanted is not None else own if wanted is None else wanted

    def tests(self, member: type[Member]) -> list[ColumnElement[bool]]:
        """Return what else must be true of a member, in the words of the indexes (migration 0003)."""
        shared = [condition("share", {"consented": cast(member.sharing, Integer) == 1})]
        return self.wanted.tests(member) + (shared if self.scope.sharing_only else [])

    def inside(self, member: type[Member]) -> list[ColumnElement[bool]]:
        """Return that a member lives in one of the areas."""
        if self.places is None:
            return []
        return [member.area.in_(sorted(self.places)) if len(self.places) > 1 else member.area == next(iter(self.places))]

    def reached(self, member: type[Member]) -> list[ColumnElement[bool]]:
        """Return that a member lies on this page or a later one."""
        before = [tuple_(member.registered_at, member.id) < self.after] if self.after else []
        return before + ([member.registered_at >= self.wanted.since] if self.wanted.since else [])

    @property
    def has_an_order(self) -> bool:
        """Whether an index holds those who fit, and no others, in the order of the pages."""
        tests = len(self.tests(Member))
        return self.wanted.q is None and (tests == 0 or (tests == 1 and self.places is None))

    def walked(self) -> Select[UUID]:
        """Return the query for those who fit among the next so many members of a partner, of an area, or of all."""
        along = self.inside(Member) if self.places and len(self.places) == 1 else []
        if self.wanted.partner:
            along = [Member.partner_code == self.wanted.partner]
        most = self.fetch * (WALKED_APART if along else WALKED)
        next_ones = select(Member).where(*along, *self.reached(Member)).order_by(*_newest(Member)).limit(most)
        member = aliased(Member, next_ones.subquery("next_ones"))
        return select(member.id).where(*self.tests(member), *self.inside(member)).order_by(*_newest(member)).limit(self.fetch)

    def gathered(self) -> Select[UUID, int]:
        """Return the query for the page out of all who fit; `fitting` says how many these are, up to one more than are gathered."""
        all_ = select(Member.registered_at, Member.id).where(*self.tests(Member), *self.inside(Member), *self.reached(Member))
        fitting = all_.limit(GATHERED + 1).subquery("fitting")
        newest = fitting.c.registered_at.desc(), fitting.c.id.desc()
        return select(fitting.c.id, func.count().over().label("fitting")).order_by(*newest).limit(self.fetch)

    def ordered(self) -> Select[UUID]:
        """Return the query for the page in its own order; areas' members are merged."""
        if self.places is None or not 1 < len(self.places) <= MOST_STREAMS:
            fit = select(Member.id).where(*self.tests(Member), *self.inside(Member), *self.reached(Member))
            return fit.order_by(*_newest(Member)).limit(self.fetch)
        streams = [
            select(Member.registered_at, Member.id)
            .where(Member.area == place, *self.tests(Member), *self.reached(Member))
            .order_by(*_newest(Member))
            .limit(self.fetch)
            for place in sorted(self.places)
        ]
        merged = union_all(*(stream.subquery().select() for stream in streams)).subquery("merged")
        return select(merged.c.id).order_by(merged.c.registered_at.desc(), merged.c.id.desc()).limit(self.fetch)


def _newest(member: type[Member]) -> tuple[UnaryExpression[datetime], UnaryExpression[UUID]]:
    return member.registered_at.desc(), member.id.desc()


def key_of(member: Member) -> tuple[str, str]:
    """Return a member's place in the order, for a cursor."""
    return member.registered_at.isoformat(), str(member.id)
