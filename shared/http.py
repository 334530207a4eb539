"""What stands before every route: correlation ids, the counting of requests, the identity check, and the short way to a hot route."""

import re
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import cache
from time import perf_counter
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from prometheus_client import Counter, Histogram
from pydantic import SecretStr
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid4

from shared import journey, telemetry
from shared.errors import Unauthenticated
from shared.identity import HEADER, verify
from shared.web import problems

OPEN_PATHS = ("/livez", "/readyz", "/metrics")
CORRELATION_HEADER = "X-Correlation-ID"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CORRELATION = re.compile(rb"[A-Za-z0-9-]{8,64}\Z")


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
        correlation_id = _given(scope) or str(uuid4())
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


def _given(scope: Scope) -> str | None:
    """Return the caller's own correlation id, if it is a sound one."""
    for name, value in scope["headers"]:
        if name == b"x-correlation-id":
            return value.decode() if _CORRELATION.match(value) else None
    return None


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


class HotRoute(APIRoute):
    """A route with a fixed path, whose endpoint takes the request and gives the response: nothing is injected or serialised.

    Of errors it raises those of `problems.TOLD` only; any other is answered as a fault of ours.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the endpoint itself."""
        return self.endpoint


class ShortWay:
    """Takes a request for a hot route there at once; all others, and its own in another spelling, go on to the framework.

    The framework would answer the same, for ten times the cost: it looks through its routers one by one, and opens what most routes need.
    """

    def __init__(self, app: ASGIApp, *, routers: Iterable[APIRouter]) -> None:
        self.app = app
        hot = [route for router in routers for route in router.routes if isinstance(route, HotRoute)]
        self._routes = {(method, route.path): route for route in hot for method in route.methods or ()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        route = self._routes.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None:
            await self.app(scope, receive, send)
            return
        scope["route"] = route
        request = Request(scope, receive)
        try:
            response: Response = await route.endpoint(request)
        except problems.TOLD as error:
            response = problems.response(request, error)
        await response(scope, receive, send)
