"""`make run`: this checkout's own servers, the four services, and one line that says where they are."""

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from ops import databases
from ops.checkout import Checkout, write_private
from ops.ports import LOOPBACK, free_port, is_free
from ops.processes import RUN_MARK, Program, StartFailed, end_leftovers
from ops.servers import MailCatcher, PostgreSQL, RabbitMQ
from ops.services import LOCAL_NAMES, SETTINGS, Service, names
from ops.supervisor import Asked, Supervisor
from shared import migrations
from shared.errors import KhokahanoError

DEFAULT_PORT = 8080
SERVERS, SERVICES = 1, 2
"""The supervisor's stages: services end before the servers that they use."""


@contextlib.contextmanager
def alone(checkout: Checkout) -> Iterator[None]:
    """Hold the checkout's lock; the kernel lets it go with the process, however that ends.

    Raises:
        StartFailed: another process holds it.
    """
    with checkout.lock.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StartFailed(f"`make run` is running in this checkout already (process {lock.read().strip() or 'unknown'})") from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


class Local:
    """One `make run`.

    Args:
        environment: what was set outside; it goes before anything of ours.
    """

    def __init__(self, checkout: Checkout, environment: Mapping[str, str]) -> None:
        self._checkout, self._outside = checkout, environment
        self._supervisor = Supervisor()
        self._run = os.urandom(8).hex()
        self._mark = {RUN_MARK: self._run}
        known = [*names(), *LOCAL_NAMES]
        self.settings = {name: environment[name] for name in [*known, *(f"{name}_FILE" for name in known)] if environment.get(name)}

    def run(self) -> None:
        """Start everything, say so, and stay until asked to end.

        Raises:
            StartFailed: something could not be started; what was, has been ended.
        """
        self._supervisor.listen()
        port = _port(self.settings.get("KHOKAHANO_PORT", str(DEFAULT_PORT)))
        if self._checkout.run.exists():
            end_leftovers(self._checkout.run.read_text().strip())
        if not is_free(port):
            raise StartFailed(f"port {port} is in use by another program: choose one with KHOKAHANO_PORT=8090 make run")
        write_private(self._checkout.run, self._run + "\n")
        try:
            self._start_servers()
            self._start_services(port)
            print(f"ready: http://{LOOPBACK}:{port}", flush=True)
            self._supervisor.watch()
        except Asked:
            print("stopping …", flush=True)
        finally:
            self._supervisor.stop()

    def _start_servers(self) -> None:
        """Start the servers that were not given, make the databases, and migrate."""
        checkout, settings, started = self._checkout, self.settings, list[Program]()
        missing = [service for service in SETTINGS if not _is_given(settings, _url_name(service))]
        postgresql = None
        if not _is_given(settings, "RABBITMQ_URL"):
            rabbitmq = RabbitMQ(checkout.rabbitmq, password=checkout.secret("rabbitmq"), log=self._log("rabbitmq"), mark=self._mark)
            settings["RABBITMQ_URL"] = rabbitmq.url()
            started.append(rabbitmq)
        if missing:
            postgresql = PostgreSQL(
                checkout.postgresql, password=checkout.secret("postgresql"), log=self._log("postgresql"), mark=self._mark
            )
            started.append(postgresql)
        if not _is_given(settings, "SMTP_HOST"):
            mail = MailCatcher(checkout.mail, log=self._log("mail"), mark=self._mark)
            settings |= {"SMTP_HOST": LOOPBACK, "SMTP_PORT": str(mail.port), "SMTP_SECURITY": "none"}
            started.append(mail)
        for server in started:
            self._supervisor.start(server, stage=SERVERS)
        if postgresql:
            self._supervisor.wait_ready(postgresql)
            for service in missing:
                password = checkout.secret(f"database_{service}")
                databases.create(postgresql.url(), service, role=service, password=password)
                settings[_url_name(service)] = postgresql.url(service, service, password)
        for service in SETTINGS:
            self._supervisor.go_on()
            migrations.upgrade(service, _value(settings, _url_name(service)))
        self._supervisor.wait_ready(*started)

    def _start_services(self, port: int) -> None:
        ports = {service: port if service == "gateway" else free_port() for service in SETTINGS}
        self.settings |= {f"{name.upper()}_URL": f"http://{LOOPBACK}:{ports[name]}" for name in SETTINGS if name != "gateway"}
        own = {f"{name.upper()}_IDENTITY_KEYS": self._checkout.secret(f"identity_{name}") for name in SETTINGS if name != "gateway"}
        own |= {"LINK_KEYS": self._checkout.secret("links"), "SUPPRESSION_KEY": self._checkout.secret("suppression")}
        own["ERASURE_JOURNAL"] = str(self._checkout.erasures)
        own |= {"KHOKAHANO_PORT": str(port), "KHOKAHANO_BASE_URL": f"http://{LOOPBACK}:{port}"}
        self.settings = {name: value for name, value in own.items() if not _is_given(self.settings, name)} | self.settings
        self._checkout.write_environment(self.settings)
        services = [Service(name, ports[name], self.settings, log=self._log(name), mark=self._mark) for name in SETTINGS]
        for service in services:
            self._supervisor.start(service, stage=SERVICES)
        self._supervisor.wait_ready(*services)

    def _log(self, name: str) -> Path:
        return self._checkout.logs / f"{name}.log"


def _url_name(service: str) -> str:
    return f"{service.upper()}_DATABASE_URL"


def _is_given(settings: Mapping[str, str], name: str) -> bool:
    return name in settings or f"{name}_FILE" in settings


def _value(settings: Mapping[str, str], name: str) -> str:
    return settings[name] if name in settings else Path(settings[f"{name}_FILE"]).read_text().strip()


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise StartFailed(f"KHOKAHANO_PORT is not a port: {text}")
    return int(text)


def main() -> int:
    """Run this checkout; 0 after a clean end, 1 with one line where it could not be started."""
    checkout = Checkout()
    checkout.make()
    try:
        with alone(checkout):
            Local(checkout, os.environ).run()
    except (StartFailed, KhokahanoError, OSError) as trouble:
        print(f"make run: {trouble}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
