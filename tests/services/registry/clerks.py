"""Clerks at the call desk: what they ask for, whom they are given, what they say came of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
from pydantic import SecretStr
from sqlalchemy import text

from services.registry.calling.raising import raise_since
from shared.clock import now
from shared.contracts.registry import MemberRegistered
from shared.identity import HEADER, Identity, Role, sign
from tests.services.registry.conftest import KEYS, Registry, number, submission

CALLS = "/api/v1/calls"


async def ask(
    registry: Registry, clerk: str, method: str, path: str, *, role: Role = "consultant", areas: Any = (), **more: Any
) -> httpx2.Response:
    """Make a request as this clerk."""
    identity = Identity(kind="staff", id=clerk, name=clerk.title(), role=role, areas=tuple(areas), organisation="IOM")
    signed = sign(identity, [SecretStr(KEYS)], service="registry", method=method, path=path.partition("?")[0])
    return await registry.web.request(method, path, headers={HEADER: signed, **more.pop("headers", {})}, **more)


async def by_phone(registry: Registry, **fields: Any) -> MemberRegistered:
    """Register somebody whom only a call reaches, and have them put on the list."""
    usual = {"phone": number(), "channels": ("call",)}
    [member] = await registry.register(submission(**usual | fields))
    await raise_since(registry.database, now() - timedelta(minutes=5), at=now())
    return member


async def taken(registry: Registry, clerk: str = "thabo") -> dict[str, Any]:
    answer = await ask(registry, clerk, "POST", f"{CALLS}/next")
    assert answer.status_code == 200, answer.text
    call: dict[str, Any] = answer.json()
    return call


async def logged(registry: Registry, call: dict[str, Any], clerk: str = "thabo", **said: Any) -> httpx2.Response:
    return await ask(registry, clerk, "POST", f"{CALLS}/{call['id']}/log", json=said)


async def open_calls(registry: Registry, member_id: UUID) -> list[Any]:
    return await registry.rows("SELECT * FROM call_task WHERE member_id = :id AND done_at IS NULL", id=member_id)


async def empty_list(registry: Registry) -> None:
    """Take everybody off the list whom an earlier test has put there."""
    async with registry.database.transaction() as session:
        await session.execute(text("UPDATE call_task SET done_at = now(), outcome = 'settled' WHERE done_at IS NULL"))
        await session.execute(text("DELETE FROM call_claim"))
