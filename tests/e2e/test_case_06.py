"""Packets to PostgreSQL vanish, and nobody says so."""

import asyncio
import os
import time

import pytest

from shared.topology import SERVICES
from tests.e2e.conftest import OpenHouse
from tests.faults.crowd import Registration, answers, registrations
from tests.waiting import wait_until

SOAK = bool(os.environ.get("KHOKAHANO_SOAK"))
WAIT_SECONDS = 1.0
SLACK_SECONDS = 2.0
"""What a busy machine may add to the deadline."""


@pytest.mark.parametrize(
    "old", [False, True] if SOAK else [False], ids=lambda old: "old connections " + ("live again" if old else "stay dead")
)
async def test_case_06_packets_to_postgresql_dropped_then_healed(open_house: OpenHouse, old: bool) -> None:
    away_seconds = 120 if SOAK else 4
    through = [(service, "postgresql") for service in SERVICES]
    async with open_house(between=through, INTAKE_WAIT_SECONDS=str(WAIT_SECONDS)) as house:
        processes = house.pids
        before = registrations(200, crowd="before")
        started = time.monotonic()
        assert await house.crowd.post(before, again=False) == before
        full_speed_seconds = time.monotonic() - started
        if not SOAK:
            # Rows that a lost session has locked wait until the server gives it up; the full length has that time.
            await house.wait_quiet(len(before))

        for proxy in house.proxies.values():
            proxy.drop()
        refused: list[Registration] = []
        until = time.monotonic() + away_seconds
        while time.monotonic() < until:
            some = registrations(20, crowd=f"refused{len(refused)}")
            await house.crowd.post(some, at_once=20, again=False)
            refused += some
        assert answers(refused) == {503: len(refused)}
        assert all(person.retry_after for person in refused)
        assert max(person.seconds for person in refused) < WAIT_SECONDS + SLACK_SECONDS

        for proxy in house.proxies.values():
            proxy.heal(old=old)
        healed = registrations(20, crowd="healed")
        assert await house.crowd.post(healed, seconds=10) == healed
        after = registrations(200, crowd="after")
        started = time.monotonic()
        assert await house.crowd.post(after, again=False) == after
        assert time.monotonic() - started < 2 * full_speed_seconds + SLACK_SECONDS

        people = [*before, *healed, *after]
        await house.wait_quiet(len(people), 120 if SOAK else 20)
        assert {person.id for person in people} <= set(await house.members())
        assert house.mailbox.doubles() == {}
        assert house.pids == processes

        async def all_ready() -> bool:
            return all(await asyncio.gather(*(asyncio.to_thread(copy.ready) for copies in house.copies.values() for copy in copies)))

        await wait_until(all_ready, 10)
