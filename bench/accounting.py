"""What processes cost: CPU and memory of process trees, read from /proc, and the machine's facts."""

import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ops.servers import postgresql_folder

Roles = Mapping[str, Sequence[int]]
"""What a process is for → the ids of the processes that do it; their descendants belong to them."""
TICKS = os.sysconf("SC_CLK_TCK")
MACHINE = "machine"
"""The role that stands for everything that runs here."""


def _table() -> dict[int, tuple[int, float]]:
    """Return each process's parent and CPU seconds, with those of its children that have ended."""
    table = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                table[int(entry.name)] = int(fields[1]), sum(map(int, fields[11:15])) / TICKS
    return table


def trees(roles: Roles, table: Mapping[int, tuple[int, float]]) -> dict[str, list[int]]:
    """Return each role's processes with all their descendants; a process belongs to the first role that reaches it."""
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in table.items():
        children.setdefault(parent, []).append(pid)
    taken: set[int] = set()
    found: dict[str, list[int]] = {}
    for role, roots in roles.items():
        todo, mine = list(roots), list[int]()
        while todo:
            pid = todo.pop()
            if pid in table and pid not in taken:
                taken.add(pid)
                mine.append(pid)
                todo += children.get(pid, [])
        found[role] = mine
    return found


def cpu(roles: Roles) -> dict[str, float]:
    """Return the CPU seconds that each role has used so far, and the whole machine."""
    table = _table()
    used = {role: sum(table[pid][1] for pid in pids) for role, pids in trees(roles, table).items()}
    busy = [int(field) for field in Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]]
    return used | {MACHINE: (sum(busy) - busy[3] - busy[4]) / TICKS}


def spent(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Return the CPU seconds between two readings."""
    return {role: after[role] - before[role] for role in before}


def others_percent(used: Mapping[str, float], seconds: float, more: float = 0.0) -> float:
    """Return which part of the machine's capacity was used by processes that are none of the measured roles.

    Args:
        more: CPU seconds of ours that no role holds, as of a load generator that has ended.
    """
    ours = sum(value for role, value in used.items() if role != MACHINE) + more
    return max(0.0, 100 * (used[MACHINE] - ours) / seconds / (os.cpu_count() or 1))


def memory(roles: Roles) -> dict[str, dict[str, float]]:
    """Return each role's memory in MB: `rss` and `peak_rss` count shared pages in each process, `pss` shares them out."""
    patterns = {"rss": ("status", r"VmRSS:\s+(\d+)"), "peak_rss": ("status", r"VmHWM:\s+(\d+)"), "pss": ("smaps_rollup", r"\nPss:\s+(\d+)")}
    found: dict[str, dict[str, float]] = {}
    for role, pids in trees(roles, _table()).items():
        sums = dict.fromkeys(patterns, 0.0)
        for pid in pids:
            for name, (file, pattern) in patterns.items():
                with suppress(OSError):
                    if match := re.search(pattern, Path(f"/proc/{pid}/{file}").read_text()):
                        sums[name] += int(match[1]) / 1024
        found[role] = {name: round(value, 1) for name, value in sums.items()}
    return found


def machine() -> dict[str, str]:
    """Return what one must know of a machine to read its figures."""
    cpu_info, memory_info = Path("/proc/cpuinfo").read_text(), Path("/proc/meminfo").read_text()
    model = re.search(r"model name\s*:\s*(.+)", cpu_info)
    total = re.search(r"MemTotal:\s+(\d+)", memory_info)
    folder = postgresql_folder()
    asked = subprocess.run([str(folder / "postgres"), "--version"], capture_output=True, text=True, check=False) if folder else None
    return {
        "cores": str(os.cpu_count()),
        "processor": model[1].strip() if model else platform.machine(),
        "memory": f"{int(total[1]) / 1024 / 1024:.0f} GB" if total else "unknown",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "postgresql": asked.stdout.split()[2] if asked and asked.stdout else "unknown",
        "rabbitmq": _rabbitmq_version(),
    }


def _rabbitmq_version() -> str:
    folders = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*"))
    return folders[-1].name.partition("-")[2] if folders else "unknown"
