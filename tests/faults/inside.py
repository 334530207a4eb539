"""What can be seen inside a house: rows, queues, mails; past any proxy, and without the services' help."""

from typing import Any
from uuid import UUID

import aio_pika
import asyncpg

from services.gateway import staff
from services.gateway.model import Role
from shared.database import Database
from shared.topology import LISTENINGS, SERVICES
from tests.faults.mailbox import Mailbox
from tests.waiting import wait_until


class Inside:
    """The databases, the virtual host and the mailbox of one house.

    Attributes:
        databases: service → URL.
    """

    def __init__(self) -> None:
        self.databases: dict[str, str] = {}
        self.rabbitmq_url = ""
        self.mailbox = Mailbox()

    async def token(self, role: Role = "admin", *areas: str) -> str:
        """Make an API token, as `khokahano token add` does."""
        url = self.databases["gateway"].replace("postgresql://", "postgresql+asyncpg://")
        database = Database(url, name="test", pool_size=1)
        try:
            async with database.transaction() as session:
                return (await staff.add_token(session, f"test {role}", staff.Rights(role, areas))).secret
        finally:
            await database.close()

    async def fetch(self, service: str, query: str, *values: object) -> list[Any]:
        """Return the rows of a query in a service's database, past any proxy."""
        connection = await asyncpg.connect(self.databases[service], timeout=10)
        try:
            rows: list[Any] = await connection.fetch(query, *values, timeout=10)
            return rows
        finally:
            await connection.close()

    async def count(self, service: str, table: str, where: str = "true") -> int:
        """Return how many rows of a table there are."""
        [[rows]] = await self.fetch(service, f"SELECT count(*) FROM {table} WHERE {where}")
        return int(rows)

    async def members(self) -> list[UUID]:
        """Return every member's submission id, sorted."""
        return [row[0] for row in await self.fetch("registry", "SELECT submission_id FROM member ORDER BY submission_id")]

    async def wait_quiet(self, people: int, seconds: float = 60) -> None:
        """Return once so many addresses have mail and nothing is on its way any more; fail with what there is after this time."""
        seen: dict[str, object] = {}

        async def arrived() -> bool:
            seen["addresses"] = len(self.mailbox.accepted)
            seen["on the way"] = await self.on_the_way()
            return len(self.mailbox.accepted) >= people and not seen["on the way"]

        try:
            await wait_until(arrived, seconds, every=0.2)
        except AssertionError as late:
            raise AssertionError(f"after {seconds:g} s: {seen}, {people} addresses are awaited") from late

    async def on_the_way(self) -> dict[str, int]:
        """Return what waits, and how much of it: outbox rows, messages in live queues, mails to be sent now. Empty: nothing."""
        found = {f"{service} outbox": await self.count(service, "outbox") for service in SERVICES}
        soon = "status = 'sending' OR (status = 'due' AND due_at < now() + interval '5 seconds')"
        found["mails"] = await self.count("notifier", "delivery", soon)
        found |= {queue: waiting for queue, (waiting, _) in (await self.queues()).items()}
        return {what: waiting for what, waiting in found.items() if waiting}

    async def queues(self, *, dead: bool = False) -> dict[str, tuple[int, int]]:
        """Return each live (or dead) queue with how many messages are ready in it and how many consumers it has."""
        found: dict[str, tuple[int, int]] = {}
        async with await aio_pika.connect(self.rabbitmq_url, timeout=10) as connection:
            channel = await connection.channel()
            for row in LISTENINGS:
                name = row.dead_queue if dead else row.queue
                declared = (await channel.declare_queue(name, passive=True, timeout=10)).declaration_result
                found[name] = (declared.message_count or 0, declared.consumer_count or 0)
        return found
