"""The broker and the database stopped, killed and started again under load: nothing is lost, and everybody is back by himself."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from ops.processes import Program
from shared.errors import KhokahanoError
from tests.conftest import START_SECONDS, Servers
from tests.services.shared.toy import LISTENING, Toy
from tests.waiting import wait_until

LOAD = 40
BACK_SECONDS = 30


@pytest.fixture(scope="module", autouse=True)
def no_queues_of_other_tests(servers: Servers) -> None:
    """The broker recovers what stands in it at each start: here, only what the test itself has put there."""
    servers.remove_vhosts()


class Load:
    """Registrations put without pause, as many as the database takes; only what was committed counts."""

    def __init__(self, toy: Toy) -> None:
        self.toy, self.committed, self.stop = toy, list[str](), asyncio.Event()

    async def run(self) -> None:
        number = 0
        while not self.stop.is_set():
            number += 1
            try:
                names = await self.toy.put_people(10, f"Thabo {number:05}")
            except KhokahanoError:
                await asyncio.sleep(0.05)
                continue
            self.committed += names
            await asyncio.sleep(0.01)

    async def more(self, number: int = LOAD) -> None:
        """Return once so many more were committed."""
        least = len(self.committed) + number
        await wait_until(lambda: len(self.committed) >= least, START_SECONDS)


async def under_load(toy: Toy, trouble: Callable[[Load], Awaitable[None]], seconds: float = BACK_SECONDS) -> None:
    """Run the toy, put registrations, make trouble, and see that all that was committed is handled once."""
    load = Load(toy)
    async with toy.running() as messaging:
        task = asyncio.create_task(load.run())
        try:
            await load.more()
            await trouble(load)
            await wait_until(lambda: not messaging.missing(), BACK_SECONDS)
            await load.more()
        finally:
            load.stop.set()
            await task
        async with asyncio.timeout(seconds):
            # A commit whose answer was lost may have happened: what was seen may be more than what we know of, but never less.
            await wait_until(lambda: toy.is_empty("outbox"), seconds)
            await wait_until(lambda: _saw_at_least(toy, load.committed), seconds)
        await wait_until(lambda: _nothing_waits(toy))
        assert await toy.consumers() == 1
    assert await toy.consumers() == 0
    assert await toy.dead() == []
    assert await toy.count("inbox") == await toy.count("seen")


@pytest.mark.parametrize("how", ["killed", "stopped"])
async def test_broker_restarted_under_load(toy: Toy, servers: Servers, how: str) -> None:
    async def trouble(load: Load) -> None:
        with down(servers.rabbitmq, how):
            await load.more()  # The outbox takes what the broker can't.
            assert await _most_attempts(toy) == 0  # An outage is no message's own fault.
        await asyncio.to_thread(servers.rabbitmq.wait_ready, START_SECONDS)

    await under_load(toy, trouble)


async def test_broker_application_restarted_under_load(toy: Toy, servers: Servers) -> None:
    """The node stays, and so do its sockets' listeners, for a while: connections are closed politely."""

    async def trouble(load: Load) -> None:
        await asyncio.to_thread(servers.rabbitmq.control, "stop_app")
        try:
            await load.more()
        finally:
            await asyncio.to_thread(servers.rabbitmq.control, "start_app")
            await asyncio.to_thread(servers.rabbitmq.wait_ready, START_SECONDS)

    await under_load(toy, trouble)


@pytest.mark.parametrize("how", ["killed", "stopped"])
async def test_database_restarted_under_load(toy: Toy, servers: Servers, how: str) -> None:
    async def trouble(load: Load) -> None:
        with down(servers.postgresql, how):
            pass
        await asyncio.to_thread(servers.postgresql.wait_ready, START_SECONDS)
        await load.more()

    await under_load(toy, trouble)


async def test_both_killed_at_once_under_load(toy: Toy, servers: Servers) -> None:
    async def trouble(load: Load) -> None:
        with down(servers.postgresql, "killed"), down(servers.rabbitmq, "killed"):
            pass
        await asyncio.to_thread(servers.postgresql.wait_ready, START_SECONDS)
        await asyncio.to_thread(servers.rabbitmq.wait_ready, START_SECONDS)
        await load.more()

    await under_load(toy, trouble)


@contextmanager
def down(server: Program, how: str) -> Iterator[None]:
    """Have a server down while the block runs; it is started, but not ready, after it."""
    if how == "killed":
        server.kill()
    else:
        server.stop()
    try:
        yield
    finally:
        server.start()


async def _most_attempts(toy: Toy) -> int:
    async with toy.database.transaction() as session:
        return int((await session.execute(text("SELECT max(attempts) FROM outbox"))).scalar_one())


async def _saw_at_least(toy: Toy, names: list[str]) -> bool:
    return set(names) <= set(await toy.seen())


async def _nothing_waits(toy: Toy) -> bool:
    return await toy.waiting(LISTENING.queue) == 0
