"""The registry as it runs: its application with real RabbitMQ and PostgreSQL, spoken to as its neighbours do."""

import runpy
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
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
from shared.contracts.gateway import ConsentGiven, RegistrationSubmitted
from shared.contracts.registry import MemberErased, MemberRegistered, RegistrationsProcessed
from shared.database import Database
from shared.dead_letters import DeadLetter, DeadLetters
from shared.identity import HEADER, Identity, Role, sign
from shared.messaging import Outgoing, Publisher, connect
from shared.tokens import Link
from shared.topology import listening
from tests.conftest import Servers
from tests.waiting import wait_until

Heard = TypeVar("Heard", bound=Message)
KEYS = "registry-identity-key-of-the-tests-0123456789"
CSRF = "form-token"
"""What a form of staff must carry as `csrf`."""
AT = datetime(2020, 1, 20, 9, 0, tzinfo=UTC)


def submission(given_name: str = "Lerato", family_name: str = "Mokoena", **fields: Any) -> RegistrationSubmitted:
    """Return what somebody in Gauteng submits; contacts are given by the test."""
    usual: dict[str, Any] = {
        "submission_id": uuid4(),
        "submitted_at": AT,
        "way": "web",
        "country": "ZA",
        "province": "ZA-GP",
        "channels": ("email",),
        "consent": ConsentGiven(registration=True, information=True),
        "consent_text_version": "2020-01",
    }
    return RegistrationSubmitted(given_name=given_name, family_name=family_name, **usual | fields)


def address() -> str:
    """Return an e-mail address that no other test uses."""
    return f"{uuid4().hex}@example.org"


def number() -> str:
    """Return a number that no other test uses."""
    return f"+2771{uuid4().int % 10**7:07d}"


