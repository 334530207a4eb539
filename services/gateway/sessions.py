"""Browsers in which somebody is signed in: rows, so that a change of rights ends them at once."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select, text

from services.gateway.model import StaffSession, hashed, new_secret
from shared.database import Transaction
from shared.identity import Identity

BY_COOKIE = text(
    "SELECT staff.id, coalesce(nullif(staff.name, ''), staff.email) AS name, staff.role, staff.areas, staff.organisation,"
    " staff_session.csrf FROM staff_session JOIN staff ON staff.id = staff_session.staff_id"
    " WHERE staff_session.hash = :hash AND staff_session.expires_at > now() AND staff.disabled_at IS NULL"
)
BY_TOKEN = text(
    "SELECT id, name, role, areas, organisation, last_used_at IS NULL OR last_used_at < now() - interval '1 minute' AS stale FROM api_token"
    " WHERE hash = :hash AND expires_at > now() AND revoked_at IS NULL"
)
USED = text("UPDATE api_token SET last_used_at = date_trunc('minute', now()) WHERE id = :id")


class Started(NamedTuple):
    """A new session: the cookie's value and how long it lasts."""

    secret: str
    seconds: int


def cookie_name(base_url: str) -> str:
    """Return the session cookie's name; behind https one that no other host can set. Source: RFC 6265bis, section 4.1.3.2."""
    return "__Host-khokahano" if base_url.startswith("https://") else "khokahano"


async def start(session: Transaction, staff_id: UUID, *, hours: float) -> Started:
    """Sign somebody in."""
    started = Started(new_secret(), int(hours * 3600))
    ends = (await session.execute(select(func.now()))).scalar_one() + timedelta(hours=hours)
    session.add(StaffSession(hash=hashed(started.secret), staff_id=staff_id, csrf=new_secret(), expires_at=ends))
    return started


async def end(session: Transaction, secret: str) -> None:
    """Sign one browser out."""
    await session.execute(delete(StaffSession).where(StaffSession.hash == hashed(secret)))


async def by_cookie(session: Transaction, secret: str) -> Identity | None:
    """Return who is signed in with this cookie."""
    row = (await session.execute(BY_COOKIE, {"hash": hashed(secret)})).one_or_none()
    if row is None:
        return None
    rights = {"role": row.role, "areas": tuple(row.areas), "organisation": row.organisation}
    return Identity(kind="staff", id=str(row.id), name=row.name, csrf=row.csrf, **rights)


async def by_token(session: Transaction, secret: str) -> Identity | None:
    """Return which program this token is."""
    row = (await session.execute(BY_TOKEN, {"hash": hashed(secret)})).one_or_none()
    if row is None:
        return None
    if row.stale:
        await session.execute(USED, {"id": row.id})
    return Identity(kind="token", id=str(row.id), name=row.name, role=row.role, areas=tuple(row.areas), organisation=row.organisation)
