"""Saved views of the list of people: a name for some filters, one's own or shown to the whole office. Nobody's data are in them."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qs
from uuid import UUID

from sqlalchemy import FetchedValue, delete, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from services.registry.finding import BEYOND_SHARING
from services.registry.model.base import Base
from services.registry.scope import Scope
from shared.clock import new_id
from shared.database import Transaction
from shared.errors import FieldError, Invalid, NotFound
from shared.identity import Identity
from shared.web.language import mark

MOST = 30
"""Views of one person; more would not be found again."""
NAME_MOST = 60


class SavedView(Base):
    """One saved view.

    Attributes:
        owner: who saved it, as the audit names them; `office` is their organisation.
        shared: shown to everybody of the office.
        query: the filters, as the list's address has them.
    """

    __tablename__ = "saved_view"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner: Mapped[str]
    office: Mapped[str]
    shared: Mapped[bool]
    name: Mapped[str]
    query: Mapped[str]
    at: Mapped[datetime] = mapped_column(FetchedValue())


def owner_of(who: Identity) -> str:
    """Return how a view names its owner."""
    return f"{who.kind}:{who.id}"


async def visible(session: Transaction, who: Identity, scope: Scope) -> Sequence[SavedView]:
    """Return a person's own views and those of their office, by name; none that looks for more than they may see."""
    theirs = SavedView.owner == owner_of(who)
    if who.organisation:
        theirs = or_(theirs, SavedView.shared & (SavedView.office == who.organisation))
    found = await session.scalars(select(SavedView).where(theirs).order_by(func.lower(SavedView.name), SavedView.id).limit(10 * MOST))
    return [view for view in found if not (scope.sharing_only and BEYOND_SHARING & parse_qs(view.query).keys())]


async def save(session: Transaction, who: Identity, *, name: str, query: str, shared: bool) -> None:
    """Keep a view; another of the same name and owner makes way for it.

    Raises:
        Invalid: it has no name, no filters, or there are too many.
    """
    if not 0 < len(name) <= NAME_MOST or not name.isprintable():
        raise Invalid(errors=[FieldError("/name", mark("Give it a name of at most 60 characters."))])
    if not query:
        raise Invalid(errors=[FieldError("/name", mark("Set a filter first; words that are searched for are not saved."))])
    own = SavedView.owner == owner_of(who)
    await session.execute(delete(SavedView).where(own, func.lower(SavedView.name) == func.lower(name)))
    if (await session.scalar(select(func.count()).select_from(SavedView).where(own)) or 0) >= MOST:
        raise Invalid(errors=[FieldError("/name", mark("You have many views already: remove one first."))])
    session.add(SavedView(id=new_id(), owner=owner_of(who), office=who.organisation, shared=shared, name=name, query=query))


async def remove(session: Transaction, who: Identity, view_id: UUID) -> None:
    """Forget one of somebody's own views.

    Raises:
        NotFound: it is none of theirs.
    """
    gone = await session.scalar(delete(SavedView).where(SavedView.id == view_id, SavedView.owner == owner_of(who)).returning(SavedView.id))
    if gone is None:
        raise NotFound
