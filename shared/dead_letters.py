"""Dead letters: what could not be handled, with its reason. They can be read, replayed to the one queue they came from, or dropped."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelClosed

from shared.errors import Outage
from shared.messaging import Outgoing, Publisher, connect
from shared.topology import LISTENINGS, Listening

LOOK_SECONDS = 60.0
"""The most that walking one queue may take."""
PUBLISH_SECONDS = 5.0
OURS = ("reason", "error", "attempts", "queue", "buried_at")
"""The headers that burying added; a replay goes without them."""


@dataclass(frozen=True)
class DeadLetter:
    """One dead letter. `body` holds personal data: it is for the eyes of whoever must mend it, and for no log."""

    queue: str
    message_id: str
    type: str
    reason: str
    error: str
    attempts: int
    buried_at: str
    correlation_id: str
    body: str

    @classmethod
    def of(cls, row: Listening, message: AbstractIncomingMessage) -> "DeadLetter":
        """Read it; what the broker itself dead-lettered (the delivery limit) has no reason of ours."""
        headers: dict[str, Any] = dict(message.headers)
        return cls(
            queue=row.queue,
            message_id=message.message_id or "",
            type=message.type or "",
            reason=str(headers.get("reason", "returned too often: the broker's delivery limit")),
            error=str(headers.get("error", "DeliveryLimit")),
            attempts=int(headers.get("attempts", 0)),
            buried_at=str(headers.get("buried_at", "")),
            correlation_id=message.correlation_id or "",
            body=message.body.decode("utf-8", "replace"),
        )


Chosen = Callable[[DeadLetter], bool]


class DeadLetters:
    """The dead queues of all services, of one service, or one queue."""

    def __init__(self, url: str, queue: str | None = None, *, listener: str | None = None) -> None:
        self._url = url
        self._rows: Sequence[Listening] = [
            row for row in LISTENINGS if queue in (None, row.queue, row.dead_queue) and listener in (None, row.listener)
        ]
        if not self._rows:
            raise LookupError(f"there is no queue {queue}")

    async def read(self, *, most: int = 1000) -> list[DeadLetter]:
        """Return the dead letters, the oldest of each queue first, at most so many a queue; all stay where they are."""
        found: list[DeadLetter] = []
        for row in self._rows:
            async with self._held(row, most) as held:
                found.extend(letter for letter, _ in held)
        return found

    async def drop(self, chosen: Chosen) -> int:
        """Delete the chosen ones for good and return how many."""
        done = 0
        for row in self._rows:
            async with self._held(row) as held:
                for letter, message in held:
                    if chosen(letter):
                        await message.ack()
                        done += 1
        return done

    async def replay(self, chosen: Chosen) -> int:
        """Send the chosen ones back to the queue they came from, under the same `message_id`, and return how many.

        Raises:
            Outage: the broker did not take one; it stays dead, and so do those after it.
        """
        done = 0
        publisher = Publisher(self._url, "replay")
        try:
            for row in self._rows:
                async with self._held(row) as held:
                    for letter, message in held:
                        if chosen(letter):
                            await self._send_back(publisher, row, message)
                            await message.ack()
                            done += 1
        finally:
            await publisher.close()
        return done

    @staticmethod
    async def _send_back(publisher: Publisher, row: Listening, message: AbstractIncomingMessage) -> None:
        headers = {"again": True} if message.headers.get("again") else {}
        identifier = UUID(message.message_id or "")
        sent = Outgoing(identifier, message.type or row.message.key, message.body, message.correlation_id, row.queue, headers)
        if failures := await publisher.publish([sent], deadline_seconds=PUBLISH_SECONDS):
            raise Outage(f"the broker did not take {identifier}") from failures[identifier]

    @asynccontextmanager
    async def _held(self, row: Listening, most: int | None = None) -> AsyncIterator[list[tuple[DeadLetter, AbstractIncomingMessage]]]:
        """Hold a queue's dead letters; what is not acknowledged inside goes back at the end, in its order."""
        connection = await connect(self._url, "khokahano dead letters")
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                channel = await connection.channel()
                taken = await _take(channel, row, most)
                try:
                    yield [(DeadLetter.of(row, message), message) for message in taken]
                finally:
                    await _return(channel, row, [message for message in taken if not message.processed])
        except (AMQPError, OSError, TimeoutError) as error:
            raise Outage(f"{row.dead_queue} could not be walked: {type(error).__name__}") from error
        finally:
            await connection.close()


async def _take(channel: AbstractChannel, row: Listening, most: int | None) -> list[AbstractIncomingMessage]:
    try:
        queue = await channel.get_queue(row.dead_queue)
    except ChannelClosed:
        return []  # It was never declared: no service has run yet.
    waiting = queue.declaration_result.message_count or 0
    taken: list[AbstractIncomingMessage] = []
    while len(taken) < min(waiting, most or waiting) and (message := await queue.get(fail=False)) is not None:
        taken.append(message)
    return taken


async def _return(channel: AbstractChannel, row: Listening, held: list[AbstractIncomingMessage]) -> None:
    """Give back what was held. Asking the queue something makes sure that it has it again: the next look must not miss it."""
    for message in held:
        await message.nack(requeue=True)
    if held:
        await channel.get_queue(row.dead_queue)
