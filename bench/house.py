"""The two systems that are measured: the house as it is run, and the raw reference. Each start begins with nothing."""

import os
import secrets
import socket
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from bench.ground import Ground, execute, fetch, loopback
from bench.raw import TABLES
from ops.ports import LOOPBACK, free_port
from ops.processes import ROOT, Program
from ops.services import SETTINGS, Service

READY_SECONDS = 90


class System:
    """One of the two, running for the time of a `with` block.

    Attributes:
        programs: its own processes by what they are for; PostgreSQL and RabbitMQ belong to the ground.
    """

    name = ""

    def __init__(self, ground: Ground) -> None:
        self.ground, self.programs, self.port = ground, dict[str, Program](), free_port()

    @property
    def url(self) -> str:
        """The front door."""
        return loopback(self.port)

    @property
    def own(self) -> dict[str, list[int]]:
        """Its own processes, for `bench.accounting`."""
        return {role: [program.pid] for role, program in self.programs.items() if program.alive}

    @property
    def roles(self) -> dict[str, list[int]]:
        """Its own processes and the servers."""
        return self.own | self.ground.roles

    def members(self) -> int:
        """Return how many members it holds."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        try:
            for program in self.programs.values():
                program.start()
            for program in self.programs.values():
                program.wait_ready(READY_SECONDS)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End its processes."""
        for program in self.programs.values():
            program.ask_to_stop()
        for program in self.programs.values():
            if not program.wait_ended(READY_SECONDS / 3):
                program.kill()


class House(System):
    """The four services, with the settings they have by default: batches of 100, every promise kept.

    Args:
        databases: those to run on; new ones where none are given.
    """

    name = "house"

    def __init__(self, ground: Ground, databases: Mapping[str, str] | None = None) -> None:
        super().__init__(ground)
        self.databases = dict(databases or {service: ground.database(service) for service in SETTINGS})
        ports = {service: self.port if service == "gateway" else free_port() for service in SETTINGS}
        keys = ("LINK_KEYS", "SUPPRESSION_KEY", *(f"{name.upper()}_IDENTITY_KEYS" for name in SETTINGS if name != "gateway"))
        self.settings = {key: secrets.token_hex(24) for key in keys}
        self.settings |= {f"{name.upper()}_DATABASE_URL": url for name, url in self.databases.items()}
        self.settings |= {f"{name.upper()}_URL": loopback(port) for name, port in ports.items()}
        self.settings |= {"RABBITMQ_URL": ground.vhost(), "KHOKAHANO_BASE_URL": self.url, "RATE_LIMITS": "off"}
        self.settings |= {"SMTP_HOST": LOOPBACK, "SMTP_PORT": str(ground.sink.port), "SMTP_SECURITY": "none"}
        for name, port in ports.items():
            self.programs[name] = Service(name, port, self.settings, log=ground.folder / f"{name}.log")

    def members(self) -> int:
        """Return how many members the registry holds."""
        return int(fetch(self.databases["registry"], "SELECT count(*) FROM member")[0][0])


class _Role(Program):
    """One process of the raw reference."""

    def __init__(self, ground: Ground, role: str, environment: Mapping[str, str], port: int = 0) -> None:
        self._port = port
        command = [sys.executable, "-m", "bench.raw", role, *([str(port)] if port else [])]
        super().__init__(
            f"raw {role}", command, environment={**os.environ, **environment}, log=ground.folder / f"raw_{role}.log", directory=ROOT
        )

    def ready(self) -> bool:
        """Tell whether it listens, where it has a port."""
        if not self._port:
            return self.alive
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self._port)) == 0


class Raw(System):
    """The raw reference: three processes."""

    name = "raw"

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self.database = ground.database("raw")
        execute(self.database, TABLES)
        self.environment = {
            "RAW_DATABASE_URL": self.database,
            "RAW_BROKER_URL": ground.vhost(),
            "RAW_SMTP_PORT": str(ground.sink.port),
        }
        for role in ("intake", "member", "notifier"):
            self.programs[role] = _Role(ground, role, self.environment, self.port if role == "intake" else 0)

    def members(self) -> int:
        """Return how many members it holds."""
        return int(fetch(self.database, "SELECT count(*) FROM member")[0][0])
