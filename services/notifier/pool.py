"""The connections of one sender: as many as there is work for and the mail server lets us have; and whether it is there at all."""

import asyncio
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from services.notifier.lane import Lane
from shared import logging
from shared.pauses import longer

if TYPE_CHECKING:
    from services.notifier.sender import Sender

log = logging.get(__name__)

MOST_LANES = 64
"""Connections at once, those included that wait for a slow answer."""
FIRST_PAUSE_SECONDS = 0.5
FULL_SECONDS = 60.0
"""How long we make do with the connections we have after the server refused one more."""


class Pool:
    """One sender's connections.

    Attributes:
        idle: those that wait for work, the one that has worked last at the end; it is the first to work again, so that the others may end.
        busy: set while there are connections.
        pause_seconds: the present pause while the mail server is away; 0 while it is there.
        judged: set when it is known whether the mail server is there.
    """

    def __init__(self, sender: "Sender") -> None:
        self._sender = sender
        self.lanes: set[Lane] = set()
        self.idle: dict[Lane, None] = {}
        self.busy, self.judged = asyncio.Event(), asyncio.Event()
        self.pause_seconds = 0.0
        self._most_connections, self._full_until = sender.settings.smtp_connections, 0.0

    def work(self) -> None:
        """Have as many connections at work as there is work for."""
        working = [lane for lane in self.lanes if not lane.stuck]
        waiting = len(self._sender.tray) - sum(lane.held is None and lane not in self.idle for lane in working)
        while waiting > 0 and self.idle:
            self.idle.popitem()[0].wake()
            waiting -= 1
        for _ in range(min(waiting, self._room() - len(working), MOST_LANES - len(self.lanes))):
            lane = Lane(self._sender)
            self.lanes.add(lane)
            lane.task.add_done_callback(partial(self._closed, lane))
            self.busy.set()

    def surplus(self, lane: Lane) -> bool:
        """Return whether there are enough connections without this one, as after it was stuck."""
        room = self._room()
        return len(self.lanes) > room and sum(not each.stuck for each in self.lanes if each is not lane) >= room

    async def end(self, seconds: float) -> None:
        """Let every connection finish the mail that it is at, for so long; then hang up on the server."""
        for lane in self.lanes:
            lane.wake()
        tasks = [lane.task for lane in self.lanes]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def server_away(self, lane: Lane, reason: str) -> None:
        """Note that the mail server does not serve this connection.

        If it serves others, they are enough for a while. If not, everything in hand goes back, and the next look is one mail after a
        growing pause.
        """
        if serving := sum(each.connected for each in self.lanes if each is not lane):
            self._most_connections, self._full_until = serving, monotonic() + FULL_SECONDS
            log.info("mail_server_full", connections=serving, reason=reason)
            return
        if self.pause_seconds == 0 or not self.judged.is_set():
            self.pause_seconds = longer(self.pause_seconds, most=self._sender.settings.outage_pause_seconds) or FIRST_PAUSE_SECONDS
            log.warning("mail_server_waits", reason=reason, pause_seconds=self.pause_seconds)
        self.judged.set()
        self._sender.give_all_back()

    def server_back(self) -> None:
        """Note that the mail server talks to us."""
        if self.pause_seconds:
            log.info("mail_server_back")
            self.pause_seconds = 0.0
            self.judged.set()

    def _room(self) -> int:
        """Return how many connections the server lets us have."""
        if monotonic() > self._full_until:
            self._most_connections = self._sender.settings.smtp_connections
        return self._most_connections

    def _closed(self, lane: Lane, _: asyncio.Task[None]) -> None:
        self.lanes.discard(lane)
        if not self.lanes:
            self.busy.clear()
        if not lane.task.cancelled() and (error := lane.task.exception()):
            log.error("connection_failed", exc_info=error)
