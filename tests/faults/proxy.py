"""A TCP proxy between a process and a server, with which a test cuts, drops, slows, and holds back what passes.

    with Proxy(postgresql.port) as proxy:       # the process connects to proxy.port; everything is passed on
        proxy.cut()                             # resets every connection; new ones are passed on
        proxy.refuse(); proxy.accept()          # resets every connection and refuses new ones, until now
        proxy.drop()                            # a black hole both ways; drop(UP) or drop(DOWN): one way, half open
        proxy.heal()                            # what was dropped arrives late, as when TCP sends it again; or never: heal(old=False)
        proxy.delay_seconds = 0.05              # before each piece
        proxy.bytes_per_second = 10_000         # on each connection, each way

        hold = proxy.hold(DOWN, after=["lerato@example.org", "COMMIT"])
        await hold.moment()                     # the server has answered that COMMIT, and the answer is kept back
        house.kill("gateway")                   # exactly between commit and answer
        hold.release()                          # lets it go on, if anybody is there

`UP` is from the process to the server, `DOWN` is back. A hold begins on the first connection on which all of `after` were seen in
this order, and holds that connection only. `seen` is the direction in which they are looked for: the other one by default. Where it is
the same one, the hold begins with the last one's first byte: `hold(DOWN, after=[BASIC_ACK], seen=DOWN)` keeps a broker's confirm back,
`hold(UP, after=[BASIC_ACK], seen=UP)` a consumer's acknowledgement. `hold.moment()` returns once something is kept back.

The proxy lives in a thread of its own: it goes on while the test blocks, and every call has happened when it returns.
"""

import asyncio
import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from typing import Literal, Self

from ops.ports import LOOPBACK, free_port
from tests.waiting import wait_until

Direction = Literal["up", "down"]
UP: Direction = "up"
DOWN: Direction = "down"
BASIC_ACK = re.compile(rb"\x01..\x00\x00\x00\x0d\x00\x3c\x00\x50", re.DOTALL)
"""The frame of AMQP's basic.ack: from the broker it is a publisher's confirm, from a client a consumer's acknowledgement."""
LONGEST_PATTERN = 200
PIECE_BYTES = 65536


class Hold:
    """Keeps back one direction of one connection, from a chosen moment until it is released."""

    def __init__(self, proxy: "Proxy", what: Direction, after: Sequence[str | bytes | re.Pattern[bytes]], seen: Direction) -> None:
        self._proxy, self.what, self.seen = proxy, what, seen
        self.patterns = [each if isinstance(each, re.Pattern) else re.compile(re.escape(_bytes(each))) for each in after]
        self.on: Connection | None = None
        self.began, self._released = threading.Event(), asyncio.Event()

    async def moment(self, seconds: float = 10) -> None:
        """Return once something is kept back; fail after this time."""
        await wait_until(self.began.is_set, seconds, every=0.005)

    def release(self) -> None:
        """Let what was kept back go on, and hold nothing more."""
        if self in self._proxy._holds:
            self._proxy._holds.remove(self)
        self._proxy._do(self._released.set)

    async def wait(self) -> None:
        """Keep back until the release (in the proxy's thread)."""
        self.began.set()
        await self._released.wait()


