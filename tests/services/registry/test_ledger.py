"""The ledger in its database: what is changed in it by whatever hand is found, and an erasure leaves it whole."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.registry import ledger
from services.registry.rooting import close_day
from tests.conftest import Servers
from tests.services.registry.books import DAY, DAYS, Books, opened

FIELDS = ", ".join(f"{name} = NULL" for name in (*ledger.FIELDS, "salt"))
ERASING = "set_config('khokahano.erasing', CAST(member_id AS text), true) <> ''"
LATE = text("INSERT INTO consent (member_id, purpose, channel, given, at, way) VALUES (:id, 'information', 'call', false, now(), 'link')")


@pytest.fixture
def url(servers: Servers) -> str:
    """A database of this test's alone."""
    return servers.database("registry")


@pytest.fixture
async def books(servers: Servers, url: str) -> AsyncIterator[Books]:
    """A ledger of this test's alone."""
    async with opened(servers, url) as books:
        yield books


async def test_ledger_is_as_it_was_recorded(books: Books) -> None:
    counts = await books.counts()
    assert (counts.records, counts.erased, counts.chains, counts.roots, counts.unrooted) == (17, 0, 4, DAYS, 4)
    assert counts.latest is not None
    assert counts.latest[0] == DAY + timedelta(days=1)


