"""A relay and a consumer that are killed between two steps that belong together."""

from pathlib import Path

import pytest

from tests.faults.proxy import BASIC_ACK, UP, Proxy
from tests.services.shared.toy import LISTENING, Toy
from tests.services.shared.toy_process import toy_process
from tests.waiting import wait_until

WAITING = 1000


@pytest.mark.parametrize("batch", [1, 100, 1000])
async def test_case_03_relay_killed_after_the_confirm_before_the_delete(
    toy: Toy, database_proxy: Proxy, tmp_path: Path, batch: int
) -> None:
    names = await toy.put_people(WAITING)
    commit = database_proxy.hold(UP, after=["DELETE FROM outbox"], seen=UP)
    with toy_process(toy, tmp_path / "toy.log", database_port=database_proxy.port, only_relay=True, batch=batch) as relay:
        await commit.moment()
        relay.kill()
    database_proxy.cut()
    # The batch is at the broker, confirmed, and in the outbox still: when its lease ends it is published again.
    assert await toy.waiting(LISTENING.queue) == batch
    assert await toy.count("outbox") == WAITING
    toy.settings = {"batch_size": batch}
    async with toy.running():
        await toy.handled(names)
        await wait_until(lambda: nothing_waits(toy))
    assert await toy.count("inbox") == WAITING


@pytest.mark.parametrize("batch", [1, 100])
async def test_case_04_consumer_killed_after_commit_before_ack(toy: Toy, broker_proxy: Proxy, tmp_path: Path, batch: int) -> None:
    names = await toy.put_people(250)
    with toy_process(toy, tmp_path / "relay.log", only_relay=True):
        await wait_until(lambda: all_wait(toy, 250))
    ack = broker_proxy.hold(UP, after=[BASIC_ACK], seen=UP)
    with toy_process(toy, tmp_path / "toy.log", broker_port=broker_proxy.port, batch=batch) as consumer:
        await ack.moment()
        consumer.kill()
    broker_proxy.cut()
    done = await toy.count("seen")
    assert 0 < done < 250
    # None was acknowledged: the broker takes back all, those too whose effect is in the database.
    await wait_until(lambda: all_wait(toy, 250))
    toy.settings = {"batch_size": batch}
    async with toy.running():
        await toy.handled(names)
        await wait_until(lambda: nothing_waits(toy))
    assert await toy.count("inbox") == 250


@pytest.mark.parametrize("batch", [1, 100])
async def test_consumer_killed_before_the_commit_has_done_nothing(toy: Toy, database_proxy: Proxy, tmp_path: Path, batch: int) -> None:
    names = await toy.put_people(250)
    commit = database_proxy.hold(UP, after=["INSERT INTO seen", "COMMIT"], seen=UP)
    with toy_process(toy, tmp_path / "toy.log", database_port=database_proxy.port, batch=batch) as consumer:
        await commit.moment()
        consumer.kill()
    database_proxy.cut()
    assert await toy.seen() == []
    toy.settings = {"batch_size": batch}
    async with toy.running():
        await toy.handled(names)
        await wait_until(lambda: nothing_waits(toy))


async def all_wait(toy: Toy, number: int) -> bool:
    return await toy.waiting(LISTENING.queue) == number


async def nothing_waits(toy: Toy) -> bool:
    return await all_wait(toy, 0)
