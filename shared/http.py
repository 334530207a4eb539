"""What stands before every route: the identity check, correlation ids, and the counting of requests by route."""

import re
from collections.abc import Sequence
from functools import cache
from time import perf_counter
from uuid import uuid4

from prometheus_client import Counter, Histogram
from pydantic import SecretStr
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import journey, telemetry
from shared.errors import Unauthenticated
from shared.identity import HEADER, verify
from shared.web import problems

OPEN_PATHS = ("/livez", "/readyz", "/metrics")
CORRELATION_HEADER = "X-Correlation-ID"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CORRELATION = re.compile(r"[A-Za-z0-9-]{8,64}\Z")


@cache
def _metrics(route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    """Look the labels up once: routes, methods and statuses are few, and nobody outside can add to them."""
    return telemetry.REQUESTS.labels(route, method, str(status)), telemetry.REQUEST_SECONDS.labels(route)


class Journeys:
    """Gives each request a correlation id (the caller's, if it is a sound one), and counts it by its route's template."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-correlation-id"), "")
        correlation_id = given if _CORRELATION.match(given) else str(uuid4())
        started, status = perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-correlation-id", correlation_id.encode())]
            await send(message)

        with journey.on(correlation_id):
            try:
                await self.app(scope, receive, answer)
            finally:
                route, method = getattr(scope.get("route"), "path", "(none)"), scope["method"]
                counted, timed = _metrics(route, method if method in METHODS else "other", status)
                counted.inc()
                timed.observe(perf_counter() - started)


class IdentityCheck:
    """Lets in only what the gateway has signed for this service, method and path."""

    def __init__(self, app: ASGIApp, *, service: str, keys: Sequence[SecretStr]) -> None:
        self.app, self.service, self.keys = app, service, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            request = Request(scope)
            try:
                identity = verify(request.headers.get(HEADER), self.keys, service=self.service, method=scope["method"], path=scope["path"])
            except Unauthenticated as refusal:
                await problems.answer(request, refusal)(scope, receive, send)
                return
            scope.setdefault("state", {})["identity"] = identity
        await self.app(scope, receive, send)
