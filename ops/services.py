"""The four services as programs: what each is told, and how it is started."""

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from ops.ports import LOOPBACK
from ops.processes import ROOT, Program
from services.forum.settings import ForumSettings
from services.gateway.settings import GatewaySettings
from services.notifier.settings import NotifierSettings
from services.registry.settings import RegistrySettings
from shared.settings import Settings

SETTINGS: Mapping[str, type[Settings]] = {
    "registry": RegistrySettings,
    "notifier": NotifierSettings,
    "forum": ForumSettings,
    "gateway": GatewaySettings,
}
"""Which class each service reads. The gateway comes last, as it does at the start: it shows the others to the world."""
LOCAL_NAMES = ("KHOKAHANO_PORT", "KHOKAHANO_LOCAL")
"""Settings that no service reads, but what starts them."""
GRACE_SECONDS = 20
"""How long uvicorn waits for requests in hand once it was told to stop."""


def names(*services: str) -> list[str]:
    """Return the names of all settings that these services read, or that any does."""
    chosen = [SETTINGS[service] for service in services or SETTINGS]
    return sorted({field.upper() for settings in chosen for field in settings.model_fields})


def told(service: str, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the part of the settings that one service may know: no other's database, no other's keys."""
    known = [*names(service), *(f"{name}_FILE" for name in names(service))]
    return {name: settings[name] for name in known if name in settings}


def database_url(service: str) -> str:
    """Return a service's database URL as the environment says it, in a variable or in a file; empty if it says none."""
    name = f"{service.upper()}_DATABASE_URL"
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text().strip()
    return os.environ.get(name, "")


class Service(Program):
    """One process of a service, on a loopback port.

    Args:
        settings: of all services; it is told its own part.
    """

    def __init__(self, name: str, port: int, settings: Mapping[str, str], *, log: Path, mark: Mapping[str, str] | None = None) -> None:
        self.port = port
        command = [sys.executable, "-m", "uvicorn", f"services.{name}.app:app", "--host", LOOPBACK, "--port", str(port)]
        command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--no-server-header", "--no-proxy-headers"]
        command += ["--log-level", "warning", "--timeout-graceful-shutdown", str(GRACE_SECONDS)]
        outside = {key: value for key, value in os.environ.items() if key.removesuffix("_FILE") not in names()}
        environment = outside | told(name, settings) | {"PYTHONUNBUFFERED": "1"} | dict(mark or {})
        super().__init__(name, command, environment=environment, log=log, directory=ROOT)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{LOOPBACK}:{self.port}"

    def ready(self) -> bool:
        """Tell whether it and all it depends on are ready."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False
