"""Finding members: filters, the newest first, page by page by key."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import phonenumbers
from fastapi import Depends, Query
from sqlalchemy import ColumnElement, Select, and_, false, select, tuple_
from sqlalchemy.orm import selectinload

from services.registry.matching import email_key, search_key
from services.registry.model import Contact, Member
from services.registry.scope import DIVIDED, Scope
from shared.contracts.gateway import Channel, Interest, Language
from shared.errors import FieldError, Invalid

Status = Literal["registered", "confirmed"]
NATIONAL = ("ZA", "LS")
"""Where a number that is looked for in its national form may belong."""


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

    def condition(self) -> ColumnElement[bool]:
        """Return the members that fit all filters."""
        tests: list[ColumnElement[bool]] = []
        if self.q is not None:
            tests.append(_fits(self.q))
        if self.country:
            # Outside the divided country the area is the country, and areas are indexed.
            tests.append((Member.country if self.country == DIVIDED else Member.area) == self.country)
        if self.province:
            tests.append(Member.area == self.province)
        if self.language:
            tests.append(Member.language == self.language)
        if self.interest:
            tests.append(Member.interests.contains([self.interest]))
        if self.contribution:
            tests.append(Member.contributions.contains([self.contribution]))
        if self.channel:
            tests.append(Member.channels.contains([self.channel]))
        if self.status:
            tests.append(Member.status == self.status)
        if self.partner:
            tests.append(Member.partner_code == self.partner)
        if self.since:
            tests.append(Member.registered_at >= self.since)
        return and_(*tests) if tests else Member.id.is_not(None)


def _asked(  # One parameter a filter: so each is documented, and a wrong one is named.
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


def _fits(q: str) -> ColumnElement[bool]:
    """Return who is meant by the text: an address where it holds an @, a number where it is one, else the beginnings of words of a name."""
    q = q.replace("\0", "").strip()
    if "@" in q:
        return _holding([email_key(q)])
    if numbers := _numbers(q):
        return _holding(numbers)
    words = search_key(q).split()
    return and_(*(Member.search_key.like(f"% {word}%") for word in words)) if words else false()


def _holding(keys: list[str]) -> ColumnElement[bool]:
    return Member.id.in_(select(Contact.member_id).where(Contact.value_key.in_(keys)))


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


Key = tuple[datetime, UUID]


def page(wanted: Filters, scope: Scope, *, after: Key | None, fetch: int) -> Select[Member]:
    """Return the query for a page of members with their contacts, the newest first.

    Args:
        after: `registered_at` and `id` of the last member of the page before.
    """
    query = select(Member).where(wanted.condition(), scope.condition()).options(selectinload(Member.contacts))
    if after is not None:
        query = query.where(tuple_(Member.registered_at, Member.id) < after)
    return query.order_by(Member.registered_at.desc(), Member.id.desc()).limit(fetch)


def one(member_id: UUID, scope: Scope) -> Select[Member]:
    """Return the query for one member with their contacts; none outside the scope."""
    return select(Member).where(Member.id == member_id, scope.condition()).options(selectinload(Member.contacts))


def key_of(member: Member) -> tuple[str, str]:
    """Return a member's place in the order, for a cursor."""
    return member.registered_at.isoformat(), str(member.id)


def read_key(cursor: tuple[str | int, ...] | None) -> Key | None:
    """Return the place that a cursor stands for.

    Raises:
        Invalid: the cursor is none of ours.
    """
    if cursor is None:
        return None
    try:
        at, member_id = cursor
        moment = datetime.fromisoformat(str(at))
        if moment.tzinfo is None:
            raise ValueError
        return moment, UUID(str(member_id))
    except ValueError:
        raise Invalid(errors=[FieldError("/query/cursor", "Take the cursor from `next` of the page before, as it is.")]) from None
