"""A gateway as it runs: its application behind a real HTTP server, its database and its broker behind proxies that a test can cut."""

import asyncio
import contextlib
import runpy
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import text
from starlette.types import ASGIApp

from ops.ports import LOOPBACK, free_port
from services.gateway import staff
from services.gateway.intake import Intake
from services.gateway.staff import Minted, Rights
from shared.clock import new_id
from shared.contracts.base import Message
from shared.contracts.gateway import RegistrationSubmitted
from shared.database import Database
from shared.messaging import Outgoing, Publisher, connect
from shared.topology import LISTENINGS, listening
from tests.faults.proxy import Proxy
from tests.waiting import wait_until

KEY = "a-key-of-the-tests-that-is-long-enough-0123456789"
REGISTRATIONS = "/api/v1/registrations"


def registration(**fields: Any) -> dict[str, Any]:
    """Return a registration that nobody else sends."""
    usual: dict[str, Any] = {
        "given_name": "Palesa",
        "family_name": "Mokoena",
        "email": f"{uuid4().hex}@example.org",
        "country": "ZA",
        "province": "ZA-GP",
        "consent": {"registration": True, "information": True},
        "consent_text_version": "2020-01",
    }
    return usual | fields


class _Server(uvicorn.Server):
    """A server that leaves the signals to pytest."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def served(app: ASGIApp, *, lifespan: str = "on", port: int | None = None) -> AsyncIterator[str]:
    """Serve an application on a loopback port and give its URL."""
    port = port or free_port()
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=LOOPBACK,
        port=port,
        http="httptools",
        lifespan=lifespan,  # type: ignore[arg-type]
        log_config=None,
        proxy_headers=False,
        server_header=False,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    try:
        await wait_until(lambda: server.started or task.done())
        yield f"http://{LOOPBACK}:{port}"
    finally:
        server.should_exit = True
        await task


@dataclass
class Gateway:
    """One running copy of the gateway."""

    app: FastAPI
    url: str
    web: httpx2.AsyncClient
    broker: Proxy
    postgresql: Proxy
    rabbitmq_url: str
    """Past the proxy."""
    publisher: Publisher
    _heard: list[tuple[str, Message]] = field(default_factory=list)

    @property
    def database(self) -> Database:
        """Its database."""
        database: Database = self.app.state.database
        return database

    @property
    def intake(self) -> Intake:
        """Its intake."""
        intake: Intake = self.app.state.intake
        return intake

    async def ready(self) -> bool:
        """Tell whether all it depends on is there."""
        return (await self.web.get("/readyz")).status_code == 200

    async def register(self, body: Any = None, key: str | None = None) -> httpx2.Response:
        """Post a registration."""
        headers = {"idempotency-key": key} if key is not None else {}
        return await self.web.post(REGISTRATIONS, json=registration() if body is None else body, headers=headers)

    async def rows(self, query: str, **values: Any) -> list[Any]:
        """Return what a query finds."""
        async with self.database.transaction() as session:
            return list((await session.execute(text(query), values)).all())

    async def do(self, statement: str, **values: Any) -> None:
        """Change the database behind the gateway's back."""
        async with self.database.transaction() as session:
            await session.execute(text(statement), values)

    async def everything(self) -> tuple[int, int, int]:
        """Return how many submissions, keys and waiting announcements there are, once what was announced before is gone."""
        await wait_until(self._relayed)
        counts = "SELECT (SELECT count(*) FROM submission), (SELECT count(*) FROM idempotency_key), (SELECT count(*) FROM outbox)"
        submissions, keys, announcements = (await self.rows(counts))[0]
        return submissions, keys, announcements

    async def deliver(self, *messages: Message) -> None:
        """Put messages into the gateway's queues, as their owners do."""
        bodies = [message.model_dump_json().encode() for message in messages]
        queues = [listening("gateway", type(message)).queue for message in messages]
        outgoing = [
            Outgoing(new_id(), message.key, body, "journey-1", queue) for message, body, queue in zip(messages, bodies, queues, strict=True)
        ]
        assert await self.publisher.publish(outgoing, deadline_seconds=5) == {}

    async def heard(self, message: type[Message]) -> list[Any]:
        """Return what its first listener has been sent of this kind, in the order in which it came."""
        queue_name = next(row.queue for row in LISTENINGS if row.message is message)
        connection = await connect(self.rabbitmq_url, "tests")
        async with connection:
            queue = await (await connection.channel()).get_queue(queue_name, ensure=False)
            while incoming := await queue.get(no_ack=True, fail=False):
                self._heard.append((message.key, message.model_validate_json(incoming.body)))
        return [said for key, said in self._heard if key == message.key]

    async def announced(self, submission_id: str | UUID) -> int:
        """Return how often a submission was announced, once nothing waits to be."""
        await wait_until(self._relayed)
        return sum(str(said.submission_id) == str(submission_id) for said in await self.heard(RegistrationSubmitted))

    async def _relayed(self) -> bool:
        return not await self.rows("SELECT 1 FROM outbox")

    async def invite(self, role: Any = "officer", *areas: str, email: str = "") -> Minted:
        """Let somebody sign in and return their link."""
        async with self.database.transaction() as session:
            return await staff.add(session, email or f"{uuid4().hex}@example.org", Rights(role, areas, "IOM"))

    async def token(self, role: Any, *areas: str) -> dict[str, str]:
        """Make an API token and return the header that shows it."""
        async with self.database.transaction() as session:
            minted = await staff.add_token(session, uuid4().hex, Rights(role, areas))
        return {"authorization": f"Bearer {minted.secret}"}

    @contextlib.asynccontextmanager
    async def browser(self, minted: Minted | None = None) -> AsyncIterator[httpx2.AsyncClient]:
        """A browser of its own; signed in, if it is given a link."""
        async with httpx2.AsyncClient(base_url=self.url, headers={"sec-fetch-site": "same-origin", "accept": "text/html"}) as browser:
            if minted is not None:
                assert (await browser.post(f"/sign-in/{minted.secret}")).status_code == 303
            yield browser


def application(settings: dict[str, str]) -> FastAPI:
    """Return the gateway's application, as a process with these settings would have it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        app: FastAPI = runpy.run_path("services/gateway/app.py")["app"]
    return app
