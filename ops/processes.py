"""Programs that we start, each in a process group of its own, and end again. Nothing else is ever signalled."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: services are started there."""
LOG_BYTES = 10_000_000
"""A log that is larger than this when its program starts is put aside as `.old`."""
LOOK_SECONDS = 0.05
"""How often a wait looks again."""
RUN_MARK = "KHOKAHANO_RUN"
"""An environment variable that all programs of one run bear, so that what a killed run left behind is recognised."""


class StartFailed(Exception):
    """A program ended or was not ready in time; the text is one line for people."""


class Program:
    """A program in a process group of its own, which ends with the process that started it.

    Args:
        log: gets what the program prints.
        stop_signal: asks it to end cleanly.
        privileges: arguments of setpriv(1), such as another user.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        directory: Path = Path("/"),
        stop_signal: signal.Signals = signal.SIGTERM,
        privileges: Sequence[str] = (),
    ) -> None:
        self.name, self.log, self.directory = name, log, directory
        self.environment = dict(environment)
        self._command, self._stop_signal, self._privileges = list(command), stop_signal, list(privileges)
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Do what must be done before each start."""

    def ready(self) -> bool:
        """Tell whether the program answers."""
        return self.alive

    def start(self) -> None:
        """Start the program and return at once."""
        assert not self.alive, f"{self.name} is running"
        self.prepare()
        # The kernel counts the starting *thread* as the parent, so a program started in a worker thread would end with that thread.
        main = threading.current_thread() is threading.main_thread()
        follow = ["--pdeathsig", self._stop_signal.name[3:]] if main else []
        command = ["setpriv", *self._privileges, *follow, "--", *self._command] if follow or self._privileges else self._command
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".old"))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment, cwd=self.directory, process_group=0
            )

    @property
    def pid(self) -> int:
        """The id of the process, and of its group."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it was started and has not ended. What an ended program left of its group is ended too."""
        if self._process is None or self._process.returncode is not None:
            return False
        # WNOWAIT leaves the dead leader unreaped, so that its group's number cannot belong to anybody else yet.
        if os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return True
        _signal_group(self._process.pid, signal.SIGKILL)
        self._process.wait()
        return False

    @property
    def ending(self) -> str:
        """How it ended, for people."""
        code = self._process.returncode if self._process else None
        if code is None:
            return "is running"
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"

    def wait_ready(self, seconds: float, *, until: Callable[[], bool] | None = None, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Return once it is ready, or once `until` is true; `meanwhile` is called now and then, and may raise to give up.

        Raises:
            StartFailed: it ended, or the time is over.
        """
        deadline = time.monotonic() + seconds
        while not (until or self.ready)():
            meanwhile()
            if not self.alive:
                raise StartFailed(f"{self.name} {self.ending} before it was ready; its log {self.log} ends: {self._last_words()}")
            if time.monotonic() > deadline:
                raise StartFailed(f"{self.name} was not ready after {seconds:.0f} s; its log is {self.log}")
            time.sleep(LOOK_SECONDS)

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "(it is empty)"

    def ask_to_stop(self) -> None:
        """Send the signal for a clean end, and return at once."""
        if self.alive:
            os.kill(self.pid, self._stop_signal)

    def wait_ended(self, seconds: float) -> bool:
        """Tell whether it ended within this time."""
        deadline = time.monotonic() + seconds
        while self.alive:
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_SECONDS)
        return True

    def stop(self, seconds: float = 20) -> None:
        """End it cleanly, and by force after this time."""
        self.ask_to_stop()
        if not self.wait_ended(seconds):
            self.kill()
            self.wait_ended(1)

    def kill(self) -> None:
        """End it and all its descendants at once, as a power cut would (`kill -9`), and return once they are gone."""
        if not self.alive:
            return
        _signal(self.pid, signal.SIGSTOP)  # so that it starts no more children while they are listed
        family = [self.pid, *descendants(self.pid)]
        for pid in family:
            _signal(pid, signal.SIGKILL)
        _signal_group(self.pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait()
        wait_gone(family, 10)


def descendants(pid: int) -> list[int]:
    """Return the ids of a process's children, their children, and so on, whatever group they are in."""
    children: dict[int, list[int]] = {}
    for other, parent in _parents():
        children.setdefault(parent, []).append(other)
    found, todo = [], [pid]
    while todo:
        more = children.get(todo.pop(), [])
        found += more
        todo += more
    return found


def marked(run: str) -> list[int]:
    """Return the ids of the processes that bear this run's mark."""
    mark = f"{RUN_MARK}={run}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def wait_gone(pids: Sequence[int], seconds: float) -> bool:
    """Tell whether all these processes ended within this time."""
    deadline = time.monotonic() + seconds
    while any(Path(f"/proc/{pid}").exists() and not _is_zombie(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def end_leftovers(run: str, seconds: float = 20) -> None:
    """End what a run that was killed left behind: a wait for the clean end that its death began, then force."""
    left = marked(run)
    for pid in left:
        _signal(pid, signal.SIGTERM)
    if not wait_gone(left, seconds):
        for pid in marked(run):
            _signal(pid, signal.SIGKILL)
        wait_gone(left, 10)


def surroundings(home: Path) -> dict[str, str]:
    """Return the environment of a server: so little that nothing of ours or of the machine's leaks into it."""
    return {"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), "HOME": str(home), "LANG": "C.UTF-8"}


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                yield int(entry.name), int((entry / "stat").read_text().rpartition(")")[2].split()[1])


def _is_zombie(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
