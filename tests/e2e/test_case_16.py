"""No room left: under PostgreSQL, and under the broker. (There is no spool: intake's only disk is PostgreSQL's.)"""

import asyncio
import contextlib
import dataclasses
import secrets
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from ops.servers import PostgreSQL
from tests.e2e.conftest import OpenHouse
from tests.faults.crowd import Registration, answers, registration, registrations
from tests.faults.house import House
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.conftest import Servers

DISK_BYTES = 400 * 2**20
SMALL = {"max_wal_size": "48MB", "min_wal_size": "32MB", "shared_buffers": "16MB"}
REFUSE = """
    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER no_room BEFORE INSERT ON submission EXECUTE FUNCTION no_room();
"""
Switch = Callable[[], Awaitable[None]]


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount a small tmpfs for the block; False where we may not."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0755", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.asynccontextmanager
async def kept_running(postgresql: PostgreSQL) -> AsyncIterator[None]:
    """Start the server again whenever it dies, as any supervisor does: a full disk is a panic to it."""

    async def look() -> None:
        while True:
            if not postgresql.alive:
                postgresql.start()
            await asyncio.sleep(0.2)

    watch = asyncio.create_task(look())
    try:
        yield
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


@pytest.fixture
def small_servers(servers: "Servers", tmp_path: Path) -> Iterator[tuple["Servers", Path | None]]:
    """Servers whose PostgreSQL has a small disk of its own, and that disk; the run's servers and no disk where we may not mount."""
    folder = tmp_path / "disk"
    with small_disk(folder) as mounted:
        if not mounted:
            yield servers, None
            return
        own = PostgreSQL(folder / "postgresql", password=secrets.token_hex(16), log=tmp_path / "postgresql.log", settings=SMALL)
        own.start()
        try:
            own.wait_ready(60)
            yield dataclasses.replace(servers, postgresql=own, _migrated=set()), folder
        finally:
            own.stop()


def filling(house: House, disk: Path | None) -> tuple[Switch, Switch]:
    """Return how to fill the disk and how to free it. Where it is not ours to fill, PostgreSQL says what it would say then."""

    async def fill() -> None:
        if disk:
            with (disk / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
                while ballast.write(bytes(2**16)):
                    pass
        else:
            await _execute(house, REFUSE)

    async def free() -> None:
        if disk:
            (disk / "ballast").unlink()
        else:
            await _execute(house, "DROP TRIGGER no_room ON submission")

    return fill, free


async def _execute(house: House, statements: str) -> None:
    connection = await asyncpg.connect(house.databases["gateway"])
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


async def test_case_16_disk_full_under_postgresql_is_503_until_freed(
    open_house: OpenHouse, small_servers: tuple["Servers", Path | None]
) -> None:
    servers, disk = small_servers
    async with open_house(on=servers, INTAKE_WAIT_SECONDS="1") as house, kept_running(servers.postgresql):
        processes = house.pids
        before = registrations(50, crowd="before")
        assert await house.crowd.post(before) == before
        fill, free = filling(house, disk)
        await fill()
        people: list[Registration] = []
        note = "Lia rōna li sa le hōle. " * 40

        async def refused() -> bool:
            some = [registration(number, crowd=f"full{len(people)}", contribution_note=note) for number in range(50)]
            await house.crowd.post(some, at_once=50, again=False)
            people.extend(some)
            return not any(person.id for person in some)

        await wait_until(refused, 60)
        assert await refused(), "it does not say 202 now and then"
        assert set(answers(people)) <= {202, 503}
        assert all(person.retry_after for person in people if person.id is None)

        await free()

        async def heard_again() -> bool:
            return await house.crowd.try_once(registration(0, crowd="after"))

        await wait_until(heard_again, 30)
        assert await house.crowd.post(people) == people
        everybody = [*before, *people]
        await house.wait_quiet(len(everybody) + 1)
        assert {person.id for person in everybody} <= set(await house.members())
        assert house.mailbox.doubles() == {}
        assert house.pids == processes


async def test_case_16_disk_full_under_the_broker_delays_and_loses_nothing(open_house: OpenHouse) -> None:
    async with open_house() as house:
        rabbitmq = house.servers.rabbitmq
        before = registrations(50, crowd="before")
        assert await house.crowd.post(before) == before
        await house.wait_quiet(len(before))
        await asyncio.to_thread(rabbitmq.control, "set_disk_free_limit", "900000GB")
        try:
            people = registrations(200)
            assert await house.crowd.post(people, again=False) == people, "a broker that takes nothing refuses nobody"
            assert len(await house.members()) == len(before)
            assert await house.count("gateway", "outbox") == len(people)
        finally:
            await asyncio.to_thread(rabbitmq.control, "set_disk_free_limit", "50MB")
        await house.wait_quiet(len(before) + len(people))
        assert await house.members() == sorted(person.id for person in (*before, *people) if person.id)
        assert (house.mailbox.repeats(), house.mailbox.doubles()) == ({}, {})
