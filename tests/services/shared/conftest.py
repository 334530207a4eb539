"""A service of one table: the registry's place in the topology, with a handler that writes down what it saw."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import aio_pika
import pytest
from sqlalchemy import text

from shared import outbox
from shared.clock import new_id, now
from shared.contracts.gateway import ConsentGiven, RegistrationSubmitted
from shared.database import Database, Transaction
from shared.delivery import Listener
from shared.messaging import declare
from shared.runtime import Messaging
from shared.settings import Settings
from shared.topology import EXCHANGE, listening
from tests.conftest import Servers

LISTENING = listening("registry", RegistrationSubmitted)


def submitted(given_name: str = "Palesa", **more: Any) -> RegistrationSubmitted:
    """A registration as the gateway announces it."""
    fields = {"submission_id": new_id(), "submitted_at": now(), "way": "api", "family_name": "Mokoena", "country": "ZA"}
    consent = ConsentGiven(registration=True)
    return RegistrationSubmitted(given_name=given_name, consent=consent, consent_text_version="2020-01", **fields | more)


@dataclass
class Toy:
    """One process's worth of messaging on real servers."""

    database: Database
    rabbitmq_url: str
    decide: Callable[[RegistrationSubmitted], Awaitable[None]] | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    async def put(self, *messages: RegistrationSubmitted) -> None:
        async with self.database.transaction() as session:
            for message in messages:
                outbox.put(session, message)

    async def seen(self) -> list[str]:
        async with self.database.transaction() as session:
            return list((await session.execute(text("SELECT name FROM seen ORDER BY name"))).scalars())

    async def count(self, table: str) -> int:
        async with self.database.transaction() as session:
            return int((await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())

    @asynccontextmanager
    async def running(self, database: Database | None = None) -> AsyncIterator[Messaging]:
        """Relay and consume until the block ends, then stop cleanly."""
        listener = Listener("registry")
        toy = self

        @listener.batch(RegistrationSubmitted)
        async def write_down(messages: list[RegistrationSubmitted], session: Transaction) -> None:
            for message in messages:
                if toy.decide:
                    await toy.decide(message)
                await session.execute(text("INSERT INTO seen (name) VALUES (:name)"), {"name": message.given_name})

        settings = Settings(rabbitmq_url=self.rabbitmq_url, link_keys="k" * 32, relay_poll_seconds=0.1, outage_pause_seconds=0.5, **self.settings)
        messaging, stopping = Messaging("registry", settings, database or self.database, listener), asyncio.Event()
        task = asyncio.create_task(messaging.run(SimpleNamespace(stopping=stopping)))
        try:
            yield messaging
        finally:
            stopping.set()
            await asyncio.wait_for(task, 20)

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[Any]:
        connection = await aio_pika.connect(self.rabbitmq_url)
        try:
            yield await connection.channel(publisher_confirms=True, on_return_raises=True)
        finally:
            await connection.close()

    async def publish(self, body: bytes, *, message_id: str | None = None, kind: str = RegistrationSubmitted.key) -> None:
        """Publish past our own outbox, as a broken producer would."""
        async with self.channel() as channel:
            exchange = await channel.get_exchange(EXCHANGE, ensure=False)
            message = aio_pika.Message(body, message_id=message_id or str(new_id()), type=kind, delivery_mode=2)
            await exchange.publish(message, RegistrationSubmitted.key)

    async def waiting(self, queue: str) -> int:
        """How many messages are ready in a queue."""
        async with self.channel() as channel:
            declared = await channel.declare_queue(queue, passive=True)
            return int(declared.declaration_result.message_count)


@pytest.fixture
def urls(servers: Servers) -> tuple[str, str]:
    """A database and a virtual host that are this test's alone."""
    return servers.database("registry"), servers.vhost()


@pytest.fixture
async def toy(urls: tuple[str, str]) -> AsyncIterator[Toy]:
    url, rabbitmq_url = urls
    database = Database(f"postgresql+asyncpg://{url.partition('://')[2]}", name="toy", timeout_seconds=5)
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE seen (name text PRIMARY KEY)"))
    toy = Toy(database, rabbitmq_url)
    await declare(toy.rabbitmq_url)
    yield toy
    await database.close()
