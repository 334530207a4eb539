"""Who is asking: a browser's session or a program's token, found out once a request; and whether another site made the browser ask."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from services.gateway import sessions
from services.gateway.settings import GatewaySettings
from shared.database import Database
from shared.errors import Forbidden, Unauthenticated
from shared.identity import Identity
from shared.web.language import language_of

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_SECRET = 200
"""Ours are shorter; a longer one is not looked up."""


async def identify(request: Request) -> Identity:
    """Return who is asking, and refuse a browser that another site made ask.

    A token that is not known is refused; a session that is not known is nobody's, so that public pages stay open to it.

    Raises:
        Unauthenticated: there is an `Authorization` header, and it holds no token of ours.
        Forbidden: a signed-in browser was sent here by another site to change something.
    """
    known: Identity | None = getattr(request.state, "identity", None)
    if known is not None:
        return known
    found = await _find(request)
    if found.kind == "staff":
        refuse_other_sites(request)
    identity = found.model_copy(update={"language": language_of(request)})
    request.state.identity = identity
    return identity


async def _find(request: Request) -> Identity:
    database: Database = request.app.state.database
    settings: GatewaySettings = request.app.state.settings
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(secret.strip()) <= LONGEST_SECRET:
            raise Unauthenticated
        async with database.transaction() as session:
            program = await sessions.by_token(session, secret.strip())
        if program is None:
            raise Unauthenticated
        return program
    cookie = request.cookies.get(sessions.cookie_name(settings.khokahano_base_url), "")
    if 0 < len(cookie) <= LONGEST_SECRET:
        async with database.transaction() as session:
            person = await sessions.by_cookie(session, cookie)
        if person is not None:
            return person
    return Identity()


def refuse_other_sites(request: Request) -> None:
    """Refuse a change that another site made this browser ask for.

    Every browser says by `Sec-Fetch-Site` or `Origin` where a form came from; who says neither is no browser, and has nobody's cookie
    by accident. Source: OWASP, Cross-Site Request Forgery Prevention, "Fetch Metadata headers".

    Raises:
        Forbidden: the request came from another site.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise Forbidden
        return
    origin = request.headers.get("origin")
    if origin is None:
        return
    settings: GatewaySettings = request.app.state.settings
    ours = {urlsplit(settings.khokahano_base_url).netloc, request.headers.get("host", "")}
    if urlsplit(origin).netloc not in ours - {""}:
        raise Forbidden


Asking = Annotated[Identity, Depends(identify)]
"""A route's parameter: who is asking, whoever it is. Put `Depends(identify)` before any `require(…)` of a router."""
