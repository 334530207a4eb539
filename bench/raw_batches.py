"""What the roles of the raw reference share: background tasks, batches, and publishing with confirms from an outbox."""

import asyncio
import os
import uuid
from collections.abc import Coroutine
from typing import Any

import aiormq
import asyncpg
from aiormq import spec
from aiormq.channel import Channel

REGISTERED, NOTIFY = "raw.registered", "raw.notify"
BATCH = 200

_tasks: set[asyncio.Task[None]] = set()  # The loop itself holds its tasks only weakly.
Item = tuple[uuid.UUID, bytes]


def spawn(work: Coroutine[Any, Any, None]) -> None:
    """Run something beside; if it fails, the process ends."""

    def check(task: asyncio.Task[None]) -> None:
        _tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            print("fatal:", repr(error), flush=True)
            os._exit(1)

    task = asyncio.get_running_loop().create_task(work)
    _tasks.add(task)
    task.add_done_callback(check)


async def take(queue: asyncio.Queue[Any], linger_seconds: float = 0.0) -> list[Any]:
    """Return at least one item, and what else has come in the meantime."""
    batch = [await queue.get()]
    if linger_seconds:
        await asyncio.sleep(linger_seconds)
    while len(batch) < BATCH and not queue.empty():
        batch.append(queue.get_nowait())
    return batch


async def connect(prefetch: int = 0) -> tuple[asyncpg.Pool, Channel]:
    """Connect to the database and the broker."""
    pool = await asyncpg.create_pool(os.environ["RAW_DATABASE_URL"], min_size=4, max_size=4)
    channel = await (await aiormq.connect(os.environ["RAW_BROKER_URL"])).channel(publisher_confirms=True)
    assert isinstance(channel, Channel)
    for name in (REGISTERED, NOTIFY):
        await channel.queue_declare(name, durable=True)
    if prefetch:
        await channel.basic_qos(prefetch_count=prefetch)
    return pool, channel


async def publisher(pool: asyncpg.Pool, channel: Channel, table: str, routing_key: str) -> asyncio.Queue[Item]:
    """Publish what is put in the queue returned, and forget it once confirmed; what an earlier run left unconfirmed comes first."""
    queue: asyncio.Queue[Item] = asyncio.Queue(5000)

    async def publish() -> None:
        while True:
            batch: list[Item] = await take(queue)
            sending = [
                channel.basic_publish(
                    body,
                    routing_key=routing_key,
                    properties=spec.Basic.Properties(delivery_mode=2, message_id=str(identifier)),
                    wait=False,
                )
                for identifier, body in batch
            ]
            await asyncio.gather(*sending)
            await pool.execute(f"DELETE FROM outbox_{table} WHERE id = ANY($1::uuid[])", [identifier for identifier, _ in batch])

    for _ in range(2):
        spawn(publish())
    for row in await pool.fetch(f"SELECT id, body FROM outbox_{table} JOIN {table} USING (id)"):
        await queue.put((row["id"], row["body"].encode()))
    return queue
