"""Pairs and merges as callers of the API see them, and what they say. No I/O."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.registry import files, showing
from services.registry.duplicates import pairs
from services.registry.duplicates.joining import CHOSEN
from services.registry.duplicates.model import Merge, Pair
from services.registry.duplicates.reasons import shown
from services.registry.model import Member
from services.registry.scope import Scope
from shared.web.language import Language

Taken = Literal[
    "given_name",
    "family_name",
    "country",
    "city",
    "home_district",
    "occupation",
    "birth_year",
    "gender",
    "diaspora_type",
    "needs",
    "language",
    "interests",
    "contributions",
    "contribution_note",
    "channels",
]


class ReasonShown(BaseModel):
    """One thing that speaks for one person, or against it.

    Attributes:
        reason: a stable word for programs.
        weight: in bits: 1 makes it twice as likely that it is one person, -1 half as likely.
    """

    reason: str
    weight: float
    text: str
    speaks: str


class Duplicate(BaseModel):
    """Two members who are likely one person; first the one who is kept where nobody says otherwise."""

    id: UUID
    members: list[showing.Listed | showing.Known]
    score: float = Field(description="the chance that it is one person, 0 to 1")
    reasons: list[ReasonShown]
    differences: list[str] = Field(description="the fields in which the two differ")
    found_at: datetime
    dismissed_at: datetime | None


class Duplicates(BaseModel):
    """A page of pairs, the likeliest first."""

    items: list[Duplicate]
    next: str | None


class MergeWanted(BaseModel):
    """Who is kept, and what is taken from the other."""

    model_config = ConfigDict(extra="forbid")

    keep: UUID | None = Field(None, description="whose record is kept; if left out, the confirmed one's, else the one's who was first")
    take: list[Taken] | None = Field(
        None, max_length=len(CHOSEN), description="fields taken from the other record; if left out, what the kept one does not tell"
    )
    versions: dict[UUID, Annotated[int, Field(strict=True, ge=1)]] = Field(
        default_factory=dict, max_length=2, description="the version of each member that the caller has seen; another one is refused"
    )


class MergeShown(BaseModel):
    """A merge. It can be undone, the last one of a member first."""

    id: UUID
    kept: showing.Listed | showing.Known
    absorbed_id: UUID
    at: datetime
    staff: str
    office: str


class Merges(BaseModel):
    """The newest merges that stand."""

    items: list[MergeShown]
    next: None = None


class Undone(BaseModel):
    """Two members who stand by themselves again."""

    id: UUID
    members: list[showing.Listed | showing.Known]


_OF_EACH = ("id", "given_name", "family_name", "email", "phone", "whatsapp", "area", "status", "registered_at")
_COLUMNS = [f"{name}_{place}" for place in (1, 2) for name in _OF_EACH]


def _row(item: Duplicate) -> files.Row:
    members = [getattr(member, name) for member in item.members for name in _OF_EACH]
    said = [each.reason for each in item.reasons]
    return [files.cell(each) for each in (item.id, item.score, said, item.differences, item.found_at, *members)]


TABLE = files.Table(("id", "score", "reasons", "differences", "found_at", *_COLUMNS), _row)
"""A pair a row, both members beside each other."""


def duplicate(pair: Pair, both: list[Member], scope: Scope, language: Language) -> Duplicate:
    """Return a pair as callers see it."""
    reasons = [
        ReasonShown(reason=each.slug, weight=each.weight, text=each.text, speaks=each.speaks) for each in shown(pair.reasons, language)
    ]
    return Duplicate(
        id=pair.id,
        members=[showing.listed(member, scope) for member in both],
        score=pair.score,
        reasons=reasons,
        differences=pairs.differences(both),
        found_at=pair.found_at,
        dismissed_at=pair.dismissed_at,
    )


def merged_shown(merge: Merge, kept: Member, scope: Scope) -> MergeShown:
    """Return a merge as callers see it."""
    known = showing.listed(kept, scope)
    return MergeShown(id=merge.id, kept=known, absorbed_id=merge.absorbed_id, at=merge.at, staff=merge.staff, office=merge.office)
