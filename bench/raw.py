"""The raw reference: about the least work that Python can do this job with, to hold the house against.

    python -m bench.raw intake PORT | member | notifier | fanout TAG

A registration is answered 202 after its commit, goes over the broker (persistent, confirmed, acknowledged after the commit), becomes one
row, goes over the broker again, and is one mail. Everything is in batches. There is no framework, no rule beyond the fields being there,
no duplicate check but the row's key, no retry, no dead letter, no metric, no consent and no link: what the house costs beyond this is
what its promises cost. `RAW_DATABASE_URL`, `RAW_BROKER_URL` and `RAW_SMTP_PORT` say where everything is.
"""

import asyncio
import os
import sys
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import orjson
import uvloop
from aiormq.abc import DeliveredMessage

from bench.people import PATH
from bench.raw_batches import NOTIFY, REGISTERED, connect, publisher, spawn, take
from bench.raw_mail import CONNECTIONS, Letter, letter, send

FIELDS = ("given_name", "family_name", "email", "phone", "country", "province", "city", "language")
TABLES = """
CREATE TABLE intake (id uuid PRIMARY KEY, body text NOT NULL, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE member (id uuid PRIMARY KEY, given_name text, family_name text, email text, phone text, country text, province text,
    city text, language text, body text NOT NULL, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE outbox_intake (id uuid PRIMARY KEY);
CREATE TABLE outbox_member (id uuid PRIMARY KEY);
CREATE TABLE sent (id uuid PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE recipient (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tag text NOT NULL, email text NOT NULL, name text NOT NULL,
    sent_at timestamptz);
"""
KEEP = (
    "WITH kept AS (INSERT INTO intake (id, body) SELECT * FROM unnest($1::uuid[], $2::text[]))"
    " INSERT INTO outbox_intake SELECT unnest($1::uuid[])"
)
JOIN = (
    f"WITH given AS (SELECT DISTINCT ON (id) * FROM unnest($1::uuid[]{''.join(f', ${n + 2}::text[]' for n in range(len(FIELDS) + 1))})"
    f" AS t (id, {', '.join(FIELDS)}, body)),"
    f" new AS (INSERT INTO member (id, {', '.join(FIELDS)}, body) SELECT * FROM given ON CONFLICT (id) DO NOTHING RETURNING id),"
    " told AS (INSERT INTO outbox_member SELECT id FROM new) SELECT id FROM new"
)
PREFETCH, LINGER_SECONDS = 400, 0.003


