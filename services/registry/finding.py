"""What is looked for: filters, and which members fit them. How they are found is in `services.registry.searching`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

import phonenumbers
from fastapi import Depends, Query
from sqlalchemy import ColumnElement, false, select

from services.registry.matching import email_key, search_key
from services.registry.model import Contact, Member
from services.registry.scope import DIVIDED
from shared.contracts.gateway import Channel, Interest, Language
from shared.errors import FieldError, Invalid
from shared.facts import provinces

Status = Literal["registered", "confirmed"]
NATIONAL = ("ZA", "LS")
"""Where a number that is looked for in its national form may belong."""

BEYOND_SHARING = frozenset({"language", "interest", "contribution", "channel", "partner"})
"""Filters by what a mission does not see of anybody: to look for it would tell it."""


@dataclass(frozen=True)
class Filters:
    """What a caller looks for; what is None does not matter."""

    q: str | None = None
    country: str | None = None
    province: str | None = None
    language: Language | None = None
    interest: Interest | None = None
    contribution: Interest | None = None
    channel: Channel | None = None
    status: Status | None = None
    partner: str | None = None
    since: datetime | None = None

    def places(self) -> frozenset[str] | None:
        """Return the areas where members fit; None for anywhere."""
        country = (provinces() if self.country == DIVIDED else frozenset({self.country})) if self.country else None
        province = frozenset({self.province}) if self.province else None
        return country & province if country and province else country or province

    def tests(self, member: type[Member]) -> list[ColumnElement[bool]]:
        """Return what else must be true of a member, apart from when they registered."""
        tests: list[ColumnElement[bool]] = _fitting(self.q, member) if self.q is not None else []
        if self.language:
            tests.append(member.language == self.language)
        if self.interest:
            tests.append(member.interests.contains([self.interest]))
        if self.contribution:
            tests.append(member.contributions.contains([self.contribution]))
        if self.channel:
            tests.append(member.channels.contains([self.channel]))
        if self.status:
            tests.append(member.status == self.status)
        if self.partner:
            tests.append(member.partner_code == self.partner)
        return tests

    @property
    def beyond_sharing(self) -> bool:
        """Whether something is looked for that a mission may not see."""
        return any(getattr(self, name) is not None for name in BEYOND_SHARING)

    @property
    def names_few(self) -> bool:
        """Whether a whole address or number is looked for, which few members have."""
        return self.q is not None and bool(_contact_keys(self.q))


async def _asked(  # One parameter a filter: so each is documented, and a wrong one is named. Awaited, it needs no thread.
    q: Annotated[str | None, Query(max_length=200, description="words of a name, a whole e-mail address, or a number")] = None,
    country: Annotated[str | None, Query(pattern="^[A-Z]{2}$")] = None,
    province: Annotated[str | None, Query(pattern="^[A-Z]{2}-[A-Z0-9]{1,3}$")] = None,
    language: Language | None = None,
    interest: Interest | None = None,
    contribution: Interest | None = None,
    channel: Channel | None = None,
    status: Status | None = None,
    partner: Annotated[str | None, Query(max_length=80)] = None,
    since: Annotated[datetime | None, Query(description="registered at or after this moment")] = None,
) -> Filters:
    if since is not None and since.tzinfo is None:
        raise Invalid(errors=[FieldError("/query/since", "Write the time like this: 2020-04-08T09:00:00Z.")])
    return Filters(q, country, province, language, interest, contribution, channel, status, partner, since)


Wanted = Annotated[Filters, Depends(_asked)]
"""A route's parameter: `wanted: Wanted`."""


def _fitting(q: str, member: type[Member]) -> list[ColumnElement[bool]]:
    """Return who is meant by the text: an address where it holds an @, a number where it is one, else the beginnings of words of a name."""
    if keys := _contact_keys(q):
        return [member.id.in_(select(Contact.member_id).where(Contact.value_key.in_(keys)))]
    words = set(search_key(q.replace("\0", "")).split())
    # A word that another begins with says nothing more, and would be taken for a filter of its own.
    needed = sorted(word for word in words if not any(other != word and other.startswith(word) for other in words))
    return [member.search_key.like(f"% {word}%") for word in needed] or [false()]


def _contact_keys(q: str) -> list[str]:
    q = q.replace("\0", "").strip()
    return [email_key(q)] if "@" in q else _numbers(q)


def _numbers(q: str) -> list[str]:
    """Return the numbers in E.164 that a text of digits can mean."""
    if sum(character.isdigit() for character in q) < 6 or any(character.isalpha() for character in q):
        return []
    found = set()
    for region in NATIONAL:
        try:
            number = phonenumbers.parse(q, region)
        except phonenumbers.NumberParseException:
            continue
        found.add(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return sorted(found)
