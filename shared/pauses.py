"""Waiting that ends early: for an event, for a stop, or after a time that differs a little, so that copies do not act in step."""

import asyncio
import random


async def wait_any(*events: asyncio.Event, seconds: float | None = None) -> None:
    """Return once one of the events is set, or after about `seconds` (a fifth more or less)."""
    if any(event.is_set() for event in events):
        return
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=seconds and seconds * random.uniform(0.8, 1.2), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


def longer(seconds: float, *, most: float) -> float:
    """Return the next pause: twice as long, up to `most`."""
    return min(2 * seconds, most)
