"""A service's messaging as one piece of background work: declare, relay, consume, watch, stop cleanly."""

import asyncio
from typing import Any

from aio_pika.exceptions import AMQPError

from shared import logging, telemetry
from shared.consumers import Consumer
from shared.database import Database
from shared.delivery import Listener
from shared.errors import Outage
from shared.messaging import CONNECT_SECONDS, Publisher, broker, close, declare
from shared.relay import Relay
from shared.settings import Settings

log = logging.get(__name__)

WATCH_SECONDS = 1.0
REMAKE_AFTER = 3
"""Looks in a row at a consumer that is gone before the topology is declared again; after so many more, all begins anew."""


class Messaging:
    """The relay and the consumers of one process."""

    def __init__(self, service: str, settings: Settings, database: Database, listener: Listener) -> None:
        self._service, self._settings, self._database, self._listener = service, settings, database, listener
        self._publisher = Publisher(settings.rabbitmq_url, service)
        self._burier = Publisher(settings.rabbitmq_url, f"{service} dead letters")
        self._relay = Relay(
            database,
            self._publisher,
            service=service,
            batch=settings.batch_size,
            lease_seconds=settings.relay_lease_seconds,
            poll_seconds=settings.relay_poll_seconds,
            longest_pause_seconds=settings.outage_pause_seconds,
        )
        self._make_consumers()

    def _make_consumers(self) -> None:
        """Make a connection's worth of consumers, so that nothing of a connection that failed is left when all begins anew."""
        settings = self._settings
        self._broker = broker(settings.rabbitmq_url, self._service)
        self._consumers = [
            Consumer(
                handler,
                self._broker,
                self._database,
                self._burier,
                batch=settings.batch_size,
                hold_seconds=settings.consumer_timeout_seconds / 2,
                longest_pause_seconds=settings.outage_pause_seconds,
            )
            for handler in self._listener.handlers.values()
        ]

    def missing(self) -> list[str]:
        """Return the queues that should have a live consumer here and have none."""
        return [consumer.queue for consumer in self._consumers if not consumer.live and not consumer.stepped_back]

    async def run(self, context: Any) -> None:
        """Declare, then relay and consume until told to stop.

        Raises:
            Outage: the broker is away; run it again.
        """
        stopping: asyncio.Event = context.stopping
        await declare(self._settings.rabbitmq_url)
        try:
            await self._connect()
        except BaseException:  # Whatever it was, a half-made connection must not go on mending itself.
            await self._disconnect()
            raise
        relay_stops, workers_stop = asyncio.Event(), asyncio.Event()
        relay = asyncio.create_task(self._relay.run(relay_stops), name="relay")
        workers = [asyncio.create_task(consumer.run(workers_stop), name=consumer.queue) for consumer in self._consumers]
        watch = asyncio.create_task(self._watch(), name="watch")
        stop = asyncio.create_task(stopping.wait())
        try:
            # Whichever ends before it was told to has failed: everything stops, and begins anew.
            await asyncio.wait([stop, relay, watch, *workers], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            watch.cancel()
            # No more is delivered; what was delivered is handled and acknowledged; what that announced is relayed.
            await asyncio.gather(*(consumer.cancel() for consumer in self._consumers))
            workers_stop.set()
            ended = await asyncio.gather(*workers, return_exceptions=True)
            relay_stops.set()
            ended += await asyncio.gather(relay, watch, return_exceptions=True)
            await self._disconnect()
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(2 * CONNECT_SECONDS):
                await self._broker.connect()
        except (AMQPError, OSError, TimeoutError) as error:
            raise Outage(f"the broker is away: {type(error).__name__}") from error
        for consumer in self._consumers:
            await consumer.start()
        log.info("consuming", queues=len(self._consumers))

    async def _disconnect(self) -> None:
        connection = self._broker._connection
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._broker.stop()
        except (AMQPError, OSError, TimeoutError) as error:
            log.warning("broker_not_closed", reason=type(error).__name__)
            if connection is not None:
                await close(connection)
        await self._publisher.close()
        await self._burier.close()
        self._make_consumers()

    async def _watch(self) -> None:
        """See that each consumer is alive: one that the broker has cancelled (its queue deleted, its leader moved) is made anew.

        aio-pika consumes again by itself once the queue is there and the connection mends.

        Raises:
            Outage: it did not, though the broker is there.
        """
        gone, declared = 0, False
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            missing = self.missing()
            telemetry.CONSUMERS_MISSING.labels(self._service).set(len(missing))
            if not missing:
                gone, declared = 0, False
                continue
            gone += 1
            if gone % REMAKE_AFTER == 0:
                log.warning("consumers_missing", queues=missing)
                if declared:
                    raise Outage(f"no live consumer: {', '.join(missing)}")
                try:
                    await declare(self._settings.rabbitmq_url)
                    declared = True
                except Outage as outage:
                    log.warning("topology_waits", reason=str(outage))
