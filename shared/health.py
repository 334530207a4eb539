"""`/livez`, `/readyz` and `/metrics`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from importlib.metadata import version
from typing import Any, ClassVar

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import JSONResponse, PlainTextResponse, Response

from shared import telemetry
from shared.database import Database
from shared.errors import KhokahanoError
from shared.runtime import Messaging

Check = Callable[[AsyncSession], Awaitable[str]]
"""Looks at the database for what else a service needs of it, and returns `ok` or what is wrong."""
NO_CHECKS: Mapping[str, Check] = {}
CHECK_SECONDS = 2.0
"""The most that readiness waits for one dependency."""
MEASURE = text("SELECT count(*), coalesce(extract(epoch FROM now() - min(at)), 0) FROM outbox")


class Health:
    """What this process depends on, and whether it is there."""

    router: ClassVar[APIRouter] = APIRouter(include_in_schema=False)

    def __init__(self, name: str, database: Database, messaging: Messaging, schema: str, checks: Mapping[str, Check] = NO_CHECKS) -> None:
        self.name, self.database, self.messaging, self.schema, self.checks = name, database, messaging, schema, checks

    async def check(self) -> dict[str, str]:
        """Return each dependency by name, with `ok` or what is wrong."""
        missing = self.messaging.missing()
        return {
            **await self._check_database(),
            "consumers": f"no live consumer: {', '.join(missing)}" if missing else "ok",
        }

    async def _check_database(self) -> dict[str, str]:
        try:
            async with asyncio.timeout(CHECK_SECONDS), self.database.transaction() as session:
                found = (await session.execute(text("SELECT version_num FROM alembic_version"))).scalar()
                if found != self.schema:
                    return {"database": f"schema is {found}, this code wants {self.schema}"}
                return {"database": "ok", **{name: await check(session) for name, check in self.checks.items()}}
        except TimeoutError:
            return {"database": "no answer in time"}
        except KhokahanoError as trouble:
            return {"database": str(trouble)}

    async def measure(self) -> None:
        """Bring the gauges that are read from tables up to date."""
        async with asyncio.timeout(CHECK_SECONDS), self.database.transaction() as session:
            rows, oldest = (await session.execute(MEASURE)).one()
        telemetry.OUTBOX_ROWS.labels(self.name).set(rows)
        telemetry.OUTBOX_OLDEST.labels(self.name).set(float(oldest))


@Health.router.get("/livez")
async def livez() -> Response:
    """Say that the process answers; it depends on nothing."""
    return PlainTextResponse("ok")


@Health.router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Say whether everything this process depends on is there; `?verbose` names each, with versions."""
    health: Health = request.app.state.health
    found = await health.check()
    ready = all(state == "ok" for state in found.values())
    body: dict[str, Any] = {"status": "ready" if ready else "not ready"}
    if "verbose" in request.query_params or not ready:
        body |= {"checks": found, "version": version("khokahano"), "schema": health.schema}
    return JSONResponse(body, status_code=200 if ready else 503)


@Health.router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Show the metrics for Prometheus."""
    with suppress(KhokahanoError, TimeoutError):  # The gauges keep their last value; readiness tells about the database.
        await request.app.state.health.measure()
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
