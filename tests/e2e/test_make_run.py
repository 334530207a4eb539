"""`make run` as people meet it: it says when it is ready, stays, and ends all that it started, and nothing else."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from ops.people import people
from ops.ports import LOOPBACK, free_port
from ops.processes import ROOT, marked, wait_gone
from tests.waiting import wait_until

START_SECONDS = 90
STOP_SECONDS = 60


class Run:
    """One `make run`, without make."""

    def __init__(self, local: Path, port: int) -> None:
        self.local, self.port = local, port
        environment = {**os.environ, "KHOKAHANO_LOCAL": str(local), "KHOKAHANO_PORT": str(port), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "ops.local"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def children(self) -> list[int]:
        return marked((self.local / "run").read_text().strip())

    def first_line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline()

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Return the exit status and what it printed on the way."""
        self.process.send_signal(number)
        printed, _ = self.process.communicate(timeout=STOP_SECONDS)
        return self.process.returncode, printed

    def service(self, name: str) -> int:
        """Return the process id of a service."""
        for pid in self.children:
            if f"services.{name}.app:app" in Path(f"/proc/{pid}/cmdline").read_text():
                return pid
        return 0

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
        return False


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[list[Run]]:
    """Every run of a test; whatever is left of them is ended."""
    runs: list[Run] = []
    yield runs
    for run in runs:
        with run.process as process:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=STOP_SECONDS)


def start(runs: list[Run], local: Path, port: int) -> Run:
    runs.append(Run(local, port))
    return runs[-1]


def post(url: str, body: object, key: str) -> tuple[int, bytes]:
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    request = urllib.request.Request(f"{url}/api/v1/registrations", orjson.dumps(body), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status, answer.read()


def command(run: Run, *words: str) -> tuple[int, object]:
    """Return the exit status of a `khokahano` command for this run, and the last line of what it printed."""
    environment = {**os.environ, "KHOKAHANO_LOCAL": str(run.local)}
    done = subprocess.run([sys.executable, "-m", "ops.cli", "--json", *words], cwd=ROOT, env=environment, capture_output=True, check=False)
    return done.returncode, orjson.loads((done.stdout or done.stderr).splitlines()[-1])


async def test_make_run_says_ready_and_ends_all_that_it_started_and_starts_again_on_its_data(runs: list[Run], tmp_path: Path) -> None:
    port, person = free_port(), people(1, year=2026)[0] | {"email": "lineo@example.org"}
    run = start(runs, tmp_path / "local", port)
    assert run.first_line() == f"ready: http://{LOOPBACK}:{port}\n"
    accepted, first = post(run.url, person, "first")
    assert accepted == 202
    mails = tmp_path / "local/mail/new"
    await wait_until(lambda: [path for path in mails.iterdir() if b"lineo@example.org" in path.read_bytes()])

    second = start(runs, tmp_path / "local", port)
    printed, complaint = second.process.communicate(timeout=START_SECONDS)
    assert (second.process.returncode, printed) == (1, "")
    assert complaint == f"make run: `make run` is running in this checkout already (process {run.process.pid})\n"

    killed = run.service("registry")
    os.kill(killed, signal.SIGKILL)
    assert run.first_line().startswith("registry was ended by SIGKILL; starting it again in 0.5 s.")
    await wait_until(lambda: run.service("registry") not in (0, killed) and run.is_ready(), seconds=START_SECONDS)

    children = run.children
    assert run.end(signal.SIGTERM) == (0, "stopping …\n")
    assert (wait_gone(children, 5), run.children) == (True, [])

    again = start(runs, tmp_path / "local", port)
    assert again.first_line() == f"ready: http://{LOOPBACK}:{port}\n"
    assert post(again.url, person, "first") == (202, first)
    assert again.end(signal.SIGINT) == (0, "stopping …\n")


async def test_make_run_that_is_killed_after_a_demo_leaves_nothing_that_hinders_the_next(runs: list[Run], tmp_path: Path) -> None:
    run = start(runs, tmp_path / "local", free_port())
    assert run.first_line().startswith("ready: ")
    assert command(run, "demo", "--count", "40") == (0, {"registered": 40})
    post(run.url, people(1, year=2026)[0] | {"given_name": "Teboho", "email": "teboho@example.org", "phone": "+26650009999"}, "stranger")
    await wait_until(lambda: command(run, "demo", "--count", "40")[0] == 1, every=0.2)

    children = run.children
    run.process.kill()
    run.process.communicate(timeout=STOP_SECONDS)
    again = start(runs, tmp_path / "local", free_port())
    assert again.first_line().startswith("ready: ")
    assert wait_gone(children, 5)
    assert again.end(signal.SIGTERM)[0] == 0


def test_make_run_says_in_one_line_that_its_port_is_in_use(runs: list[Run], tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, free_port())) as other:
        port = other.getsockname()[1]
        run = start(runs, tmp_path / "local", port)
        printed, complaint = run.process.communicate(timeout=START_SECONDS)
    assert (run.process.returncode, printed) == (1, "")
    assert complaint == f"make run: port {port} is in use by another program: choose one with KHOKAHANO_PORT=8090 make run\n"
