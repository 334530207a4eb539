"""Waiting for a condition with a deadline, instead of sleeping for a guess."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

LOOK_SECONDS = 0.05


async def wait_until(check: Callable[[], Awaitable[T] | T], seconds: float = 10, *, every: float = LOOK_SECONDS) -> T:
    """Return the first true value of `check`, which may be async; fail with its last value after this time."""
    deadline = time.monotonic() + seconds
    while True:
        value = check()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s; it was {value!r} to the end: {_named(check)}")
        await asyncio.sleep(every)


async def eventually(check: Callable[[], Awaitable[object] | object], seconds: float = 10, *, every: float = LOOK_SECONDS) -> None:
    """Run a check that asserts, again and again, until it passes; after this time its own failure is the test's."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            done = check()
            if inspect.isawaitable(done):
                await done
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        else:
            return
        await asyncio.sleep(every)


def _named(check: Callable[[], object]) -> str:
    return f"{getattr(check, '__qualname__', check)}"
