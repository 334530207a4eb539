"""Telling the senders of this process that something is due: in memory, since NOTIFY costs two thirds of all commits."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Bell:
    """Rings for whoever listens in this process; a crash or another process is found by the sender's own looking."""

    def __init__(self) -> None:
        self._listening: set[asyncio.Event] = set()

    def ring(self) -> None:
        """Wake all who listen."""
        for event in self._listening:
            event.set()

    @contextmanager
    def heard(self) -> Iterator[asyncio.Event]:
        """Give an event that is set at each ring."""
        event = asyncio.Event()
        self._listening.add(event)
        try:
            yield event
        finally:
            self._listening.discard(event)


due = Bell()
"""Rung after a commit that made deliveries due."""