# A change with triggers off, and what looking finds; {r} is the id of a record in the middle of the first member's chain, {l} of its last.
CHANGES: dict[str, tuple[str, list[str]]] = {
    "wording": ("UPDATE consent SET wording_version = '2021-01' WHERE id = {r}", ["contents", "wording"]),
    "language": ("UPDATE consent SET language = 'st' WHERE id = {r}", ["contents", "wording"]),
    "date": ("UPDATE consent SET at = at - interval '1 microsecond' WHERE id = {r}", ["contents"]),
    "channel": ("UPDATE consent SET channel = 'whatsapp' WHERE id = {r}", ["contents", "member"]),
    "purpose": ("UPDATE consent SET purpose = 'registration', channel = NULL WHERE id = {r}", ["contents", "member"]),
    "answer": ("UPDATE consent SET given = false WHERE id = {r}", ["contents", "member"]),
    "way": ("UPDATE consent SET way = 'paper' WHERE id = {r}", ["contents"]),
    "who recorded it": ("UPDATE consent SET staff = 'Somebody' WHERE id = {r}", ["contents"]),
    "commitment": ("UPDATE consent SET commitment = sha256('x') WHERE id = {r}", ["hash", "contents"]),
    "hash": ("UPDATE consent SET hash = sha256('x') WHERE id = {r}", ["hash", "hash", "root"]),
    "whose": ("UPDATE consent SET member_id = '{m}' WHERE id = {r}", ["contents", "contents", "member", "member"]),
    "emptied alone": (f"UPDATE consent SET {FIELDS} WHERE id = {{r}}", ["contents", "member"]),
    "deleted": ("DELETE FROM consent WHERE id = {r}", ["missing", "root", "member"]),
    "last one deleted": ("DELETE FROM consent WHERE id = {l}", ["root", "member"]),
    "chain deleted": ("DELETE FROM consent WHERE id BETWEEN {r} - 1 AND {l}", ["root", "member"]),
    "id": ("ALTER TABLE consent ALTER id DROP IDENTITY; UPDATE consent SET id = 999 WHERE id = {l}", ["root"]),
    "deleted before any root": ("DELETE FROM consent WHERE id = (SELECT max(id) FROM consent)", ["member"]),
    "root": ("UPDATE consent_root SET root = sha256('x') WHERE number = 1", ["root", "root"]),
    "root's count": ("UPDATE consent_root SET records = 7 WHERE number = 1", ["root"]),
    "root's reach": ("UPDATE consent_root SET last_id = last_id + 1 WHERE number = 1", ["root", "root"]),
    "root deleted": ("DELETE FROM consent_root WHERE number = 1", ["root_missing"]),
    "wording's text": ("UPDATE wording SET text = text || ' And more.'", ["wording", "wording"]),
    "wording deleted": ("DELETE FROM wording", ["wording", "wording"]),
    "member's row": ("UPDATE member SET information = '{{email,call,sms}}' WHERE id = '{m}'", ["member"]),
    "member's sharing": ("UPDATE member SET sharing = false WHERE id = '{m}'", ["member"]),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_change_by_a_hand_that_no_trigger_stops_is_found(books: Books, change: str) -> None:
    statement, expected = CHANGES[change]
    first, middle, _, last = await books.records(0)
    assert middle == first + 1
    done = await books.hand.execute(statement.format(r=middle, l=last, m=books.members[2]))
    assert not done.endswith(" 0")
    found = await books.faults()
    assert [fault.kind for fault in found] == expected, [fault.text for fault in found]
    if expected[0] == "contents":
        assert found[0].where["record"] == middle and f"record {middle} " in found[0].text


async def test_places_or_ids_that_are_exchanged_are_found(books: Books) -> None:
    _, one, two, _ = await books.records(0)
    exchange = "UPDATE consent SET {column} = CASE id WHEN {one} THEN {b} ELSE {a} END WHERE id IN ({one}, {two})"
    await books.hand.execute("ALTER TABLE consent DROP CONSTRAINT consent_pkey, ALTER id DROP IDENTITY")
    await books.hand.execute(exchange.format(column="id", one=one, two=two, a=one, b=two))
    assert await books.kinds() == ["root"]
    await books.hand.execute(exchange.format(column="id", one=one, two=two, a=one, b=two))
    assert await books.kinds() == []
    await books.hand.execute("DROP INDEX consent_place")
    await books.hand.execute(exchange.format(column="sequence", one=one, two=two, a=2, b=3))
    assert await books.kinds() == ["hash", "hash", "hash"]


async def test_record_that_is_put_in_afterwards_is_found(books: Books) -> None:
    await books.hand.execute("SET session_replication_role = origin")
    columns = "member_id, purpose, channel, given, wording_version, language, at, way"
    said = f"'{books.members[0]}', 'information', 'sms', true, '2020-01', 'en', now(), 'web'"
    await books.hand.execute(f"INSERT INTO consent (id, {columns}) OVERRIDING SYSTEM VALUE VALUES (0, {said})")
    assert await books.kinds() == ["root", "member"]  # The table chained it, but on that day it was not there.


async def test_copied_chain_is_found(books: Books) -> None:
    """Nobody can start a second chain of somebody's, to have other words in it."""
    names = ", ".join(ledger.FIELDS)
    copied = f"SELECT {names}, gen_random_uuid(), 1, salt, commitment, consent_link(NULL, pseudonym, 1, commitment)"
    await books.hand.execute(
        f"INSERT INTO consent ({names}, pseudonym, sequence, salt, commitment, hash) {copied} FROM consent WHERE id = $1",
        (await books.records(3))[1],
    )
    found = await books.faults()
    assert [fault.kind for fault in found] == ["hash", "member"]
    assert "more than one chain" in found[1].text


async def test_two_records_at_one_place_are_refused(books: Books) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        await books.hand.execute("UPDATE consent SET sequence = 1 WHERE id = $1", (await books.records(0))[1])


async def test_day_computed_anew_shows_beside_the_printed_root(books: Books) -> None:
    """An administrator with triggers off: every hash and every root is made to fit, and only a copy elsewhere tells."""
    counts = await books.counts()
    assert counts.latest is not None
    day, printed = counts.latest
    assert await books.faults({day: printed[:16]}) == []
    await books.hand.execute("ALTER TABLE consent DROP CONSTRAINT consent_is_chained")
    await books.hand.execute("UPDATE consent SET way = 'paper', pseudonym = NULL, hash = NULL WHERE id = $1", (await books.records(2))[3])
    await books.hand.execute("SELECT chain_consents($1)", books.members[2])
    await books.hand.execute("DELETE FROM consent_root WHERE number = 2")
    assert await close_day(books.database, day) is not None
    assert await books.faults() == []
    assert [fault.kind for fault in await books.faults({day: printed[:16]})] == ["printed_root"]


async def test_erasure_leaves_the_hashes_and_nothing_else(books: Books) -> None:
    records = await books.records(1)
    before = await books.hand.fetch("SELECT id, pseudonym, sequence, commitment, hash FROM consent WHERE id = ANY($1) ORDER BY id", records)
    async with books.database.transaction() as session:
        await session.execute(text("SELECT erase_consents(:id)"), {"id": books.members[1]})
        await session.execute(text("DELETE FROM member WHERE id = :id"), {"id": books.members[1]})
    after = await books.hand.fetch("SELECT * FROM consent WHERE id = ANY($1) ORDER BY id", records)
    assert [{name: value for name, value in row.items() if value is not None} for row in after] == [dict(row) for row in before]
    counts = await books.counts()
    assert (counts.records, counts.erased, counts.chains) == (17, 5, 4)
    await books.hand.execute("DELETE FROM consent WHERE id = $1", records[1])
    assert await books.kinds() == ["missing", "root"]


@pytest.mark.parametrize(
    "change",
    [
        f"UPDATE consent SET {FIELDS} WHERE member_id = :id",
        f"UPDATE consent SET {FIELDS}, hash = sha256('x') WHERE member_id = :id AND {ERASING}",
        f"UPDATE consent SET way = 'x' WHERE member_id = :id AND {ERASING}",
        "UPDATE consent SET hash = NULL WHERE member_id = :id",
        "UPDATE consent SET salt = NULL WHERE member_id = :id",
        f"DELETE FROM consent WHERE member_id = :id AND {ERASING}",
        "DELETE FROM consent_root",
        "UPDATE consent_root SET root = 'x'",
        "TRUNCATE consent_root",
    ],
)
async def test_table_refuses_what_is_no_erasure(books: Books, change: str) -> None:
    async with books.database.transaction() as session:
        with pytest.raises(DBAPIError, match="append-only"):
            await session.execute(text(change), {"id": books.members[0]} if ":id" in change else {})
        await session.rollback()


async def test_record_that_is_not_committed_yet_falls_into_no_gap(books: Books) -> None:
    """Its id is lower than the newest when the day is closed; whoever closes it waits for those who write, and for nobody else."""
    late = books.members[0]
    async with books.database.transaction() as session:
        await session.execute(LATE, {"id": late})
        await session.execute(text("UPDATE member SET information = '{email}' WHERE id = :id"), {"id": late})
        await books.register()
        closing = asyncio.create_task(close_day(books.database, DAY + timedelta(days=2)))
        await asyncio.wait({closing}, timeout=0.5)
        assert not closing.done()
        await books.register()  # Nobody waits for it.
    root = await closing
    assert root is not None
    assert root.records == 4 + 1 + 4
    counts = await books.counts()
    assert (counts.roots, counts.unrooted) == (3, 4)


async def test_any_number_of_copies_make_one_root(books: Books) -> None:
    day = DAY + timedelta(days=2)
    made = await asyncio.gather(*(close_day(books.database, day) for _ in range(5)))
    assert len([root for root in made if root]) == 1
    assert await close_day(books.database, day) is None
    assert await close_day(books.database, DAY) is None
    assert (await books.counts()).roots == 3


async def test_day_without_records_has_its_root(books: Books) -> None:
    for days in (2, 3):
        root = await close_day(books.database, DAY + timedelta(days=days))
    assert root is not None
    assert root.records == 0
    assert (await books.counts()).roots == 4


async def test_command_says_ok_or_what_is_wrong(books: Books) -> None:
    async def consents(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ops.cli", "consents", *words]
        environment = os.environ | {"REGISTRY_DATABASE_URL": books.url}
        return await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True, check=False)

    done = await consents("verify")
    assert (done.returncode, done.stdout.partition(";")[0]) == (0, "ok: 17 records, 0 of them erased, in 4 chains")
    [latest, _] = (await consents("roots")).stdout.splitlines()
    day, root = latest.split()[:2]
    assert (await consents("verify", "--root", f"{day}={root}")).returncode == 0
    printed = (await consents("roots", "--week", "--of", day)).stdout
    assert root in printed.replace(" ", "").replace("\n", "")
    assert printed.count("no root: ") == 7 - DAYS + (day[-2:] == "20")
    wrong = await consents("verify", "--root", f"{day}={'0' * 64}")
    assert (wrong.returncode, wrong.stdout.splitlines()[0]) == (1, f"the root of {day} is not the one that was printed")
    record = (await books.records(0))[1]
    await books.hand.execute("UPDATE consent SET at = now() WHERE id = $1", record)
    wrong = await consents("verify", "--json")
    assert wrong.returncode == 1
    assert f'"record": {record}' in wrong.stdout.splitlines()[0]
    assert "1 thing is not as recorded" in wrong.stderr
