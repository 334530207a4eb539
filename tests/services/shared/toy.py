"""A service of one table: the registry's place in the topology, with a handler that writes down what it saw."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aio_pika
from aio_pika.exceptions import ChannelNotFoundEntity
from sqlalchemy import text
from yarl import URL

from shared import outbox
from shared.clock import new_id, now
from shared.contracts.gateway import ConsentGiven, RegistrationSubmitted
from shared.database import Database, Transaction
from shared.dead_letters import DeadLetter, DeadLetters
from shared.delivery import Listener
from shared.runtime import Messaging
from shared.service import Context
from shared.service import _keep_running as keep_running
from shared.settings import Settings
from shared.topology import EXCHANGE, listening
from tests.waiting import wait_until

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
    consumes: bool = True

    async def put(self, *messages: RegistrationSubmitted) -> None:
        async with self.database.transaction() as session:
            for message in messages:
                outbox.put(session, message)

    async def put_people(self, number: int, name: str = "Palesa") -> list[str]:
        """Put so many registrations and return their names, in order."""
        names = [f"{name} {count:04}" for count in range(number)]
        await self.put(*map(submitted, names))
        return names

    async def handled(self, names: list[str], seconds: float = 10) -> None:
        """Return once each of these, and nobody else, was seen, the outbox and the queue are empty, and nothing is dead."""

        async def all_there() -> bool:
            return await self.count("seen") >= len(names)

        await wait_until(all_there, seconds)
        assert await self.seen() == names
        await wait_until(lambda: self.is_empty("outbox"))
        assert await self.dead() == []

    async def is_empty(self, table: str) -> bool:
        return await self.count(table) == 0

    async def dead(self) -> list[DeadLetter]:
        return await DeadLetters(self.rabbitmq_url).read()

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

        async def write_down(messages: list[RegistrationSubmitted], session: Transaction) -> None:
            for message in messages:
                if toy.decide:
                    await toy.decide(message)
                await session.execute(text("INSERT INTO seen (name) VALUES (:name)"), {"name": message.given_name})

        if self.consumes:
            listener.batch(RegistrationSubmitted)(write_down)
        chosen = {
            "rabbitmq_url": self.rabbitmq_url,
            "relay_poll_seconds": 0.1,
            "relay_lease_seconds": 1.5,
            "outage_pause_seconds": 0.5,
        } | self.settings
        messaging = Messaging("registry", Settings(link_keys="k" * 32, **chosen), database or self.database, listener)
        context = Context("toy", None, database or self.database)
        task = asyncio.create_task(keep_running(messaging.run, context))
        try:
            yield messaging
        finally:
            context.stopping.set()
            await asyncio.wait_for(task, 20)

    @asynccontextmanager
    async def running_relay_only(self) -> AsyncIterator[None]:
        """Relay what was put, and consume nothing, until the block ends."""
        async with Toy(self.database, self.rabbitmq_url, consumes=False).running():
            yield

    def broker_through(self, port: int) -> str:
        """Return the broker's URL with a proxy's port; 0 for the broker's own."""
        url = URL(self.rabbitmq_url)
        return str(url.with_port(port or url.port))

    def database_through(self, port: int) -> Database:
        """Return the same database, reached by a proxy's port."""
        return Database(self.database.engine.url.set(port=port).render_as_string(hide_password=False), name="toy", timeout_seconds=2)

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

    async def consumers(self, queue: str = LISTENING.queue) -> int:
        """How many consumers the broker knows of."""
        async with self.channel() as channel:
            try:
                declared = await channel.declare_queue(queue, passive=True)
            except ChannelNotFoundEntity:
                return 0
            return int(declared.declaration_result.consumer_count)

    async def waiting(self, queue: str) -> int:
        """How many messages are ready in a queue."""
        async with self.channel() as channel:
            declared = await channel.declare_queue(queue, passive=True)
            return int(declared.declaration_result.message_count)
