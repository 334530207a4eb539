"""What every answer tells the browser about itself."""

import base64
import hashlib

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NOTHING = "default-src 'none'; frame-ancestors 'none'"


def policy(*styles: str) -> str:
    """Return the content security policy of a page whose every `<style>` holds one of these texts: no script, no font, no other host."""
    digests = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" for style in styles)
    return f"{_NOTHING}; style-src {digests}; img-src 'self' data:; form-action 'self'; base-uri 'none'"


def security_headers(*, https: bool = False) -> dict[str, str]:
    """Return the headers of every answer, by lower-case name.

    The referrer goes to our own pages only, since paths hold tokens; `no-referrer` would also blank the `Origin` of our own forms,
    by which a forged request is told from a true one.
    """
    headers = {
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    if https:
        headers["strict-transport-security"] = "max-age=31536000"
    return headers


class SecurityHeaders:
    """Middleware that adds the security headers, and a policy that allows nothing, wherever an answer has none of its own."""

    def __init__(self, app: ASGIApp, *, https: bool = False) -> None:
        self.app = app
        headers = {**security_headers(https=https), "content-security-policy": _NOTHING}
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                named = {name for name, _ in given}
                message["headers"] = given + [header for header in self._headers if header[0] not in named]
            await send(message)

        await self.app(scope, receive, send_with_headers)
