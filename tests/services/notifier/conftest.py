"""The notifier as it runs: its application with real RabbitMQ and PostgreSQL, and a mail server that misbehaves on request."""

import asyncio
import runpy
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text

from services.notifier import settings as notifier_settings
from services.notifier.sender import Sender
from services.notifier.settings import NotifierSettings
from shared.clock import new_id
from shared.contracts.base import Message
from shared.contracts.gateway import Language
from shared.contracts.registry import Contact, MemberRegistered
from shared.database import Database
from shared.dead_letters import DeadLetter, DeadLetters
from shared.identity import HEADER, Identity, Role, sign
from shared.messaging import Outgoing, Publisher
from shared.tokens import Link
from shared.topology import listening
from tests.conftest import Servers
from tests.sink import listen
from tests.sink_memory import Sink
from tests.waiting import wait_until

KEYS = "notifier-identity-key-of-the-tests-0123456789"


def member(*emails: str, language: Language = "en", **fields: Any) -> MemberRegistered:
    """Return a new member with these addresses, not confirmed."""
    usual: dict[str, Any] = {
        "member_id": new_id(),
        "version": 1,
        "status": "registered",
        "given_name": "Lerato",
        "family_name": "Mokoena",
        "area": "ZA-GP",
        "contacts": tuple(Contact(id=new_id(), kind="email", value=email) for email in emails),
        "information": ("email",),
        "submission_id": new_id(),
        "way": "web",
    }
    return MemberRegistered(language=language, **usual | fields)


def address(domain: str = "example.org") -> str:
    """Return an e-mail address that no other test uses."""
    return f"{new_id().hex}@{domain}"


class Rows:
    """Looking into a notifier's database."""

    database: Database

    async def rows(self, query: str, **values: Any) -> list[Any]:
        """Return what a query finds."""
        async with self.database.transaction() as session:
            return list((await session.execute(text(query), values)).all())

    async def statuses(self, member_id: UUID) -> dict[str, str]:
        """Return the status of each delivery to a member, by its template."""
        found = await self.rows("SELECT template, status FROM delivery WHERE member_id = :id", id=member_id)
        return {row.template: row.status for row in found}

    async def count(self, status: str) -> int:
        """Return how many deliveries are in this state."""
        return int((await self.rows("SELECT count(*) FROM delivery WHERE status = :status", status=status))[0][0])


@dataclass
class Running(Rows):
    """One running copy of the notifier."""

    app: FastAPI
    web: httpx2.AsyncClient
    publisher: Publisher
    rabbitmq_url: str
    sink: Sink

    @property
    def database(self) -> Database:  # type: ignore[override]
        """Its database."""
        database: Database = self.app.state.database
        return database

    async def ready(self) -> bool:
        """Tell whether all it depends on is there."""
        return (await self.web.get("/readyz")).status_code == 200

    async def ask(self, path: str, *, role: Role | None = "officer", link: Link | None = None, **more: Any) -> httpx2.Response:
        """Make a GET request as the gateway hands it on."""
        identity = Identity(kind="link" if link else "staff" if role else "public", id="7", role=None if link else role, link=link)
        signed = sign(identity, [SecretStr(KEYS)], service="notifier", method="GET", path=path.partition("?")[0])
        return await self.web.get(path, headers={HEADER: signed, **more.pop("headers", {})}, **more)

    async def deliver(self, *messages: Message, ids: Sequence[UUID] = (), again: bool = False) -> list[UUID]:
        """Put messages into the notifier's queues, and return their ids."""
        identifiers = list(ids) or [new_id() for _ in messages]
        headers: dict[str, Any] = {"again": True} if again else {}
        outgoing = [
            Outgoing(i, m.key, m.model_dump_json().encode(), "journey-1", listening("notifier", type(m)).queue, headers)
            for i, m in zip(identifiers, messages, strict=True)
        ]
        assert await self.publisher.publish(outgoing, deadline_seconds=5) == {}
        return identifiers

    async def settle(self, *messages: Message, ids: Sequence[UUID] = (), again: bool = False) -> None:
        """Deliver messages and wait until their effects are committed."""
        delivered = await self.deliver(*messages, ids=ids, again=again)
        await wait_until(lambda: self._handled(delivered))

    async def _handled(self, ids: Sequence[UUID]) -> bool:
        return len(await self.rows("SELECT 1 FROM inbox WHERE message_id = ANY(:ids)", ids=list(ids))) == len(set(ids))

    async def quiet(self) -> bool:
        """Tell whether nothing is due."""
        return not await self.rows("SELECT 1 FROM delivery WHERE status IN ('due', 'sending') AND due_at <= now()")

    async def dead_letters(self, message: type[Message]) -> list[DeadLetter]:
        """Return what the notifier could not handle of this kind."""
        return list(await DeadLetters(self.rabbitmq_url, listening("notifier", message).queue).read())


