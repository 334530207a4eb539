"""One mail to each of many: the notifier's sender with its deliveries prepared, beside a loop that streams recipients and writes."""

import os
import subprocess
import sys
import time
from typing import Any

from bench.accounting import MACHINE, cpu, memory, others_percent, spent
from bench.ground import execute
from bench.house import House, Raw
from bench.journeys import SETTLE_SECONDS, wait_for_mails
from ops.processes import ROOT

# Members who confirmed and agreed; the deliveries are informational, so that the sender looks at consent, withdrawal and suppression for
# each. A sender that runs finds them by itself, as it finds what another process has queued.
MEMBERS = """
INSERT INTO recipient (member_id, version, status, language, information, registered)
SELECT md5('{tag}m' || n)::uuid, 1, 'confirmed', CASE WHEN n % 3 = 0 THEN 'st' ELSE 'en' END, '{{email}}', true
FROM generate_series(1, {count}) n
"""
CONTACTS = """
INSERT INTO contact (id, member_id, kind, value, address_key, confirmed_at, shared, disowned)
SELECT md5('{tag}c' || n)::uuid, md5('{tag}m' || n)::uuid, 'email', '{tag}' || n || '@example.org',
    sha256(('{tag}' || n)::bytea), now(), false, false
FROM generate_series(1, {count}) n
"""
DELIVERIES = """
INSERT INTO delivery (id, member_id, contact_id, cause, template, recipient, channel, address, language, transactional, status, due_at,
    give_up_at)
SELECT md5('{tag}d' || n)::uuid, md5('{tag}m' || n)::uuid, md5('{tag}c' || n)::uuid, md5('{tag}m' || n)::uuid, 'welcome',
    sha256(('{tag}' || n)::bytea), 'email', '{tag}' || n || '@example.org', CASE WHEN n % 3 = 0 THEN 'st' ELSE 'en' END, false, 'due',
    now(), now() + interval '1 day'
FROM generate_series(1, {count}) n
"""
RECIPIENTS = (
    "INSERT INTO recipient (tag, email, name) SELECT '{tag}', '{tag}' || n || '@example.org', 'Lineo' FROM generate_series(1, {count}) n"
)


def house(system: House, count: int) -> dict[str, Any]:
    """Measure the house's sender from its first mail to its last."""
    tag, url = system.ground.tag(), system.databases["notifier"]
    execute(url, *(each.format(tag=tag, count=count) for each in (MEMBERS, CONTACTS)), "ANALYZE")
    system.ground.sink.ask(f"reset {tag}")
    roles = {"notifier": [system.programs["notifier"].pid], "postgresql": [system.ground.postgresql.pid]}
    held = memory(roles)["notifier"]["rss"]
    before, began = cpu(roles), time.monotonic()
    execute(url, DELIVERIES.format(tag=tag, count=count))
    result = _outcome(system, count, before, began, roles)
    return result | {"rss_before_mb": held, "peak_rss_mb": memory(roles)["notifier"]["peak_rss"]}


def raw(system: Raw, count: int) -> dict[str, Any]:
    """Measure the raw sender from its first mail to its last."""
    tag = system.ground.tag()
    execute(system.database, RECIPIENTS.format(tag=tag, count=count), "ANALYZE")
    system.ground.sink.ask(f"reset {tag}")
    command = [sys.executable, "-m", "bench.raw", "fanout", tag]
    with (system.ground.folder / "raw_fanout.log").open("ab") as log:
        sender = subprocess.Popen(command, cwd=ROOT, env=os.environ | system.environment, stdout=log, stderr=log)
    try:
        roles = {"sender": [sender.pid], "postgresql": [system.ground.postgresql.pid]}
        before, began = cpu(roles), time.monotonic()
        result = _outcome(system, count, before, began, roles)
        sender.wait(30)
    finally:
        sender.kill()
        sender.wait()
    return result


def _outcome(system: House | Raw, count: int, before: dict[str, float], began: float, roles: dict[str, list[int]]) -> dict[str, Any]:
    stats = wait_for_mails(system, count)
    used, seconds = spent(before, cpu(roles)), time.monotonic() - began
    time.sleep(SETTLE_SECONDS)
    stats = system.ground.sink.ask("stats")
    sent = stats["unique"] or 1
    return {
        "rate": (stats["unique"] - 1) / max(stats["last"] - stats["first"], 1e-9),
        "cpu_ms": {role: round(1000 * value / sent, 3) for role, value in used.items() if role != MACHINE},
        "cpu_all_ms": sum(1000 * value / sent for role, value in used.items() if role != MACHINE),
        "lost": count - stats["unique"],
        "duplicates": stats["duplicates"],
        "others_percent": others_percent(used, seconds),
    }
