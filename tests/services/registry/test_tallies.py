"""Running counts: right at every moment, whoever comes, changes, leaves, or does not commit."""

import asyncio
import random
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest
from alembic import command
from sqlalchemy import text

from bench import crowd
from bench.ground import execute, fetch
from ops import databases as ops_databases
from services.registry.numbers.tallying import ADD_UP, ADD_UP_PARTS
from shared import migrations
from tests.conftest import Servers
from tests.services.registry.conftest import Registry
from tests.waiting import wait_until

COUNTED = """
    SELECT area, day, sum(registered)::bigint, sum(confirmed)::bigint FROM (
        SELECT area, (registered_at AT TIME ZONE 'UTC')::date AS day, 1 AS registered, 0 AS confirmed FROM member
        UNION ALL SELECT area, (confirmed_at AT TIME ZONE 'UTC')::date, 0, 1 FROM member WHERE status = 'confirmed'
    ) AS one GROUP BY area, day
"""
TALLIED = """
    SELECT area, day, sum(registered)::bigint, sum(confirmed)::bigint FROM (SELECT * FROM tally UNION ALL SELECT * FROM tally_mark) AS kept
    GROUP BY area, day HAVING sum(registered) <> 0 OR sum(confirmed) <> 0
"""
COUNTED_PARTS = """
    SELECT kind, value, area, day, sum(registered)::bigint, sum(confirmed)::bigint FROM (
        SELECT member.*, (registered_at AT TIME ZONE 'UTC')::date AS day, 1 AS registered, 0 AS confirmed FROM member
        UNION ALL SELECT member.*, (confirmed_at AT TIME ZONE 'UTC')::date, 0, 1 FROM member WHERE status = 'confirmed'
    ) AS one, LATERAL (
        SELECT 'way' AS kind, way AS value UNION ALL SELECT 'partner', partner_code WHERE partner_code IS NOT NULL
        UNION ALL SELECT 'channel', channel FROM unnest(channels) AS channel
    ) AS part GROUP BY kind, value, area, day
"""
TALLIED_PARTS = """
    SELECT kind, value, area, day, sum(registered)::bigint, sum(confirmed)::bigint FROM counted_part
    GROUP BY kind, value, area, day HAVING sum(registered) <> 0 OR sum(confirmed) <> 0
"""
DIFFERENT_PARTS = f"(({COUNTED_PARTS}) EXCEPT ({TALLIED_PARTS})) UNION ALL (({TALLIED_PARTS}) EXCEPT ({COUNTED_PARTS}))"
DIFFERENT = f"(({COUNTED}) EXCEPT ({TALLIED})) UNION ALL (({TALLIED}) EXCEPT ({COUNTED}))"
"""One statement, so one snapshot: nothing may be different at any moment."""
ADD = """
    INSERT INTO member (id, version, status, given_name, family_name, name_key, search_key, country, area, needs, language, interests,
        contributions, channels, information, sharing, way, partner_code, submission_id, registered_at)
    SELECT id, 1, 'registered', 'Lerato', 'Mokoena', 'lerato mokoena', ' lerato mokoena', 'ZA', 'ZA-' || n % 5, '{}', 'en', '{}', '{}',
        (ARRAY['{}', '{email}', '{email,call}']::text[])[1 + n % 3]::text[], '{}', false, (ARRAY['web', 'import'])[1 + n % 2],
        (ARRAY['LS-HC-LONDON', 'CHURCH'])[n % 4], gen_random_uuid(), timestamptz '2020-01-20 23:30Z' + n * interval '1 minute'
    FROM unnest($1::uuid[]) WITH ORDINALITY AS newcomer (id, n)
"""
CHANGES = (
    "UPDATE member SET status = 'confirmed', confirmed_at = registered_at + interval '1 day' WHERE id = ANY ($1) AND status = 'registered'",
    "UPDATE member SET area = 'BE' WHERE id = ANY ($1)",
    "UPDATE member SET version = version + 1, city = 'Welkom' WHERE id = ANY ($1)",
    "UPDATE member SET status = 'registered', confirmed_at = NULL WHERE id = ANY ($1)",
    "UPDATE member SET channels = '{whatsapp,call}' WHERE id = ANY ($1)",
    "UPDATE member SET partner_code = 'UNION', way = 'staff' WHERE id = ANY ($1)",
    """
    UPDATE member SET status = 'confirmed', confirmed_at = registered_at + interval '3 days', area = 'GB', partner_code = NULL
    WHERE id = ANY ($1) AND status = 'registered'
    """,
    "DELETE FROM member WHERE id = ANY ($1)",
)
ADDING_UP = (ADD_UP.text, ADD_UP_PARTS.text)
SEED = 7


class Abandoned(Exception):
    """A transaction that ends without its commit."""


@pytest.fixture
async def pool(fresh_databases: dict[str, str]) -> AsyncIterator[asyncpg.Pool]:
    """Connections to a registry's database of this test's own."""
    async with asyncpg.create_pool(fresh_databases["registry"], min_size=1, max_size=8) as pool:
        yield pool


