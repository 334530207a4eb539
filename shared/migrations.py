"""Bringing a service's database up to date. Migrations expand first and contract later, since old and new code run side by side."""

import asyncio
import hashlib
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared import logging
from shared.database import naming_trouble
from shared.errors import Contention, KhokahanoError, Outage

log = logging.get(__name__)

LOCK_TIMEOUT_SECONDS = 5
"""How long a migration waits for a lock before it lets everybody else go on and tries again."""
LOOK_SECONDS = 0.2
"""How often one migrator looks whether another has ended."""
TRIES = 10
PAUSE_SECONDS = 2.0
CONNECT_SECONDS = 10.0
NOT_ALLOWED = "42501"
"""SQLSTATE: insufficient privilege. Source: PostgreSQL 15, appendix A."""


def _config(service: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("shared") / "alembic"))
    config.set_main_option("version_locations", str(Path(str(files(f"services.{service}"))) / "migrations"))
    config.set_main_option("path_separator", "newline")
    return config


def upgrade(service: str, url: str) -> None:
    """Migrate a service's database to this code's newest revision; one process at a time, and again while locks are held.

    Raises:
        Outage: the database is away.
        Contention: others held locks through every try; nothing was changed.
    """
    asyncio.run(_upgrade(service, url))


async def _upgrade(service: str, url: str) -> None:
    url = f"postgresql+asyncpg://{url.partition('://')[2]}"
    for attempt in range(1, TRIES + 1):
        engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": CONNECT_SECONDS})
        try:
            with naming_trouble():
                async with engine.connect() as connection:
                    await connection.run_sync(_run, service)
                    await connection.commit()
            return
        except (Contention, Outage) as trouble:
            if attempt == TRIES:
                raise
            log.warning("migration_waits", database=service, reason=str(trouble), attempt=attempt)
            await asyncio.sleep(PAUSE_SECONDS)
        finally:
            await engine.dispose()


def _run(connection: Connection, service: str) -> None:
    key = int.from_bytes(hashlib.sha256(f"khokahano.migrations.{service}".encode()).digest()[:8], "big", signed=True)
    # Asked for again and again: who waits inside the statement holds a snapshot, which an index built concurrently would wait for.
    while not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar():
        connection.commit()
        time.sleep(LOOK_SECONDS)
    connection.commit()
    try:
        config = _config(service)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})
        connection.commit()


SCOPED_ROLE = """
DO $$
BEGIN
    FOR attempt IN 1..50 LOOP
        BEGIN
            IF to_regrole('{role}') IS NULL THEN
                CREATE ROLE {role} NOLOGIN;
            END IF;
            BEGIN
                PERFORM set_config('role', '{role}', true);
                PERFORM set_config('role', 'none', true);
            EXCEPTION WHEN insufficient_privilege OR invalid_parameter_value THEN
                GRANT {role} TO CURRENT_USER;
            END;
            IF NOT has_schema_privilege('{role}', current_schema(), 'USAGE') THEN
                EXECUTE format('GRANT USAGE ON SCHEMA %I TO {role}', current_schema());
            END IF;
            RETURN;
        EXCEPTION WHEN duplicate_object OR unique_violation OR internal_error THEN
            PERFORM pg_sleep(0.05);
        END;
    END LOOP;
    RAISE EXCEPTION 'others were making the role {role} all the time' USING ERRCODE = 'lock_not_available';
END $$
"""
"""Roles belong to the whole server: the migrations of two databases can meet here, and the second goes on with what the first has made."""


def ensure_scoped_role(op: Any, role: str) -> None:
    """Make the role that scoped requests take on, and let ourselves take it on; called by a migration with Alembic's `op`.

    Raises:
        KhokahanoError: this database's user may not; the text says what an administrator has to run, once.
    """
    try:
        op.execute(SCOPED_ROLE.format(role=role))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != NOT_ALLOWED:
            raise
        user = op.get_bind().engine.url.username
        raise KhokahanoError(
            f"{user} may not make the role {role}; as an administrator run once: CREATE ROLE {role} NOLOGIN; GRANT {role} TO {user};"
        ) from error


def create_audit_table(op: Any) -> None:
    """Make the audit, to which rows are only added; called by a first migration with Alembic's `op`. See `shared.audit`."""
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("who", "role", "organisation", "what")),
        sa.Column("ids", postgresql.ARRAY(sa.Uuid), nullable=False),
        sa.Column("detail", postgresql.JSONB, nullable=False),
        sa.Column("why", sa.Text),
    )
    op.execute("CREATE INDEX audit_ids ON audit USING gin (ids)")
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute("CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit EXECUTE FUNCTION refuse_change()")


def create_erasing_table(op: Any) -> None:
    """Make the list of erased members whose dead letters are still to be searched; called by a migration with Alembic's `op`.

    See `shared.erasing`.
    """
    op.create_table(
        "erasing",
        sa.Column("member_id", sa.Uuid, primary_key=True),
        sa.Column("named", postgresql.ARRAY(sa.Uuid), nullable=False),
        sa.Column("marks", postgresql.ARRAY(sa.LargeBinary), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("leased_until", postgresql.TIMESTAMP(timezone=True)),
    )


def create_messaging_tables(op: Any) -> None:
    """Make the outbox and the inbox; every service's first migration calls it with Alembic's `op`.

    Both tables turn over all their rows, so that autovacuum goes by a number of dead rows instead of a share.
    """
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("correlation_id", sa.Text),
        sa.Column("queue", sa.Text),
        sa.Column("again", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("not_before", postgresql.TIMESTAMP(timezone=True)),
    )
    op.create_table(
        "inbox",
        sa.Column("message_id", sa.Uuid, primary_key=True),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.execute("ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)")
    op.execute("ALTER TABLE inbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000)")
    op.execute("CREATE INDEX inbox_at ON inbox USING brin (at)")
