"""The role of scoped requests belongs to the whole server: databases that are made at once meet there, and not everybody may make one."""

import asyncio
import secrets

import asyncpg
import pytest

from ops import databases
from services.registry.scoped import ROLE, role_is_there
from shared import migrations
from shared.database import Database
from shared.errors import KhokahanoError
from tests.conftest import Servers


@pytest.fixture(scope="module")
def bare(servers: Servers) -> tuple[str, str]:
    """Two empty databases of a user who may make roles, as an administrator of a managed server may."""
    urls = []
    for name in ("bare_1", "bare_2"):
        databases.create(servers.postgresql.url(), name, role="manager", password="manager")
        urls.append(servers.postgresql.url(name, "manager", "manager"))
    return urls[0], urls[1]


async def test_databases_that_are_made_at_once_share_the_role(servers: Servers, bare: tuple[str, str]) -> None:
    admin = await asyncpg.connect(servers.postgresql.url())
    await admin.execute("ALTER ROLE manager CREATEROLE")
    for _ in range(5):
        name = f"raced_{secrets.token_hex(4)}"
        connections = [await asyncpg.connect(url) for url in (*bare, *bare)]
        await asyncio.gather(*(connection.execute(migrations.SCOPED_ROLE.format(role=name)) for connection in connections))
        for connection in connections:
            await connection.execute(f"SET ROLE {name}")
            await connection.close()
        await admin.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
    await admin.execute("ALTER ROLE manager NOCREATEROLE")
    await admin.close()


@pytest.mark.usefixtures("servers")
def test_who_may_not_make_it_is_told_what_to_run(servers: Servers) -> None:
    servers.database("registry")  # The role is there, and somebody else's.
    databases.create(servers.postgresql.url(), "tenant", role="tenant", password="tenant")
    url = servers.postgresql.url("tenant", "tenant", "tenant")
    with pytest.raises(KhokahanoError) as told:
        migrations.upgrade("registry", url)
    line = str(told.value)
    assert (line.count("\n"), f"CREATE ROLE {ROLE} NOLOGIN; GRANT {ROLE} TO tenant;" in line) == (0, True)
    assert asyncio.run(readiness(url)).startswith(f"the role {ROLE} is missing, not granted, or too mighty")
    asyncio.run(run(servers.postgresql.url(), line.rpartition(": ")[2].partition("; ")[2]))
    migrations.upgrade("registry", url)
    assert asyncio.run(readiness(url)) == "ok"


async def readiness(url: str) -> str:
    database = Database(url.replace("postgresql:", "postgresql+asyncpg:"), name="registry", pool_size=1)
    try:
        async with database.transaction() as session:
            return await role_is_there(session)
    finally:
        await database.close()


async def run(url: str, command: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(command)
    await connection.close()
