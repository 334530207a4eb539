"""One consumer a queue: kept alive, paused through outages without spending delivery limits, and stopped without returning anything."""

import asyncio
from contextlib import suppress
from time import monotonic
from typing import Any

from aio_pika.exceptions import AMQPError
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue

from shared import logging
from shared.database import Database
from shared.delivery import Handler, Work
from shared.errors import Outage
from shared.hands import Delivery
from shared.messaging import Publisher
from shared.pauses import longer, wait_any

log = logging.get(__name__)

FIRST_PAUSE_SECONDS = 0.1
GATHER_SECONDS = 0.003
"""How long a consumer lets others join while it is busy: a commit costs more than a message. A lone message waits for nobody."""
BROKER_SECONDS = 5.0
"""The most that cancelling or starting a consumer may take."""


class Consumer:
    """A subscriber of FastStream's, which has the channel and the queue, and the work behind it.

    It has no handler of FastStream's: what comes goes straight from aio-pika into our hands (decision 0003).

    Args:
        hold_seconds: how long a delivery may be held through an outage before it is given back; at most half of the broker's
            `consumer_timeout`, counted from its arrival here.
    """

    def __init__(
        self,
        handler: Handler,
        broker: RabbitBroker,
        database: Database,
        publisher: Publisher,
        *,
        batch: int,
        hold_seconds: float,
        longest_pause_seconds: float,
    ) -> None:
        batch = min(batch, handler.listening.batch)
        self.work = Work(handler, database, publisher, batch=batch)
        self._database, self._publisher, self._hold_seconds, self._longest_pause = database, publisher, hold_seconds, longest_pause_seconds
        self._subscriber = broker.subscriber(
            RabbitQueue(handler.listening.queue, declare=False),
            channel=Channel(prefetch_count=2 * batch),
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
        )
        self._tag: str | None = None
        self.stepped_back = False
        """Whether it has cancelled itself until the database can commit again."""

    @property
    def queue(self) -> str:
        """The queue's name."""
        return self.work.queue

    @property
    def live(self) -> bool:
        """Whether the broker would deliver to it: an open channel on which its consumer tag stands."""
        queue = self._subscriber._queue_obj
        if queue is None or self._tag is None or queue.channel.is_closed:
            return False
        # aio-pika 10.2 offers no public look at the channel below; a robust queue lists consumers that the broker has cancelled, too.
        below: Any = queue.channel._channel  # type: ignore[attr-defined]
        return below is not None and self._tag in below.channel.consumers

    async def start(self) -> None:
        """Consume.

        Raises:
            Outage: the broker is away, or does not have the queue.
        """
        try:
            async with asyncio.timeout(BROKER_SECONDS):
                await self._subscriber.start()
                assert self._subscriber._queue_obj is not None  # It has just been made.
                self._tag = await self._subscriber._queue_obj.consume(self.work.receive)
        except (AMQPError, OSError, TimeoutError) as error:
            raise Outage(f"no consumer for {self.queue}: {type(error).__name__}") from error

    async def cancel(self) -> bool:
        """Let the broker deliver no more, and tell whether it has agreed; what has come stays in hand."""
        queue, tag = self._subscriber._queue_obj, self._tag
        agreed = False
        if queue is not None and tag is not None and not queue.channel.is_closed:
            with suppress(AMQPError, OSError, TimeoutError):
                async with asyncio.timeout(BROKER_SECONDS):
                    await queue.cancel(tag)
                    agreed = True
        self._tag = None
        await asyncio.sleep(0)  # Callbacks of deliveries that came before the cancel run first.
        return agreed

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until told to stop, and then until everything in hand is settled or given back."""
        busy = False
        while not stopping.is_set() or self.work.arrived:
            self.work.woken.clear()
            if busy and not self.work.full:
                await asyncio.sleep(GATHER_SECONDS)
            if batch := self.work.take():
                busy = len(batch) > 1
                await self._settle(batch, stopping)
            elif not self.work.arrived:
                await wait_any(self.work.woken, stopping)

    async def _settle(self, batch: list[Delivery], stopping: asyncio.Event) -> None:
        """Settle a batch, however long something is away."""
        pause = FIRST_PAUSE_SECONDS
        while batch:
            try:
                await self.work.settle_some(batch)
                return
            except Outage as outage:
                held = len(batch) + len(self.work.arrived)
                log.warning("consumer_waits", queue=self.queue, reason=str(outage), held=held, pause_seconds=pause)
            if stopping.is_set() or monotonic() - batch[0].arrived_at + pause > self._hold_seconds:
                await self._step_back(batch, stopping)
                return
            await wait_any(stopping, seconds=pause)
            pause = longer(pause, most=min(self._longest_pause, self._hold_seconds / 4))
            batch = [delivery for delivery in batch if not delivery.channel.is_closed]

    async def _step_back(self, batch: list[Delivery], stopping: asyncio.Event) -> None:
        """Cancel, give back what is held, and consume again only after the database can commit and the broker takes dead letters.

        Raises:
            Outage: the channel was lost, which aio-pika would consume on by itself, or no consumer could be made; all must begin anew.
        """
        self.stepped_back = True
        agreed = await self.cancel()
        held = [*batch, *self.work.arrived]
        self.work.arrived.clear()
        await self.work.hands.give_back(held)
        log.warning("consumer_stepped_back", queue=self.queue, returned=len(held))
        if not agreed and not stopping.is_set():
            raise Outage(f"the channel of {self.queue} was lost")
        pause = FIRST_PAUSE_SECONDS
        while not stopping.is_set():
            try:
                await self._database.probe()
                await self._publisher.probe()
            except Outage:
                pause = longer(pause, most=self._longest_pause)
                await wait_any(stopping, seconds=pause)
            else:
                self.stepped_back = False
                await self.start()
                log.info("consumer_resumed", queue=self.queue)
                return
