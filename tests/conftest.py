"""Real servers for the tests: one private PostgreSQL and RabbitMQ a run, a fresh virtual host and fresh, migrated databases where asked."""

import itertools
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ops import databases as ops_databases
from ops.servers import MailCatcher, PostgreSQL, RabbitMQ
from ops.services import LOCAL_NAMES, SETTINGS, names
from shared import migrations

ADVANCED = "[{rabbit, [{channel_tick_interval, 1000}]}]"
"""The broker looks each second for deliveries older than its consumer_timeout, instead of each minute."""
START_SECONDS = 60

Databases = dict[str, str]
"""Service → URL of its database."""


@dataclass
class Servers:
    """The run's servers. A test that kills one starts it again, and waits until it is ready, before it ends.

    They are started in the main thread only: what a worker thread starts would end with that thread.
    """

    postgresql: PostgreSQL
    rabbitmq: RabbitMQ
    passwords: Mapping[str, str]
    _migrated: set[str] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _vhosts: list[str] = field(default_factory=list)

    def database(self, service: str) -> str:
        """Return the URL of a new database of this service, migrated and empty but for what migrations put there."""
        template = f"{service}_template"
        password = self.passwords[service]
        if service not in self._migrated:
            ops_databases.create(self.postgresql.url(), template, role=service, password=password)
            migrations.upgrade(service, self.postgresql.url(template, service, password))
            self._migrated.add(service)
        name = f"{service}_{next(self._numbers)}"
        ops_databases.create(self.postgresql.url(), name, role=service, password=password, template=template)
        return self.postgresql.url(name, service, password)

    def databases(self) -> Databases:
        """Return a new database for each service."""
        return {service: self.database(service) for service in SETTINGS}

    def vhost(self) -> str:
        """Return the URL of a new, empty virtual host."""
        name = f"test{next(self._numbers)}"
        self._vhosts.append(name)
        return self.rabbitmq.add_vhost(name)

    def remove_vhosts(self) -> None:
        """Delete the virtual hosts of the tests before, so that a broker that is restarted has only the test's own queues to recover."""
        self.rabbitmq.remove_vhosts(self._vhosts)
        self._vhosts.clear()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The run's private PostgreSQL and RabbitMQ."""
    folder = tmp_path_factory.mktemp("servers")
    rabbitmq = RabbitMQ(folder / "rabbitmq", password=secrets.token_hex(16), log=folder / "rabbitmq.log", advanced=ADVANCED)
    postgresql = PostgreSQL(folder / "postgresql", password=secrets.token_hex(16), log=folder / "postgresql.log")
    try:
        rabbitmq.start()
        postgresql.start()
        postgresql.wait_ready(START_SECONDS)
        rabbitmq.wait_ready(START_SECONDS)
        yield Servers(postgresql, rabbitmq, {service: secrets.token_hex(16) for service in SETTINGS})
    finally:
        rabbitmq.stop()
        postgresql.stop()


@pytest.fixture(scope="module")
def rabbitmq_url(servers: Servers) -> str:
    """The URL of a virtual host that is this module's alone."""
    return servers.vhost()


@pytest.fixture(scope="module")
def databases(servers: Servers) -> Databases:
    """Service → URL of a migrated database that is this module's alone."""
    return servers.databases()


@pytest.fixture
def fresh_databases(servers: Servers) -> Databases:
    """Service → URL of a migrated database that is this test's alone."""
    return servers.databases()


@pytest.fixture(scope="session")
def keys() -> dict[str, str]:
    """The run's keys, by the name of their setting."""
    owners = [f"{service.upper()}_IDENTITY_KEYS" for service in SETTINGS if service != "gateway"]
    return {name: secrets.token_hex(24) for name in ("LINK_KEYS", "SUPPRESSION_KEY", *owners)}


@pytest.fixture(scope="module")
def environment(rabbitmq_url: str, databases: Databases, keys: dict[str, str]) -> dict[str, str]:
    """The settings of all services for this module; `ops.services.told(name, environment)` is one service's part."""
    urls = {f"{service.upper()}_DATABASE_URL": url for service, url in databases.items()}
    return {"RABBITMQ_URL": rabbitmq_url, "LOG_LEVEL": "warning", **urls, **keys}


@pytest.fixture
def mail_catcher(tmp_path: Path) -> Iterator[MailCatcher]:
    """A mail server whose Maildir is this test's alone."""
    catcher = MailCatcher(tmp_path / "mail", log=tmp_path / "mail.log")
    catcher.start()
    try:
        catcher.wait_ready(START_SECONDS)
        yield catcher
    finally:
        catcher.stop()


@pytest.fixture
def as_environment(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put the module's settings, and what is given, into this process's environment until the test ends."""

    def put(**more: str) -> None:
        for name, value in (environment | more).items():
            monkeypatch.setenv(name, value)

    return put


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have two processes share the tests by file, since a file's fixtures are its own; those with a browser share one house."""
    for item in items:
        folder = item.path.parent.name
        item.add_marker(pytest.mark.xdist_group(folder if folder == "browser" else f"{folder}/{item.path.stem}"))


@pytest.fixture(scope="session", autouse=True)
def no_settings_from_outside() -> None:
    """Keep what the caller's shell or a `make run` has set away from the tests."""
    known = {*names(), *LOCAL_NAMES}
    for name in list(os.environ):
        if name.removesuffix("_FILE") in known:
            del os.environ[name]
