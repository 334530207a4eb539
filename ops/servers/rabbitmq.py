"""A private RabbitMQ."""

import socket
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from ops.ports import LOOPBACK, free_port
from ops.processes import Program, StartFailed, surroundings

FOLDER = Path("/usr/lib/rabbitmq/bin")
USER = "khokahano"
CONSUMER_TIMEOUT_MS = 1_800_000
"""Equal to the services' CONSUMER_TIMEOUT_SECONDS."""
PROTOCOL = b"AMQP\x00\x00\x09\x01"


def rabbitmq_folder() -> Path | None:
    """Return the folder of the installed RabbitMQ's own scripts; those in PATH insist on being root."""
    return FOLDER if (FOLDER / "rabbitmq-server").exists() else None


class RabbitMQ(Program):
    """A RabbitMQ of our own, with a random password, no guest, and its own name server (epmd).

    Args:
        directory: holds the data; made where it is missing.
        settings: more of rabbitmq.conf.
        advanced: Erlang terms of advanced.config, for what rabbitmq.conf has no name for.
    """

    def __init__(
        self,
        directory: Path,
        *,
        password: str,
        log: Path,
        settings: Mapping[str, str] | None = None,
        advanced: str = "[]",
        mark: Mapping[str, str] | None = None,
    ) -> None:
        folder = rabbitmq_folder()
        if folder is None:
            raise StartFailed("RabbitMQ is not installed: apt-get install rabbitmq-server")
        self.port, self.data, self._password, self._folder = free_port(), directory, password, folder
        self._advanced, self._names_port = advanced, free_port()
        self._settings = {
            "listeners.tcp.default": f"{LOOPBACK}:{self.port}",
            "default_user": USER,
            "default_pass": password,
            "default_vhost": "/",
            "default_user_tags.administrator": "true",
            "consumer_timeout": str(CONSUMER_TIMEOUT_MS),
            "log.file": "false",
            "log.console": "true",
            "log.console.level": "warning",
            **(settings or {}),
        }
        server = {
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": str(self._names_port),
            # The data belongs to this name for good; it clashes with nobody, since the name server is ours alone.
            "RABBITMQ_NODENAME": "khokahano@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(directory / "data"),
            "RABBITMQ_LOG_BASE": str(directory / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(directory / "advanced.config"),
            "RABBITMQ_LOG": "-color",
            "RABBITMQ_PID_FILE": str(directory / "pid"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        environment = surroundings(directory) | server | dict(mark or {})
        super().__init__("rabbitmq", [str(folder / "rabbitmq-server")], environment=environment, log=log)
        # Left to itself, Erlang starts its name server as a daemon that outlives us.
        names = ["epmd", "-port", str(self._names_port), "-address", LOOPBACK]
        self._names = Program("epmd", names, environment=environment, log=log)

    def url(self, vhost: str = "/") -> str:
        """Return how to connect."""
        path = "" if vhost == "/" else vhost
        return f"amqp://{USER}:{self._password}@{LOOPBACK}:{self.port}/{path}"

    def prepare(self) -> None:
        """Write its configuration, and start its name server where that is not running."""
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, text in (
            ("rabbitmq.conf", "".join(f"{key} = {value}\n" for key, value in self._settings.items())),
            ("advanced.config", f"{self._advanced}.\n"),
            ("enabled_plugins", "[].\n"),
        ):
            (self.data / name).touch(mode=0o600)
            (self.data / name).write_text(text)
        if not self._names.alive:
            self._names.start()
            self._names.wait_ready(10, until=lambda: _answers(self._names_port))

    def ready(self) -> bool:
        """Tell whether it speaks AMQP."""
        return self.alive and _answers(self.port, PROTOCOL)

    def wait_ended(self, seconds: float) -> bool:
        """Tell whether it ended within this time; its name server ends after it."""
        ended = super().wait_ended(seconds)
        if ended:
            self._names.stop()
        return ended

    def control(self, *command: str) -> str:
        """Run `rabbitmqctl` (2 s) and return what it printed.

        Raises:
            StartFailed: it could not do it.
        """
        call = [str(self._folder / "rabbitmqctl"), "--quiet", *command]
        done = subprocess.run(
            call, env=self.environment, cwd=self.data, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise StartFailed(f"rabbitmqctl {command[0]}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def add_vhost(self, vhost: str) -> str:
        """Make an empty virtual host and return its URL."""
        name, user, all_of_it = f'<<"{vhost}">>', f'<<"{USER}">>', '<<".*">>'
        allow = f"rabbit_auth_backend_internal:set_permissions({user}, {name}, {all_of_it}, {all_of_it}, {all_of_it}, {user})"
        terms = f"rabbit_vhost:add({name}, {user}), {allow}."
        self.control("eval", terms)
        return self.url(vhost)

    def remove_vhosts(self, vhosts: Iterable[str]) -> None:
        """Delete virtual hosts with all their queues, whose recovery a restart would have to wait for."""
        names = ", ".join(f'<<"{vhost}">>' for vhost in vhosts)
        self.control("eval", f'[rabbit_vhost:delete(Name, <<"{USER}">>) || Name <- [{names}]].')


def _answers(port: int, greeting: bytes = b"") -> bool:
    """Tell whether something listens there and, where greeted, says the start of AMQP's first frame."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=2) as connection:
            connection.settimeout(2)
            connection.sendall(greeting)
            return not greeting or connection.recv(1) == b"\x01"
    except OSError:
        return False
