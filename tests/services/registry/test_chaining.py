"""Consents that were recorded before there was a ledger are chained while old code goes on."""

import asyncio
from uuid import uuid4

from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from ops import databases as ops_databases
from services.registry.verifying import Counts, verify
from shared import consent, migrations
from shared.database import Database
from tests.conftest import Servers

BEFORE = "0004"
LEDGER = "0005"
MEMBER = """
    INSERT INTO member (id, version, status, given_name, family_name, name_key, search_key, country, area, needs, language, interests,
        contributions, channels, information, sharing, way, submission_id, registered_at)
    SELECT gen_random_uuid(), 1, 'registered', 'Lerato', 'Mokoena', 'lerato mokoena', ' lerato mokoena', 'GB', 'GB', '{}', 'en', '{}',
        '{}', '{email}', '{email}', true, 'web', gen_random_uuid(), now() FROM generate_series(1, :count)
"""
AS_OLD_CODE_DOES = """
    INSERT INTO consent (member_id, purpose, channel, given, wording_version, language, at, way, submission_id)
    SELECT id, purpose, channel, true, '2020-01', 'st', registered_at, way, submission_id FROM member,
        (VALUES ('registration', NULL), ('information', 'email'), ('sharing', NULL)) AS agreed (purpose, channel)
    WHERE NOT EXISTS (SELECT FROM consent WHERE member_id = member.id)
"""
WORDING = "INSERT INTO wording (version, language, text) VALUES ('2020-01', 'st', $wording${text}$wording$)".replace(
    "{text}", consent.text("2020-01", "st").replace(":", "\\:")
)
"""As old code keeps it, from the first time that somebody agrees to it."""
MANY = 2000


def asyncpg_url(url: str) -> str:
    """Return a URL for this driver."""
    return url.replace("postgresql:", "postgresql+asyncpg:")


def migrate(url: str, revision: str) -> None:
    """Bring a database to an older revision."""

    def run(connection: Connection) -> None:
        config = migrations._config("registry")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    async def upgrade() -> None:
        engine = create_async_engine(asyncpg_url(url), poolclass=NullPool)
        async with engine.connect() as connection:
            await connection.run_sync(run)
            await connection.commit()
        await engine.dispose()

    asyncio.run(upgrade())


async def do(url: str, *statements: str) -> None:
    """Do what old code does, each in a transaction of its own."""
    database = Database(asyncpg_url(url), name="registry")
    for statement in statements:
        async with database.transaction() as session:
            await session.execute(text(statement), {"count": MANY} if ":count" in statement else {})
    await database.close()


async def looked_at(url: str) -> Counts:
    """Return what was looked at; nothing is wrong."""
    database, counts = Database(asyncpg_url(url), name="registry"), Counts()
    assert [fault.text async for fault in verify(database, counts, {})] == []
    await database.close()
    return counts


def test_records_from_before_the_ledger_are_chained_in_their_order(servers: Servers) -> None:
    name = f"registry_old_{uuid4().hex[:8]}"
    ops_databases.create(servers.postgresql.url(), name, role="registry", password=servers.passwords["registry"])
    url = servers.postgresql.url(name, "registry", servers.passwords["registry"])
    migrate(url, BEFORE)
    asyncio.run(do(url, WORDING, MEMBER, AS_OLD_CODE_DOES))
    migrate(url, LEDGER)

    # Old code that is stopped later goes on, and a migration that was broken off begins again.
    asyncio.run(do(url, MEMBER, AS_OLD_CODE_DOES, f"UPDATE alembic_version SET version_num = '{BEFORE}'"))
    migrate(url, LEDGER)
    migrations.upgrade("registry", url)
    counts = asyncio.run(looked_at(url))
    assert (counts.records, counts.chains) == (6 * MANY, 2 * MANY)
