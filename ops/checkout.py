"""What `make run` keeps in this checkout's `.local/`: secrets, data, logs, mails, and the settings of what is running."""

import json
import os
import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path

from ops.processes import ROOT

LOCAL = "KHOKAHANO_LOCAL"
"""Names another folder than `.local/`, for a second `make run` of one checkout."""
SECRET_BYTES = 24
"""Written as 48 hexadecimal digits, longer than the 32 characters that keys need."""


def random_secret() -> str:
    """Return a new secret that is safe in URLs and configuration files."""
    return secrets.token_hex(SECRET_BYTES)


class Checkout:
    """The paths below one `.local/`.

    Args:
        local: the folder, if not the one that the environment names. Only its owner may read what is inside, but PostgreSQL's own user
            passes through it.
    """

    def __init__(self, local: Path | None = None) -> None:
        self.local = local = local or Path(os.environ.get(LOCAL) or ROOT / ".local").absolute()
        self.logs, self.mail = local / "log", local / "mail"
        self.postgresql, self.rabbitmq = local / "postgresql", local / "rabbitmq"
        self.lock, self.run, self.environment = local / "lock", local / "run", local / "env"
        self.erasures = local / "erasures"
        self._secrets = local / "secrets.json"

    def make(self) -> None:
        """Make the folders that are missing."""
        self.local.mkdir(mode=0o711, parents=True, exist_ok=True)
        for folder in (self.logs, self.mail):
            folder.mkdir(mode=0o700, exist_ok=True)

    def secret(self, name: str) -> str:
        """Return this checkout's secret of this name, made at the first call and then always the same."""
        known: dict[str, str] = json.loads(self._secrets.read_text()) if self._secrets.exists() else {}
        if name not in known:
            known[name] = random_secret()
            write_private(self._secrets, json.dumps(known, indent=1) + "\n")
        return known[name]

    def write_environment(self, settings: Mapping[str, str]) -> None:
        """Write the settings down as a file that a shell can read, too."""
        write_private(self.environment, "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(settings.items())))

    def read_environment(self) -> dict[str, str]:
        """Return the settings of the last `make run`; none where there was none."""
        if not self.environment.exists():
            return {}
        lines = (line.partition("=") for line in self.environment.read_text().splitlines())
        return {name: "".join(shlex.split(value)) for name, _, value in lines}

    def adopt(self) -> None:
        """Take the settings of this checkout's `make run` wherever the environment says nothing else."""
        for name, value in self.read_environment().items():
            if not os.environ.get(name) and not os.environ.get(f"{name}_FILE"):
                os.environ[name] = value


def write_private(path: Path, text: str) -> None:
    """Replace a file, whole or not at all, so that only its owner can read it."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)
