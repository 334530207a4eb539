"""What the broker does not take stays in the outbox, and a service that stops leaves nothing behind."""

import asyncio
from time import monotonic

import pytest
from sqlalchemy import text

from shared import messaging as shared_messaging
from shared.clock import new_id
from shared.messaging import Outgoing, Publisher
from shared.topology import EXCHANGE
from tests.conftest import Servers
from tests.faults.proxy import DOWN, Proxy
from tests.services.shared.toy import LISTENING, Toy
from tests.waiting import wait_until

STOP_SECONDS = 15
TRIED = 8
FULL_KEY = "registry.full.v1"


async def test_refused_publish_stays_in_the_outbox_until_there_is_room(toy: Toy) -> None:
    """One full queue refuses: the relay is told so for that message, and tries it again."""
    await _full_queue(toy)
    async with toy.running_relay_only():
        for _ in range(TRIED):
            await _put_for_full_queue(toy)
        held = await toy.waiting("full")
        assert 0 < held < TRIED
        assert await toy.count("outbox") == TRIED - held
        names = await toy.put_people(10)  # Others are not held up.
        await wait_until(lambda: _waits(toy, LISTENING.queue, len(names)))
        taken = list[str]()

        async def room_again() -> bool:
            taken.extend(await _take_all(toy, "full"))
            return await toy.is_empty("outbox")

        await wait_until(room_again, 15)
        taken.extend(await _take_all(toy, "full"))
    assert len(taken) == len(set(taken)) == TRIED


async def test_publisher_names_each_message_that_was_not_taken(toy: Toy) -> None:
    await _full_queue(toy)
    publisher = Publisher(toy.rabbitmq_url, "toy")

    async def fill() -> bool:
        return bool(await publisher.publish([Outgoing(new_id(), "k", b"{}", queue="full")], deadline_seconds=5))

    await wait_until(fill)
    refused, unroutable, taken = (Outgoing(new_id(), "k", b"{}", queue=queue) for queue in ("full", "nowhere", LISTENING.queue))
    failures = await publisher.publish([refused, unroutable, taken], deadline_seconds=5)
    assert {identifier: type(error).__name__ for identifier, error in failures.items()} == {
        refused.id: "DeliveryError",
        unroutable.id: "PublishError",
    }
    # Neither is the connection's fault: it serves the next message.
    assert await publisher.publish([Outgoing(new_id(), "k", b"{}", queue=LISTENING.queue)], deadline_seconds=5) == {}
    await publisher.close()


async def test_confirm_that_never_comes_leaves_every_row_where_it_was(toy: Toy, broker_proxy: Proxy) -> None:
    """A black hole instead of confirms: no row is lost, none is put back with an attempt spent, and no claim is held on."""
    toy.settings = {"rabbitmq_url": toy.broker_through(broker_proxy.port)}
    async with toy.running():
        names = await toy.put_people(10, "Before")
        await toy.handled(names)
        broker_proxy.drop(DOWN)
        names += await toy.put_people(100)
        began = monotonic()
        await wait_until(lambda: _all_are_free(toy), 15)
        assert monotonic() - began < 10
        assert await toy.count("outbox") == 100
        broker_proxy.heal()
        await toy.handled(names, 15)


async def test_half_open_connection_to_the_broker_is_noticed(toy: Toy, broker_proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old connections never say a word again, as after a router's restart; new ones work."""
    monkeypatch.setattr(shared_messaging, "HEARTBEAT_SECONDS", 1)
    toy.settings = {"rabbitmq_url": toy.broker_through(broker_proxy.port)}
    async with toy.running() as messaging:
        before = await toy.put_people(10, "Before")
        await toy.handled(before)
        broker_proxy.drop()
        await wait_until(messaging.missing, 15)
        broker_proxy.cut()
        broker_proxy.heal()
        await toy.handled([*before, *await toy.put_people(10)], 15)
        await wait_until(lambda: _one_consumer(toy))


@pytest.mark.parametrize("trouble", ["none", "refuse", "drop"])
async def test_stop_leaves_no_task_and_no_connection(toy: Toy, servers: Servers, broker_proxy: Proxy, trouble: str) -> None:
    before = asyncio.all_tasks()
    toy.settings = {"rabbitmq_url": toy.broker_through(broker_proxy.port)}
    async with toy.running() as messaging:
        await toy.handled(await toy.put_people(10))
        if trouble != "none":
            getattr(broker_proxy, trouble)()
        if trouble == "refuse":
            await wait_until(messaging.missing)
        began = monotonic()
    assert monotonic() - began < STOP_SECONDS
    if trouble == "refuse":
        broker_proxy.accept()  # Whoever still tried to connect would succeed now.
    else:
        broker_proxy.heal()
    await wait_until(lambda: not asyncio.all_tasks() - before, STOP_SECONDS)
    await wait_until(lambda: _none_connected(toy, servers), STOP_SECONDS, every=0.5)


async def _full_queue(toy: Toy) -> None:
    """Declare a queue that is full soon: a quorum queue takes a few more than it was told to."""
    async with toy.channel() as channel:
        arguments = {"x-queue-type": "quorum", "x-max-length": 2, "x-overflow": "reject-publish"}
        declared = await channel.declare_queue("full", durable=True, arguments=arguments)
        await declared.bind(EXCHANGE, FULL_KEY)


async def _put_for_full_queue(toy: Toy) -> None:
    """Put a message for it, and return once it was published or refused."""

    async def tried() -> bool:
        async with toy.database.transaction() as session:
            return (await session.execute(text("SELECT count(*) FROM outbox WHERE attempts = 0"))).scalar_one() == 0

    async with toy.database.transaction() as session:
        await session.execute(text("INSERT INTO outbox (id, key, body) VALUES (:id, :key, '{}')"), {"id": new_id(), "key": FULL_KEY})
    await wait_until(tried)


async def _take_all(toy: Toy, queue: str) -> list[str]:
    """Make room, and return the ids of what was there."""
    identifiers = []
    async with toy.channel() as channel:
        declared = await channel.get_queue(queue)
        while (message := await declared.get(fail=False)) is not None:
            identifiers.append(message.message_id)
            await message.ack()
    return identifiers


async def _all_are_free(toy: Toy) -> bool:
    """Whether no relay holds a row or a lease of one any more."""
    async with toy.database.transaction() as session:
        free = await session.execute(
            text("SELECT count(*) FROM (SELECT 1 FROM outbox WHERE not_before IS NULL AND attempts = 0 FOR UPDATE SKIP LOCKED) AS free")
        )
        return bool(free.scalar_one() == 100)


async def _waits(toy: Toy, queue: str, number: int) -> bool:
    return await toy.waiting(queue) == number


async def _one_consumer(toy: Toy) -> bool:
    return await toy.consumers() == 1


async def _none_connected(toy: Toy, servers: Servers) -> bool:
    listed = await asyncio.to_thread(servers.rabbitmq.control, "list_connections", "vhost")
    return toy.rabbitmq_url.rpartition("/")[2] not in listed.split()
