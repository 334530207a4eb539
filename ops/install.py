"""Installs the Debian packages that `make run` and `make test` need. Runs before there is a virtual environment: standard library only.

It leaves no system server running that it installed: the private servers of this checkout need the programs only.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
"""Debian asks this program before a package may start its server; 101 means no."""
REFUSE = "#!/bin/sh\n# Put here by ops/install.py for the time of one installation.\nexit 101\n"
CLUSTERS = Path("/etc/postgresql-common/createcluster.conf")
OLDEST_POSTGRESQL = 15
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
SYSTEMD = Path("/run/systemd/system")
PURPOSES = ("check", "run", "test")
PRINTING = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
}
"""Libraries by which PDFs are set, and the packages that hold them."""


def _has_postgresql() -> bool:
    found = Path("/").glob("usr/lib/postgresql/*/bin/postgres")
    return any(path.parts[4].isdigit() and int(path.parts[4]) >= OLDEST_POSTGRESQL for path in found)


def _has_venv() -> bool:
    return subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode == 0


def _has_library(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def missing(purpose: str, environment: Mapping[str, str]) -> list[str]:
    """Return the packages that this machine lacks for checking, running or testing."""
    databases = [f"{service}_DATABASE_URL" for service in ("GATEWAY", "REGISTRY", "NOTIFIER", "FORUM")]
    given = {name for name in (*databases, "RABBITMQ_URL") if environment.get(name) or environment.get(f"{name}_FILE")}
    alone = purpose == "test"
    packages = []
    if not _has_venv():
        packages.append("python3-venv")
    if purpose == "check":
        return packages
    if (alone or not given.issuperset(databases)) and not _has_postgresql():
        packages.append("postgresql")
    if (alone or "RABBITMQ_URL" not in given) and not RABBITMQ.exists():
        packages.append("rabbitmq-server")
    packages += [package for library, package in PRINTING.items() if not _has_library(library)]
    if alone and not shutil.which("chromium"):
        packages += ["chromium", "fonts-dejavu-core"]
    if alone and not _has_library("libatomic.so.1"):
        packages.append("libatomic1")  # The program that drives the browser is linked to it, and a bare Debian lacks it.
    return packages


def install(packages: list[str]) -> None:
    """Install these as root, and leave every server of theirs stopped, now and at the next boot."""
    apt = ["apt-get", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=300", "-q", "-y"]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    ours = not POLICY.exists()
    try:
        if ours:
            POLICY.write_text(REFUSE)
            POLICY.chmod(0o755)
        _call([*apt, "update"], quiet)
        if "postgresql" in packages and not CLUSTERS.exists():
            _install_postgresql_without_cluster(apt, quiet)
        _call([*apt, "install", "--no-install-recommends", *packages], quiet)
    finally:
        if ours and POLICY.exists() and POLICY.read_text() == REFUSE:
            POLICY.unlink()
    for server in {"postgresql", "rabbitmq-server"}.intersection(packages):
        if SYSTEMD.exists():
            subprocess.run(["systemctl", "disable", "--quiet", server], check=False)


def _install_postgresql_without_cluster(apt: list[str], quiet: dict[str, str]) -> None:
    """Keep Debian from making a cluster of its own that nobody asked for; afterwards its setting is as it was."""
    _call([*apt, "install", "--no-install-recommends", "postgresql-common"], quiet)
    before = CLUSTERS.read_text()
    try:
        CLUSTERS.write_text(before + "\ncreate_main_cluster = false\n")
        _call([*apt, "install", "--no-install-recommends", "postgresql"], quiet)
    finally:
        CLUSTERS.write_text(before)


def _call(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        raise SystemExit(f"`{' '.join(command)}` failed with status {done.returncode}")


def main() -> int:
    """Install what is missing; 0 when all is there, 1 with one line that says what to install."""
    if len(sys.argv) > 2 and sys.argv[1] == "--packages":
        install(sys.argv[2:])
        return 0
    purpose = sys.argv[1] if len(sys.argv) == 2 else ""
    if purpose not in PURPOSES:
        print(f"usage: {sys.argv[0]} {'|'.join(PURPOSES)}", file=sys.stderr)
        return 2
    if sys.version_info < (3, 11):  # noqa: UP036 (this is the file that says so)
        print("Python 3.11 or later is needed; choose one with: make PYTHON=/path/to/python3 …", file=sys.stderr)
        return 1
    packages = missing(purpose, os.environ)
    if not packages:
        return 0
    wanted = f"install these first: {' '.join(packages)}   (apt-get install …, as root)"
    if not shutil.which("apt-get"):
        print(f"This is no Debian: {wanted.partition('   ')[0]}, or what your system calls them", file=sys.stderr)
        return 1
    become = [] if os.geteuid() == 0 else ["sudo"]
    if become and (not shutil.which("sudo") or not _may_sudo()):
        print(f"Neither root nor sudo: {wanted}", file=sys.stderr)
        return 1
    print(f"installing {' '.join(packages)} …", flush=True)
    return subprocess.run([*become, sys.executable, str(Path(__file__).resolve()), "--packages", *packages], check=False).returncode


def _may_sudo() -> bool:
    """Tell whether sudo asks for nothing, or can ask somebody at a terminal."""
    return sys.stdin.isatty() or subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
