"""An announcement to everybody starts while the form is busy, and the tables grow four-fold."""

import dataclasses
import secrets
import statistics
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import asyncpg
import pytest

from ops.servers import PostgreSQL
from services.notifier import announcements
from shared.database import Database
from tests.e2e.conftest import OpenHouse
from tests.faults.crowd import registrations
from tests.faults.house import House
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.conftest import Servers

PACE = 40
"""Registrations a second: the form is busy, and nothing is at its limit."""
COUNTING = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track_utility": "off"}
STATEMENTS = """
    SELECT sum(calls)::float AS calls, sum(shared_blks_hit + shared_blks_read)::float AS blocks
    FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid WHERE d.datname = current_database() AND query !~ 'pg_stat_statements'
"""
# Ids are version 7 in shape, so that indexes grow as they do in life. The first confirmed and agreed; those who come later did neither.
RECIPIENTS = """
    INSERT INTO recipient (member_id, version, status, language, information, registered)
    SELECT (lpad(to_hex(1577836800000 + n), 12, '0') || '70018000' || lpad(to_hex(n), 12, '0'))::uuid, 1,
        CASE WHEN {agreed} THEN 'confirmed' ELSE 'registered' END, CASE WHEN n % 3 = 0 THEN 'st' ELSE 'en' END, '{{email}}', true
    FROM generate_series({first}, {last}) n
"""
CONTACTS = """
    INSERT INTO contact (id, member_id, kind, value, address_key, confirmed_at)
    SELECT (lpad(to_hex(1577836800000 + n), 12, '0') || '70028000' || lpad(to_hex(n), 12, '0'))::uuid,
        (lpad(to_hex(1577836800000 + n), 12, '0') || '70018000' || lpad(to_hex(n), 12, '0'))::uuid, 'email',
        'member' || n || '@example.net', substring(sha256(('member' || n)::bytea) for 16), CASE WHEN {agreed} THEN now() END
    FROM generate_series({first}, {last}) n
"""
DELIVERIES = """
    INSERT INTO delivery (id, member_id, cause, template, recipient, channel, language, transactional, status, due_at, give_up_at, sent_at)
    SELECT gen_random_uuid(), member_id, member_id, 'welcome', decode(md5(member_id::text), 'hex'), 'email', 'en', true, 'sent', now(),
        now(), now()
    FROM recipient
"""


class Busy(NamedTuple):
    """How it was for those who registered at the form, in seconds at 95 %."""

    answered: float
    welcomed: float


@pytest.fixture
def counting_servers(tmp_path_factory: pytest.TempPathFactory, servers: "Servers") -> Iterator["Servers"]:
    """The run's servers with a PostgreSQL of our own, which counts statements."""
    folder = tmp_path_factory.mktemp("counting")
    own = PostgreSQL(folder / "postgresql", password=secrets.token_hex(16), log=folder / "postgresql.log", settings=COUNTING)
    try:
        own.start()
        own.wait_ready(60)
        yield dataclasses.replace(servers, postgresql=own, _migrated=set())
    finally:
        own.stop()


async def test_case_15_announcement_while_the_form_is_busy(open_house: OpenHouse, soak: bool, counting_servers: "Servers") -> None:
    """Welcomes keep 10 s at 95 %, intake is as before, and neither statements nor what they read grow with the tables.

    The mail server takes a few milliseconds a mail, so that the announcement lasts longer than the form is busy. At test scale it is
    over after two seconds: so welcomes have half of its time at most, which none would keep that waited its turn behind it. Times with
    and without an announcement take turns. *As before* means: the better of two times with one, at 95 %, is at most 0.25 s longer than the
    better of two without; other work on the machine alone makes differences of a tenth of a second. Nothing is analysed between, so that
    plans which were made for the small tables meet the large ones.
    """
    everybody, seconds, connections = (50_000, 10.0, 8) if soak else (800, 1.2, 4)
    async with open_house(on=counting_servers, SMTP_CONNECTIONS=str(connections), BULK_SIZE="200") as house:
        await ask(house, "CREATE EXTENSION pg_stat_statements")
        await grow(house, 1, everybody, agreed=True)
        house.mailbox.behave("slow=2" if soak else "slow=8")
        quiet, loud, costs = list[Busy](), list[Busy](), list[tuple[float, float]]()
        for turn in range(2):
            quiet.append(await register(house, f"quiet{turn}", seconds))
            await ask(house, "SELECT pg_stat_statements_reset()")
            began = await announce(house, turn)
            loud.append(await register(house, f"loud{turn}", seconds))
            await house.wait_quiet(everybody + int((2 * turn + 2) * seconds * PACE), 300)
            lasted = max(mail.at for mail in house.mailbox.taken if mail.recipient.startswith("member")) - began
            assert loud[-1].welcomed < min(10, lasted / 2)
            mails = everybody + int(seconds * PACE)
            [counted] = await ask(house, STATEMENTS)
            costs.append((counted["calls"] / mails, counted["blocks"] / mails))
            if turn == 0:
                await grow(house, everybody + 1, 4 * everybody, agreed=False)
        assert min(each.answered for each in loud) <= min(each.answered for each in quiet) + 0.25
        (calls, blocks), (calls_grown, blocks_grown) = costs
        assert calls_grown < 1.3 * calls
        assert blocks_grown < 1.3 * blocks
        rows = await ask(house, "SELECT looked_at, prepared, status FROM announcement")
        assert [tuple(row) for row in rows] == [(everybody, everybody, "prepared")] * 2
        assert (house.mailbox.repeats().total(), len(await house.members())) == (0, int(4 * seconds * PACE))


async def register(house: House, crowd: str, seconds: float) -> Busy:
    """Have people at the form for so long, and wait for their welcomes."""
    people, began = registrations(int(seconds * PACE), crowd=crowd), time.monotonic()
    assert await house.crowd.post(people, pace=PACE) == people
    await wait_until(lambda: all(person.email in house.mailbox.accepted for person in people), 30)
    at = {mail.recipient: mail.at for mail in house.mailbox.taken}
    welcomed = [at[person.email] - began - number / PACE for number, person in enumerate(people)]
    return Busy(at_95([person.seconds for person in people]), at_95(welcomed))


def at_95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


async def announce(house: House, number: int) -> float:
    """Start an announcement to everybody, and return when that was."""
    database = Database(house.databases["notifier"].replace("postgresql://", "postgresql+asyncpg://"), name="test", pool_size=1)
    typed = dict.fromkeys(announcements.TYPED, f"Metsoalle, tlong! {number}")
    try:
        async with database.transaction() as session:
            assert await announcements.start(session, typed)
    finally:
        await database.close()
    return time.monotonic()


async def grow(house: House, first: int, last: int, *, agreed: bool) -> None:
    """Have the notifier know these members; those who come later have each been welcomed, as everybody has."""
    written = {"first": first, "last": last, "agreed": str(agreed).lower()}
    statements = [RECIPIENTS.format(**written), CONTACTS.format(**written), *([] if agreed else [DELIVERIES])]
    await ask(house, *statements)


async def ask(house: House, *statements: str) -> list[asyncpg.Record]:
    """Run statements in the notifier's database as its administrator, and return the last one's rows."""
    connection = await asyncpg.connect(house.servers.postgresql.url(house.databases["notifier"].rpartition("/")[2]))
    try:
        for statement in statements:
            rows = await connection.fetch(statement)
        return rows
    finally:
        await connection.close()
