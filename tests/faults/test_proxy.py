"""The proxy of the fault tests, tried against a server that echoes."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from ops.ports import LOOPBACK, free_port
from tests.faults.proxy import DOWN, UP, Proxy
from tests.waiting import wait_until

SHORT_SECONDS = 0.15


@pytest.fixture
async def heard() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server's port and what it has heard; it answers every line with the line."""
    lines: list[bytes] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                lines.append(line)
                writer.write(line)
                await writer.drain()
        except OSError:
            lines.append(b"(reset)")
        finally:
            writer.close()

    port = free_port()
    server = await asyncio.start_server(echo, LOOPBACK, port)
    yield port, lines
    server.close()


@pytest.fixture
def proxy(heard: tuple[int, list[bytes]]) -> Iterator[Proxy]:
    with Proxy(heard[0]) as proxy:
        yield proxy


class Client:
    """A client of one line at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def say(self, line: bytes) -> None:
        self.writer.write(line + b"\n")

    async def hear(self, seconds: float = 5) -> bytes:
        async with asyncio.timeout(seconds):
            return (await self.reader.readline()).rstrip()

    async def hears_nothing(self) -> None:
        with pytest.raises(TimeoutError):
            await self.hear(SHORT_SECONDS)


async def connect(proxy: Proxy) -> Client:
    return Client(*await asyncio.open_connection(LOOPBACK, proxy.port))


async def test_proxy_passes_on(proxy: Proxy) -> None:
    client = await connect(proxy)
    client.say(b"lumela")
    assert await client.hear() == b"lumela"
    client.writer.close()
    await wait_until(lambda: not proxy.connections)


async def test_cut_resets_what_is_open_and_lets_new_connections_in(proxy: Proxy) -> None:
    first = await connect(proxy)
    first.say(b"one")
    assert await first.hear() == b"one"
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        await first.hear()
    second = await connect(proxy)
    second.say(b"two")
    assert await second.hear() == b"two"
    second.writer.close()


async def test_refuse_lets_nobody_in_until_accept(proxy: Proxy) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        await connect(proxy)
    proxy.accept()
    client = await connect(proxy)
    client.say(b"again")
    assert await client.hear() == b"again"
    client.writer.close()


async def test_dropped_bytes_arrive_after_healing(proxy: Proxy, heard: tuple[int, list[bytes]]) -> None:
    client = await connect(proxy)
    client.say(b"before")
    assert await client.hear() == b"before"
    proxy.drop(DOWN)
    client.say(b"half")
    await wait_until(lambda: heard[1] == [b"before\n", b"half\n"])
    await client.hears_nothing()
    proxy.drop()
    client.say(b"whole")
    late = await connect(proxy)
    late.say(b"late")
    await late.hears_nothing()
    assert heard[1] == [b"before\n", b"half\n"]
    proxy.heal()
    assert [await client.hear() for _ in range(2)] == [b"half", b"whole"]
    assert await late.hear() == b"late"
    client.writer.close()
    late.writer.close()


async def test_forgotten_connections_stay_dead_and_new_ones_live(proxy: Proxy) -> None:
    old = await connect(proxy)
    old.say(b"before")
    assert await old.hear() == b"before"
    proxy.drop()
    old.say(b"meanwhile")
    proxy.heal(old=False)
    new = await connect(proxy)
    new.say(b"new")
    assert await new.hear() == b"new"
    old.say(b"after")
    await old.hears_nothing()
    old.writer.close()
    new.writer.close()


async def test_hold_keeps_back_the_answer_of_one_connection(proxy: Proxy, heard: tuple[int, list[bytes]]) -> None:
    hold = proxy.hold(DOWN, after=["lerato", "COMMIT"])
    one, other = await connect(proxy), await connect(proxy)
    for client, line in ((other, b"COMMIT"), (one, b"insert lerato"), (other, b"COMMIT")):
        client.say(line)
        assert await client.hear() == line
    assert not hold.began.is_set()
    one.say(b"COM")
    assert await one.hear() == b"COM"
    one.say(b"COMMIT")
    await hold.moment()
    assert heard[1][-1] == b"COMMIT\n"
    await one.hears_nothing()
    other.say(b"COMMIT")
    assert await other.hear() == b"COMMIT"
    hold.release()
    assert await one.hear() == b"COMMIT"
    one.say(b"lerato COMMIT")
    assert await one.hear() == b"lerato COMMIT"
    one.writer.close()
    other.writer.close()


async def test_hold_in_the_same_direction_begins_with_the_pattern(proxy: Proxy, heard: tuple[int, list[bytes]]) -> None:
    hold = proxy.hold(UP, after=[b"ack"], seen=UP)
    client = await connect(proxy)
    client.say(b"one\ntwo\nack\nthree")
    await hold.moment()
    assert [await client.hear() for _ in range(2)] == [b"one", b"two"]
    await client.hears_nothing()
    assert heard[1] == [b"one\n", b"two\n"]
    hold.release()
    assert [await client.hear() for _ in range(2)] == [b"ack", b"three"]
    client.writer.close()
