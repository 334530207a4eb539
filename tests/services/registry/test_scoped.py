"""The database itself keeps a scoped caller to their areas: asked by queries that forget all about scope, and about each of its tables."""

import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bench import crowd
from services.registry.scoped import ROLE, acting_on, as_ourselves, finding, role_is_there, scoped
from shared import audit
from shared.database import Database, Transaction
from shared.errors import NotFound
from shared.facts import provinces
from shared.identity import Identity, Role
from tests.conftest import Servers

MEMBERS = 600
OPEN = {"area", "wording", "consent_root"}
"""Tables in which nobody's data are: the role may read them as they are."""


def caller(role: Role, *areas: str) -> Identity:
    return Identity(kind="token", id="7", role=role, areas=areas, organisation="LS-HC-LONDON")


@pytest.fixture(scope="module")
def url(servers: Servers) -> str:
    """A registry's database."""
    return servers.database("registry")


@pytest.fixture(scope="module", autouse=True)
async def people(url: str) -> None:
    """Many members, each with contacts, consents, a repeat and a reading."""
    connection = await asyncpg.connect(url)
    for statement in crowd.statements(MEMBERS):
        await connection.execute(statement)
    await connection.execute("INSERT INTO repeat (submission_id, member_id, at) SELECT gen_random_uuid(), id, now() FROM member")
    await connection.execute("INSERT INTO figure (day, area, confirmed) SELECT '2020-04-01', area, count(*) FROM member GROUP BY area")
    await connection.execute(
        "INSERT INTO audit (who, role, organisation, what, ids, detail)"
        " SELECT 'staff:1', 'admin', 'IOM', 'member_read', ARRAY[id], '{}' FROM member"
    )
    await connection.close()


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    """One connection, as a service has many: what one request leaves behind would be the next one's."""
    database = Database(url.replace("postgresql:", "postgresql+asyncpg:"), name="registry", pool_size=1)
    database.engine.pool._max_overflow = 0  # type: ignore[attr-defined]
    yield database
    await database.close()


async def all_of(session: Transaction, query: str, **values: Any) -> list[Any]:
    return list((await session.execute(text(query), values)).all())


@pytest.mark.parametrize(
    ("who", "areas", "agreed"),
    [
        (caller("mission", "GB"), {"GB"}, True),
        (caller("mission", "ZA"), provinces(), True),
        (caller("mission"), set(), True),
        (caller("mission", "XX"), set(), True),
        (caller("consultant", "ZA-FS", "IE"), {"ZA-FS", "IE"}, False),
        (caller("officer", "ZA"), provinces(), False),
        (caller("admin", "US"), {"US"}, False),
    ],
)
async def test_a_query_that_forgets_its_scope_finds_nobody_outside(db: Database, who: Identity, areas: set[str], agreed: bool) -> None:
    wanted = "area = ANY (:areas)" + (" AND sharing" if agreed else "")
    async with db.transaction() as session:
        mine = {row.id for row in await all_of(session, f"SELECT id FROM member WHERE {wanted}", areas=sorted(areas))}
    async with scoped(db, who) as session:
        assert {row.id for row in await all_of(session, "SELECT * FROM member")} == mine
        assert (await session.scalar(text("SELECT count(*) FROM member"))) == len(mine)
        assert {row.member_id for row in await all_of(session, "SELECT * FROM contact")} == mine
        assert {row.area for row in await all_of(session, "SELECT * FROM figure")} <= areas
        for table in ("consent", "repeat"):
            assert {row.member_id for row in await all_of(session, f"SELECT * FROM {table}")} == (set() if agreed else mine)
        read = {member for row in await all_of(session, "SELECT * FROM audit") for member in row.ids}
        assert read == (set() if agreed else mine)
        stranger = "SELECT 1 FROM member JOIN contact ON member_id = member.id WHERE NOT member.area = ANY (:areas)"
        assert await all_of(session, stranger, areas=sorted(areas)) == []


async def test_unscoped_staff_see_everybody_as_the_service_does(db: Database) -> None:
    async with scoped(db, caller("officer")) as session:
        assert await session.scalar(text("SELECT count(*) FROM member")) == MEMBERS
        assert await session.scalar(text("SELECT current_user = session_user"))


async def test_one_connection_serves_two_hundred_scopes(db: Database) -> None:
    """Nothing of one request is left for the next, whoever asks and whether or not the one before failed."""
    chance = random.Random(5)
    places = [area for area, _ in crowd.AREAS]
    for number in range(200):
        areas = chance.sample(places, chance.randint(0, 3))
        role: Role = chance.choice(("mission", "officer"))
        try:
            async with scoped(db, caller(role, *areas)) as session:
                seen = await all_of(session, "SELECT DISTINCT area, sharing FROM member")
                if role == "officer":
                    assert {row.area for row in seen} == set(areas or places)
                else:  # Where few live, nobody may have agreed to sharing.
                    assert {row.area for row in seen} <= set(areas)
                    assert all(row.sharing for row in seen)
                if number % 7 == 0:
                    await session.execute(text("SELECT 1 / 0"))
        except DBAPIError:
            assert number % 7 == 0
        async with db.transaction() as session:
            assert await session.scalar(text("SELECT count(*) FROM member")) == MEMBERS


