"""The broker: declaring the topology, publishing with confirms, and the connection that consumers share."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import aio_pika
import aiormq
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.connection import make_url
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError
from aiormq import spec
from aiormq.abc import ChannelFrame
from faststream.rabbit import RabbitBroker
from faststream.rabbit.utils import RabbitClientProperties
from pamqp.body import ContentBody
from pamqp.header import ContentHeader

from shared.errors import Outage
from shared.topology import EXCHANGE, LISTENINGS

CONNECT_SECONDS = 5.0
"""The most that connecting, or declaring one thing, may take."""
CLOSE_SECONDS = 2.0
"""A blocked broker answers no close: the connection is dropped after this."""
PERSISTENT = 2
"""The delivery mode of a message that the broker keeps on disk. Source: AMQP 0-9-1, section 1.8."""
RECONNECT_SECONDS = 0.5
HEARTBEAT_SECONDS = 10
"""How often both sides say that they are there; aiormq gives a silent connection up after about three times as long."""


@dataclass(frozen=True)
class Outgoing:
    """One message on its way to the broker.

    Attributes:
        queue: the one queue that it goes to, by the default exchange; None for all who listen to its key.
    """

    id: UUID
    key: str
    body: bytes
    correlation_id: str | None = None
    queue: str | None = None
    headers: dict[str, Any] = field(default_factory=dict)
    at: datetime | None = None


async def connect(url: str, name: str) -> AbstractConnection:
    """Open a connection that does not mend itself.

    Raises:
        Outage: the broker could not be reached.
    """
    connection = aio_pika.Connection(make_url(url, heartbeat=HEARTBEAT_SECONDS), client_properties={"connection_name": name})
    try:
        await connection.connect(timeout=CONNECT_SECONDS)
    except BaseException as error:
        # Even one that never opened is closed: else it tries to do so itself where it is collected, which may be a thread without a loop.
        await close(connection)
        if not isinstance(error, AMQPError | OSError | TimeoutError):
            raise
        raise Outage(f"the broker is away: {type(error).__name__}") from error
    return connection


async def declare(url: str) -> None:
    """Declare the exchange, every dead queue and then every live one, and bind them. Doing it again changes nothing.

    It has a connection of its own: a queue that FastStream's broker has declared makes it ignore the subscriber's channel.

    Raises:
        Outage: the broker is away.
    """
    connection = await connect(url, "khokahano topology")
    try:
        async with asyncio.timeout(len(LISTENINGS) * CONNECT_SECONDS):
            channel = await connection.channel()
            exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
            for row in LISTENINGS:
                await channel.declare_queue(row.dead_queue, durable=True, arguments=dict(row.dead_arguments))
                queue = await channel.declare_queue(row.queue, durable=True, arguments=dict(row.arguments))
                await queue.bind(exchange, row.message.key)
    except (AMQPError, OSError, TimeoutError) as error:
        raise Outage(f"the topology could not be declared: {type(error).__name__}") from error
    finally:
        await close(connection)


def broker(url: str, name: str) -> RabbitBroker:
    """Return FastStream's broker for consumers; its connection mends itself, decoding and acknowledging are `shared.delivery`'s."""
    return RabbitBroker(
        make_url(url, heartbeat=HEARTBEAT_SECONDS),
        timeout=CONNECT_SECONDS,
        reconnect_interval=RECONNECT_SECONDS,
        fail_fast=True,
        client_properties=cast("RabbitClientProperties", {"connection_name": f"{name} consumers"}),
        logger=None,
        apply_types=False,
    )


class Publisher:
    """Publishes persistent, mandatory messages and waits for the broker's confirms, many in flight.

    It has its own connection, since a broker that is short of memory or disk blocks connections that publish, and consumers must go on.
    """

    def __init__(self, url: str, service: str) -> None:
        self._url, self._service = url, service
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._opening = asyncio.Lock()

    async def publish(self, messages: Sequence[Outgoing], *, deadline_seconds: float) -> dict[UUID, Exception]:
        """Publish and return the error of each message that the broker did not take; a message without one is on disk there.

        Raises:
            Outage: there is no connection to publish on; nothing was sent.
        """
        # The channel below aio-pika's: all frames of a batch go as one write there, which costs a third of publishing one by one.
        channel = cast("aiormq.Channel", await (await self._open()).get_underlay_channel())
        confirms, lost = await self._send(channel, messages), channel.closing
        answered = asyncio.gather(*confirms.values(), return_exceptions=True)
        await asyncio.wait([answered, lost], timeout=deadline_seconds, return_when=asyncio.FIRST_COMPLETED)
        lost.cancel()
        failures: dict[UUID, Exception] = {}
        for identifier, confirm in confirms.items():
            channel.message_id_delivery_tag.pop(str(identifier), None)
            if confirm.cancel() or confirm.cancelled():
                failures[identifier] = Outage("not confirmed")
            elif (error := confirm.exception()) is not None:
                # Returned as unroutable, or refused: the message's own trouble. Everything else is the connection's.
                failures[identifier] = error if isinstance(error, DeliveryError) else Outage(f"not sent: {type(error).__name__}")
        if any(isinstance(error, Outage) for error in failures.values()) and not await self._is_blocked():
            await self.close()
        return failures

    async def _send(self, channel: aiormq.Channel, messages: Sequence[Outgoing]) -> dict[UUID, asyncio.Future[Any]]:
        """Hand a batch to the connection's writer, and return the future of each message's confirm.

        Raises:
            Outage: the writer takes nothing, or the channel was closed; nothing was sent.
        """
        frames: list[Any] = []
        for message in messages:
            exchange, routing_key = ("", message.queue) if message.queue else (EXCHANGE, message.key)
            frames.append(spec.Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=True))
            frames.append(ContentHeader(properties=self._envelope(message), body_size=len(message.body)))
            size = channel.max_content_size
            frames += [ContentBody(message.body[at : at + size]) for at in range(0, len(message.body), size)]
        written, loop = ChannelFrame.marshall(channel.number, frames), asyncio.get_running_loop()
        confirms: dict[UUID, asyncio.Future[Any]] = {}
        try:
            async with channel.lock, asyncio.timeout(CONNECT_SECONDS):
                await channel.write_queue.put(written)
                # The broker counts what it reads, and nothing is read before the next await: so these numbers are its own.
                for message in messages:
                    channel.delivery_tag += 1
                    confirms[message.id] = channel.confirmations[channel.delivery_tag] = loop.create_future()
                    channel.message_id_delivery_tag[str(message.id)] = channel.delivery_tag
        except (ChannelInvalidStateError, TimeoutError) as error:
            raise Outage(f"nothing was sent: {type(error).__name__}") from error
        return confirms

    async def probe(self) -> None:
        """Return if the broker takes messages.

        Raises:
            Outage: it is away, or takes none.
        """
        await self._open()

    def _envelope(self, message: Outgoing) -> spec.Basic.Properties:
        return spec.Basic.Properties(
            headers=message.headers,
            content_type="application/json",
            delivery_mode=PERSISTENT,
            message_id=str(message.id),
            correlation_id=message.correlation_id,
            message_type=message.key,
            app_id=self._service,
            timestamp=message.at,
        )

    async def _is_blocked(self) -> bool:
        """Tell whether the broker has said that it takes nothing for now, as it does when it is short of memory or disk."""
        if self._connection is None or self._connection.transport is None or self._connection.is_closed:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(0):  # It waits where the connection is blocked, and only there.
                await self._connection.transport.ready()
                return False
        return True

    async def _open(self) -> AbstractChannel:
        async with self._opening:
            if await self._is_blocked():
                # Another connection could publish one message before it is blocked, too, and none of them would end before the alarm.
                raise Outage("the broker takes no messages: it is short of memory or disk")
            if self._channel is None or self._channel.is_closed or self._connection is None or self._connection.is_closed:
                await self.close()
                self._connection = await connect(self._url, f"{self._service} publisher")
                try:
                    async with asyncio.timeout(CONNECT_SECONDS):
                        self._channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
                except (AMQPError, OSError, TimeoutError) as error:
                    await self.close()
                    raise Outage(f"the broker is away: {type(error).__name__}") from error
            return self._channel

    async def close(self) -> None:
        """Close the connection; the next publish opens another."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            await close(connection)


async def close(connection: AbstractConnection) -> None:
    """Close a connection, or drop it where the broker does not answer."""
    closing = asyncio.ensure_future(connection.close())  # A task of its own: what its end cancels inside must not look like ours.
    await asyncio.wait([closing], timeout=CLOSE_SECONDS)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
