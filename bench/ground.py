"""What both systems stand on: a private PostgreSQL, RabbitMQ and mail sink in a folder of their own, on loopback, gone when it ends."""

import asyncio
import itertools
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncpg

from bench import sink
from ops import databases
from ops.ports import LOOPBACK, free_port
from ops.processes import ROOT, Program
from ops.servers import PostgreSQL, RabbitMQ
from ops.services import SETTINGS
from shared import migrations

START_SECONDS = 90
TUNING = {"shared_buffers": "256MB", "max_wal_size": "2GB"}
"""Sizes only: `fsync`, `synchronous_commit` and `full_page_writes` are PostgreSQL's own defaults, on."""


class Sink(Program):
    """The mail sink as a process of its own."""

    def __init__(self, log: Path) -> None:
        self.port, self._control = free_port(), free_port()
        command = [sys.executable, "-m", "bench.sink", str(self.port), str(self._control)]
        super().__init__("sink", command, environment=dict(os.environ), log=log, directory=ROOT)

    def ready(self) -> bool:
        """Tell whether it answers."""
        try:
            return bool(self.ask("stats"))
        except OSError:
            return False

    def ask(self, line: str) -> dict[str, Any]:
        """Say one line to its control port."""
        return sink.ask(self._control, line)


class Ground:
    """The servers of one bench run; everything that it starts ends with the block, and its folder goes."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="khokahano-bench-"))
        self.postgresql = PostgreSQL(
            self.folder / "postgresql", password=secrets.token_hex(16), log=self.folder / "postgresql.log", settings=TUNING
        )
        self.rabbitmq = RabbitMQ(self.folder / "rabbitmq", password=secrets.token_hex(16), log=self.folder / "rabbitmq.log")
        self.sink = Sink(self.folder / "sink.log")
        self._passwords = {role: secrets.token_hex(16) for role in (*SETTINGS, "raw")}
        self._migrated: set[str] = set()
        self._numbers = itertools.count(1)
        self._people = itertools.count(1)

    def __enter__(self) -> Self:
        try:
            for server in self._servers:
                server.start()
            for server in self._servers:
                server.wait_ready(START_SECONDS)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def _servers(self) -> tuple[Program, ...]:
        return self.postgresql, self.rabbitmq, self.sink

    def close(self) -> None:
        """End the servers and remove the folder."""
        for server in reversed(self._servers):
            if server.alive:
                server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def roles(self) -> dict[str, list[int]]:
        """The servers that both systems use, for `bench.accounting`."""
        return {"postgresql": [self.postgresql.pid], "rabbitmq": [self.rabbitmq.pid]}

    def database(self, service: str) -> str:
        """Return the URL of a new database of a service, migrated; the role `raw` gets an empty one."""
        password, name = self._passwords[service], f"{service}_{next(self._numbers)}"
        template = f"{service}_template" if service in SETTINGS else None
        if template and service not in self._migrated:
            databases.create(self.postgresql.url(), template, role=service, password=password)
            migrations.upgrade(service, self.postgresql.url(template, service, password))
            self._migrated.add(service)
        databases.create(self.postgresql.url(), name, role=service, password=password, template=template)
        return self.postgresql.url(name, service, password)

    def vhost(self) -> str:
        """Return the URL of a new, empty virtual host."""
        return self.rabbitmq.add_vhost(f"bench{next(self._numbers)}")

    def people(self, count: int) -> int:
        """Return the number of the first of so many people whom nobody has had yet."""
        first = next(self._people)
        self._people = itertools.count(first + count)
        return first

    def tag(self) -> str:
        """Return the beginning of addresses that nobody has had yet."""
        return f"b{next(self._numbers)}x"


def execute(url: str, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


def fetch(url: str, query: str, *arguments: object) -> list[Any]:
    """Return a query's rows."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()

    return asyncio.run(run())


def loopback(port: int) -> str:
    """Return the URL of a port here."""
    return f"http://{LOOPBACK}:{port}"
