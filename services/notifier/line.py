"""The driver itself, for the statements that run all the time: in a transaction, or each as its own on a line of the sender's.

A statement that goes through a session costs five times as much of our processor, most of it to find out again what it is.
"""

import re
from collections.abc import Mapping
from typing import Any, cast

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import Database, Transaction, naming_trouble
from shared.errors import Contention, Outage

BY_KEY = "SET {local} enable_seqscan = off; SET {local} enable_hashjoin = off; SET {local} enable_mergejoin = off"
"""All of these statements find their rows by key. A plan is kept as long as its connection, and one that was made while a table was
small would go on to read it whole when it is large: a sender's record of ten mails took 0.2 ms with it and 2 ms without."""
BEGIN = text("SELECT")
_NAME = re.compile(r"(?<!:):([a-z_]+)")


class Statement:
    """A statement as the driver wants it.

    Args:
        sql: with `:name` for each value; arrays are cast, since the server cannot tell of what they are.
    """

    def __init__(self, sql: str) -> None:
        self._names = tuple(dict.fromkeys(_NAME.findall(sql)))
        self._sql = _NAME.sub(lambda found: f"${self._names.index(found[1]) + 1}", sql)

    async def fetch(self, driver: Any, values: Mapping[str, Any]) -> list[asyncpg.Record]:
        """Execute it on an asyncpg connection and return its rows."""
        rows: list[asyncpg.Record] = await driver.fetch(self._sql, *[values[name] for name in self._names])
        return rows


async def fetch(session: Transaction, statement: Statement, **values: Any) -> list[asyncpg.Record]:
    """Execute a statement in a session's transaction and return its rows. What the session has not flushed it does not see."""
    driver = session.info.get("driver")
    if driver is None:
        raw = await (await session.connection()).get_raw_connection()
        driver = session.info["driver"] = cast("asyncpg.Connection", raw.driver_connection)
        if not driver.is_in_transaction():
            await session.execute(BEGIN)  # SQLAlchemy begins only when it is given something to do.
        await driver.execute(BY_KEY.format(local="LOCAL"))
    return await statement.fetch(driver, values)


class Line:
    """One connection, opened when it is first needed and again after it broke. One statement at a time; each finds its rows by key."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: AsyncConnection | None = None
        self._driver: asyncpg.Connection | None = None

    async def fetch(self, statement: Statement, **values: Any) -> list[asyncpg.Record]:
        """Execute a statement and return its rows.

        Raises:
            Outage: the database is away. The statement may have been committed.
            Contention: two transactions met; the same statement will work when tried again.
        """
        try:
            with naming_trouble():
                return await statement.fetch(await self._open(), values)
        except (Outage, Contention):
            await self.close()
            raise

    async def close(self) -> None:
        """Hang up; the connection does not go back to the others, since it plans differently."""
        if self._connection is not None:
            connection, self._connection, self._driver = self._connection, None, None
            await connection.invalidate()
            await connection.close()

    async def _open(self) -> asyncpg.Connection:
        if self._driver is None or self._driver.is_closed():
            await self.close()
            self._connection = await self._database.engine.connect()
            driver: Any = (await self._connection.get_raw_connection()).driver_connection
            await driver.execute(BY_KEY.format(local=""))
            self._driver = driver
        return self._driver
