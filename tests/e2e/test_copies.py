"""Services run in any number: two copies of each, the same people at both doors at once, and one copy of each dies on the way."""

import asyncio

from shared.topology import SERVICES
from tests.e2e.conftest import OpenHouse
from tests.faults.crowd import Crowd, registrations
from tests.waiting import wait_until

CONNECTIONS = 4


async def test_two_copies_of_each_service_do_each_thing_once(open_house: OpenHouse) -> None:
    people = registrations(300)
    async with open_house(SMTP_CONNECTIONS=str(CONNECTIONS)) as house:
        seconds = {service: await house.add(service) for service in SERVICES}
        doors = [house.crowd, Crowd(seconds["gateway"].port)]
        assert set((await house.queues()).values()) == {(0, 2)}
        async with asyncio.TaskGroup() as load:
            # The same keys at both doors: whoever loses the race is answered with the winner's registration.
            posting = [load.create_task(door.post(people, pace=100)) for door in doors]
            await wait_until(lambda: len(house.mailbox.accepted) >= len(people) // 3, 20)
            for service in ("registry", "notifier", "forum"):
                house.copies[service][0].kill()
        assert [each.result() for each in posting] == [people, people]
        await house.wait_quiet(len(people))

        assert await house.members() == sorted(person.id for person in people if person.id)
        assert await house.count("gateway", "submission") == len(people)
        assert sorted(house.mailbox.accepted) == sorted(person.email for person in people)
        assert house.mailbox.doubles() == {}
        assert house.mailbox.repeats().total() <= CONNECTIONS