async def test_without_a_scope_the_role_sees_nothing(db: Database) -> None:
    """On a connection that never had a scope the query fails; on one that had, the scope is empty."""
    async with db.transaction() as session:
        await session.execute(text(f"SET LOCAL ROLE {ROLE}"))
        with pytest.raises(DBAPIError, match=r"khokahano\.areas"):
            await session.execute(text("SELECT * FROM member"))
        await session.rollback()
    async with scoped(db, caller("mission", "GB")):
        pass
    async with db.transaction() as session:
        await session.execute(text(f"SET LOCAL ROLE {ROLE}"))
        assert await all_of(session, "SELECT * FROM member") == []


WRITES = [
    "UPDATE member SET given_name = 'x'",
    "DELETE FROM member",
    "INSERT INTO consent (member_id, purpose, given, at, way) SELECT id, 'sharing', true, now(), 'x' FROM member",
    "SELECT erase_consents(id) FROM member",
    "SELECT * FROM outbox",
    "SELECT * FROM erasure_receipt",
    "SELECT * FROM tally",
    "SELECT * FROM member FOR UPDATE",
]


@pytest.mark.parametrize("statement", WRITES)
async def test_the_role_changes_nothing_and_reads_nothing_else(db: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        async with scoped(db, caller("officer", "ZA-GP")) as session:
            await session.execute(text(statement))


async def test_what_a_scoped_caller_reads_is_noted(db: Database) -> None:
    seen = uuid4()
    who = caller("mission", "GB")
    async with scoped(db, who) as session:
        audit.note(session, who, "member_read", [seen])
    async with db.transaction() as session:
        [row] = await all_of(session, "SELECT * FROM audit WHERE ids @> ARRAY[CAST(:seen AS uuid)]", seen=seen)
    assert (row.who, row.role, row.organisation) == ("token:7", "mission", "LS-HC-LONDON")


async def test_who_is_outside_is_not_acted_on(db: Database) -> None:
    async with db.transaction() as session:
        by_area: dict[str, UUID] = {row.area: row.id for row in await all_of(session, "SELECT area, id FROM member")}
    for who, members, let_in in [
        (caller("officer", "GB"), ["GB"], True),
        (caller("officer", "GB"), ["ZA-GP"], False),
        (caller("officer", "GB", "US"), ["GB", "US"], True),
        (caller("officer", "GB"), ["GB", "US"], False),
        (caller("officer"), ["GB", "US"], True),
    ]:
        ids = [by_area[area] for area in members]
        try:
            async with acting_on(db, who, *ids) as session:
                assert await session.scalar(text("SELECT current_user = session_user"))
                assert await session.scalar(text("SELECT count(*) FROM member")) == MEMBERS
            acted = True
        except NotFound:
            acted = False
        assert acted == let_in, (who, members)
    with pytest.raises(NotFound):
        async with acting_on(db, caller("admin"), uuid4()):
            pass


async def test_ids_are_looked_up_by_the_service_and_read_by_the_caller(db: Database) -> None:
    async with scoped(db, caller("mission", "GB")) as session:
        async with finding(session):
            ids = [row.id for row in await all_of(session, "SELECT id FROM member")]
        assert len(ids) == MEMBERS
        read = await all_of(session, "SELECT area FROM member WHERE id = ANY (:ids)", ids=ids)
        assert {row.area for row in read} == {"GB"}
        await as_ourselves(session)
        assert await session.scalar(text("SELECT count(*) FROM member")) == MEMBERS


async def test_each_table_has_a_policy_or_is_closed(db: Database) -> None:
    """Fails for a new table that scoped callers may read as it is: give it a policy in a migration, as 0008 does, or no grant."""
    async with db.transaction() as session:
        tables = await all_of(
            session,
            "SELECT relname, relrowsecurity, has_any_column_privilege(:role, oid, 'SELECT, INSERT, UPDATE') AS granted,"
            " EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid AND polcmd IN ('r', '*') AND to_regrole(:role) = ANY (polroles))"
            " AS policed"
            " FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relnamespace = current_schema()::regnamespace",
            role=ROLE,
        )
    unguarded = {row.relname for row in tables if row.granted and not (row.relrowsecurity and row.policed)}
    assert unguarded == OPEN, f"give {sorted(unguarded - OPEN)} a policy for {ROLE}, or revoke the right"
    assert {"member", "contact", "consent", "repeat", "audit"} <= {row.relname for row in tables if row.policed}


async def test_no_function_lends_the_services_rights(db: Database) -> None:
    """A SECURITY DEFINER function that the role may call would be a way around every policy."""
    async with db.transaction() as session:
        lent = await all_of(
            session,
            "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = current_schema()::regnamespace"
            " AND has_function_privilege(:role, oid, 'EXECUTE') AND prorettype <> 'trigger'::regtype",
            role=ROLE,
        )
    assert lent == []


async def test_readiness_says_whether_the_role_can_be_taken_on(db: Database) -> None:
    async with db.transaction() as session:
        assert await role_is_there(session) == "ok"