class Intake:
    """An ASGI application with one route."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[tuple[uuid.UUID, bytes, asyncio.Future[None]]] = asyncio.Queue()

    async def open(self) -> None:
        """Connect and begin to commit what comes."""
        pool, channel = await connect()
        announced = await publisher(pool, channel, "intake", REGISTERED)

        async def commit() -> None:
            while True:
                batch = await take(self._queue)
                await pool.execute(KEEP, [identifier for identifier, _, _ in batch], [body.decode() for _, body, _ in batch])
                for _, _, answer in batch:
                    answer.set_result(None)
                for identifier, body, _ in batch:
                    await announced.put((identifier, body))

        for _ in range(2):
            spawn(commit())

    async def __call__(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await self.open()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event.get("body", b""), event.get("more_body", False)
        status, answer = await self._answer(body) if scope["path"] == PATH else (404, b"")
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(self, body: bytes) -> tuple[int, bytes]:
        try:
            given = orjson.loads(body)
            if not (all(given[name].strip() for name in FIELDS) and "@" in given["email"] and given["consent"]["registration"] is True):
                return 422, b""
        except (ValueError, KeyError, TypeError, AttributeError):
            return 422, b""
        identifier, committed = uuid.uuid4(), asyncio.get_running_loop().create_future()
        self._queue.put_nowait((identifier, body, committed))
        await committed
        return 202, b'{"id":"%s"}' % str(identifier).encode()


def intake(port: str) -> None:
    """Serve the front door."""
    import uvicorn

    uvicorn.run(Intake(), host="127.0.0.1", port=int(port), loop="uvloop", http="httptools", access_log=False, log_level="warning")


async def member() -> None:
    """Make rows of what was registered, and announce the new ones."""
    pool, channel = await connect(PREFETCH)
    announced = await publisher(pool, channel, "member", NOTIFY)
    queue: asyncio.Queue[DeliveredMessage] = asyncio.Queue()

    async def receive(message: DeliveredMessage) -> None:
        queue.put_nowait(message)

    await channel.basic_consume(REGISTERED, receive)
    while True:
        batch: list[DeliveredMessage] = await take(queue, LINGER_SECONDS)
        rows = []
        for message in batch:
            given = orjson.loads(message.body)
            rows.append((uuid.UUID(message.header.properties.message_id), *(given[name] for name in FIELDS), message.body.decode()))
        new = {row["id"] for row in await pool.fetch(JOIN, *map(list, zip(*rows, strict=True)))}
        await channel.basic_ack(batch[-1].delivery_tag or 0, multiple=True)
        for row in rows:
            if row[0] in new:
                await announced.put((row[0], row[-1].encode()))


async def notifier() -> None:
    """Write to everybody who was announced, and note whom."""
    pool, channel = await connect(PREFETCH)
    letters: asyncio.Queue[Letter] = asyncio.Queue()
    done: asyncio.Queue[tuple[str, int]] = asyncio.Queue()

    async def receive(message: DeliveredMessage) -> None:
        identifier, tag = message.header.properties.message_id or "", message.delivery_tag or 0
        if message.redelivered and await pool.fetchval("SELECT 1 FROM sent WHERE id = $1", uuid.UUID(identifier)):
            done.put_nowait((identifier, tag))
            return
        given = orjson.loads(message.body)
        letters.put_nowait(letter((identifier, tag), given["email"], given["given_name"], identifier))

    for _ in range(CONNECTIONS):
        spawn(send(int(os.environ["RAW_SMTP_PORT"]), letters, done))
    await channel.basic_consume(NOTIFY, receive)
    acked, finished = 0, set[int]()
    while True:
        batch: list[tuple[str, int]] = await take(done, LINGER_SECONDS)
        ids = [uuid.UUID(identifier) for identifier, _ in batch]
        await pool.execute("INSERT INTO sent SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING", ids)
        finished.update(tag for _, tag in batch)
        before = acked
        while acked + 1 in finished:
            acked += 1
            finished.remove(acked)
        if acked > before:
            await channel.basic_ack(acked, multiple=True)


async def fanout(tag: str) -> None:
    """Write to every recipient of a tag: streamed from the database, marked in batches, at most the unmarked ones twice after a crash."""
    pool = await asyncpg.create_pool(os.environ["RAW_DATABASE_URL"], min_size=2, max_size=2)
    letters: asyncio.Queue[Letter] = asyncio.Queue(500)
    done: asyncio.Queue[int] = asyncio.Queue()
    marked = asyncio.Semaphore(0)
    for _ in range(CONNECTIONS):
        spawn(send(int(os.environ["RAW_SMTP_PORT"]), letters, done))

    async def mark() -> None:
        while True:
            batch: list[int] = await take(done, LINGER_SECONDS)
            await pool.execute("UPDATE recipient SET sent_at = now() WHERE id = ANY($1::bigint[])", batch)
            for _ in batch:
                marked.release()

    spawn(mark())
    total = 0
    async with pool.acquire() as connection, connection.transaction():
        async for row in connection.cursor("SELECT id, email, name FROM recipient WHERE tag = $1", tag, prefetch=1000):
            await letters.put(letter(row["id"], row["email"], row["name"], f"{tag}-{row['id']}"))
            total += 1
    for _ in range(total):
        await marked.acquire()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["intake", port]:
            intake(port)
        case ["member"]:
            uvloop.run(member())
        case ["notifier"]:
            uvloop.run(notifier())
        case ["fanout", tag]:
            uvloop.run(fanout(tag))
        case _:
            sys.exit(__doc__)
