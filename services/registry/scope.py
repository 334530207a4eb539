"""Whom a caller may see: everybody, or the people of their areas, or of those the ones who agreed to sharing."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, true

from services.registry.model import Member
from shared.facts import provinces
from shared.identity import Identity
from shared.permission import condition

DIVIDED = "ZA"
"""The country whose members are counted by province; as a scope it stands for all of them."""


@dataclass(frozen=True)
class Scope:
    """Whom a caller may see.

    Attributes:
        areas: area codes; None for all.
        sharing_only: only members who agreed to sharing, and of them only name, contacts and area, as the wording says.
    """

    areas: frozenset[str] | None = None
    sharing_only: bool = False

    @property
    def limited(self) -> bool:
        """Whether this caller may see less than everything."""
        return self.areas is not None or self.sharing_only

    def covers(self, area: str) -> bool:
        """Tell whether figures and targets of an area are this caller's business."""
        return self.areas is None or area in self.areas

    def condition(self) -> ColumnElement[bool]:
        """Return the members that this caller may see."""
        return and_(
            true() if self.areas is None else Member.area.in_(sorted(self.areas)),
            condition("share", {"consented": Member.sharing}) if self.sharing_only else true(),
        )


def scope_of(identity: Identity) -> Scope:
    """Return whom a staff member or token may see. A mission without areas sees nobody."""
    areas = frozenset(identity.areas)
    if DIVIDED in areas:
        areas = areas - {DIVIDED} | provinces()
    if identity.role == "mission":
        return Scope(areas, sharing_only=True)
    return Scope(areas or None)
