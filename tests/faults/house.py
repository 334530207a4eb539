"""The whole house for a test: four services, a virtual host and databases of its own, mail, and proxies where asked.

    async def test_case_99_…(open_house: OpenHouse) -> None:        # the fixture is in tests/e2e/conftest.py
        async with open_house(BATCH_SIZE="1", between=[("registry", "rabbitmq")]) as house:
            submitted = await house.crowd.post(registrations(600))   # each repeated with its key until it is answered 202
            house.proxies["registry", "rabbitmq"].drop()
            house.kill("registry"); house.freeze("forum"); house.thaw("forum"); await house.stop("notifier")
            await house.start("registry")                            # and wait until it is ready
            copy = await house.add("notifier")                       # another process of the same service
            await house.wait_quiet(600)                              # so many addresses have mail, nothing waits anywhere
            assert await house.members() == sorted(person.id for person in submitted)
            house.mailbox.behave("greylist"); house.mailbox.to("lerato@example.org")[0].link("confirm")

The servers are the run's (`house.servers`): a test that kills one starts it again by `house.start_rabbitmq()`. Every pause of
the services is short (`SETTINGS`); what a test gives in capitals goes before them. Everything ends with the block, whatever happened.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ops.ports import LOOPBACK, free_port
from ops.processes import Program, StartFailed
from ops.services import Service
from shared.topology import SERVICES
from tests.faults.crowd import Caller, Crowd
from tests.faults.inside import Inside
from tests.faults.proxy import Proxy
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.conftest import Servers

READY_SECONDS = 45
SERVER_SECONDS = 60
TEAM = ("team.one@example.org", "team.two@example.org")
SETTINGS = {
    "LOG_LEVEL": "warning",
    "RATE_LIMITS": "off",
    "OUTAGE_PAUSE_SECONDS": "0.5",
    "RELAY_POLL_SECONDS": "0.2",
    "STOP_SECONDS": "5",
    "DATABASE_TIMEOUT_SECONDS": "2",
    "DATABASE_POOL_SIZE": "4",
    "SENDER_POLL_SECONDS": "0.2",
    "SENDER_LEASE_SECONDS": "6",
    "SMTP_TIMEOUT_SECONDS": "2",
    "SMTP_SECURITY": "none",
    "MAIL_RETRY_SECONDS": "0.5",
    "MAIL_RETRY_MAX_SECONDS": "2",
    "FORUM_TEAM_EMAILS": ",".join(TEAM),
    "FORUM_PLACES": "40",
}
Between = tuple[str, str]
"""A service, and what it reaches through a proxy: `postgresql`, `rabbitmq`, `smtp`, or (the gateway) another service."""


class House(Inside):
    """Four services and what they stand on.

    Args:
        folder: for logs and mails; the test's own.
        keys: the run's keys.
        between: connections that go through a proxy, found again in `proxies`.
        without: services that are not started.
    """

    def __init__(
        self,
        folder: Path,
        servers: "Servers",
        keys: Mapping[str, str],
        *,
        between: Sequence[Between] = (),
        without: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.folder, self.servers = folder, servers
        self.proxies: dict[Between, Proxy] = {}
        self.copies: dict[str, list[Service]] = {service: [] for service in SERVICES}
        self._keys, self._given, self._between, self._without = keys, settings or {}, between, without
        self._settings: dict[str, str] = {}
        self._ports = {service: free_port() for service in (*SERVICES, "smtp")}
        self._server_ports = self._ports | {"postgresql": servers.postgresql.port, "rabbitmq": servers.rabbitmq.port}
        self.crowd = Crowd(self._ports["gateway"])

    async def __aenter__(self) -> Self:
        databases, vhost = asyncio.to_thread(self.servers.databases), asyncio.to_thread(self.servers.vhost)
        self.databases, self.rabbitmq_url = await asyncio.gather(databases, vhost)
        try:
            self._settings = self._make_settings()
            await self.open_mailbox()
            for service in SERVICES:
                if service not in self._without:
                    self.copies[service].append(self._program(service, self._ports[service]))
            for program in self._programs():
                program.start()
            await self.wait_ready()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End everything that this house started; the run's servers stay."""
        for proxy in self.proxies.values():
            proxy.close()
        for program in self._programs():
            with contextlib.suppress(ProcessLookupError):
                program.kill()
        self.mailbox.close()

    @property
    def url(self) -> str:
        """The front door."""
        return f"http://{LOOPBACK}:{self._ports['gateway']}"

    def caller(self) -> Caller:
        """Return somebody at the front door: `await house.caller().call("GET", "/readyz")`."""
        return Caller(self._ports["gateway"])

    @property
    def settings(self) -> dict[str, str]:
        """All services' settings, as `make run` would keep them; for commands that read them from the environment."""
        return dict(self._settings)

    def log_of(self, service: str) -> str:
        """Return what the service's processes have logged."""
        return "".join(path.read_text() for path in sorted(self.folder.glob(f"{service}*.log")))

    @property
    def pids(self) -> list[int]:
        """The ids of the services' processes that are alive: the same as before, if none was started again."""
        return [copy.pid for copy in self._programs() if copy.alive]

    def kill(self, service: str) -> None:
        """End every copy at once, as `kill -9` does, and return when it is gone."""
        for copy in self.copies[service]:
            copy.kill()

    async def stop(self, service: str) -> None:
        """End every copy cleanly."""
        for copy in self.copies[service]:
            copy.ask_to_stop()
        await wait_until(lambda: not any(copy.alive for copy in self.copies[service]), 30)

    async def start(self, service: str, *, wait: bool = True) -> None:
        """Start every copy that does not run, and wait until it is ready."""
        for copy in self.copies[service]:
            if not copy.alive:
                copy.start()
        if wait:
            await self.wait_ready(service)

    async def add(self, service: str) -> Service:
        """Start one more process of a service, and wait until it is ready."""
        copy = self._program(service, free_port())
        self.copies[service].append(copy)
        copy.start()
        await self.wait_ready(service)
        return copy

    def freeze(self, service: str) -> None:
        """Stop its processes in their tracks (SIGSTOP)."""
        for copy in self.copies[service]:
            os.kill(copy.pid, signal.SIGSTOP)

    def thaw(self, service: str) -> None:
        """Let its processes go on (SIGCONT)."""
        for copy in self.copies[service]:
            os.kill(copy.pid, signal.SIGCONT)

    async def open_mailbox(self) -> None:
        """Let the mail server listen (again, after `house.mailbox.close()`)."""
        await self.mailbox.open(self._ports["smtp"])

    async def wait_ready(self, *services: str, seconds: float = READY_SECONDS) -> None:
        """Return once all copies of these services (or of all) are ready."""
        for service in services or SERVICES:
            for copy in self.copies[service]:
                await _ready(copy, seconds)

    async def start_rabbitmq(self) -> None:
        """Start the broker where it does not run (`house.servers.rabbitmq.kill()`), and wait until it answers."""
        await start(self.servers.rabbitmq)

    async def start_postgresql(self) -> None:
        """Start the database server where it does not run, and wait until it has recovered."""
        await start(self.servers.postgresql)

    def _programs(self) -> list[Service]:
        return [copy for copies in self.copies.values() for copy in copies]

    def _program(self, service: str, port: int) -> Service:
        number = len(self.copies[service])
        database, broker = self._through(service, "postgresql"), self._through(service, "rabbitmq")
        own = {
            f"{service.upper()}_DATABASE_URL": self.databases[service].replace(*database),
            "RABBITMQ_URL": self.rabbitmq_url.replace(*broker),
        }
        return Service(service, port, self._settings | own, log=self.folder / f"{service}{number or ''}.log")

    def _make_settings(self) -> dict[str, str]:
        settings = {**SETTINGS, **self._keys, "KHOKAHANO_BASE_URL": self.url, "RABBITMQ_URL": self.rabbitmq_url}
        settings |= {"SMTP_HOST": LOOPBACK, "SMTP_PORT": str(self._port("notifier", "smtp"))}
        settings |= {f"{service.upper()}_DATABASE_URL": url for service, url in self.databases.items()}
        for owner in SERVICES:
            settings[f"{owner.upper()}_URL"] = f"http://{LOOPBACK}:{self._port('gateway', owner)}"
        return settings | {name: str(value) for name, value in self._given.items()}

    def _through(self, service: str, server: str) -> tuple[str, str]:
        """Return the server's port in a URL, and what stands there for this service: the same, or that of a proxy between them."""
        return f":{self._server_ports[server]}/", f":{self._port(service, server)}/"

    def _port(self, service: str, server: str) -> int:
        port = self._server_ports[server]
        if (service, server) not in self._between:
            return port
        if (service, server) not in self.proxies:
            self.proxies[service, server] = Proxy(port)
            self.proxies[service, server].start()
        return self.proxies[service, server].port


async def start(server: Program) -> None:
    """Start a server (in this, the main thread) where it does not run, and wait until it is ready, while everything else goes on."""
    if not server.alive:
        server.start()
    await _ready(server, SERVER_SECONDS)


async def _ready(program: Program, seconds: float) -> None:
    async def ready() -> bool:
        if not program.alive:
            raise StartFailed(f"{program.name} {program.ending} before it was ready:\n{program.log.read_text()[-3000:]}")
        return await asyncio.to_thread(program.ready)

    try:
        await wait_until(ready, seconds)
    except AssertionError as late:
        raise AssertionError(f"{program.name} is not ready after {seconds:g} s:\n{program.log.read_text()[-3000:]}") from late
