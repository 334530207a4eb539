"""The forum as it runs: its application with real RabbitMQ and PostgreSQL, spoken to as the gateway does."""

import runpy
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text

from shared.clock import new_id
from shared.contracts.base import Message
from shared.contracts.gateway import InvitationAnswered
from shared.database import Database
from shared.dead_letters import DeadLetter, DeadLetters
from shared.identity import HEADER, Identity, Role, sign
from shared.messaging import Outgoing, Publisher, connect
from shared.tokens import Link
from shared.topology import listening
from tests.conftest import Servers
from tests.waiting import wait_until

Heard = TypeVar("Heard", bound=Message)
KEYS = "forum-identity-key-of-the-tests-0123456789"
TEAM = "Desk@example.org, lerato@example.org,desk@EXAMPLE.org"
PLACES = 2
ANSWERED = listening("forum", InvitationAnswered)


@dataclass
class Forum:
    """One running copy of the forum."""

    app: FastAPI
    web: httpx2.AsyncClient
    publisher: Publisher
    rabbitmq_url: str

    @property
    def database(self) -> Database:
        """Its database."""
        database: Database = self.app.state.database
        return database

    async def ready(self) -> bool:
        """Tell whether all it depends on is there."""
        return (await self.web.get("/readyz")).status_code == 200

    async def ask(
        self, method: str, path: str, *, role: Role | None = "forum", speaker: UUID | None = None, **more: Any
    ) -> httpx2.Response:
        """Make a request as the gateway hands it on: for staff of this role, or for whoever has this speaker's link."""
        link = Link("speaker", speaker, None, datetime.now(UTC) + timedelta(days=1)) if speaker else None
        kind: Literal["link", "staff", "public"] = "link" if speaker else "staff" if role else "public"
        identity = Identity(kind=kind, id="" if speaker else "7", role=None if speaker else role, link=link)
        signed = sign(identity, [SecretStr(KEYS)], service="forum", method=method, path=path.partition("?")[0])
        headers = {HEADER: signed, **more.pop("headers", {})}
        return await self.web.request(method, path, headers=headers, **more)

    async def invite(self, name: str = "Tšepo Ramatla", email: str = "", language: str = "en") -> UUID:
        """Invite somebody and return their id."""
        wanted = {"name": name, "email": email or f"{uuid4().hex}@example.org", "language": language}
        answer = await self.ask("POST", "/api/v1/speakers", json=wanted)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    async def show(self, speaker: UUID) -> dict[str, Any]:
        """Return a speaker as staff see them."""
        shown: dict[str, Any] = (await self.ask("GET", f"/api/v1/speakers/{speaker}")).json()
        return shown

    async def status(self, speaker: UUID) -> str:
        """Return a speaker's status."""
        return str((await self.show(speaker))["status"])

    async def deliver(self, *messages: Message, ids: Sequence[UUID] = ()) -> list[UUID]:
        """Put messages into the forum's queue, and return their ids."""
        identifiers = list(ids) or [new_id() for _ in messages]
        bodies = [message.model_dump_json().encode() for message in messages]
        await self.deliver_raw(
            *(Outgoing(i, m.key, b, "journey-1", ANSWERED.queue) for i, m, b in zip(identifiers, messages, bodies, strict=True))
        )
        return identifiers

    async def deliver_raw(self, *messages: Outgoing) -> None:
        """Put anything into a queue."""
        assert await self.publisher.publish(messages, deadline_seconds=5) == {}

    async def handled(self, ids: Sequence[UUID]) -> bool:
        """Tell whether the effects of all these deliveries are committed."""
        async with self.database.transaction() as session:
            found = await session.execute(text("SELECT count(*) FROM inbox WHERE message_id = ANY(:ids)"), {"ids": list(ids)})
            return found.scalar() == len(ids)

    async def hear(self, message: type[Heard]) -> list[Heard]:
        """Return and take what has come for the notifier of this kind."""
        connection = await connect(self.rabbitmq_url, "tests")
        async with connection:
            channel = await connection.channel()
            queue = await channel.get_queue(listening("notifier", message).queue, ensure=False)
            heard = []
            while incoming := await queue.get(no_ack=True, fail=False):
                heard.append(message.model_validate_json(incoming.body))
            return heard

    async def dead_letters(self) -> list[DeadLetter]:
        """Return what the forum could not handle."""
        return list(await DeadLetters(self.rabbitmq_url, ANSWERED.queue).read())


@pytest.fixture
def settings(servers: Servers) -> dict[str, str]:
    """A forum with two places, far off, on a database and a virtual host of this test's alone."""
    return {
        "RABBITMQ_URL": servers.vhost(),
        "LINK_KEYS": "x" * 32,
        "FORUM_DATABASE_URL": servers.database("forum"),
        "FORUM_IDENTITY_KEYS": KEYS,
        "FORUM_STARTS_ON": "2090-04-12",
        "FORUM_PLACES": str(PLACES),
        "FORUM_TEAM_EMAILS": TEAM,
        "LOG_LEVEL": "error",
    }


@pytest.fixture
async def forum(settings: dict[str, str]) -> AsyncIterator[Forum]:
    """A running copy of the forum."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        app: FastAPI = runpy.run_path("services/forum/app.py")["app"]
    publisher = Publisher(settings["RABBITMQ_URL"], "tests")
    transport = httpx2.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport, base_url="http://forum") as web:
        running = Forum(app, web, publisher, settings["RABBITMQ_URL"])
        await wait_until(running.ready)
        yield running
        await publisher.close()
