"""Manage links: each opens what is held about one member, for half an hour, in the one browser that opened it first.

Showing the link's page opens nothing, since scanners follow links: its button does.
"""

import hmac
from typing import NamedTuple

from sqlalchemy import text

from services.gateway.model import hashed, new_secret
from shared.database import Transaction
from shared.tokens import Link

COOKIE = "me"
OPEN = text(
    "INSERT INTO manage_session (link, secret, csrf, expires_at) VALUES (:link, :secret, :csrf, :expires_at)"
    " ON CONFLICT (link) DO NOTHING RETURNING 1"
)
FIND = text("SELECT secret, csrf FROM manage_session WHERE link = :link AND expires_at > now()")


class Opened(NamedTuple):
    """What is known of a link that was opened.

    Attributes:
        csrf: what the forms of its pages carry; empty in another browser than the one that opened it.
    """

    csrf: str


async def open_link(session: Transaction, token: str, link: Link) -> str | None:
    """Bind a link to the browser that asks, and return the secret for its cookie; None if another was first."""
    secret = new_secret()
    row = {"link": hashed(token), "secret": hashed(secret), "csrf": new_secret(), "expires_at": link.expires_at}
    return secret if (await session.execute(OPEN, row)).first() else None


async def find(session: Transaction, token: str, cookie: str) -> Opened | None:
    """Return how a link was opened; None if it was not yet."""
    row = (await session.execute(FIND, {"link": hashed(token)})).one_or_none()
    if row is None:
        return None
    return Opened(row.csrf if hmac.compare_digest(bytes(row.secret), hashed(cookie)) else "")
