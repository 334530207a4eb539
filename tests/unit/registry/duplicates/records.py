"""Members as their rows would make them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.registry.duplicates.joining import By, Joined, join
from services.registry.matching import contact_key, name_key, search_key
from services.registry.model import Contact, Member

AT = datetime(2020, 1, 20, 9, 0, tzinfo=UTC)
LATER = AT + timedelta(days=30)
CLERK = By("Refiloe", "IOM", LATER)
PALESA, TWICE = UUID(int=1), UUID(int=2)
MERGE = UUID(int=77)


def contact(number: int, value: str, *, member: UUID = PALESA, **fields: Any) -> Contact:
    """Return an e-mail address or a number."""
    kind = "email" if "@" in value else "phone"
    usual = {"uncertain": False, "shared": False, "confirmed_at": None, "undeliverable_at": None}
    own = {"id": UUID(int=number), "member_id": member, "kind": kind, "value": value, "value_key": contact_key(kind, value)}  # type: ignore[arg-type]
    return Contact(**usual | own | fields)


def member(identifier: UUID = PALESA, given_name: str = "Palesa", family_name: str = "Mokoena", **fields: Any) -> Member:
    """Return a member in Gauteng who agreed to nothing but being registered."""
    usual: dict[str, Any] = {
        "version": 1,
        "status": "registered",
        "country": "ZA",
        "province": "ZA-GP",
        "area": "ZA-GP",
        "city": None,
        "home_district": None,
        "occupation": None,
        "birth_year": None,
        "gender": None,
        "diaspora_type": None,
        "needs": [],
        "language": "en",
        "interests": [],
        "contributions": [],
        "contribution_note": None,
        "channels": [],
        "information": [],
        "sharing": False,
        "partner_code": None,
        "way": "web",
        "submission_id": UUID(int=1000 + identifier.int),
        "import_id": None,
        "registered_at": AT,
        "confirmed_at": None,
        "known_as": [],
        "contacts": [],
    }
    names = {"given_name": given_name, "family_name": family_name}
    keys = {"name_key": name_key(given_name, family_name), "search_key": search_key(given_name, family_name)}
    return Member(id=identifier, **names, **keys, **usual | fields)


def joined(kept: Member, absorbed: Member, *, take: tuple[str, ...] = (), shared: tuple[str, ...] = ()) -> Joined:
    """Make one of two; new ids count from 500."""
    numbers = iter(range(500, 600))
    return join(kept, absorbed, merge_id=MERGE, take=take, shared=shared, by=CLERK, new_id=lambda: UUID(int=next(numbers)))
