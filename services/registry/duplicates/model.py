"""Pairs that are likely one person, and merges. Rules only: no I/O and no clock."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Double, FetchedValue, ForeignKey, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.registry.model.base import Base


class Pair(Base):
    """Two members who are likely one person; `one` is the lower id.

    Attributes:
        reasons: what speaks for it and against, as `[slug, weight]`, the weightiest first (`likeness.Reason`).
        dismissed_at: somebody has looked, and found two people.
    """

    __tablename__ = "likeness_pair"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    one: Mapped[UUID] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"))
    other: Mapped[UUID] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"))
    score: Mapped[float] = mapped_column(Double)
    reasons: Mapped[list[list[Any]]] = mapped_column(JSONB)
    found_at: Mapped[datetime] = mapped_column(FetchedValue())
    dismissed_at: Mapped[datetime | None]
    dismissed_by: Mapped[str | None]


class Merge(Base):
    """Two members who became one. The absorbed one has no row of their own until the merge is undone.

    Attributes:
        staff: who did it, by name; `office` is theirs.
        pair_ids: the pairs of the queue that went with it, so that another clerk's click on one is answered.
        before: what undoing needs (`joining.join`); it is emptied when that is done.
    """

    __tablename__ = "merge"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kept_id: Mapped[UUID]
    absorbed_id: Mapped[UUID]
    at: Mapped[datetime]
    staff: Mapped[str]
    office: Mapped[str]
    pair_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]
