"""A gateway of this module's alone, with real RabbitMQ and PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit, urlunsplit

import httpx2
import pytest

from ops.ports import LOOPBACK, free_port
from shared.messaging import Publisher
from tests.conftest import Servers
from tests.faults.proxy import Proxy
from tests.services.gateway.running import KEY, Gateway, application, served
from tests.waiting import wait_until

OWNERS = ("registry", "notifier", "forum")


def by(proxy: Proxy, url: str) -> str:
    """Return a server's URL with the proxy's port in it."""
    parts = urlsplit(url)
    credentials = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{credentials}@{LOOPBACK}:{proxy.port}"))


@pytest.fixture(scope="module")
def broker(servers: Servers) -> Iterator[Proxy]:
    """What the gateway takes for the broker."""
    with Proxy(servers.rabbitmq.port) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def postgresql(servers: Servers) -> Iterator[Proxy]:
    """What the gateway takes for the database server."""
    with Proxy(servers.postgresql.port) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def settings(servers: Servers, broker: Proxy, postgresql: Proxy) -> dict[str, str]:
    """The gateway's settings; deadlines are short, so that tests of them are."""
    owners = {f"{owner.upper()}_URL": f"http://{LOOPBACK}:{free_port()}" for owner in OWNERS}
    keys = {f"{owner.upper()}_IDENTITY_KEYS": f"{owner}-{KEY}" for owner in OWNERS}
    return {
        "RABBITMQ_URL": by(broker, servers.vhost()),
        "GATEWAY_DATABASE_URL": by(postgresql, servers.database("gateway")),
        "LINK_KEYS": KEY,
        "LOG_LEVEL": "error",
        "PROXY_TIMEOUT_SECONDS": "1",
        "DATABASE_TIMEOUT_SECONDS": "1.5",
        "OUTAGE_PAUSE_SECONDS": "0.5",
        "INTAKE_WAIT_SECONDS": "2",
        "IMPORT_WINDOW": "50",
        **owners,
        **keys,
    }


@pytest.fixture(scope="module")
async def gateway(servers: Servers, settings: dict[str, str], broker: Proxy, postgresql: Proxy) -> AsyncIterator[Gateway]:
    """A running copy of the gateway."""
    app = application(settings)
    past_proxy = by(broker, settings["RABBITMQ_URL"]).replace(str(broker.port), str(servers.rabbitmq.port))
    publisher = Publisher(past_proxy, "tests")
    async with served(app) as url, httpx2.AsyncClient(base_url=url, timeout=20) as web:
        running = Gateway(app, url, web, broker, postgresql, past_proxy, publisher)
        await wait_until(running.ready, 20)
        yield running
        await publisher.close()
