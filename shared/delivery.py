"""The life of a delivery: decoded, handled once in a transaction, acknowledged; or waited out, or buried with its reason.

A handler knows nothing of this. It is `(message, session)` or, at the hot places, `(messages, session)`; it fetches, decides, puts.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from aiormq.abc import AbstractChannel
from faststream.rabbit import RabbitMessage
from pydantic import ValidationError

from shared import journey, logging, telemetry
from shared.clock import new_id, now
from shared.contracts.base import Message
from shared.database import Database, Transaction, unseen
from shared.errors import Contention, Malformed, Mistake, Outage
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


@dataclass
class Delivery:
    """One message in our hands, not yet acknowledged."""

    raw: RabbitMessage
    channel: AbstractChannel
    tag: int
    arrived_at: float
    settled: bool = False

    @classmethod
    def of(cls, raw: RabbitMessage) -> "Delivery":
        """Return the delivery of one message that has just arrived."""
        incoming = raw.raw_message
        return cls(raw, incoming.channel, incoming.delivery_tag or 0, monotonic())

    @property
    def attempts(self) -> int:
        """How often the broker has handed it out, this time included."""
        returned = self.raw.headers.get("x-delivery-count", 0)
        return 1 + (returned if isinstance(returned, int) else 0)

    @property
    def id(self) -> UUID:
        """The outbox row's id.

        Raises:
            Malformed: there is none.
        """
        try:
            return UUID(self.raw.raw_message.message_id or "")
        except ValueError as error:
            raise Malformed("message_id is not a UUID") from error

    def read(self, message: type[Message]) -> Message:
        """Return the fact in the body.

        Raises:
            Malformed: it is not what the queue carries. The reason names fields, never their values.
        """
        if (kind := self.raw.raw_message.type) != message.key:
            raise Malformed(f"type is {str(kind)[:80]!r}, this queue carries {message.key}")
        try:
            fact = message.model_validate_json(self.raw.body)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)[:10]
            places = "; ".join(f"/{'/'.join(map(str, each['loc']))}: {each['type']}" for each in found)
            raise Malformed(places) from None
        fact.arrived_with(self.raw.raw_message.correlation_id, again=bool(self.raw.headers.get("again")))
        return fact


class Hands:
    """The deliveries of one consumer's channel that are settled but not acknowledged yet.

    `ack multiple` goes up to the highest tag below which all are settled, on the channel that delivered.
    """

    def __init__(self) -> None:
        self._channel: AbstractChannel | None = None
        self._settled: set[int] = set()
        self._acked = 0

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge what can be; a channel that is gone needs nothing, since the broker delivers again what it held."""
        for delivery in deliveries:
            self._follow(delivery.channel)
            self._settled.add(delivery.tag)
        before = self._acked
        while self._acked + 1 in self._settled:
            self._acked += 1
            self._settled.remove(self._acked)
        if self._channel and self._acked > before:
            with suppress(ChannelInvalidStateError, AMQPError, OSError):
                await self._channel.basic_ack(self._acked, multiple=True)

    async def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Return everything that is held to the queue, after its consumer was cancelled. Each return costs one of the delivery limit."""
        for delivery in deliveries:
            self._follow(delivery.channel)
        highest = max((d.tag for d in deliveries if d.channel is self._channel), default=0)
        if self._channel and highest > self._acked:
            self._acked, self._settled = highest, set()
            with suppress(ChannelInvalidStateError, AMQPError, OSError):
                await self._channel.basic_nack(highest, multiple=True, requeue=True)

    def _follow(self, channel: AbstractChannel) -> None:
        """Begin anew where a new channel counts its tags from one."""
        if channel is not self._channel:
            self._channel, self._settled, self._acked = channel, set(), 0


class Work:
    """One consumer's work: takes what has come, up to a batch, and brings each delivery to its end."""

    def __init__(self, handler: Handler, database: Database, publisher: Publisher, *, batch: int) -> None:
        self.handler, self._database, self._publisher, self._batch = handler, database, publisher, batch
        self.arrived: deque[Delivery] = deque()
        self.woken = asyncio.Event()
        self.hands = Hands()
        self.queue = handler.listening.queue

    async def receive(self, raw: RabbitMessage) -> None:
        """Take a delivery from FastStream's subscriber; it is handled by `settle_some`, not here."""
        self.arrived.append(Delivery.of(raw))
        self.woken.set()

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
        raw, listens = delivery.raw.raw_message, self.handler.listening
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
            **({"again": True} if delivery.raw.headers.get("again") else {}),
        }
        dead = Outgoing(identifier, raw.type or listens.message.key, raw.body, raw.correlation_id, listens.dead_queue, headers)
        if failures := await self._publisher.publish([dead], deadline_seconds=BURY_SECONDS):
            raise Outage("the dead queue did not take a message") from failures[identifier]
        delivery.settled = True
        log.error("dead_letter", queue=self.queue, message_id=str(identifier), exc_info=error, reason=headers["reason"])
        telemetry.DELIVERIES.labels(self.queue, "dead").inc()
