"""What the four services cost while nobody comes."""

import time
from typing import Any

from bench.accounting import MACHINE, cpu, memory, others_percent, spent
from bench.house import House

SETTLE_SECONDS = 5


def measure(system: House, seconds: int) -> dict[str, Any]:
    """Measure a quiet time; figures are per cent of one core, and MB."""
    time.sleep(SETTLE_SECONDS)
    before, began = cpu(system.roles), time.monotonic()
    time.sleep(seconds)
    used, passed = spent(before, cpu(system.roles)), time.monotonic() - began
    percent = {role: round(100 * value / passed, 2) for role, value in used.items() if role != MACHINE}
    held = memory(system.own)
    return {
        "cpu_percent": percent,
        "cpu_services_percent": sum(percent[role] for role in system.own),
        "cpu_servers_percent": sum(percent[role] for role in system.ground.roles),
        "memory_mb": held,
        "rss_mb": sum(each["rss"] for each in held.values()),
        "pss_mb": sum(each["pss"] for each in held.values()),
        "others_percent": others_percent(used, passed),
    }
