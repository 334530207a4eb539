"""The queue of pairs, and what was merged lately, as a caller may see them: who may not see one of two members sees no pair of them."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import selectinload

from services.registry.cursors import wrong
from services.registry.duplicates.joining import different
from services.registry.duplicates.model import Merge, Pair
from services.registry.model import Member
from services.registry.scope import Scope
from shared.database import Transaction

Key = tuple[float, UUID]
LATELY = 20
"""Merges shown beside the queue, the newest first."""


def key_of(pair: Pair) -> tuple[str, str]:
    """Return a pair's place in the queue, as a cursor holds it."""
    return repr(pair.score), str(pair.id)


def read_key(cursor: tuple[str | int, ...] | None) -> Key | None:
    """Return the place that a cursor stands for.

    Raises:
        Invalid: it is none of ours.
    """
    if cursor is None:
        return None
    try:
        score, identifier = cursor
        return float(str(score)), UUID(str(identifier))
    except ValueError:
        raise wrong() from None


def _seen(scope: Scope) -> ColumnElement[bool]:
    if scope.areas is None:
        return true()
    own = select(Member.id).where(scope.condition())
    return and_(Pair.one.in_(own), Pair.other.in_(own))


async def page(session: Transaction, scope: Scope, *, after: Key | None, fetch: int, about: UUID | None = None) -> list[Pair]:
    """Return pairs that nobody has judged, the likeliest first; `about` leaves those of one member."""
    query = select(Pair).where(Pair.dismissed_at.is_(None), _seen(scope)).order_by(Pair.score.desc(), Pair.id).limit(fetch)
    if about is not None:
        query = query.where(or_(Pair.one == about, Pair.other == about))
    if after is not None:
        score, identifier = after
        query = query.where(or_(Pair.score < score, and_(Pair.score == score, Pair.id > identifier)))
    return list(await session.scalars(query))


async def members(session: Transaction, ids: Iterable[UUID]) -> dict[UUID, Member]:
    """Return these members with their contacts."""
    query = select(Member).where(Member.id.in_(sorted(set(ids)))).options(selectinload(Member.contacts))
    return {member.id: member for member in await session.scalars(query)}


async def whole(session: Transaction, pairs: Sequence[Pair]) -> list[tuple[Pair, list[Member]]]:
    """Return each pair with its members, who stands firmer first; one of whom somebody has gone meanwhile is left out."""
    known = await members(session, (each for pair in pairs for each in (pair.one, pair.other)))
    return [(pair, firm(known[each] for each in (pair.one, pair.other))) for pair in pairs if pair.one in known and pair.other in known]


def firm(members: Iterable[Member]) -> list[Member]:
    """Return members in the order in which they are kept where nobody says otherwise: the confirmed, then who was first."""
    return sorted(members, key=lambda member: (member.status != "confirmed", member.registered_at, member.id))


def differences(members: Sequence[Member]) -> list[str]:
    """Return the fields in which the two differ."""
    return different(members[0], members[1])


async def lately(session: Transaction, scope: Scope, *, about: UUID | None = None) -> list[tuple[Merge, Member]]:
    """Return merges that stand, the newest first, each with who was kept; of a scoped caller those of whom both were theirs to see."""
    query = select(Merge, Member).join(Member, Member.id == Merge.kept_id).where(Merge.undone_at.is_(None))
    if scope.areas is not None:
        query = query.where(scope.condition(), Merge.before["absorbed"]["area"].astext.in_(sorted(scope.areas)))
    if about is not None:
        query = query.where(Merge.kept_id == about)
    found = await session.execute(query.order_by(Merge.at.desc(), Merge.id).limit(LATELY))
    return [(merge, member) for merge, member in found]
