"""No order is promised: whatever order its facts come in, a journey ends the same."""

import itertools
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifier.handlers import listener
from shared.clock import now
from shared.contracts.base import Message
from shared.contracts.forum import SpeakerConfirmed, SpeakerDeclined, SpeakerInvited, TeamChanged
from shared.contracts.gateway import ConsentWithdrawn, ContactDisowned
from shared.contracts.registry import (
    Contact,
    ContactMoved,
    MemberChanged,
    MemberErased,
    MemberRegistered,
    MembersMerged,
    MembersParted,
    RegistrationRepeated,
)
from shared.database import Database
from tests.services.notifier.conftest import member, told

LERATO, CONTACT, SPEAKER = UUID(int=1), UUID(int=11), UUID(int=2)
REGISTERED = member(member_id=LERATO, contacts=(Contact(id=CONTACT, kind="email", value="lerato@example.org"),))
DAUGHTER = member(member_id=UUID(int=3), contacts=(Contact(id=UUID(int=13), kind="email", value="lerato@example.org", shared=True),))
AT = datetime(2026, 1, 1, tzinfo=UTC)


def changed(version: int, **fields: Any) -> MemberChanged:
    """Return a later state of Lerato."""
    return MemberChanged(**REGISTERED.model_dump() | {"version": version} | fields)


SHARED = changed(2, contacts=(Contact(id=CONTACT, kind="email", value="lerato@example.org", shared=True),))
WITHDRAWN = ConsentWithdrawn(member_id=LERATO, contact_id=CONTACT, at=AT)
DISOWNED = ContactDisowned(member_id=LERATO, contact_id=CONTACT, at=AT)
TWICE, SECOND, MOVED = UUID(int=4), UUID(int=14), UUID(int=15)
AGAIN = member(member_id=TWICE, contacts=(Contact(id=SECOND, kind="email", value="l.mokoena@example.com"),))
BOTH = (*REGISTERED.contacts, Contact(id=MOVED, kind="email", value="l.mokoena@example.com"))
MERGED = MembersMerged(
    **changed(2, contacts=BOTH).model_dump(),
    merge_id=UUID(int=9),
    absorbed_id=TWICE,
    absorbed_version=2,
    moved=(ContactMoved(contact_id=SECOND, became=MOVED),),
)
PARTED = MembersParted(
    **AGAIN.model_dump(exclude={"version", "submission_id", "way"}),
    version=3,
    merge_id=UUID(int=9),
    kept_id=LERATO,
    moved=(ContactMoved(contact_id=MOVED, became=SECOND),),
)
SECOND_WITHDRAWN = ConsentWithdrawn(member_id=TWICE, contact_id=SECOND, at=AT)
INVITED = SpeakerInvited(invitation_id=SPEAKER, name="Palesa", email="palesa@example.org", language="st", deadline=AT)
JOURNEYS: dict[str, tuple[Message, ...]] = {
    "withdrawn": (REGISTERED, changed(2, language="st"), WITHDRAWN, changed(3, information=(), language="st")),
    "disowned": (REGISTERED, DISOWNED, changed(2, contacts=())),
    "erased": (REGISTERED, SHARED, MemberErased(member_id=LERATO), RegistrationRepeated(member_id=LERATO, at=AT)),
    "disowned and erased": (REGISTERED, DISOWNED, changed(2, contacts=()), MemberErased(member_id=LERATO)),
    "repeated": (REGISTERED, RegistrationRepeated(member_id=LERATO, at=AT), changed(2, language="st")),
    "mother and daughter": (REGISTERED, DAUGHTER, SHARED),
    "merged": (REGISTERED, AGAIN, MERGED),
    "merged and parted": (MERGED, changed(3), PARTED),
    "merged and withdrawn by an old link": (AGAIN, MERGED, SECOND_WITHDRAWN),
    "merged and erased": (AGAIN, MERGED, MemberErased(member_id=LERATO), MemberErased(member_id=TWICE)),
    "speaker": (
        INVITED,
        SpeakerConfirmed(speaker_id=SPEAKER, name="Palesa", talk_title="Wool", at=now()),
        TeamChanged(version=1, emails=("team@example.org",)),
        TeamChanged(version=2, emails=("team@example.org", "desk@example.org")),
    ),
    "speaker who changed her mind": (
        INVITED,
        SpeakerConfirmed(speaker_id=SPEAKER, name="Palesa", talk_title="Wool", at=now()),
        SpeakerDeclined(speaker_id=SPEAKER, name="Palesa", at=now()),
        TeamChanged(version=1, emails=("team@example.org",)),
    ),
}
TABLES = ("recipient", "contact", "withdrawal", "suppression", "turn", "delivery", "invitation", "team")
ENDS = (
    "SELECT member_id, version, status, language, information FROM recipient ORDER BY 1",
    "SELECT member_id, kind, value, shared FROM contact WHERE value IS NOT NULL ORDER BY 1, 2",
    "SELECT member_id FROM withdrawal ORDER BY 1",
    "SELECT encode(address_key, 'hex'), scope, reason FROM suppression ORDER BY 1, 2",
    "SELECT id, name, email, talk_title, confirmed_at, declined_at FROM invitation",
    "SELECT version, emails FROM team",
)
WAITING = """
    SELECT template, encode(recipient, 'hex'), due_at > now() + interval '1 hour' AS tomorrow, count(*)
    FROM delivery WHERE status = 'due' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


@pytest.fixture(scope="module")
async def database(variables: dict[str, str]) -> AsyncIterator[Database]:
    """A database, and handlers called as deliveries would be; no broker, no sender."""
    kept = Database(told(variables).notifier_database_url, name="notifier")
    yield kept
    await kept.close()


async def end_of(database: Database, journey: Sequence[Message]) -> list[list[tuple[Any, ...]]]:
    """Handle each message in a transaction of its own and return what is kept at the end, and what is due."""
    async with database.transaction() as session:
        await session.execute(text(f"TRUNCATE {', '.join(TABLES)}"))
    for message in journey:
        async with database.transaction() as session:
            await listener.handlers[type(message)]([message], session)
    async with database.transaction() as session:
        return [[tuple(row) for row in await session.execute(text(query))] for query in (*ENDS, WAITING)]


@pytest.mark.parametrize("name", JOURNEYS)
async def test_every_order_ends_the_same(database: Database, name: str) -> None:
    orders = list(itertools.permutations(JOURNEYS[name]))
    expected = await end_of(database, orders[0])
    for order in orders[1:]:
        assert await end_of(database, order) == expected, [type(message).__name__ for message in order]


async def test_case_07_what_comes_before_the_registration_holds(database: Database) -> None:
    assert (await end_of(database, [MemberErased(member_id=LERATO), REGISTERED]))[-1] == []
    assert (await end_of(database, [DISOWNED, REGISTERED]))[-1] == []
    ends = await end_of(database, [WITHDRAWN, REGISTERED])
    assert [(scope, reason) for _, scope, reason in ends[3]] == [("information", "unsubscribed")]


async def test_batch_and_single_deliveries_end_the_same(database: Database) -> None:
    people = [member(f"m{number % 7}@example.org") for number in range(30)]
    alone = await end_of(database, people)
    async with database.transaction() as session:
        await session.execute(text(f"TRUNCATE {', '.join(TABLES)}"))
    async with database.transaction() as session:
        await listener.handlers[MemberRegistered](people, session)
    async with database.transaction() as session:
        together = [[tuple(row) for row in await session.execute(text(query))] for query in (*ENDS, WAITING)]
    assert together == alone
