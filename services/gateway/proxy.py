"""The way to the owner of what is looked at: streamed both ways, with a signed word on who is asking, and within a deadline."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import get_args

import httpx2
from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from services.gateway.authentication import identify
from services.gateway.bodies import refuse_declared, streamed
from services.gateway.settings import GatewaySettings
from shared import identity, journey, logging, tokens
from shared.clock import now
from shared.errors import Unauthenticated, Unavailable
from shared.http import CORRELATION_HEADER
from shared.identity import Identity
from shared.service import Context
from shared.tokens import Purpose
from shared.topology import ROUTES
from shared.web.language import language_of, mark, translate
from shared.web.staff import PROXIED, is_staff_path

log = logging.get(__name__)

CONNECT_SECONDS = 2.0
"""An owner on our own network that takes longer to accept a connection is not there."""
MOST_CONNECTIONS = 100
IDLE_SECONDS = 2.0
"""Less than an owner keeps an idle connection open, so that none is used in the moment of its closing."""
RETRY_AFTER_SECONDS = 5
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
"""Headers that speak of one connection. Source: RFC 9110, section 7.6.1."""
NOT_FOR_OWNERS = frozenset({"host", "cookie", "authorization", "forwarded", "via", "x-real-ip", "expect", CORRELATION_HEADER.lower()})
"""Who is asking is said by our signature alone; an owner never sees what opens a session."""
NOT_FROM_OWNERS = frozenset({"server", "date", CORRELATION_HEADER.lower()})
LINKS: dict[str, Purpose] = {f"/{purpose}": purpose for purpose in get_args(Purpose) if f"/{purpose}" in ROUTES}
"""Path prefixes whose next segment is a signed link's token."""
AWAY = mark("The service behind this address (%(service)s) does not answer.")

router = APIRouter(include_in_schema=False)


class Owners:
    """The owning services, and one pool of connections to them."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._deadline_seconds = settings.proxy_timeout_seconds
        self._places = {name: httpx2.URL(getattr(settings, f"{name}_url")) for name in set(ROUTES.values())}
        self._keys = {name: getattr(settings, f"{name}_identity_keys") for name in set(ROUTES.values())}
        self._client = httpx2.AsyncClient(
            trust_env=False,  # The environment's proxies are for the world outside.
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # What an owner gives to one browser is not handed to the next.
            limits=httpx2.Limits(max_connections=MOST_CONNECTIONS, keepalive_expiry=IDLE_SECONDS),
            timeout=httpx2.Timeout(settings.proxy_timeout_seconds, connect=CONNECT_SECONDS),
        )
        self._client.headers.clear()  # What the caller did not say is not said for it.

    async def close(self, context: Context) -> None:
        """Wait for the process to stop, then close the connections."""
        await context.stopping.wait()
        await self._client.aclose()

    async def ask(self, service: str, request: Request, who: Identity) -> httpx2.Response:
        """Hand a request on, and return the owner's answer as soon as it begins.

        Raises:
            Unavailable: the owner is away, or did not begin its answer in time.
            TooLarge: the request's body is longer than it may be.
        """
        refuse_declared(request)
        method = "GET" if request.method == "HEAD" else request.method
        signature = identity.sign(who, self._keys[service], service=service, method=method, path=request.scope["path"])
        headers = [
            *_without(request.headers.raw, NOT_FOR_OWNERS, "x-forwarded-", "x-khokahano-"),
            (identity.HEADER.encode(), signature.encode()),
            (CORRELATION_HEADER.encode(), (journey.current() or "").encode()),
        ]
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        query: bytes = request.scope["query_string"]
        target = self._places[service].copy_with(raw_path=request.scope["raw_path"] + (b"?" + query if query else b""))
        asked = self._client.build_request(method, target, headers=headers, content=streamed(request).stream() if has_body else None)
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await self._client.send(asked, stream=True)
        except (httpx2.TransportError, TimeoutError) as error:
            log.warning("owner_away", owner=service, reason=type(error).__name__)
            # The public is told no inner names.
            detail = translate(who.language, AWAY, service=service) if who.kind in ("staff", "token") else ""
            raise Unavailable(detail, retry_after_seconds=RETRY_AFTER_SECONDS) from error


async def hand_on(request: Request) -> Response:
    """Answer with what the owner of this path answers.

    Raises:
        NotFound: the link in the path is forged, for another purpose, or old. All look alike.
        Unauthenticated: it is a page for staff, and nobody is signed in.
        Unavailable: the owner is away.
    """
    prefix = next(prefix for prefix in _PREFIXES if f"{request.scope['path']}/".startswith(f"{prefix}/"))
    who = _link_holder(request, LINKS[prefix]) if prefix in LINKS else await identify(request)
    if is_staff_path(prefix) and who.kind not in ("staff", "token"):
        raise Unauthenticated
    return await answer_of(_OWNERS[prefix], request, who)


async def answer_of(service: str, request: Request, who: Identity) -> Response:
    """Answer with what a service answers to this caller.

    Raises:
        Unavailable: the service is away.
    """
    owners: Owners = request.app.state.owners
    answer = await owners.ask(service, request, who)
    if request.method == "HEAD":
        await answer.aclose()
        response = Response(status_code=answer.status_code)
    else:
        response = StreamingResponse(_body(answer), status_code=answer.status_code)
    response.raw_headers = [(name.lower(), value) for name, value in _without(answer.headers.raw, NOT_FROM_OWNERS)]
    return response


async def _body(answer: httpx2.Response) -> AsyncIterator[bytes]:
    # As it came off the wire: what the owner compressed stays compressed.
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()


def _link_holder(request: Request, purpose: Purpose) -> Identity:
    settings: GatewaySettings = request.app.state.settings
    link = tokens.read(settings.link_keys, purpose, request.path_params.get("rest", "").partition("/")[0], at=now())
    return Identity(kind="link", language=language_of(request), link=link)


def _without(headers: Iterable[tuple[bytes, bytes]], names: frozenset[str], *prefixes: str) -> list[tuple[bytes, bytes]]:
    """Return headers that may cross to the next connection: none of these, none that speak of this connection only."""
    known = [(name.decode("latin-1").lower(), name, value) for name, value in headers]
    connection = {part.strip() for lower, _, value in known if lower == "connection" for part in value.decode("latin-1").lower().split(",")}
    dropped = HOP_BY_HOP | names | connection
    return [(name, value) for lower, name, value in known if lower not in dropped and not lower.startswith(prefixes or ("\0",))]


_OWNERS = ROUTES | PROXIED
_PREFIXES = sorted(_OWNERS, key=len, reverse=True)
for _prefix in _PREFIXES:
    router.add_route(_prefix, hand_on, methods=METHODS)
    router.add_route(_prefix + "/{rest:path}", hand_on, methods=METHODS)
