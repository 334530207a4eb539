import os
import time
from collections.abc import Iterator
from pathlib import Path

import aio_pika
import asyncpg
import pytest

from ops.processes import wait_gone
from ops.servers import PostgreSQL, RabbitMQ
from shared.errors import Outage
from shared.messaging import connect
from tests.waiting import wait_until

START_SECONDS = 60


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A folder below one that nobody else may enter, as in a home directory."""
    (tmp_path / "home").mkdir(mode=0o700)
    return tmp_path / "home" / "local"


@pytest.fixture
def postgresql(closed: Path, tmp_path: Path) -> Iterator[PostgreSQL]:
    server = PostgreSQL(closed, password="made-up", log=tmp_path / "log")
    server.start()
    server.wait_ready(START_SECONDS)
    yield server
    server.stop()


@pytest.fixture
def rabbitmq(tmp_path: Path) -> Iterator[RabbitMQ]:
    server = RabbitMQ(tmp_path / "rabbitmq", password="made-up", log=tmp_path / "log")
    server.start()
    server.wait_ready(START_SECONDS)
    yield server
    server.stop()


async def test_postgresql_keeps_what_it_committed_when_killed_though_its_old_process_id_is_anothers(postgresql: PostgreSQL) -> None:
    connection = await asyncpg.connect(postgresql.url())
    await connection.execute("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('lerato')")
    connection.terminate()
    postgresql.kill()
    lock = postgresql.data / "postmaster.pid"
    lock.write_text(lock.read_text().replace(str(postgresql.pid), str(os.getpid()), 1))
    postgresql.start()
    postgresql.wait_ready(START_SECONDS)
    connection = await asyncpg.connect(postgresql.url())
    assert await connection.fetchval("SELECT word FROM kept") == "lerato"
    assert await connection.fetchval("SHOW fsync") == "on"
    await connection.close()


async def test_postgresql_asks_for_its_password_and_has_no_socket(postgresql: PostgreSQL) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgresql.url(password="guessed"))
    connection = await asyncpg.connect(postgresql.url())
    asked = "SELECT current_setting('listen_addresses') || '|' || current_setting('unix_socket_directories')"
    assert await connection.fetchval(asked) == "127.0.0.1|"
    await connection.close()


async def test_rabbitmq_keeps_a_confirmed_message_when_killed_and_knows_no_guest(rabbitmq: RabbitMQ) -> None:
    with pytest.raises(Outage, match="ProbableAuthenticationError"):
        await connect(f"amqp://guest:guest@127.0.0.1:{rabbitmq.port}/", "a guest")
    url = rabbitmq.add_vhost("kept")
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        declared = time.time()
        await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
        # RabbitMQ 3.10 writes down which files are a new queue's half a second later; killed before that, it forgets what the queue held.
        (directory,) = rabbitmq.data.glob("data/*/quorum/*/names.dets")
        await wait_until(lambda: directory.stat().st_mtime - declared > 0.4)
        await channel.default_exchange.publish(aio_pika.Message(b"lerato", delivery_mode=2), "kept")
    rabbitmq.kill()
    rabbitmq.start()
    rabbitmq.wait_ready(START_SECONDS)
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        queue = await channel.get_queue("kept")
        message = await queue.get(timeout=10)
        assert message.body == b"lerato"
        await message.ack()


def test_rabbitmq_that_is_stopped_takes_its_name_server_along(rabbitmq: RabbitMQ) -> None:
    names = rabbitmq._names.pid
    rabbitmq.stop()
    assert (rabbitmq.alive, wait_gone([names], 5)) == (False, True)
