"""Outages that outlast the broker's patience, and a broker that takes nothing."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

import pytest

from ops.processes import Program
from shared import telemetry
from shared.contracts.gateway import RegistrationSubmitted
from shared.errors import Unknown
from shared.health import Health
from tests.conftest import Servers
from tests.faults.proxy import Proxy
from tests.services.shared.toy import LISTENING, Toy
from tests.services.shared.toy_process import toy_process
from tests.waiting import wait_until

SOAK = bool(os.environ.get("KHOKAHANO_SOAK"))
CONSUMER_TIMEOUT_SECONDS = 60 if SOAK else 3
BROKER_MS = 1_800_000
ALARM_SECONDS = 600 if SOAK else 7
SPINNING = 0.1
"""The share of a processor above which waiting would be spinning."""
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def patience(servers: Servers, seconds: float) -> Iterator[None]:
    """Have the broker give new channels so long to acknowledge a delivery."""
    servers.rabbitmq.control("eval", f"application:set_env(rabbit, consumer_timeout, {int(seconds * 1000)}).")
    try:
        yield
    finally:
        servers.rabbitmq.control("eval", f"application:set_env(rabbit, consumer_timeout, {BROKER_MS}).")


@contextmanager
def alarm(servers: Servers) -> Iterator[None]:
    """Have the broker think that it is short of memory: it takes no message from anybody."""
    servers.rabbitmq.control("set_vm_memory_high_watermark", "absolute", "1MB")
    try:
        yield
    finally:
        servers.rabbitmq.control("set_vm_memory_high_watermark", "0.4")


@pytest.mark.parametrize("batch", [1, 100])
async def test_case_08_outage_outlasts_the_consumer_timeout(toy: Toy, servers: Servers, database_proxy: Proxy, batch: int) -> None:
    names = await toy.put_people(300)
    async with toy.running_relay_only():
        await wait_until(lambda: _ready(toy, 300))
    toy.settings = {"consumer_timeout_seconds": CONSUMER_TIMEOUT_SECONDS, "batch_size": batch}
    behind = toy.database_through(database_proxy.port)
    with patience(servers, CONSUMER_TIMEOUT_SECONDS):
        database_proxy.refuse()
        async with toy.running(behind) as messaging:
            await wait_until(lambda: _ready(toy, 300 - 2 * batch))  # The prefetch is full.
            channels = [consumer._subscriber._queue_obj.channel for consumer in messaging._consumers]
            await _pass(3 * CONSUMER_TIMEOUT_SECONDS)
            assert not any(channel.is_closed for channel in channels), "the broker had to close the channel"
            assert await _returns(toy) in ({0, 1}, {1}), "each cycle may cost one return"
            database_proxy.accept()
            await toy.handled(names, 15)
            assert await toy.consumers() == 1
            assert messaging.missing() == []
    await behind.close()
    assert await toy.waiting(LISTENING.queue) == 0


async def test_case_08_channel_that_the_broker_closes_is_opened_again(toy: Toy, servers: Servers, database_proxy: Proxy) -> None:
    """The broker is less patient than the services were told."""
    names = await toy.put_people(300)
    behind = toy.database_through(database_proxy.port)
    with patience(servers, CONSUMER_TIMEOUT_SECONDS):
        async with toy.running_relay_only():
            await wait_until(lambda: _ready(toy, 300))
        database_proxy.refuse()
        async with toy.running(behind) as messaging:
            await wait_until(lambda: _ready(toy, 100))
            await wait_until(lambda: any(delivery.attempts > 1 for delivery in messaging._consumers[0].work.arrived), 15)
            database_proxy.accept()
            await toy.handled(names, 15)
            assert await toy.consumers() == 1
    await behind.close()
    assert await toy.waiting(LISTENING.queue) == 0


async def test_case_09_blocked_broker_is_waited_out_without_spinning(toy: Toy, servers: Servers, tmp_path: Path) -> None:
    health = Health("toy", toy.database, None, "")  # type: ignore[arg-type]
    with toy_process(toy, tmp_path / "toy.log") as process:
        await toy.put_people(10, "Before")
        await wait_until(lambda: toy.is_empty("outbox"))
        connections = await _connections(toy, servers)
        with alarm(servers):
            await toy.put_people(100)
            worked, began = _worked(process), monotonic()
            await _pass(ALARM_SECONDS)
            assert (_worked(process) - worked) / (monotonic() - began) < SPINNING
            assert await toy.count("outbox") == 100
            await health.measure()
            assert _gauge("khokahano_outbox_rows") == 100
            assert _gauge("khokahano_outbox_oldest_seconds") > ALARM_SECONDS - 1
            assert await _connections(toy, servers) == connections  # A blocked one is not left behind for another.
        await wait_until(lambda: toy.is_empty("outbox"), 15)
        await wait_until(lambda: _seen(toy, 110))
    assert await toy.dead() == []
    assert await toy.count("inbox") == 110


async def test_poison_while_the_broker_is_blocked_spends_no_delivery_limit(toy: Toy, servers: Servers) -> None:
    """Dead letters can't be published for longer than a delivery may be held: the consumer steps back once, not again and again."""
    poison = ["Palesa 0003", "Palesa 0007"]  # A new connection's first message passes an alarm.

    async def decide(message: RegistrationSubmitted) -> None:
        if message.given_name in poison:
            raise Unknown("no such area")

    toy.decide, toy.settings = decide, {"consumer_timeout_seconds": 2.0}
    names = await toy.put_people(10)
    async with toy.running_relay_only():
        await wait_until(lambda: _ready(toy, 10))
    with ExitStack() as trouble:
        trouble.enter_context(alarm(servers))
        async with toy.running() as messaging:
            await wait_until(lambda: any(consumer.stepped_back for consumer in messaging._consumers), 15)
            await _pass(ALARM_SECONDS / 2)
            assert await _returns(toy) == {1}
            trouble.close()
            await wait_until(lambda: _all_dead(toy, 2), 15)
            await wait_until(lambda: _seen(toy, 8))
    assert len({letter.message_id for letter in await toy.dead()}) == 2
    assert await toy.seen() == [name for name in names if name not in poison]


async def _pass(seconds: float) -> None:
    """Let an outage last; what is looked at is its end."""
    end = monotonic() + seconds
    await wait_until(lambda: monotonic() > end, seconds + 1)


async def _returns(toy: Toy) -> set[int]:
    """How often each message in the queue was returned to it."""
    found: set[int] = set()
    async with toy.channel() as channel:
        queue = await channel.get_queue(LISTENING.queue)
        while (message := await queue.get(fail=False)) is not None:
            found.add(message.headers.get("x-delivery-count", 0))
    return found


def _worked(process: Program) -> float:
    """Return the processor time that a process has used, in seconds."""
    words = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


def _gauge(name: str) -> float:
    value = telemetry.OUTBOX_ROWS if name.endswith("rows") else telemetry.OUTBOX_OLDEST
    return float(value.labels("toy")._value.get())


async def _connections(toy: Toy, servers: Servers) -> int:
    listed = await asyncio.to_thread(servers.rabbitmq.control, "list_connections", "vhost")
    return listed.split().count(toy.rabbitmq_url.rpartition("/")[2])


async def _ready(toy: Toy, number: int) -> bool:
    return await toy.waiting(LISTENING.queue) == number


async def _seen(toy: Toy, number: int) -> bool:
    return await toy.count("seen") == number


async def _all_dead(toy: Toy, number: int) -> bool:
    return len({letter.message_id for letter in await toy.dead()}) == number
