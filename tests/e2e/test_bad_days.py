"""Bad days that are nobody's fault: mail servers that say *later* or nothing, messages that nobody can read."""

from collections.abc import AsyncIterator
from uuid import uuid4

import aio_pika
import pytest

from shared.contracts.gateway import RegistrationSubmitted
from shared.topology import EXCHANGE, listening
from tests.e2e.conftest import OpenHouse
from tests.faults.crowd import registrations
from tests.faults.house import House
from tests.waiting import eventually, wait_until

BAD_BODIES = (b"", b"{", b"[]", b'{"submission_id": "1"}', b"\xff" * 1000)


@pytest.fixture(scope="module")
async def house(open_house: OpenHouse) -> AsyncIterator[House]:
    async with open_house() as house:
        yield house


@pytest.fixture(autouse=True)
def behaves_afterwards(house: House) -> None:
    house.mailbox.behave("")
    house.mailbox.reset()


async def test_greylisting_of_each_recipient_delays_and_loses_nothing(house: House) -> None:
    people = registrations(60, crowd="greylisted")
    house.mailbox.behave("greylist")
    assert await house.crowd.post(people) == people
    await house.wait_quiet(len(people))
    assert {to: len(ids) for to, ids in house.mailbox.accepted.items()} == {person.email: 1 for person in people}
    assert house.mailbox.refused >= len(people)


async def test_mail_server_that_is_away_delays_and_loses_nothing(house: House) -> None:
    people = registrations(60, crowd="delayed")
    house.mailbox.close()
    try:
        assert await house.crowd.post(people) == people
        await wait_until(lambda: house.count("notifier", "delivery", "status IN ('due', 'sending')"), 10)
        await eventually(lambda: said(house, "notifier"), 10)
        assert house.mailbox.accepted == {}
    finally:
        await house.open_mailbox()
    await house.wait_quiet(len(people))
    assert {to: len(ids) for to, ids in house.mailbox.accepted.items()} == {person.email: 1 for person in people}


def said(house: House, service: str) -> None:
    """A refused connection is in the log, which says to what."""
    assert "the mail server is away" in house.log_of(service)


async def test_messages_that_nobody_can_read_are_buried_and_block_nobody(house: House) -> None:
    queue = listening("registry", RegistrationSubmitted)
    async with await aio_pika.connect(house.rabbitmq_url) as connection:
        exchange = await (await connection.channel()).get_exchange(EXCHANGE)
        for body in BAD_BODIES:
            await exchange.publish(aio_pika.Message(body, message_id=str(uuid4()), type=queue.message.key), queue.message.key)
        people = registrations(60, crowd="unharmed")
        assert await house.crowd.post(people) == people
        for body in BAD_BODIES:
            await exchange.publish(aio_pika.Message(body), queue.message.key)
    await house.wait_quiet(len(people))
    assert (await house.queues(dead=True))[queue.dead_queue] == (2 * len(BAD_BODIES), 0)
    assert {person.id for person in people} <= set(await house.members())
