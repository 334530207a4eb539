"""The broker dies under load."""

import asyncio

from tests.e2e.conftest import OpenHouse
from tests.faults.crowd import answers, registrations
from tests.waiting import wait_until

A_SECOND = 60
"""Registrations."""
CONSUMERS_SECONDS = 30


async def test_case_02_broker_killed_under_load_has_its_consumers_again(open_house: OpenHouse, soak: bool) -> None:
    away_seconds = 60 if soak else 2
    async with open_house() as house:
        people = registrations(A_SECOND * (away_seconds + 8))
        processes = house.pids
        load = asyncio.create_task(house.crowd.post(people, pace=A_SECOND))
        try:
            await wait_until(lambda: len(house.mailbox.accepted) >= A_SECOND, 20)
            house.servers.rabbitmq.kill()
            heard = sum(person.id is not None for person in people)
            await wait_until(lambda: sum(person.id is not None for person in people) >= heard + A_SECOND * away_seconds, 20 + away_seconds)
            await house.start_rabbitmq()

            async def consumed() -> bool:
                return all(consumers for _, consumers in (await house.queues()).values())

            await wait_until(consumed, CONSUMERS_SECONDS, every=0.2)
        finally:
            registered = await load
        assert registered == people
        assert answers(people) == {202: len(people)}, "a broker that is away refuses nobody"
        await house.wait_quiet(len(people))

        assert await house.members() == sorted(person.id for person in people if person.id)
        assert len(house.mailbox.accepted) == len(people)
        assert (house.mailbox.repeats(), house.mailbox.doubles()) == ({}, {})
        assert not any(waiting for waiting, _ in (await house.queues(dead=True)).values())
        assert house.pids == processes
