"""What every service's `app.py` wires together: database, relay, consumers, background work, health, and the HTTP application."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import SecretStr

from shared import housekeeping, logging, schema
from shared.database import Database
from shared.delivery import Listener
from shared.errors import KhokahanoError
from shared.health import NO_CHECKS, Check, Health
from shared.http import IdentityCheck, Journeys, ShortWay
from shared.pauses import longer, wait_any
from shared.runtime import Messaging
from shared.settings import Settings
from shared.web import problems

log = logging.get(__name__)

RESTART_SECONDS = (0.2, 30.0)
"""The first and the longest pause before background work that failed begins again."""


@dataclass
class Context:
    """What background work is given.

    Attributes:
        stopping: set when the process was told to stop; work then has `settings.stop_seconds` to end.
    """

    name: str
    settings: Any
    database: Database
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    state: Any = None
    """The application's `app.state`."""


Background = Callable[[Context], Awaitable[None]]


def create_app(
    name: str,
    settings: Settings,
    *,
    database_url: str,
    identity_keys: Sequence[SecretStr] | None,
    listener: Listener,
    routers: Sequence[APIRouter],
    background: Sequence[Background] = (),
    checks: Mapping[str, Check] = NO_CHECKS,
    title: str = "",
) -> FastAPI:
    """Return a service's ASGI application.

    Args:
        identity_keys: check the gateway's signed header on every path but health's; None for the gateway itself.
        background: work that runs as long as the process; what fails begins again after a growing pause.
        checks: what readiness looks at besides the database's schema and the consumers, by name.
    """
    logging.configure(name, settings.log_level)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = Database(
            database_url, name=name, pool_size=settings.database_pool_size, timeout_seconds=settings.database_timeout_seconds
        )
        context = Context(name, settings, database, state=app.state)
        messaging = Messaging(name, settings, database, listener)
        app.state.database, app.state.context = database, context
        app.state.health = Health(name, database, messaging, schema.head(name), checks)
        work = [messaging.run, housekeeping.tidy, *background]
        tasks = [asyncio.create_task(_keep_running(each, context), name=getattr(each, "__qualname__", "background")) for each in work]
        # What there is by now stays: to walk through it again and again, the collector would stop everything for 0.1 s each time.
        gc.collect()
        gc.freeze()
        log.info("service_started")
        try:
            yield
        finally:
            gc.unfreeze()
            context.stopping.set()
            _, unfinished = await asyncio.wait(tasks, timeout=settings.stop_seconds)
            for task in unfinished:
                log.warning("stopped_by_force", task=task.get_name())
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)
            await database.close()
            log.info("service_stopped")

    app = FastAPI(
        title=title or f"Khokahano {name}",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        # Its own would be asked about at every request; ours are in `shared/telemetry.py`.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    problems.install(app)
    app.state.settings = settings
    app.include_router(Health.router)
    for router in routers:
        app.include_router(router)
    app.add_middleware(ShortWay, routers=routers)
    if identity_keys is not None:
        app.add_middleware(IdentityCheck, service=name, keys=identity_keys)
    app.add_middleware(Journeys)
    return app


async def _keep_running(work: Background, context: Context) -> None:
    pause = RESTART_SECONDS[0]
    while not context.stopping.is_set():
        began = monotonic()
        try:
            await work(context)
            return
        except KhokahanoError as trouble:
            log.warning("background_waits", task=getattr(work, "__qualname__", "background"), reason=str(trouble), pause_seconds=pause)
        except Exception:  # A fault in one piece of work must not end the others; it is told, and begins again.
            log.exception("background_failed", task=getattr(work, "__qualname__", "background"), pause_seconds=pause)
        if monotonic() - began > RESTART_SECONDS[1]:
            pause = RESTART_SECONDS[0]  # It had worked: this is a trouble of its own.
        await wait_any(context.stopping, seconds=pause)
        pause = longer(pause, most=RESTART_SECONDS[1])


async def _database(request: Request) -> Database:  # Async, since FastAPI gives any other a thread.
    database: Database = request.app.state.database
    return database


Db = Annotated[Database, Depends(_database)]
