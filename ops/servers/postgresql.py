"""A private PostgreSQL."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from signal import SIGINT

from ops.ports import LOOPBACK, free_port
from ops.processes import Program, StartFailed, surroundings

FOLDERS = "usr/lib/postgresql/*/bin"
OLDEST = 15
ADMIN = "khokahano_admin"


def postgresql_folder() -> Path | None:
    """Return the folder of the newest PostgreSQL server that is installed, 15 or later."""
    found = [folder for folder in Path("/").glob(FOLDERS) if (folder / "postgres").exists() and _version(folder) >= OLDEST]
    return max(found, key=_version, default=None)


def _version(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


class PostgreSQL(Program):
    """A PostgreSQL of our own. It loses nothing that it committed: `fsync` is on.

    Args:
        directory: holds the data; made where it is missing.
        password: the administrator's.
        settings: more of postgresql.conf.
    """

    def __init__(
        self,
        directory: Path,
        *,
        password: str,
        log: Path,
        settings: Mapping[str, str] | None = None,
        mark: Mapping[str, str] | None = None,
    ) -> None:
        folder = postgresql_folder()
        if folder is None:
            raise StartFailed("PostgreSQL 15 or later is not installed: apt-get install postgresql")
        self.port, self._password, self._folder, self.data = free_port(), password, folder, directory / "data"
        self._home = directory
        chosen = {
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",
            "max_connections": "200",
            "max_wal_size": "1GB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # What is wrong with a row may quote the row, and a log must hold no personal data.
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
            **(settings or {}),
        }
        options = [word for name, value in chosen.items() for word in ("-c", f"{name}={value}")]
        super().__init__(
            "postgresql",
            [str(folder / "postgres"), "-D", str(self.data), "-p", str(self.port), *options],
            environment=surroundings(directory) | dict(mark or {}),
            log=log,
            stop_signal=SIGINT,  # PostgreSQL's "fast" stop: clients are sent away, everything is written down
            privileges=_server_user(directory),
        )

    def url(self, database: str = "postgres", user: str = ADMIN, password: str | None = None) -> str:
        """Return how to connect."""
        return f"postgresql://{user}:{password or self._password}@{LOOPBACK}:{self.port}/{database}"

    def prepare(self) -> None:
        """Make the data directory, whole or not at all."""
        if self.data.exists():
            self._forget_stale_lock()
            return
        fresh, secret = self._home / "data.new", self._home / "password"
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.rmtree(fresh, ignore_errors=True)
        secret.touch(mode=0o600)
        secret.write_text(self._password + "\n")
        if os.geteuid() == 0:
            account = _account()
            for path in (self._home, secret):
                os.chown(path, account.pw_uid, account.pw_gid)
        make = [str(self._folder / "initdb"), "-D", str(fresh), "-U", ADMIN, "--pwfile", str(secret), "--auth", "scram-sha-256"]
        make += ["--encoding", "UTF8", "--locale", "C.UTF-8"]
        if self._privileges:
            make = ["setpriv", *self._privileges, "--", *make]
        done = subprocess.run(make, cwd="/", env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        secret.unlink()
        if done.returncode:
            raise StartFailed(f"PostgreSQL's data could not be made: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
        fresh.rename(self.data)

    def _forget_stale_lock(self) -> None:
        """Remove a killed server's lock if its process id is another program's by now: PostgreSQL would take that for itself."""
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        process = Path("/proc") / lock.read_text().partition("\n")[0] / "cmdline"
        if not process.exists() or str(self.data).encode() not in process.read_bytes().split(b"\0"):
            lock.unlink()

    def ready(self) -> bool:
        """Tell whether it takes connections."""
        asked = [str(self._folder / "pg_isready"), "-q", "-h", LOOPBACK, "-p", str(self.port), "-t", "2"]
        return self.alive and subprocess.run(asked, env=self.environment, check=False).returncode == 0


def _account() -> pwd.struct_passwd:
    """Return whom PostgreSQL runs as where we are root, since it refuses root."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _server_user(directory: Path) -> list[str]:
    """Return setpriv's arguments for PostgreSQL; none where we are not root."""
    if os.geteuid() != 0:
        return []
    account = _account()
    words = ["--reuid", str(account.pw_uid), "--regid", str(account.pw_gid), "--clear-groups"]
    if all(parent.stat().st_mode & 0o001 for parent in directory.absolute().parents if parent.exists()):
        return words
    # A home directory that is closed to others is on the way, as /root is: this one right lets the server through.
    return [*words, "--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"]
