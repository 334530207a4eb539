"""What no outsider is shown, though this process has the public port."""

import ipaddress
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.errors import NotFound
from shared.web import problems

INSIDE: Final = frozenset({"/metrics"})
FORWARDED: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
"""Headers that a reverse proxy adds: who has one did not come from this machine."""


class Threshold:
    """Answers 404 to everybody who asks for what is inside, unless they ask from this machine and directly."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"] in INSIDE and not _from_here(Request(scope)):
            await problems.answer(Request(scope), NotFound())(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _from_here(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