async def test_counts_are_right_at_every_moment(pool: asyncpg.Pool) -> None:
    """Four write batches in any order, a third of them in vain; two add up at the same time; one looks all the while."""
    done = asyncio.Event()

    async def write(number: int) -> None:
        chance, mine = random.Random(SEED + number), list[UUID]()
        for _ in range(60):
            ids = [uuid4() for _ in range(chance.randint(1, 40))]
            try:
                async with pool.acquire() as connection, connection.transaction():
                    await connection.execute(ADD, ids)
                    for change in chance.choices(CHANGES, k=2):
                        await connection.execute(change, chance.sample(mine + ids, chance.randint(1, len(ids))))
                    if chance.random() < 0.3:
                        raise Abandoned
            except Abandoned:
                continue
            mine += ids

    async def add_up() -> None:
        while not done.is_set():
            for statement in ADDING_UP:
                await pool.execute(statement)

    async def look() -> int:
        looks = 0
        while not done.is_set():
            assert await pool.fetch(DIFFERENT) == []
            assert await pool.fetch(DIFFERENT_PARTS) == []
            looks += 1
        return looks

    adding, looking = [asyncio.create_task(add_up()) for _ in range(2)], asyncio.create_task(look())
    await asyncio.gather(*(write(number) for number in range(4)))
    done.set()
    await asyncio.gather(*adding)
    assert await looking > 5
    assert await pool.fetchval("SELECT count(*) FROM member WHERE status = 'confirmed'") > 0
    await _add_up(pool)
    assert await pool.fetchval("SELECT (SELECT count(*) FROM tally_mark) + (SELECT count(*) FROM tally_part_mark)") == 0
    assert await pool.fetch(DIFFERENT) == []
    assert await pool.fetch(DIFFERENT_PARTS) == []
    assert {row[0] for row in await pool.fetch("SELECT DISTINCT kind FROM tally_part")} == {"way", "channel", "partner"}
    await pool.execute("DELETE FROM member")
    await _add_up(pool)
    assert await pool.fetch("SELECT * FROM tally_part") == []


async def _add_up(pool: asyncpg.Pool) -> None:
    for statement in ADDING_UP:
        await pool.execute(statement)


async def test_emptying_the_table_counts_nobody(pool: asyncpg.Pool) -> None:
    await pool.execute(ADD, [uuid4() for _ in range(9)])
    await pool.execute("TRUNCATE member CASCADE")
    assert await pool.fetchval("SELECT count(*) FROM (SELECT * FROM tally UNION ALL SELECT * FROM tally_mark) AS kept") == 0
    assert await pool.fetchval("SELECT count(*) FROM counted_part") == 0


async def test_a_change_that_moves_nobody_leaves_no_mark(pool: asyncpg.Pool) -> None:
    await pool.execute(ADD, [member_id := uuid4()])
    await _add_up(pool)
    await pool.execute("UPDATE member SET version = version + 1, city = 'Welkom', confirmed_at = confirmed_at WHERE id = $1", member_id)
    assert await pool.fetchval("SELECT (SELECT count(*) FROM tally_mark) + (SELECT count(*) FROM tally_part_mark)") == 0
    await pool.execute(CHANGES[0], [member_id])
    marks = await pool.fetch("SELECT area, day::text, registered, confirmed FROM tally_mark")
    assert [tuple(mark) for mark in marks] == [("ZA-1", "2020-01-21", 0, 1)]


async def test_a_running_service_adds_up(registry: Registry) -> None:
    async with registry.database.transaction() as session:
        await session.execute(text(ADD.replace("$1::uuid[]", "CAST(:ids AS uuid[])")), {"ids": [uuid4(), uuid4()]})

    async def added_up() -> bool:
        return not await registry.rows("SELECT 1 FROM tally_mark UNION ALL SELECT 1 FROM tally_part_mark")

    await wait_until(added_up)
    assert await registry.rows(DIFFERENT) == []


def test_migrating_counts_who_is_there_and_mends_what_was_broken_off(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade, name = command.upgrade, f"registry_{uuid4().hex}"
    ops_databases.create(servers.postgresql.url(), name, role="registry", password=servers.passwords["registry"])
    url = servers.postgresql.url(name, "registry", servers.passwords["registry"])
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", lambda config, _: upgrade(config, "0001"))
        migrations.upgrade("registry", url)
    half_built = "member_status_registered_newest"
    execute(url, *crowd.statements(500)[:2], f"CREATE INDEX {half_built} ON member (registered_at, id) WHERE status = 'registered'")
    invalid = f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{half_built}'::regclass"
    execute(servers.postgresql.url(name), invalid)
    migrations.upgrade("registry", url)
    assert fetch(url, DIFFERENT) == []
    assert fetch(url, DIFFERENT_PARTS) == []
    assert fetch(url, "SELECT sum(registered) FROM tally") == [(500,)]
    assert fetch(url, "SELECT count(*) > 0, min(confirmed) FROM figure WHERE area <> ''") == [(True, 1)]
    assert fetch(url, "SELECT bool_and(indisvalid) FROM pg_index WHERE indrelid = 'member'::regclass") == [(True,)]
