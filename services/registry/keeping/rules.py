"""How long what is kept, and what becomes of one record at night. No I/O and no clock: the moment is given. See the decision record."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services.registry.settings import RegistrySettings

Why = Literal["unconfirmed", "inactive", "bounced"]
Fate = Literal["drop", "ring", "wait", "contact"]
"""Erased now; put on the call list first; left for now, since they are on it, or a call was agreed; only a contact goes."""
WHYS: tuple[Why, ...] = ("unconfirmed", "inactive", "bounced")


@dataclass(frozen=True)
class Rules:
    """How many days what is kept; 0 keeps it for ever.

    Attributes:
        unconfirmed: a registration that nobody confirmed.
        inactive: a member who wants no information, and gave no sign of life.
        bounced: an address or number that reaches nobody.
        call: how long somebody stands on the call list before they are dropped.
    """

    unconfirmed: int
    inactive: int
    bounced: int
    call: int

    @classmethod
    def of(cls, settings: RegistrySettings) -> "Rules":
        """Return the rules that the settings make."""
        return cls(settings.keep_unconfirmed_days, settings.keep_inactive_days, settings.keep_bounced_days, settings.keep_on_call_list_days)

    def since(self, why: Why, at: datetime) -> datetime | None:
        """Return the moment before which a record is too old; None if it is kept for ever."""
        days: int = getattr(self, why)
        return at - timedelta(days=days) if days else None


@dataclass(frozen=True)
class Old:
    """A record that is older than its rule allows.

    Attributes:
        place: where it stands in the order in which old records are gone through.
        contact_id: of `bounced`: the contact that reaches nobody.
        by_call: there is a number at which the person should be asked before anything is dropped.
        stands: the member can do without the contact, and only that goes.
        listed_at: since when they are, or were, on the call list for it.
        agreed: a call is going on, or is to be made later as it was agreed.
    """

    why: Why
    member_id: UUID
    place: tuple[datetime, UUID]
    contact_id: UUID | None = None
    by_call: bool = False
    stands: bool = False
    listed_at: datetime | None = None
    agreed: bool = False


def fate(old: Old, rules: Rules, at: datetime) -> Fate:
    """Return what becomes of it: nobody whom a call can reach is dropped who was not on the call list for the set time."""
    if old.stands:
        return "contact"
    if old.agreed:
        return "wait"
    if not old.by_call:
        return "drop"
    if old.listed_at is None:
        return "ring"
    return "drop" if old.listed_at <= at - timedelta(days=rules.call) else "wait"
