"""One engine a process, one transaction a step, and the kinds of trouble that a database can give."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
from sqlalchemy import ARRAY, DateTime, Row, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from shared.clock import new_id
from shared.errors import Contention, Outage

if TYPE_CHECKING:
    from shared.relay import Relay

Transaction = AsyncSession
"""What a handler gets: a session inside the one transaction of its step."""

CONTENTION = {"40001", "40P01", "55P03"}
"""SQLSTATE: serialization failure, deadlock, lock not available. Source: PostgreSQL 15, appendix A."""
OUTAGE_CLASSES = ("08", "53", "57", "58")
"""SQLSTATE classes: connection, resources (disk full, too many connections), intervention (shutdown, time-out), system."""


COLUMNS: dict[Any, Any] = {datetime: DateTime(timezone=True), str: Text()}
"""What a mapped attribute's Python type is in a table. Each service's `Base` takes it; tables of one name must not meet in one process."""


class Database:
    """One service's database.

    Args:
        url: a SQLAlchemy URL for asyncpg.
        timeout_seconds: the most one statement or connecting may take; asyncpg itself waits for ever.
    """

    def __init__(self, url: str, *, name: str, pool_size: int = 8, timeout_seconds: float = 10.0) -> None:
        self.engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=timeout_seconds,
            connect_args={
                "timeout": timeout_seconds,
                "command_timeout": timeout_seconds,
                "server_settings": {
                    "application_name": f"khokahano-{name}",
                    "idle_in_transaction_session_timeout": "20s",
                    "tcp_user_timeout": "30s",
                    "tcp_keepalives_idle": "30",
                    "timezone": "UTC",
                },
            },
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False, info={"database": self})
        self._at_once = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self.relay: Relay | None = None
        """What carries this database's outbox, if it runs in this process."""
        self._bells: dict[str, asyncio.Event] = {}

    def bell(self, name: str) -> asyncio.Event:
        """Return the event by which this process tells its own background work that there is something new in the database."""
        return self._bells.setdefault(name, asyncio.Event())

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Give a session whose work commits at the end, together with what was put in the outbox; on an error nothing stays.

        Raises:
            Outage: the database could not be reached, or did not answer in time. The commit may have happened.
            Contention: two transactions met; the same step will work when tried again.
        """
        with naming_trouble():
            async with self._sessions() as session, session.begin():
                yield session
                for write in session.info.pop("before_commit", ()):
                    await write(session)
        for callback in session.info.pop("after_commit", ()):
            callback()

    async def at_once(self, statement: TextClause, parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """Execute one statement that is its own transaction, in one round trip, and return its rows.

        Raises:
            Outage: as `transaction`.
            Contention: as `transaction`.
        """
        with naming_trouble():
            async with self._at_once.connect() as connection:
                result = await connection.execute(statement, parameters)
                return result.all() if result.returns_rows else ()

    async def probe(self) -> None:
        """Write and commit something that leaves nothing behind.

        Raises:
            Outage: the database cannot commit.
        """
        async with self.transaction() as session:
            await session.execute(text("INSERT INTO inbox (message_id) VALUES (:id)"), {"id": (probe := new_id())})
            await session.execute(text("DELETE FROM inbox WHERE message_id = :id"), {"id": probe})

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def database_of(session: AsyncSession) -> Database:
    """Return the database that a session is of."""
    database: Database = session.info["database"]
    return database


def before_commit(session: AsyncSession, write: Callable[[AsyncSession], Awaitable[None]]) -> None:
    """Have something written as the last statements of the transaction."""
    session.info.setdefault("before_commit", []).append(write)


def after_commit(session: AsyncSession, callback: Callable[[], None]) -> None:
    """Have something called once the transaction is committed, such as a relay's `wake`; it must not raise."""
    session.info.setdefault("after_commit", []).append(callback)


@contextmanager
def naming_trouble() -> Iterator[None]:
    """Raise database trouble as what it means to us: an outage or contention; anything else as it is."""
    try:
        yield
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None) or ""
        if state in CONTENTION:
            raise Contention(f"the database said {state}") from error
        if error.connection_invalidated or state.startswith(OUTAGE_CLASSES) or _is_connection_trouble(error.orig):
            raise Outage(f"the database is away: {type(error.orig).__name__} {state}") from error
        raise
    except (PoolTimeout, PendingRollbackError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise Outage(f"the database is away: {type(error).__name__}") from error
    except asyncpg.PostgresError as error:
        if error.sqlstate in CONTENTION:
            raise Contention(f"the database said {error.sqlstate}") from error
        if (error.sqlstate or "").startswith(OUTAGE_CLASSES):
            raise Outage(f"the database is away: {type(error).__name__} {error.sqlstate}") from error
        raise


def _is_connection_trouble(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError | TimeoutError | asyncpg.InterfaceError | asyncpg.PostgresConnectionError):
            return True
        error = error.__cause__
    return False


UNSEEN = text(
    "INSERT INTO inbox (message_id) SELECT DISTINCT unnest(:ids) AS id ORDER BY id ON CONFLICT DO NOTHING RETURNING message_id"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())))


async def unseen(session: AsyncSession, message_ids: list[UUID]) -> set[UUID]:
    """Note these deliveries as handled and return those that had not been."""
    rows: Any = await session.execute(UNSEEN, {"ids": message_ids})
    return set(rows.scalars())
