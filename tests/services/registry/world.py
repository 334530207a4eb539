"""A small registry to try every route on: people of two areas, with and without consent to sharing, and what belongs to them.

Requests are rehearsed: each does all that it does but the commit, so that none is in the way of the next.
"""

import asyncio
import io
import json
import re
import zipfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Database, naming_trouble
from shared.identity import HEADER, Identity, sign
from shared.tokens import Link, Purpose
from tests.services.registry.conftest import KEYS

CSRF = "what-forms-carry"
HOME, ELSEWHERE = "ZA-GP", "GB"
"""The two areas in which somebody lives."""


@dataclass(frozen=True)
class Person:
    """Somebody who registered; the name and the contacts are nobody else's."""

    id: UUID
    contact_id: UUID
    area: str
    shares: bool
    marks: tuple[str, ...]
    """What would give this person away in an answer."""


class Rehearsal(Database):
    """A database on which nothing is ever committed; `noted` are the people of whom the last request's audit speaks."""

    noted: set[UUID]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Give a session, do all that is done before a commit, and take it back."""
        with naming_trouble():
            async with self._sessions() as session, session.begin() as begun:
                yield session
                for write in session.info.pop("before_commit", ()):
                    await write(session)
                await session.execute(text("SELECT set_config('role', 'none', true)"))
                await session.flush()
                rows = await session.execute(text("SELECT ids FROM audit WHERE xmin = pg_current_xact_id()::xid"))
                self.noted = self.noted.union(*rows.scalars())
                session.expunge_all()  # What was read is still used, as it is after a commit.
                await begun.rollback()


@dataclass
class Answer:
    """What came back, and whom it was noted to be about."""

    status: int
    body: str
    headers: str
    noted: set[UUID]

    def tells_of(self, person: Person) -> bool:
        """Whether something in the answer is this person's alone."""
        return any(re.search(mark, self.body + self.headers, re.IGNORECASE) for mark in person.marks)


@dataclass
class World:
    """The registry's application on a rehearsal, with people in it."""

    app: FastAPI
    database: Rehearsal
    people: list[Person] = field(default_factory=list)
    """Members."""
    others: list[Person] = field(default_factory=list)
    """People who are not members, and no less to be kept from strangers."""
    things: dict[str, dict[str, object]] = field(default_factory=lambda: {"picture": {"*": "svg"}})
    """What else can be in a path: parameter's name → area → value. A value of area `*` is everybody's business."""

    async def ask(self, method: str, path: str, who: Identity, *, body: object = None, form: dict[str, Any] | None = None) -> Answer:
        """Make a request as the gateway hands it on, without anything between it and the application."""
        path, _, query = path.partition("?")
        signed = sign(who, [SecretStr(KEYS)], service="registry", method=method, path=path)
        headers, content = [(b"host", b"registry"), (b"accept-language", b"en"), (HEADER.lower().encode(), signed.encode())], b""
        if form is not None:
            headers.append((b"content-type", b"application/x-www-form-urlencoded"))
            content = urlencode({"csrf": CSRF, **form}, doseq=True).encode()
        elif body is not None:
            headers.append((b"content-type", b"application/json"))
            content = json.dumps(body).encode()
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "server": ("registry", 80),
            "client": ("127.0.0.1", 1),
            "root_path": "",
            "path": path,
            "raw_path": path.encode(),
            "query_string": quote(query, safe="=&+%").encode(),
            "headers": [*headers, (b"content-length", str(len(content)).encode())],
        }
        sent, asked = list[Any](), asyncio.Event()

        async def receive() -> dict[str, Any]:
            if asked.is_set():
                await asyncio.Event().wait()  # Nobody hangs up.
            asked.set()
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        self.database.noted = set()
        await self.app(scope, receive, send)
        start, *parts = sent
        told = "\n".join(f"{name.decode()}: {value.decode()}" for name, value in start["headers"])
        whole = b"".join(part.get("body", b"") for part in parts)
        return Answer(start["status"], _readable(whole), told, self.database.noted)


def _readable(content: bytes) -> str:
    """Return all that a file says; of a workbook what is in its parts."""
    if not content.startswith(b"PK"):
        return content.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        return "".join(parts.read(name).decode("utf-8", "replace") for name in parts.namelist())


def staff(role: str, areas: Sequence[str] = (), *, kind: str = "staff") -> Identity:
    """Return who signed in with this role, or an API token of it."""
    return Identity.model_validate(
        {
            "kind": kind,
            "id": "7",
            "name": "Clerk",
            "role": role,
            "areas": tuple(areas),
            "organisation": "LS-HC-PRETORIA" if role == "mission" else "IOM",
            "csrf": CSRF if kind == "staff" else "",
        }
    )


def holder(purpose: Purpose, person: Person) -> Identity:
    """Return whoever came by this person's link."""
    link = Link(purpose, person.id, person.contact_id, datetime.now(UTC) + timedelta(minutes=30))
    return Identity(kind="link", link=link, csrf=CSRF)
