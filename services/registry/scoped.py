"""Requests of scoped callers, kept to their areas by the database itself.

A caller of some areas, or a mission, reads as the role `registry_scoped`, to which the tables' policies apply (migration 0008): a query
that forgot its scope finds nobody whom the caller may not see. The service's own work and unscoped staff read as the tables' owner, since
policies keep PostgreSQL from searching by the indexes of names and filters. Whoever adds a table with personal data gives the role a
policy there, or no right at all; a test lists the tables. Source: decision 18.

    async with scoped(db, who) as session:                  # to read, whoever asks
    async with acting_on(db, who, member_id) as session:    # to change a member whom the caller may see
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from services.registry.scope import scope_of
from shared.database import Database, Transaction
from shared.errors import NotFound
from shared.identity import Identity

ROLE = "registry_scoped"
ENTER = text(
    f"SELECT set_config('role', '{ROLE}', true), set_config('khokahano.areas', :areas, true),"
    " set_config('khokahano.sharing', :sharing, true)"
)
AGAIN = text(f"SELECT set_config('role', '{ROLE}', true)")
LEAVE = text("SELECT set_config('role', 'none', true)")
SEEN = text("SELECT id FROM member WHERE id = ANY (:ids)").bindparams(bindparam("ids", type_=ARRAY(Uuid())))
USABLE = text(
    "SELECT pg_has_role(current_user, oid, 'MEMBER') AND NOT rolsuper AND NOT rolbypassrls AND NOT rolcanlogin"
    " FROM pg_roles WHERE rolname = :role"
).bindparams(role=ROLE)


@asynccontextmanager
async def scoped(db: Database, who: Identity) -> AsyncIterator[Transaction]:
    """Give a session that reads what this caller may see, and notes what they read.

    For a scoped caller it writes nothing but the audit: who changes something takes `acting_on`, or `as_ourselves` once all is looked up.
    """
    scope = scope_of(who)
    async with db.transaction() as session:
        if scope.limited:
            sharing = "needed" if scope.sharing_only else "not needed"
            await session.execute(ENTER, {"areas": ",".join(sorted(scope.areas or ())), "sharing": sharing})
            session.info["scoped"] = True
        yield session


@asynccontextmanager
async def acting_on(db: Database, who: Identity, *member_ids: UUID) -> AsyncIterator[Transaction]:
    """Give a session for changing these members, once the database has said that the caller may see all of them.

    Raises:
        NotFound: one of them is not there, or not this caller's business.
    """
    async with scoped(db, who) as session:
        found = (await session.execute(SEEN, {"ids": list(member_ids)})).scalars()
        if set(found) != set(member_ids):
            raise NotFound
        await as_ourselves(session)
        yield session


async def as_ourselves(session: Transaction) -> None:
    """Go on as the service itself, which sees and changes everything; what the caller may see was looked up before."""
    if session.info.pop("scoped", False):
        await session.execute(LEAVE)


@asynccontextmanager
async def finding(session: Transaction) -> AsyncIterator[None]:
    """Search as the service itself, by all indexes, for ids only; what bears them is read as the caller again, who sees it or not."""
    if not session.info.get("scoped"):
        yield
        return
    await session.execute(LEAVE)
    yield
    await session.execute(AGAIN)


async def role_is_there(session: Transaction) -> str:
    """Return `ok` where scoped requests can be kept to their scope, or what is wrong."""
    usable = await session.scalar(USABLE)
    return "ok" if usable else f"the role {ROLE} is missing, not granted, or too mighty: see the runbook, managed PostgreSQL"
