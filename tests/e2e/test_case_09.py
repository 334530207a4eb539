"""A broker that is short of memory and takes no messages."""

import asyncio
import os
import re
import time
from pathlib import Path

from tests.e2e.conftest import OpenHouse
from tests.faults.crowd import answers, registrations
from tests.faults.house import House
from tests.waiting import wait_until

BEFORE, MEANWHILE = 20, 200
SPINNING = 0.25
"""The share of a processor above which waiting would be spinning; the services have their consumers' heartbeats and polls to do."""
TICKS = os.sysconf("SC_CLK_TCK")


async def test_case_09_blocked_broker_refuses_no_intake(open_house: OpenHouse, soak: bool) -> None:
    async with open_house() as house:
        control = house.servers.rabbitmq.control
        people = registrations(BEFORE + MEANWHILE)
        await house.crowd.post(people[:BEFORE])
        await house.wait_quiet(BEFORE)
        await asyncio.to_thread(control, "set_vm_memory_high_watermark", "absolute", "1MB")
        try:
            assert len(await house.crowd.post(people[BEFORE:], again=False)) == MEANWHILE
            assert answers(people) == {202: len(people)}
            worked, began = _worked(house), time.monotonic()
            assert await _gauge(house, "khokahano_outbox_rows") == MEANWHILE
            await _pass(house, 60 if soak else 3)
            assert (_worked(house) - worked) / (time.monotonic() - began) < SPINNING
            assert await _gauge(house, "khokahano_outbox_oldest_seconds") > 3
            assert await house.count("gateway", "outbox") == MEANWHILE
        finally:
            await asyncio.to_thread(control, "set_vm_memory_high_watermark", "0.4")
        await house.wait_quiet(len(people))
        assert await house.members() == sorted(person.id for person in people if person.id)
        assert (house.mailbox.repeats(), house.mailbox.doubles()) == ({}, {})
        assert not any(waiting for waiting, _ in (await house.queues(dead=True)).values())


async def _pass(house: House, seconds: float) -> None:
    """Let the alarm last; the front door is open at its end."""
    end = time.monotonic() + seconds
    await wait_until(lambda: time.monotonic() > end, seconds + 1, every=0.2)
    caller = house.caller()
    assert (await caller.call("GET", "/livez")).status == 200
    caller.hang_up()


async def _gauge(house: House, name: str) -> float:
    caller = house.caller()
    try:
        found = re.search(rf'^{name}{{service="gateway"}} (\S+)$', (await caller.call("GET", "/metrics")).body.decode(), re.MULTILINE)
    finally:
        caller.hang_up()
    assert found, f"no {name}"
    return float(found[1])


def _worked(house: House) -> float:
    """Return the processor time that the gateway has used, in seconds."""
    words = Path(f"/proc/{house.copies['gateway'][0].pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS
