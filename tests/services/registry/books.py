"""A ledger that has been kept for three days, in a database of its own, and a hand that may change anything in it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import SecretStr

from services.registry import marking
from services.registry.handlers import register_members, withdraw_consent
from services.registry.rooting import close_day
from services.registry.verifying import Counts, Fault, verify
from shared.contracts.gateway import ConsentGiven, ConsentWithdrawn
from shared.database import Database
from tests.conftest import Servers
from tests.services.registry.conftest import AT, address, number, submission

DAY = date(2020, 1, 20)
DAYS = 2
"""Days that have a root."""
AGREED = ConsentGiven(registration=True, information=True, sharing=True)


@dataclass
class Books:
    """The ledger: 4 records each of four members, and a fifth of the second one's; the first three members are covered by roots.

    Attributes:
        members: in the order in which they registered.
        hand: a superuser's connection, for which no trigger works.
    """

    database: Database
    url: str
    hand: Any
    members: list[UUID]

    async def register(self) -> UUID:
        """Have one more member, who agrees to everything."""
        joining = submission(email=address(), phone=number(), channels=("email", "call"), consent=AGREED)
        async with self.database.transaction() as session:
            await register_members([joining], session)
        found: UUID = await self.hand.fetchval("SELECT id FROM member WHERE submission_id = $1", joining.submission_id)
        self.members.append(UUID(str(found)))
        return self.members[-1]

    async def withdraw(self, member_id: UUID) -> None:
        """Have a member want no more calls."""
        async with self.database.transaction() as session:
            await withdraw_consent(ConsentWithdrawn(member_id=member_id, channel="call", at=AT), session)

    async def faults(self, copies: dict[date, str] | None = None) -> list[Fault]:
        """Return what looking finds."""
        return [fault async for fault in verify(self.database, Counts(), copies or {})]

    async def kinds(self) -> list[str]:
        """Return the kinds of what looking finds."""
        return [fault.kind for fault in await self.faults()]

    async def counts(self) -> Counts:
        """Return what is looked at, where all is well."""
        counts = Counts()
        assert [fault.text async for fault in verify(self.database, counts, {})] == []
        return counts

    async def records(self, member: int) -> list[int]:
        """Return the ids of the records of the first, second, … member."""
        rows = await self.hand.fetch("SELECT id FROM consent WHERE member_id = $1 ORDER BY sequence", self.members[member])
        return [row["id"] for row in rows]


@asynccontextmanager
async def opened(servers: Servers, url: str) -> AsyncIterator[Books]:
    """Keep such a ledger in an empty database."""
    marking.use(SecretStr("m" * 32))
    database = Database(url.replace("postgresql:", "postgresql+asyncpg:"), name="registry")
    hand = await asyncpg.connect(servers.postgresql.url(url.rpartition("/")[2]))
    await hand.execute("SET session_replication_role = replica")
    books = Books(database, url, hand, [])
    try:
        await books.register()
        second = await books.register()
        assert await close_day(database, DAY) is not None
        await books.withdraw(second)
        await books.register()
        assert await close_day(database, DAY + timedelta(days=1)) is not None
        await books.register()
        yield books
    finally:
        await asyncio.gather(hand.close(), database.close())
