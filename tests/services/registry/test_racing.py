"""Two copies of the registry at the same moment."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.registry.handlers import register_members
from shared.contracts.gateway import RegistrationSubmitted
from shared.contracts.registry import RegistrationRepeated
from shared.database import Database
from tests.services.registry.conftest import Registry, address, number, submission
from tests.waiting import wait_until


@pytest.fixture
async def copies(settings: dict[str, str]) -> AsyncIterator[tuple[Database, Database]]:
    """Two copies' connections to the one database."""
    pair = tuple(
        Database(settings["REGISTRY_DATABASE_URL"].replace("postgresql:", "postgresql+asyncpg:"), name=name) for name in ("one", "two")
    )
    yield pair[0], pair[1]
    for database in pair:
        await database.close()


async def handle(database: Database, submissions: list[RegistrationSubmitted], *, started: asyncio.Event, go_on: asyncio.Event) -> None:
    async with database.transaction() as session:
        await register_members(submissions, session)
        started.set()
        await go_on.wait()


async def test_two_copies_with_one_contact_make_one_member(registry: Registry, copies: tuple[Database, Database]) -> None:
    email = address()
    first, second = submission(email=email), submission("MOKOENA", "Lerato", email=email.upper())
    decided, commit, decided_too, commit_too = (asyncio.Event() for _ in range(4))
    commit_too.set()
    one = asyncio.create_task(handle(copies[0], [first], started=decided, go_on=commit))
    await decided.wait()
    two = asyncio.create_task(handle(copies[1], [second], started=decided_too, go_on=commit_too))

    async def waits() -> bool:
        return bool(await registry.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))

    await wait_until(waits)
    assert not decided_too.is_set()
    commit.set()
    await asyncio.gather(one, two)
    [member] = await registry.rows("SELECT member_id FROM contact WHERE value_key = :email", email=email)

    async def told() -> bool:
        return len(await registry.about(RegistrationRepeated, member.member_id)) == 1

    await wait_until(told)


async def test_batches_of_the_same_families_in_opposite_order_make_each_member_once(
    registry: Registry, copies: tuple[Database, Database]
) -> None:
    phones = [number() for _ in range(40)]
    people = [submission(given, "Thabane", phone=phone) for phone in phones for given in ("Lerato", "Palesa")]

    async def register(database: Database, submissions: list[RegistrationSubmitted]) -> None:
        async with database.transaction() as session:
            await register_members(submissions, session)

    doubles = [person.model_copy(update={"submission_id": submission().submission_id}) for person in reversed(people)]
    await asyncio.gather(
        *(register(copies[0], people[start : start + 20]) for start in range(0, 80, 20)),
        *(register(copies[1], doubles[start : start + 20]) for start in range(0, 80, 20)),
    )
    found = await registry.rows(
        "SELECT value, array_agg(given_name ORDER BY given_name) AS names, bool_and(shared) AS shared"
        " FROM contact JOIN member ON member.id = member_id WHERE value = ANY(:phones) GROUP BY value",
        phones=phones,
    )
    assert sorted((row.value, row.names, row.shared) for row in found) == [(phone, ["Lerato", "Palesa"], True) for phone in sorted(phones)]
