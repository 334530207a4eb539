"""A registration's whole way, from the POST to the welcome: how many a second, how fast, at what cost."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from bench.accounting import MACHINE, cpu, memory, others_percent, spent
from bench.house import System
from bench.people import PATH
from bench.scale import CONNECTIONS, RATE, WARM_UP
from ops.processes import ROOT, StartFailed

STALL_SECONDS = 20.0
"""Without a new mail for so long, a wait for mails is over: what has not come is lost."""
SETTLE_SECONDS = 0.5
"""The last acknowledgements and records belong to the work."""
LATE_SECONDS = 1.0
"""How long duplicates are waited for."""
LOOK_SECONDS = 0.02
Result = dict[str, Any]


@dataclass
class Posted:
    """One load and the mails that came of it."""

    tag: str
    load: Result
    stats: Result

    @property
    def accepted(self) -> int:
        """How many were answered 202."""
        return len(self.load["accepted"])

    @property
    def rate(self) -> float:
        """Registrations a second, from the first POST to the last welcome."""
        return float(self.stats["unique"] / max(self.stats["last"] - self.load["first_at"], 1e-9))


def post(system: System, count: int, *, rate: float = 0.0, connections: int = CONNECTIONS) -> Posted:
    """Post so many new people and wait for their welcomes."""
    ground = system.ground
    tag, out = ground.tag(), ground.folder / "load.json"
    ground.sink.ask(f"reset {tag}")
    how = ["--rate", str(rate)] if rate else ["--connections", str(connections)]
    command = [sys.executable, "-m", "bench.load", system.url + PATH, tag, str(ground.people(count)), str(count), str(out), *how]
    subprocess.run(command, cwd=ROOT, check=True)
    load = json.loads(out.read_text())
    return Posted(tag, load, wait_for_mails(system, len(load["accepted"])))


def wait_for_mails(system: System, count: int) -> Result:
    """Return the sink's counts once so many people have mail, or nobody new had any for too long.

    Raises:
        StartFailed: a process of the system ended.
    """
    seen, since = -1, time.monotonic()
    while True:
        stats = system.ground.sink.ask("stats")
        if stats["unique"] >= count or time.monotonic() - since > STALL_SECONDS:
            return stats
        if stats["unique"] != seen:
            seen, since = stats["unique"], time.monotonic()
            for program in system.programs.values():
                if not program.alive:
                    raise StartFailed(f"{program.name} {program.ending}; its log {program.log} ends: {program.log.read_text()[-500:]}")
        time.sleep(LOOK_SECONDS)


def warm_up(system: System) -> None:
    """Let everything happen a first time."""
    post(system, WARM_UP, connections=16)
    time.sleep(LATE_SECONDS)


def latency(system: System, seconds: int) -> Result:
    """Measure the time from when a POST was due to its mail's 250, at a steady low rate."""
    posted = post(system, int(seconds * RATE), rate=RATE)
    at = system.ground.sink.ask("dump")
    took = sorted(1000 * (at[email] - sent) for email, sent in posted.load["accepted"].items() if email in at)
    if not took:
        raise StartFailed(f"{system.name}: no mail came")
    return {
        "latency_p50_ms": took[len(took) // 2],
        "latency_p99_ms": took[int(len(took) * 0.99)],
        "latency_samples": len(took),
        "latency_lost": posted.accepted - len(took),
    }


def registrations(system: System, count: int) -> Result:
    """Measure a wave: rate, CPU a registration of each process, memory, losses and repeats."""
    members = system.members()
    roles = system.roles | {"sink": [system.ground.sink.pid]}
    before, began = cpu(roles), time.monotonic()
    posted = post(system, count)
    time.sleep(SETTLE_SECONDS)
    used, seconds = spent(before, cpu(roles)), time.monotonic() - began
    time.sleep(LATE_SECONDS)
    stats, accepted = system.ground.sink.ask("stats"), posted.accepted or 1
    at = system.ground.sink.ask("dump")
    each = {role: round(1000 * value / accepted, 3) for role, value in used.items() if role != MACHINE}
    held = memory(system.roles)
    return {
        "rate": posted.rate,
        "cpu_own_ms": sum(each[role] for role in system.own),
        "cpu_all_ms": sum(each[role] for role in system.roles),
        "cpu_ms": each,
        "peak_rss_own_mb": sum(held[role]["peak_rss"] for role in system.own),
        "pss_own_mb": sum(held[role]["pss"] for role in system.own),
        "memory_mb": held,
        "http_p50_ms": posted.load["http_ms"][0],
        "http_p99_ms": posted.load["http_ms"][1],
        "accepted": posted.accepted,
        "refused": posted.load["sent"] - posted.accepted,
        "statuses": posted.load["statuses"],
        "lost": sum(email not in at for email in posted.load["accepted"]),
        "duplicates": stats["duplicates"],
        "members_missing": members + posted.accepted - system.members(),
        "load_cpu_ms": round(1000 * posted.load["cpu_seconds"] / accepted, 3),
        "others_percent": others_percent(used, seconds, posted.load["cpu_seconds"]),
    }