class Connection:
    """One connection through the proxy, and how far each hold's patterns have been seen on it."""

    def __init__(self, client: asyncio.StreamWriter, gates: dict[Direction, asyncio.Event]) -> None:
        self.writers, self.gates = {DOWN: client}, gates
        self._progress: dict[Hold, int] = {}
        self._tails: dict[Direction, bytes] = {UP: b"", DOWN: b""}

    def look(self, direction: Direction, piece: bytes, holds: Sequence[Hold]) -> int:
        """Look for the holds' patterns and return how much of the piece goes on before one of them begins in this direction."""
        tail = self._tails[direction]
        text, goes_on = tail + piece, len(piece)
        for hold in holds:
            if hold.on or hold.seen != direction:
                continue
            start = 0
            while (place := self._progress.get(hold, 0)) < len(hold.patterns) and (found := hold.patterns[place].search(text, start)):
                start = found.end()
                if start <= len(tail):
                    continue  # It came with an earlier piece.
                self._progress[hold] = place + 1
                if place + 1 == len(hold.patterns):
                    hold.on = self
                    if hold.what == direction:
                        goes_on = min(goes_on, max(0, found.start() - len(tail)))
        self._tails[direction] = text[-LONGEST_PATTERN:]
        return goes_on

    async def may_pass(self, direction: Direction) -> None:
        """Wait until its gate is open; which one is its gate may change meanwhile."""
        while not self.gates[direction].is_set():
            await self.gates[direction].wait()

    def reset(self) -> None:
        """Break both halves off at once."""
        for writer in self.writers.values():
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class Proxy:
    """Listens on a loopback port and passes everything on to a server's, until told otherwise."""

    def __init__(self, server_port: int) -> None:
        self.port = free_port()
        self.delay_seconds = 0.0
        self.bytes_per_second = 0
        self._server_port = server_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy of {server_port}", daemon=True)
        self._listener: asyncio.Server | None = None
        self._gates = _gates()
        self._holds: list[Hold] = []
        self.connections: set[Connection] = set()

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()
        self.heal()
        self.accept()

    def close(self) -> None:
        """Break everything off, and end the thread."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def cut(self) -> None:
        """Reset every connection; new ones are passed on."""
        self._do(self._cut)

    def refuse(self) -> None:
        """Reset every connection and refuse new ones, as where no server runs."""
        self._do(self._stop_listening)
        self.cut()

    def accept(self) -> None:
        """Take connections again."""
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def drop(self, *directions: Direction) -> None:
        """Pass nothing on and say nothing, until `heal`."""
        for direction in directions or (UP, DOWN):
            self._do(self._gates[direction].clear)

    def heal(self, *, old: bool = True) -> None:
        """Pass on what was dropped, and all that comes; with `old=False` only new connections, as where a router forgot those before."""
        for connection in () if old else tuple(self.connections):
            connection.gates = _gates()
        for gate in self._gates.values():
            self._do(gate.set)

    def hold(self, what: Direction, *, after: Sequence[str | bytes | re.Pattern[bytes]], seen: Direction | None = None) -> Hold:
        """Keep back one direction of the first connection on which all of `after` have been seen in this order."""
        hold = Hold(self, what, after, seen or (DOWN if what == UP else UP))
        self._do(lambda: self._holds.append(hold))
        return hold

    def _do(self, act: Callable[[], object]) -> None:
        async def now() -> None:
            act()

        asyncio.run_coroutine_threadsafe(now(), self._loop).result(10)

    def _cut(self) -> None:
        for connection in list(self.connections):
            connection.reset()

    def _stop_listening(self) -> None:
        if self._listener:
            self._listener.close()
            self._listener = None

    async def _listen(self) -> None:
        if self._listener is None:
            self._listener = await asyncio.start_server(self._serve, LOOPBACK, self.port)

    async def _end(self) -> None:
        self._stop_listening()
        self._cut()
        for task in (others := asyncio.all_tasks() - {asyncio.current_task()}):
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        connection = Connection(client, self._gates)
        self.connections.add(connection)
        try:
            await connection.may_pass(UP)
            server_reader, server = await asyncio.open_connection(LOOPBACK, self._server_port)
            connection.writers[UP] = server
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump(connection, UP, client_reader))
                pumps.create_task(self._pump(connection, DOWN, server_reader))
        except* (OSError, asyncio.CancelledError):
            pass  # One side is gone, and so is the connection; or the proxy is being closed.
        finally:
            connection.reset()
            self.connections.discard(connection)

    async def _pump(self, connection: Connection, direction: Direction, reader: asyncio.StreamReader) -> None:
        while piece := await reader.read(PIECE_BYTES):
            if self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            held = self._holding(connection, direction)
            before_it = connection.look(direction, piece, self._holds)
            goes_on = 0 if held else before_it
            await self._pass_on(connection, direction, piece[:goes_on])
            for hold in self._holding(connection, direction):
                await hold.wait()
            await self._pass_on(connection, direction, piece[goes_on:])
        await connection.may_pass(direction)
        connection.writers[direction].write_eof()

    def _holding(self, connection: Connection, direction: Direction) -> list[Hold]:
        return [hold for hold in self._holds if hold.on is connection and hold.what == direction]

    async def _pass_on(self, connection: Connection, direction: Direction, piece: bytes) -> None:
        if piece:
            await connection.may_pass(direction)
            connection.writers[direction].write(piece)
            await connection.writers[direction].drain()
            await asyncio.sleep(len(piece) / self.bytes_per_second if self.bytes_per_second else 0)


def _gates() -> dict[Direction, asyncio.Event]:
    return {UP: asyncio.Event(), DOWN: asyncio.Event()}


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