def environment(servers: Servers, **more: str) -> dict[str, str]:
    """Return the settings of a notifier that is quick to try again."""
    return {
        "LINK_KEYS": "x" * 32,
        "NOTIFIER_IDENTITY_KEYS": KEYS,
        "NOTIFIER_DATABASE_URL": servers.database("notifier"),
        "SUPPRESSION_KEY": "y" * 32,
        "KHOKAHANO_BASE_URL": "https://khokahano.example.org",
        "MAIL_RETRY_SECONDS": "0.3",
        "SENDER_POLL_SECONDS": "0.2",
        "OUTAGE_PAUSE_SECONDS": "1",
        "LOG_LEVEL": "error",
        **more,
    }


def told(variables: dict[str, str]) -> NotifierSettings:
    """Return the settings that a process with these variables reads, and have this process's handlers read them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        notifier_settings.load.cache_clear()
        return notifier_settings.load()


@pytest.fixture(scope="module")
def variables(servers: Servers) -> dict[str, str]:
    """The settings of this module's notifier, but for its mail server."""
    return environment(servers, RABBITMQ_URL=servers.vhost())


@pytest.fixture(scope="module")
async def notifier(variables: dict[str, str]) -> AsyncIterator[Running]:
    """A running copy of the notifier, with a well-behaved mail server."""
    sink = Sink()
    server = await listen(sink)
    rabbitmq_url = variables["RABBITMQ_URL"]
    told(variables | {"SMTP_PORT": str(server.sockets[0].getsockname()[1])})
    app: FastAPI = runpy.run_path("services/notifier/app.py")["app"]
    publisher = Publisher(rabbitmq_url, "tests")
    transport = httpx2.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport, base_url="http://notifier") as web:
        running = Running(app, web, publisher, rabbitmq_url, sink)
        await wait_until(running.ready)
        yield running
        await publisher.close()
    server.close()


@dataclass
class Mouth(Rows):
    """A sender alone, with its own database and mail server; started and stopped by the test."""

    settings: NotifierSettings
    database: Database
    sink: Sink
    server: asyncio.Server

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[Sender]:
        """Have one sender at work."""
        sender, stopping = Sender(self.settings, self.database), asyncio.Event()
        task = asyncio.create_task(sender.run(stopping))
        try:
            yield sender
        finally:
            stopping.set()
            await task

    async def welcome(self, *registrations: MemberRegistered) -> None:
        """Have these members' welcomes queued."""
        from services.notifier.handlers import queue_welcomes

        async with self.database.transaction() as session:
            await queue_welcomes(registrations, session)

    async def all_ended(self) -> bool:
        """Tell whether nothing waits."""
        return not await self.rows("SELECT 1 FROM delivery WHERE status IN ('due', 'sending')")


@pytest.fixture
def own_variables(servers: Servers, request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of this test's sender; `@pytest.mark.parametrize("own_variables", [{…}], indirect=True)` sets more."""
    return environment(servers, **{"SMTP_TIMEOUT_SECONDS": "1", "SENDER_LEASE_SECONDS": "3"} | getattr(request, "param", {}))


@pytest.fixture
async def mouth(own_variables: dict[str, str]) -> AsyncIterator[Mouth]:
    """A sender's database, settings and mail server."""
    sink = Sink()
    server = await listen(sink)
    settings = told(own_variables | {"SMTP_PORT": str(server.sockets[0].getsockname()[1])})
    database = Database(settings.notifier_database_url, name="notifier")
    mouth = Mouth(settings, database, sink, server)
    yield mouth
    sink.cut()
    mouth.server.close()
    await database.close()