@dataclass
class Registry:
    """One running copy of the registry."""

    app: FastAPI
    web: httpx2.AsyncClient
    publisher: Publisher
    rabbitmq_url: str
    _heard: dict[type[Message], list[Any]] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        """Its database."""
        database: Database = self.app.state.database
        return database

    async def ready(self) -> bool:
        """Tell whether all it depends on is there."""
        return (await self.web.get("/readyz")).status_code == 200

    async def ask(
        self,
        method: str,
        path: str,
        *,
        role: Role | None = "consultant",
        areas: Sequence[str] = (),
        office: str = "IOM",
        confirm: tuple[UUID, UUID] | None = None,
        **more: Any,
    ) -> httpx2.Response:
        """Make a request as the gateway hands it on: for staff of this role, or for whoever has this member's confirmation link."""
        link = Link("confirm", confirm[0], confirm[1], datetime.now(UTC) + timedelta(days=1)) if confirm else None
        kind: Literal["link", "staff", "public"] = "link" if link else "staff" if role else "public"
        somebody: dict[str, Any] = {} if link else {"id": f"7-{office}" if office != "IOM" else "7", "role": role}
        identity = Identity(kind=kind, areas=tuple(areas), organisation=office, csrf=CSRF, link=link, **somebody)
        signed = sign(identity, [SecretStr(KEYS)], service="registry", method=method, path=path.partition("?")[0])
        return await self.web.request(method, path, headers={HEADER: signed, **more.pop("headers", {})}, **more)

    async def deliver(self, *messages: Message, ids: Sequence[UUID] = ()) -> list[UUID]:
        """Put messages into the registry's queues, and return their ids."""
        identifiers = list(ids) or [new_id() for _ in messages]
        outgoing = [
            Outgoing(i, m.key, m.model_dump_json().encode(), "journey-1", listening("registry", type(m)).queue)
            for i, m in zip(identifiers, messages, strict=True)
        ]
        assert await self.publisher.publish(outgoing, deadline_seconds=5) == {}
        return identifiers

    async def settle(self, *messages: Message, ids: Sequence[UUID] = ()) -> None:
        """Deliver messages and wait until their effects are committed and announced."""
        delivered = await self.deliver(*messages, ids=ids)
        await wait_until(lambda: self._handled(delivered))
        await wait_until(self._announced)

    async def _handled(self, ids: Sequence[UUID]) -> bool:
        return len(await self.rows("SELECT 1 FROM inbox WHERE message_id = ANY(:ids)", ids=list(ids))) == len(ids)

    async def _announced(self) -> bool:
        return not await self.rows("SELECT 1 FROM outbox")

    async def rows(self, query: str, **values: Any) -> list[Any]:
        """Return what a query finds."""
        async with self.database.transaction() as session:
            return list((await session.execute(text(query), values)).all())

    async def heard(self, message: type[Heard]) -> list[Heard]:
        """Return all that has been announced of this kind, in the order in which it came; what is committed is waited for."""
        await wait_until(self._announced)
        found = self._heard.setdefault(message, [])
        queue_name = listening("gateway" if message is RegistrationsProcessed else "notifier", message).queue
        connection = await connect(self.rabbitmq_url, "tests")
        async with connection:
            channel = await connection.channel()
            queue = await channel.get_queue(queue_name, ensure=False)
            while incoming := await queue.get(no_ack=True, fail=False):
                found.append(message.model_validate_json(incoming.body))
        return found

    async def about(self, message: type[Heard], member_id: UUID) -> list[Heard]:
        """Return what has been announced of this kind about one member."""
        return [said for said in await self.heard(message) if getattr(said, "member_id", None) == member_id]

    async def register(self, *submissions: RegistrationSubmitted) -> list[MemberRegistered]:
        """Have these submissions handled, and return the members they made, in their order."""
        await self.settle(*submissions)
        made = {said.submission_id: said for said in await self.heard(MemberRegistered)}
        return [made[submitted.submission_id] for submitted in submissions if submitted.submission_id in made]

    async def member(self, member_id: UUID) -> dict[str, Any]:
        """Return a member as staff see them."""
        answer = await self.ask("GET", f"/api/v1/members/{member_id}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def is_erased(self, member_id: UUID) -> bool:
        """Tell whether nothing of a member is left, and it was announced once."""
        tables = ("member WHERE id", "contact WHERE member_id", "consent WHERE member_id", "repeat WHERE member_id")
        left = [row for table in tables for row in await self.rows(f"SELECT 1 FROM {table} = :id", id=member_id)]
        return not left and len(await self.about(MemberErased, member_id)) == 1

    async def dead_letters(self, message: type[Message]) -> list[DeadLetter]:
        """Return what the registry could not handle of this kind."""
        return list(await DeadLetters(self.rabbitmq_url, listening("registry", message).queue).read())

    async def buried(self, message: type[Message], message_id: UUID) -> DeadLetter:
        """Wait until a message is dead-lettered, and return it."""

        async def found() -> DeadLetter | None:
            return next((dead for dead in await self.dead_letters(message) if dead.message_id == str(message_id)), None)

        dead = await wait_until(found)
        assert dead is not None
        return dead


@pytest.fixture(scope="module")
def settings(servers: Servers) -> dict[str, str]:
    """A registry on a database and a virtual host of this module's alone."""
    return {
        "RABBITMQ_URL": servers.vhost(),
        "LINK_KEYS": "x" * 32,
        "SUPPRESSION_KEY": "s" * 32,
        "REGISTRY_DATABASE_URL": servers.database("registry"),
        "REGISTRY_IDENTITY_KEYS": KEYS,
        "LOG_LEVEL": "error",
    }


def application(settings: dict[str, str]) -> FastAPI:
    """Return the registry's application, as a process with these settings would have it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        app: FastAPI = runpy.run_path("services/registry/app.py")["app"]
    return app


@pytest.fixture(scope="module")
async def registry(settings: dict[str, str]) -> AsyncIterator[Registry]:
    """A running copy of the registry."""
    app = application(settings)
    publisher = Publisher(settings["RABBITMQ_URL"], "tests")
    transport = httpx2.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport, base_url="http://registry") as web:
        running = Registry(app, web, publisher, settings["RABBITMQ_URL"])
        await wait_until(running.ready)
        yield running
        await publisher.close()
