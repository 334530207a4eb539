"""What the forum sees to when it starts, in one copy or many."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import date

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from services.forum.announcing import ANNOUNCERS
from services.forum.dates import forum_start
from services.forum.model import Edition
from services.forum.preparing import prepare
from services.forum.settings import ForumSettings
from shared.clock import new_id, now
from shared.contracts.base import Message
from shared.contracts.forum import SpeakerConfirmed, SpeakerDeclined, SpeakerInvited, TeamChanged
from shared.database import Database
from shared.service import Context
from tests.conftest import Servers


@pytest.fixture
def url(servers: Servers) -> str:
    """The URL of a database that is this test's alone."""
    return servers.database("forum")


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """That database."""
    opened = Database(f"postgresql+asyncpg://{url.partition('://')[2]}", name="tests")
    yield opened
    await opened.close()


def context(database: Database, url: str, **settings: object) -> Context:
    """Return what a copy with these settings is started with."""
    keys = [SecretStr("x" * 32)]
    return Context("forum", ForumSettings(forum_database_url=url, forum_identity_keys=keys, link_keys=keys, **settings), database)


async def announced(database: Database) -> list[tuple[str, str]]:
    """Return the key and body of everything that waits to be relayed."""
    async with database.transaction() as session:
        return [(key, body) for key, body in await session.execute(text("SELECT key, body FROM outbox ORDER BY id"))]


async def editions(database: Database) -> list[Edition]:
    """Return the editions, oldest first."""
    async with database.transaction() as session:
        return list(await session.scalars(select(Edition).order_by(Edition.starts_on)))


async def test_copies_that_start_together_announce_the_team_once(database: Database, url: str) -> None:
    emails = ["Desk@example.org", "lerato@example.org", "desk@EXAMPLE.org"]
    async with AsyncExitStack() as stack:
        copies = [Database(f"postgresql+asyncpg://{url.partition('://')[2]}", name=f"copy-{number}") for number in range(5)]
        for copy in copies:
            stack.push_async_callback(copy.close)
        await asyncio.gather(*(prepare(context(copy, url, forum_team_emails=emails)) for copy in copies))
    team = TeamChanged(version=1, emails=("Desk@example.org", "lerato@example.org"))
    assert await announced(database) == [(TeamChanged.key, team.model_dump_json())]
    assert len(await editions(database)) == 1


async def test_team_that_is_kept_is_not_replaced_by_the_settings(database: Database, url: str) -> None:
    await prepare(context(database, url, forum_team_emails=["desk@example.org"]))
    await prepare(context(database, url, forum_team_emails=["palesa@example.org"]))
    assert len(await announced(database)) == 1


async def test_team_of_the_settings_is_taken_when_it_comes_later(database: Database, url: str) -> None:
    await prepare(context(database, url))
    assert await announced(database) == []
    await prepare(context(database, url, forum_team_emails=["desk@example.org"]))
    assert len(await announced(database)) == 1


async def test_team_address_that_cannot_be_read_does_not_keep_the_others_away(database: Database, url: str) -> None:
    await prepare(context(database, url, forum_team_emails=["not an address", "desk@example.org"]))
    assert await announced(database) == [(TeamChanged.key, TeamChanged(version=1, emails=("desk@example.org",)).model_dump_json())]


async def test_edition_without_a_date_is_the_next_one_before_easter(database: Database, url: str) -> None:
    await prepare(context(database, url))
    await prepare(context(database, url))
    (edition,) = await editions(database)
    assert (edition.starts_on, edition.days, edition.places) == (forum_start(now().date()), 2, 6)


async def test_edition_that_is_postponed_stays_the_same(database: Database, url: str) -> None:
    await prepare(context(database, url, forum_starts_on=date(2090, 4, 12)))
    (before,) = await editions(database)
    await prepare(context(database, url, forum_starts_on=date(2090, 9, 6), forum_places=8))
    (after,) = await editions(database)
    assert (after.id, after.starts_on, after.places) == (before.id, date(2090, 9, 6), 8)


async def test_edition_that_is_over_is_followed_by_another(database: Database, url: str) -> None:
    await prepare(context(database, url, forum_starts_on=date(2020, 4, 8)))
    await prepare(context(database, url, forum_starts_on=date(2020, 4, 8)))
    await prepare(context(database, url, forum_starts_on=date(2090, 4, 12)))
    assert [edition.starts_on for edition in await editions(database)] == [date(2020, 4, 8), date(2090, 4, 12)]


async def test_place_added_by_the_settings_goes_to_who_waited_longest(database: Database, url: str) -> None:
    await prepare(context(database, url, forum_starts_on=date(2090, 4, 12), forum_places=1))
    (edition,) = await editions(database)
    people = [
        edition.invite(new_id(), name=name, email=f"{name}@example.org", language="en", note="", at=now()) for name in ("a", "b", "c")
    ]
    for person, status in zip(people, ("confirmed", "waitlisted", "waitlisted"), strict=True):
        person.status, person.answered_at = status, now()
    async with database.transaction() as session:
        session.add_all(people)
    await prepare(context(database, url, forum_starts_on=date(2090, 4, 12), forum_places=2))
    assert [key for key, _ in await announced(database)] == [SpeakerConfirmed.key]


async def test_present_state_can_be_announced_again(database: Database, url: str) -> None:
    await prepare(context(database, url, forum_team_emails=["desk@example.org"]))
    (edition,) = await editions(database)
    people = [
        edition.invite(new_id(), name=name, email=f"{name}@example.org", language="en", note="", at=now())
        for name in ("invited", "confirmed", "declined", "waitlisted", "withdrawn")
    ]
    for person in people:
        person.status = person.name
    async with database.transaction() as session:
        session.add_all(people)
    assert await again(database, SpeakerInvited) == [person.invited() for person in people]
    assert await again(database, SpeakerConfirmed) == [people[1].confirmed()]
    assert await again(database, SpeakerDeclined) == [people[2].declined()]
    assert await again(database, TeamChanged) == [TeamChanged(version=1, emails=("desk@example.org",))]


async def again(database: Database, message: type[Message]) -> list[Message]:
    """Return what the forum announces again of this kind."""
    async with database.transaction() as session:
        return [each async for each in ANNOUNCERS[message.key](session)]
