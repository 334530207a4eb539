"""`docker compose up` from nothing: makes the secrets once, into a volume for each container, and the databases."""

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from ops import databases
from ops.checkout import random_secret
from ops.servers.rabbitmq import CONSUMER_TIMEOUT_MS, USER
from ops.services import SETTINGS

FOLDER = Path("/secrets")
POSTGRESQL, RABBITMQ = "postgres", "rabbitmq"
"""The names of their containers, and so of their hosts."""
WAIT_SECONDS = 60
READABLE = 0o644
"""Each file lies in a volume that only its own container mounts, whose user has a number that we do not know."""


def make_secrets(folder: Path) -> bool:
    """Write every container's secrets; False if they were there.

    A service gets only its own database and keys. The folder of RabbitMQ is written last: it stands for all.
    """
    done = folder / RABBITMQ / "20-khokahano.conf"
    if done.exists():
        return False
    broker, admin, links, suppression = (random_secret() for _ in range(4))
    identity = {service: random_secret() for service in SETTINGS if service != "gateway"}
    for service in SETTINGS:
        url = f"postgresql://{service}:{random_secret()}@{POSTGRESQL}:5432/{service}"
        secrets = {
            "RABBITMQ_URL": f"amqp://{USER}:{broker}@{RABBITMQ}:5672/",
            f"{service.upper()}_DATABASE_URL": url,
            "LINK_KEYS": links,
            **{f"{name.upper()}_IDENTITY_KEYS": key for name, key in identity.items() if service in (name, "gateway")},
        }
        if service in ("registry", "notifier"):
            secrets["SUPPRESSION_KEY"] = suppression
        _write(folder / service, secrets)
    _write(folder / POSTGRESQL, {"password": admin})
    settings = {
        "default_user": USER,
        "default_pass": broker,
        "default_user_tags.administrator": "true",
        "consumer_timeout": str(CONSUMER_TIMEOUT_MS),
        "log.console": "true",
        "log.console.level": "warning",
    }
    _write(folder / RABBITMQ, {done.name: "".join(f"{name} = {value}\n" for name, value in settings.items())})
    return True


def make_databases(folder: Path) -> None:
    """Make each service's role and database, once PostgreSQL answers."""
    admin = f"postgresql://postgres:{(folder / POSTGRESQL / 'password').read_text()}@{POSTGRESQL}:5432/postgres"
    for service in SETTINGS:
        url = (folder / service / f"{service.upper()}_DATABASE_URL").read_text()
        password = url.partition(f"{service}:")[2].partition("@")[0]
        _patiently(admin, service, password)


def _patiently(admin: str, service: str, password: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            databases.create(admin, service, role=service, password=password)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
        else:
            return


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(READABLE)


def main() -> int:
    """Read the command line and do it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("what", choices=["secrets", "databases"])
    if arguments.parse_args().what == "secrets":
        print("secrets: made" if make_secrets(FOLDER) else "secrets: there already")
    else:
        make_databases(FOLDER)
    return 0


if __name__ == "__main__":
    sys.exit(main())
