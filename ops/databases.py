"""One database and one role a service: made in our own PostgreSQL for `make run` and the tests."""

import asyncio

import asyncpg

CONNECT_SECONDS = 10


def create(admin_url: str, name: str, *, role: str, password: str, template: str | None = None) -> None:
    """Make a database with the role that owns it, and the role `<role>_scoped` that its scoped requests take on; what is there stays.

    Args:
        admin_url: of a superuser.
        template: a database to copy; nobody may be connected to it.
    """
    asyncio.run(_create(admin_url, name, role, password, template))


async def _create(admin_url: str, name: str, role: str, password: str, template: str | None) -> None:
    connection = await asyncpg.connect(admin_url, timeout=CONNECT_SECONDS)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
            await connection.execute(f"CREATE ROLE {quoted(role)} LOGIN PASSWORD {_literal(password)}")
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", f"{role}_scoped"):
            await connection.execute(f"CREATE ROLE {quoted(f'{role}_scoped')} NOLOGIN")
            await connection.execute(f"GRANT {quoted(f'{role}_scoped')} TO {quoted(role)}")
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            copied = f" TEMPLATE {quoted(template)}" if template else ""
            await connection.execute(f"CREATE DATABASE {quoted(name)} OWNER {quoted(role)}{copied}")
            await connection.execute(f"REVOKE CONNECT ON DATABASE {quoted(name)} FROM PUBLIC")
    finally:
        await connection.close()


def quoted(name: str) -> str:
    """Return an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
