"""Deliveries in hand: what the broker gave us to read, and how it is told what became of it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from aiormq.abc import AbstractChannel
from pydantic import ValidationError

from shared.contracts.base import Message
from shared.errors import Malformed


@dataclass(eq=False, slots=True)
class Delivery:
    """One message in our hands, not yet acknowledged."""

    raw: AbstractIncomingMessage
    channel: AbstractChannel
    tag: int
    arrived_at: float
    settled: bool = False

    @classmethod
    def of(cls, raw: AbstractIncomingMessage) -> "Delivery":
        """Return the delivery of one message that has just arrived."""
        return cls(raw, raw.channel, raw.delivery_tag or 0, monotonic())

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
            return UUID(self.raw.message_id or "")
        except ValueError as error:
            raise Malformed("message_id is not a UUID") from error

    def read(self, message: type[Message]) -> Message:
        """Return the fact in the body.

        Raises:
            Malformed: it is not what the queue carries. The reason names fields, never their values.
        """
        if (kind := self.raw.type) != message.key:
            raise Malformed(f"type is {str(kind)[:80]!r}, this queue carries {message.key}")
        try:
            fact = message.model_validate_json(self.raw.body)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)[:10]
            places = "; ".join(f"/{'/'.join(map(str, each['loc']))}: {each['type']}" for each in found)
            raise Malformed(places) from None
        fact.arrived_with(self.raw.correlation_id, again=bool(self.raw.headers.get("again")))
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
        """Return everything that is held to the queue, after its consumer was cancelled. Each return costs one of the delivery limit.

        What is settled is acknowledged instead: a dead letter would else be buried twice.
        """
        for delivery in deliveries:
            self._follow(delivery.channel)
            if delivery.settled:
                self._settled.add(delivery.tag)
        highest = max((d.tag for d in deliveries if d.channel is self._channel), default=0)
        if self._channel and highest > self._acked:
            settled, self._acked, self._settled = sorted(self._settled), highest, set()
            with suppress(ChannelInvalidStateError, AMQPError, OSError):
                for tag in settled:
                    await self._channel.basic_ack(tag)
                await self._channel.basic_nack(highest, multiple=True, requeue=True)

    def _follow(self, channel: AbstractChannel) -> None:
        """Begin anew where a new channel counts its tags from one."""
        if channel is not self._channel:
            self._channel, self._settled, self._acked = channel, set(), 0
