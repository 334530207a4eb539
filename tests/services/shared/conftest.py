"""A toy service on a database and a virtual host that are each test's alone."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from sqlalchemy import text

from shared.database import Database
from shared.messaging import declare
from shared.topology import LISTENINGS
from tests.conftest import Servers
from tests.faults.proxy import Proxy
from tests.services.shared.toy import Toy


@pytest.fixture
def urls(servers: Servers) -> tuple[str, str]:
    """A database and a virtual host that are this test's alone."""
    return servers.database("registry"), servers.vhost()


@pytest.fixture
async def toy(urls: tuple[str, str], servers: Servers) -> AsyncIterator[Toy]:
    url, rabbitmq_url = urls
    database = Database(f"postgresql+asyncpg://{url.partition('://')[2]}", name="toy", timeout_seconds=5)
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE seen (name text PRIMARY KEY)"))
    toy = Toy(database, rabbitmq_url)
    await declare(toy.rabbitmq_url)
    yield toy
    await database.close()
    await _forget(toy, servers)


async def _forget(toy: Toy, servers: Servers) -> None:
    """Delete what the test filled: servers that are killed later would have to recover all of it."""
    async with toy.channel() as channel:
        for row in LISTENINGS:
            await channel.queue_delete(row.queue)
            await channel.queue_delete(row.dead_queue)
    connection = await asyncpg.connect(servers.postgresql.url())
    await connection.execute(f'DROP DATABASE "{toy.database.engine.url.database}" WITH (FORCE)')
    await connection.close()


@pytest.fixture
def broker_proxy(servers: Servers) -> Iterator[Proxy]:
    with Proxy(servers.rabbitmq.port) as proxy:
        yield proxy


@pytest.fixture
def database_proxy(servers: Servers) -> Iterator[Proxy]:
    with Proxy(servers.postgresql.port) as proxy:
        yield proxy
