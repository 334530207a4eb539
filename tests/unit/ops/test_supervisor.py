import os
import signal
from pathlib import Path

import pytest

from ops.processes import Program, StartFailed
from ops.supervisor import Asked, Supervisor


class Noted(Program):
    """Notes when it was started and asked to stop."""

    def __init__(self, name: str, command: list[str], log: Path, notes: list[str]) -> None:
        super().__init__(name, command, environment=dict(os.environ), log=log)
        self.notes = notes

    def prepare(self) -> None:
        self.notes.append(f"start {self.name}")

    def ask_to_stop(self) -> None:
        self.notes.append(f"stop {self.name}")
        super().ask_to_stop()


def sleeping(name: str, folder: Path, notes: list[str]) -> Noted:
    return Noted(name, ["sleep", "600"], folder / name, notes)


def test_later_stage_ends_before_the_earlier_one(tmp_path: Path) -> None:
    notes: list[str] = []
    supervisor = Supervisor()
    programs = [sleeping(name, tmp_path, notes) for name in ("server", "service")]
    for stage, program in enumerate(programs):
        supervisor.start(program, stage=stage)
    supervisor.stop()
    assert notes == ["start server", "start service", "stop service", "stop server"]
    assert [program.alive for program in programs] == [False, False]


def test_what_died_is_started_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes: list[str] = []
    supervisor = Supervisor()

    class Dying(Noted):
        def prepare(self) -> None:
            super().prepare()
            if len(notes) == 2:
                supervisor._note(signal.SIGTERM, None)

    supervisor.start(Dying("dying", ["false"], tmp_path / "dying.log", notes), stage=1)
    with pytest.raises(Asked):
        supervisor.watch()
    supervisor.stop()
    assert notes == ["start dying", "start dying", "stop dying"]
    assert capsys.readouterr().out == f"dying ended with status 1; starting it again in 0.5 s. Its log is {tmp_path}/dying.log\n"


def test_wish_to_end_is_heard_while_waiting(tmp_path: Path) -> None:
    supervisor = Supervisor()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        supervisor.listen()
        program = sleeping("server", tmp_path, [])
        supervisor.start(program, stage=1)
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        program.ready = lambda: False  # type: ignore[method-assign]
        with pytest.raises(Asked):
            supervisor.wait_ready(program, seconds=10)
        supervisor.stop()
        assert not program.alive
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_program_that_cannot_start_fails_the_wait(tmp_path: Path) -> None:
    supervisor = Supervisor()
    program = Noted("broken", ["false"], tmp_path / "log", [])
    program.ready = lambda: False  # type: ignore[method-assign]
    supervisor.start(program, stage=1)
    with pytest.raises(StartFailed, match="broken ended with status 1"):
        supervisor.wait_ready(program, seconds=10)
