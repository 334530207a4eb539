"""A small supervisor: starts programs, waits until they are ready, starts again what died, ends them in order. It touches nothing else."""

import signal
import time
from dataclasses import dataclass, field
from types import FrameType

from ops.processes import Program, StartFailed

START_SECONDS = 120
STOP_SECONDS = 25
"""A service's own clean stop takes up to 20 s."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
STEADY_SECONDS = 60
"""What ran for this long begins with the shortest pause again."""
LOOK_SECONDS = 0.2


class Asked(Exception):
    """Somebody pressed Ctrl-C or sent TERM."""


@dataclass
class _Watched:
    program: Program
    stage: int
    pause: float = FIRST_PAUSE_SECONDS
    started: float = field(default_factory=time.monotonic)
    start_at: float | None = None


class Supervisor:
    """Programs in stages: all of a stage end before any of an earlier one is asked to."""

    def __init__(self) -> None:
        self._watched: list[_Watched] = []
        self._asked = False

    def listen(self) -> None:
        """Take Ctrl-C, TERM and a closed terminal as the wish to end; a second one changes nothing, since the end has its own deadline."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._asked = True

    def go_on(self) -> None:
        """Return, unless somebody asked for the end.

        Raises:
            Asked: they did.
        """
        if self._asked:
            raise Asked

    def start(self, program: Program, *, stage: int) -> None:
        """Start a program and watch it from now on."""
        self.go_on()
        self._watched.append(_Watched(program, stage))
        program.start()

    def wait_ready(self, *programs: Program, seconds: float = START_SECONDS) -> None:
        """Return once all of these are ready.

        Raises:
            StartFailed: one ended, or is not ready in time.
            Asked: somebody asked for the end meanwhile.
        """
        deadline = time.monotonic() + seconds
        for program in programs:
            program.wait_ready(max(1, deadline - time.monotonic()), meanwhile=self.go_on)

    def watch(self) -> None:
        """Start again whatever dies, after growing pauses, until somebody asks for the end.

        Raises:
            Asked: always, in the end.
        """
        while True:
            self.go_on()
            for watched in self._watched:
                self._look_after(watched)
            time.sleep(LOOK_SECONDS)

    def _look_after(self, watched: _Watched) -> None:
        now, program = time.monotonic(), watched.program
        if program.alive:
            return
        if watched.start_at is None:
            if now - watched.started > STEADY_SECONDS:
                watched.pause = FIRST_PAUSE_SECONDS
            print(f"{program.name} {program.ending}; starting it again in {watched.pause:g} s. Its log is {program.log}", flush=True)
            watched.start_at, watched.pause = now + watched.pause, min(watched.pause * 2, LONGEST_PAUSE_SECONDS)
        elif now >= watched.start_at:
            watched.start_at, watched.started = None, now
            try:
                program.start()
            except (OSError, StartFailed) as trouble:
                print(f"{program.name} could not be started: {trouble}", flush=True)

    def stop(self) -> None:
        """End all of them, the last stage first, cleanly where they do so in time."""
        for stage in sorted({watched.stage for watched in self._watched}, reverse=True):
            programs = [watched.program for watched in self._watched if watched.stage == stage]
            for program in programs:
                program.ask_to_stop()
            deadline = time.monotonic() + STOP_SECONDS
            for program in programs:
                if not program.wait_ended(max(0, deadline - time.monotonic())):
                    print(f"{program.name} did not end within {STOP_SECONDS} s and was killed", flush=True)
                    program.kill()
                    program.wait_ended(1)
