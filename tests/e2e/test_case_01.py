"""The gateway dies between commit and answer."""

import asyncio

from tests.e2e.conftest import OpenHouse
from tests.faults.crowd import Registration, registrations
from tests.faults.proxy import DOWN


async def test_case_01_gateway_killed_between_commit_and_answer(open_house: OpenHouse) -> None:
    people: list[Registration] = []
    async with open_house(between=[("gateway", "postgresql")], INTAKE_WAIT_SECONDS="10") as house:
        for alone_or_many in (1, 20):
            some = registrations(alone_or_many, crowd=f"of{alone_or_many}")
            answer_kept_back = house.proxies["gateway", "postgresql"].hold(DOWN, after=[some[0].email, "COMMIT"])
            async with asyncio.TaskGroup() as callers:
                for person in some:
                    callers.create_task(house.crowd.try_once(person))
                await answer_kept_back.moment()
                committed = await house.count("gateway", "submission") - len(people)
                house.kill("gateway")
            assert 1 <= committed <= len(some)
            assert some[0].answers == [0], "it was answered, so nothing was tried"
            answer_kept_back.release()

            await house.start("gateway")
            assert await house.crowd.post(some) == some
            people += some
            await house.wait_quiet(len(people))
            assert await house.count("gateway", "submission") == len(people)
            assert await house.members() == sorted(person.id for person in people if person.id)
            assert [len(house.mailbox.to(person.email)) for person in people] == [1] * len(people)
