"""Which partners a caller may see: all, those of their areas, or their own."""

from sqlalchemy import ColumnElement, and_, false, func, or_, true

from services.registry.outreach.codes import code_key
from services.registry.outreach.model import KeyPerson, Partner
from services.registry.scope import scope_of
from shared.identity import Identity, Role

MANAGES: tuple[Role, ...] = ("admin", "consultant", "officer")
"""See contact persons, live figures, and change things."""


def visible(who: Identity) -> ColumnElement[bool]:
    """Return the partners that a caller may see.

    A mission sees the partner of its areas whose name or code its staff bear as their organisation, and no other, whatever areas the two
    share.
    """
    areas, own = scope_of(who).areas, who.organisation.strip()
    inside = true() if areas is None else Partner.areas.op("&&")(sorted(areas))
    if who.role != "mission":
        return inside
    itself = or_(func.lower(Partner.name) == own.lower(), Partner.code_key == code_key(own)) if code_key(own) else false()
    return and_(inside, itself)


def within(who: Identity, areas: list[str]) -> bool:
    """Tell whether all of a partner's areas are the caller's business."""
    own = scope_of(who).areas
    return own is None or (bool(areas) and own.issuperset(areas))


def key_people_of(who: Identity) -> ColumnElement[bool]:
    """Return the key people that a caller may see."""
    areas = scope_of(who).areas
    return true() if areas is None else KeyPerson.area.in_(sorted(areas))
