"""PostgreSQL is stopped at once under load."""

import asyncio
import os
import signal

from tests.e2e.conftest import OpenHouse
from tests.faults.crowd import answers, registration, registrations
from tests.waiting import wait_until

A_SECOND = 80
"""Registrations."""


async def test_case_05_postgresql_stopped_immediately_keeps_each_202(open_house: OpenHouse, soak: bool) -> None:
    async with open_house(INTAKE_WAIT_SECONDS="1") as house:
        postgresql = house.servers.postgresql
        processes = house.pids
        people = registrations(A_SECOND * (60 if soak else 4))
        load = asyncio.create_task(house.crowd.post(people, at_once=200, again=False, pace=A_SECOND))
        try:
            await wait_until(lambda: sum(person.id is not None for person in people) >= A_SECOND, 20)
            os.kill(postgresql.pid, signal.SIGQUIT)  # What PostgreSQL calls an immediate stop.
            assert await asyncio.to_thread(postgresql.wait_ended, 10)
            await wait_until(lambda: answers(people)[503] >= 10, 20)
        finally:
            await house.start_postgresql()
            registered = await load
        assert set(answers(people)) == {202, 503}
        assert all(person.retry_after for person in people if person.id is None)

        # The pools heal: everybody is heard again, by the same processes.
        async def heard_again() -> bool:
            return await house.crowd.try_once(registration(0, crowd="after"))

        await wait_until(heard_again, 10)
        later = registrations(100, crowd="later")
        assert await house.crowd.post(later, again=False) == later
        await house.wait_quiet(len(registered) + len(later) + 1)
        assert house.pids == processes

        members = await house.members()
        assert {person.id for person in (*registered, *later)} <= set(members)
        # Who was answered 503 may have been committed all the same: nobody knows, so they may come again with the same key.
        assert await house.crowd.post(people) == people
        await house.wait_quiet(len(people) + len(later) + 1)
        assert len(await house.members()) == len(people) + len(later) + 1
        assert house.mailbox.doubles() == {}
