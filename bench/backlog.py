"""A backlog: many registrations wait in the registry's queue while it is away; then it comes back."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import aiormq

from bench.accounting import MACHINE, cpu, memory, others_percent, spent
from bench.house import House
from bench.journeys import wait_for_mails
from bench.people import person
from ops.processes import StartFailed
from shared.clock import new_id, now
from shared.contracts.gateway import RegistrationSubmitted
from shared.messaging import Outgoing, Publisher
from shared.topology import listening

QUEUE = listening("registry", RegistrationSubmitted).queue
AT_ONCE = 500
CONFIRM_SECONDS = 30.0
LOOK_SECONDS = 0.25
MOST_SECONDS = 1800.0


def measure(system: House, count: int) -> dict[str, Any]:
    """Fill the queue, start the registry, and follow it until the queue is empty and the last welcome is out."""
    ground, registry = system.ground, system.programs["registry"]
    tag, first = ground.tag(), ground.people(count)
    registry.stop()
    asyncio.run(_fill(system.settings["RABBITMQ_URL"], tag, first, count))
    ground.sink.ask(f"reset {tag}")
    registry.start()
    before, began = cpu(system.roles), time.monotonic()
    memories: list[tuple[int, float, float]] = []

    def look(waiting: int) -> None:
        held = memory(system.own)
        memories.append((waiting, held["registry"]["rss"], held["notifier"]["rss"]))

    moved, emptied = asyncio.run(_follow(system.settings["RABBITMQ_URL"], count, look))
    stats = wait_for_mails(system, count)
    used, seconds = spent(before, cpu(system.roles)), time.monotonic() - began
    held = memory(system.own)
    early = next((each for each in memories if each[0] < 0.9 * count), memories[-1])
    return {
        "rate": count / max(emptied - moved, 1e-9),
        "rate_to_last_welcome": stats["unique"] / max(stats["last"] - moved, 1e-9),
        "events": count,
        "cpu_ms": {role: round(1000 * value / count, 3) for role, value in used.items() if role != MACHINE},
        "registry_rss_after_a_tenth_mb": early[1],
        "registry_peak_rss_mb": held["registry"]["peak_rss"],
        "notifier_rss_after_a_tenth_mb": early[2],
        "notifier_peak_rss_mb": held["notifier"]["peak_rss"],
        "lost": count - stats["unique"],
        "duplicates": stats["duplicates"],
        "others_percent": others_percent(used, seconds),
    }


async def _fill(url: str, tag: str, first: int, count: int) -> None:
    """Announce registrations as the gateway's relay does; that they stand in no gateway's database matters to nobody."""
    publisher = Publisher(url, "gateway")
    try:
        for begin in range(0, count, AT_ONCE):
            numbers = range(first + begin, first + min(begin + AT_ONCE, count))
            messages = [_message(number, tag) for number in numbers]
            if failures := await publisher.publish(messages, deadline_seconds=CONFIRM_SECONDS):
                raise StartFailed(f"the broker did not take {len(failures)} messages")
    finally:
        await publisher.close()


def _message(number: int, tag: str) -> Outgoing:
    said = RegistrationSubmitted(submission_id=new_id(), submitted_at=now(), way="api", **person(number, tag))
    return Outgoing(new_id(), said.key, said.model_dump_json().encode(), at=now())


async def _follow(url: str, count: int, look: Callable[[int], None]) -> tuple[float, float]:
    """Return when the first message had been taken and when none was left."""
    connection = await aiormq.connect(url)
    try:
        channel = await connection.channel()
        moved, deadline = 0.0, time.monotonic() + MOST_SECONDS
        while time.monotonic() < deadline:
            waiting = (await channel.queue_declare(QUEUE, passive=True)).message_count or 0
            if waiting < count and not moved:
                moved = time.monotonic()
            look(waiting)
            if waiting == 0:
                return moved, time.monotonic()
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await connection.close()
    raise StartFailed(f"{QUEUE} was not empty after {MOST_SECONDS:.0f} s")
