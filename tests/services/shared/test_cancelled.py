"""Consumers whose queue, channel or connection is taken away: they are made anew, one each, and what comes afterwards is handled."""

import asyncio
import re

import pytest

from shared.messaging import declare
from shared.runtime import Messaging
from tests.conftest import Servers
from tests.faults.proxy import DOWN, Proxy
from tests.services.shared.toy import LISTENING, Toy
from tests.waiting import eventually, wait_until

BACK_SECONDS = 10
BASIC_CONSUME = re.compile(rb"\x01..\x00\x00..\x00\x3c\x00\x14", re.DOTALL)


@pytest.mark.parametrize("again", [False, True], ids=["deleted", "deleted and made again, empty"])
async def test_case_18_queue_deleted(toy: Toy, again: bool) -> None:
    async with toy.running() as messaging:
        await toy.handled(await toy.put_people(10, "Before"))
        await _delete_queue(toy)
        await wait_until(messaging.missing, 5)
        if again:  # By somebody else, before we would.
            await declare(toy.rabbitmq_url)
        await _is_back(toy, messaging)
        after = await toy.put_people(10, "Later")
        await toy.handled(sorted([*after, *(f"Before {count:04}" for count in range(10))]))


async def test_case_18_queue_deleted_with_deliveries_in_hand(toy: Toy) -> None:
    """What is in hand is handled; acknowledging what a queue that is gone had delivered harms nobody."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def decide(_: object) -> None:
        begun.set()
        await go_on.wait()

    toy.decide, toy.settings = decide, {"batch_size": 10}
    async with toy.running() as messaging:
        await toy.put_people(40, "Before")
        await asyncio.wait_for(begun.wait(), 10)
        await _delete_queue(toy)
        await wait_until(messaging.missing, 5)
        go_on.set()
        await _is_back(toy, messaging)
        after = await toy.put_people(100, "Later")
        await eventually(lambda: _saw_all(toy, after))
        assert await toy.waiting(LISTENING.queue) == 0
    assert await toy.dead() == []


async def test_case_18_queue_deleted_while_the_consumer_has_stepped_back(toy: Toy, database_proxy: Proxy) -> None:
    """It has no consumer then that the broker could cancel."""
    behind = toy.database_through(database_proxy.port)
    toy.settings = {"consumer_timeout_seconds": 1.0}
    async with toy.running(behind) as messaging:
        await _is_back(toy, messaging)
        async with toy.running_relay_only():
            database_proxy.refuse()
            await toy.put_people(1, "Before")
            await wait_until(lambda: any(consumer.stepped_back for consumer in messaging._consumers))
            await _delete_queue(toy)
        database_proxy.accept()
        await _is_back(toy, messaging)
        await toy.handled(await toy.put_people(10))
    await behind.close()


async def test_case_18_connections_closed_by_force_under_load(toy: Toy, servers: Servers) -> None:
    vhost = toy.rabbitmq_url.rpartition("/")[2]
    async with toy.running() as messaging:
        names: list[str] = []
        for round_ in range(3):
            names += await toy.put_people(300, f"Thabo {round_}")
            await asyncio.to_thread(servers.rabbitmq.control, "close_all_connections", "--vhost", vhost, "tidying up")
        await toy.handled(names)
        await _is_back(toy, messaging)
        await wait_until(lambda: _nothing_waits(toy))


async def test_case_18_channel_closed_by_the_broker(toy: Toy) -> None:
    async with toy.running() as messaging:
        await _is_back(toy, messaging)
        await _close_channel(messaging)
        await _is_back(toy, messaging)
        await toy.handled(await toy.put_people(100))
        assert await toy.waiting(LISTENING.queue) == 0


async def test_case_18_channel_closed_while_its_queue_is_gone(toy: Toy) -> None:
    async with toy.running() as messaging:
        await _is_back(toy, messaging)
        await _delete_queue(toy)
        await _close_channel(messaging)
        await wait_until(messaging.missing, 5)
        await _is_back(toy, messaging)
        await toy.handled(await toy.put_people(100))


async def test_case_18_everything_deleted(toy: Toy) -> None:
    """Exchange and queues are gone: publishing fails, then all is declared and made again."""
    async with toy.running() as messaging:
        await _is_back(toy, messaging)
        async with toy.channel() as channel:
            await channel.exchange_delete("khokahano")
            await channel.queue_delete(LISTENING.dead_queue)
        await _delete_queue(toy)
        names = await toy.put_people(10)
        await wait_until(messaging.missing, 5)
        await _is_back(toy, messaging)
        await toy.handled(names)


async def test_broker_and_database_away_at_once_leave_one_consumer(toy: Toy, broker_proxy: Proxy, database_proxy: Proxy) -> None:
    """The consumer steps back for the database's sake when its channel is gone, too."""
    names = await toy.put_people(100)
    behind = toy.database_through(database_proxy.port)
    toy.settings = {"rabbitmq_url": toy.broker_through(broker_proxy.port), "consumer_timeout_seconds": 2.0}
    async with toy.running_relay_only():
        await wait_until(lambda: _waits(toy, 100))
    database_proxy.drop()
    async with toy.running(behind) as messaging:
        await wait_until(lambda: _waits(toy, 0))
        for _ in range(3):
            broker_proxy.refuse()
            await wait_until(messaging.missing)
            broker_proxy.accept()
            await wait_until(lambda: toy.consumers())
        database_proxy.heal()
        await toy.handled(names, 15)
        await _is_back(toy, messaging)
        await wait_until(lambda: _waits(toy, 0))
        assert await toy.consumers() == 1
    assert await toy.consumers() == 0
    await behind.close()


async def test_start_that_is_not_answered_begins_anew_with_one_consumer(toy: Toy, broker_proxy: Proxy) -> None:
    """The broker has made the consumer, and its answer never comes."""
    toy.settings = {"rabbitmq_url": toy.broker_through(broker_proxy.port)}
    answer = broker_proxy.hold(DOWN, after=[BASIC_CONSUME])
    async with toy.running() as messaging:
        await answer.moment()
        await wait_until(lambda: not messaging.missing(), 15)
        answer.release()
        await _is_back(toy, messaging)
        await toy.handled(await toy.put_people(100))
        assert await toy.waiting(LISTENING.queue) == 0
    assert await toy.consumers() == 0


async def _is_back(toy: Toy, messaging: Messaging) -> None:
    async def one_consumer() -> None:
        assert messaging.missing() == []
        assert await toy.consumers() == 1

    await wait_until(lambda: not messaging.missing(), BACK_SECONDS)
    await eventually(one_consumer, BACK_SECONDS)


async def _delete_queue(toy: Toy) -> None:
    async with toy.channel() as channel:
        await channel.queue_delete(LISTENING.queue)


async def _close_channel(messaging: Messaging) -> None:
    """Have the broker close the consumer's channel, by an acknowledgement that it can't make sense of."""
    queue = messaging._consumers[0]._subscriber._queue_obj
    await (await queue.channel.get_underlay_channel()).basic_ack(1_000_000)


async def _saw_all(toy: Toy, names: list[str]) -> None:
    assert [name for name in await toy.seen() if not name.startswith("Before")] == names


async def _waits(toy: Toy, number: int) -> bool:
    return await toy.waiting(LISTENING.queue) == number


async def _nothing_waits(toy: Toy) -> bool:
    return await _waits(toy, 0)
