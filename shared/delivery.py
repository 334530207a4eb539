"""The life of a delivery: decoded, handled once in a transaction, acknowledged; or waited out, or buried with its reason.

A handler knows nothing of this. It is `(message, session)` or, at the hot places, `(messages, session)`; it fetches, decides, puts.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import ChannelInvalidStateError

from shared import journey, logging, telemetry
from shared.clock import new_id, now
from shared.contracts.base import Message
from shared.database import Database, Transaction, unseen
from shared.errors import Contention, Malformed, Mistake, Outage
from shared.hands import Delivery, Hands
from shared.messaging import Outgoing, Publisher
from shared.topology import Listening, listening

log = logging.get(__name__)

CONTENTION_TRIES = 5
BURY_SECONDS = 5.0
"""The most that burying one message may wait for the broker's confirm before it is tried again."""

Each = Callable[[Any, Transaction], Awaitable[None]]
Batch = Callable[[list[Any], Transaction], Awaitable[None]]


@dataclass(frozen=True)
class Handler:
    """One function and what it listens to."""

    listening: Listening
    function: Callable[[Any, Transaction], Awaitable[None]]
    takes_batches: bool

    async def __call__(self, messages: Sequence[Message], session: Transaction) -> None:
        """Handle messages that none has handled before, in the one transaction given."""
        if self.takes_batches:
            await self.function(list(messages), session)
            return
        for message in messages:
            with journey.on(message.correlation_id):
                await self.function(message, session)


class Listener:
    """The handlers of one service, as `handlers.py` declares them."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.handlers: dict[type[Message], Handler] = {}

    def each(self, message: type[Message]) -> Callable[[Each], Each]:
        """Declare the function that handles this message, one at a time."""

        def declare(function: Each) -> Each:
            self.handlers[message] = Handler(listening(self.service, message), function, takes_batches=False)
            return function

        return declare

    def batch(self, message: type[Message]) -> Callable[[Batch], Batch]:
        """Declare the function that handles this message in batches. If it raises, it is given its messages one by one."""

        def declare(function: Batch) -> Batch:
            self.handlers[message] = Handler(listening(self.service, message), function, takes_batches=True)
            return function

        return declare


class Work:
    """One consumer's work: takes what has come, up to a batch, and brings each delivery to its end."""

    def __init__(self, handler: Handler, database: Database, publisher: Publisher, *, batch: int) -> None:
        self.handler, self._database, self._publisher, self._batch = handler, database, publisher, batch
        self.arrived: deque[Delivery] = deque()
        self.woken = asyncio.Event()
        self.hands = Hands()
        self.queue = handler.listening.queue

    async def receive(self, raw: AbstractIncomingMessage) -> None:
        """Take a delivery as it comes; it is handled by `settle_some`, not here."""
        with suppress(ChannelInvalidStateError):  # The channel is lost since: the broker delivers again.
            self.arrived.append(Delivery.of(raw))
            self.woken.set()

    @property
    def full(self) -> bool:
        """Whether a whole batch has come."""
        return len(self.arrived) >= self._batch

    def take(self) -> list[Delivery]:
        """Return what has come, up to a batch, without what a lost channel had delivered."""
        batch: list[Delivery] = []
        while self.arrived and len(batch) < self._batch:
            delivery = self.arrived.popleft()
            if not delivery.channel.is_closed:
                batch.append(delivery)
        return batch

    async def settle_some(self, batch: list[Delivery]) -> None:
        """Handle a batch and acknowledge it.

        Raises:
            Outage: something we depend on is away; no delivery of the batch has been lost or settled wrongly.
        """
        readable: list[tuple[Delivery, UUID, Message]] = []
        for delivery in (d for d in batch if not d.settled):
            try:
                readable.append((delivery, delivery.id, delivery.read(self.handler.listening.message)))
            except Malformed as error:
                await self._bury(delivery, error)
        await self._handle_all(readable)
        await self.hands.acknowledge(batch)

    async def _handle_all(self, deliveries: list[tuple[Delivery, UUID, Message]]) -> None:
        if not deliveries:
            return
        try:
            await self._handle({identifier: message for _, identifier, message in deliveries})
        except (Outage, Contention) as trouble:
            raise Outage(str(trouble)) from trouble
        except Exception as error:  # Whatever a handler raises is a mistake of that delivery; its fate is the dead queue.
            if len(deliveries) == 1:
                await self._bury(deliveries[0][0], error)
                return
            log.warning("batch_split", queue=self.queue, size=len(deliveries), error=type(error).__name__)
            for one in deliveries:
                await self._handle_all([one])
            return
        for delivery, _, _ in deliveries:
            delivery.settled = True
        telemetry.DELIVERIES.labels(self.queue, "handled").inc(len(deliveries))

    async def _handle(self, messages: dict[UUID, Message]) -> None:
        for attempt in range(1, CONTENTION_TRIES + 1):
            try:
                with telemetry.HANDLING.labels(self.queue).time():
                    async with self._database.transaction() as session:
                        fresh = await unseen(session, list(messages))
                        if fresh:
                            await self.handler([message for identifier, message in messages.items() if identifier in fresh], session)
                return
            except Contention:
                if attempt == CONTENTION_TRIES:
                    raise

    async def _bury(self, delivery: Delivery, error: Exception) -> None:
        """Publish to the dead queue what can never succeed; only then is the original acknowledged."""
        raw, listens = delivery.raw, self.handler.listening
        reason = str(error) if isinstance(error, Mistake) else "unexpected: see the log"
        try:
            identifier = delivery.id
        except Malformed:
            identifier = new_id()  # So that a replay, once somebody mended the producer, is handled once.
        headers = {
            "reason": logging.scrub(reason)[:500],
            "error": type(error).__name__,
            "attempts": delivery.attempts,
            "queue": listens.queue,
            "buried_at": now().isoformat(),
            **({"again": True} if raw.headers.get("again") else {}),
        }
        dead = Outgoing(identifier, raw.type or listens.message.key, raw.body, raw.correlation_id, listens.dead_queue, headers)
        if failures := await self._publisher.publish([dead], deadline_seconds=BURY_SECONDS):
            raise Outage("the dead queue did not take a message") from failures[identifier]
        delivery.settled = True
        log.error("dead_letter", queue=self.queue, message_id=str(identifier), exc_info=error, reason=headers["reason"])
        telemetry.DELIVERIES.labels(self.queue, "dead").inc()
