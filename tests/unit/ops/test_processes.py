import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ops.ports import free_port
from ops.processes import RUN_MARK, Program, StartFailed, end_leftovers, wait_gone

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); signal.pause()"
FAMILY = """
import signal, subprocess
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
print(child.pid, flush=True)
signal.pause()
"""
PARENT = """
import signal, sys
from pathlib import Path
from ops.processes import Program
child = Program("sleep", ["sleep", "600"], environment={"PATH": "/usr/bin:/bin"}, log=Path(sys.argv[1]))
child.start()
print(child.pid, flush=True)
signal.pause()
"""


class Printing(Program):
    """Is ready once it has printed something."""

    def ready(self) -> bool:
        return self.printed != ""

    @property
    def printed(self) -> str:
        return self.log.read_text().strip()


def python(code: str, log: Path) -> Printing:
    return Printing("python", [sys.executable, "-c", code], environment=dict(os.environ), log=log)


def test_program_that_heeds_the_signal_is_ended_by_it(tmp_path: Path) -> None:
    program = python("import signal; print('on', flush=True); signal.pause()", tmp_path / "log")
    program.start()
    program.wait_ready(10)
    program.stop(10)
    assert (program.alive, program.ending) == (False, "was ended by SIGTERM")


def test_program_that_ignores_the_signal_is_killed_at_the_deadline(tmp_path: Path) -> None:
    program = python(STUBBORN, tmp_path / "log")
    program.start()
    program.wait_ready(10)
    program.stop(0.2)
    assert program.ending == "was ended by SIGKILL"


def test_kill_reaches_descendants_in_other_sessions_and_nobody_else(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as bystander:
        program = python(FAMILY, tmp_path / "log")
        program.start()
        program.wait_ready(10)
        program.kill()
        assert wait_gone([int(program.printed)], 5)
        assert bystander.poll() is None
        bystander.kill()


def test_program_that_ended_was_not_ready_and_says_how(tmp_path: Path) -> None:
    program = python("import sys; sys.stderr.write('\\nno room\\n'); sys.exit(3)", tmp_path / "log")
    program.start()
    assert program.wait_ended(10)
    with pytest.raises(StartFailed) as failed:
        program.wait_ready(10, until=lambda: False)
    assert str(failed.value) == f"python ended with status 3 before it was ready; its log {tmp_path}/log ends: no room"


def test_program_starts_again_after_a_kill(tmp_path: Path) -> None:
    program = python("import signal; print('on', flush=True); signal.pause()", tmp_path / "log")
    program.start()
    first = program.pid
    program.kill()
    program.start()
    assert program.alive and program.pid != first
    program.stop()


def test_program_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    parent = python(PARENT.replace("sys.argv[1]", repr(str(tmp_path / "child"))), tmp_path / "log")
    parent.environment["PYTHONPATH"] = str(Path(__file__).parents[3])
    parent.start()
    parent.wait_ready(10)
    child = int(parent.printed)
    os.kill(parent.pid, signal.SIGKILL)
    assert wait_gone([child], 5)
    parent.stop()


def test_leftovers_of_one_run_are_ended_and_no_others(tmp_path: Path) -> None:
    ours, other = (
        Program("sleep", ["sleep", "600"], environment={**os.environ, RUN_MARK: mark}, log=tmp_path / mark)
        for mark in ("test-ours", "test-other")
    )
    ours.start()
    other.start()
    end_leftovers("test-ours", 5)
    assert (ours.alive, other.alive) == (False, True)
    other.stop()


def test_large_log_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "python.log"
    with log.open("wb") as file:
        file.truncate(11_000_000)
    program = python("print('on')", log)
    program.start()
    assert program.wait_ended(10)
    assert (log.read_text(), log.with_suffix(".old").stat().st_size) == ("on\n", 11_000_000)


def test_free_ports_differ_and_are_never_given_to_outgoing_connections() -> None:
    outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert outgoing <= 11_000 or max(ports) < outgoing
