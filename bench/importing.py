"""A sheet through `khokahano import`, from the command's start to its end and to the last welcome."""

import os
import subprocess
import sys
import time
from typing import Any

from bench.accounting import MACHINE, cpu, memory, others_percent, spent
from bench.house import House
from bench.journeys import wait_for_mails
from bench.people import HEADINGS, sheet_row
from ops.processes import ROOT, StartFailed

MB = 1024.0


def measure(system: House, count: int) -> dict[str, Any]:
    """Import so many new people.

    Raises:
        StartFailed: the command failed.
    """
    ground = system.ground
    tag, first, sheet = ground.tag(), ground.people(count), ground.folder / "people.csv"
    with sheet.open("w", encoding="utf-8") as file:
        file.write(HEADINGS + "\n")
        file.writelines(sheet_row(first + number, tag) + "\n" for number in range(count))
    ground.sink.ask(f"reset {tag}")
    held = memory(system.own)
    environment = os.environ | system.settings | {"KHOKAHANO_LOCAL": str(ground.folder / "no-checkout")}
    command = [sys.executable, "-m", "ops.cli", "--json", "import", str(sheet)]
    before, began = cpu(system.roles), time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        assert running.stdout is not None
        said = running.stdout.read().decode()
        _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    ended = time.monotonic()
    if running.returncode:
        raise StartFailed(f"khokahano import: {said.strip()[-500:]}")
    stats = wait_for_mails(system, count)
    own = usage.ru_utime + usage.ru_stime
    used, seconds = spent(before, cpu(system.roles)), time.monotonic() - began
    after = memory(system.own)
    return {
        "rate": count / (ended - began),
        "rate_to_last_welcome": stats["unique"] / max(stats["last"] - began, 1e-9),
        "rows": count,
        "cpu_ms": {role: round(1000 * value / count, 3) for role, value in used.items() if role != MACHINE}
        | {"command": round(1000 * own / count, 3)},
        "command_peak_rss_mb": usage.ru_maxrss / MB,
        "gateway_rss_before_mb": held["gateway"]["rss"],
        "gateway_peak_rss_mb": after["gateway"]["peak_rss"],
        "sheet_mb": sheet.stat().st_size / MB / MB,
        "lost": count - stats["unique"],
        "duplicates": stats["duplicates"],
        "others_percent": others_percent(used, seconds, own),
    }
