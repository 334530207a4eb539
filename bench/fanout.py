"""One mail to each of many: the house's announcement, prepared and sent, beside a loop that streams recipients and writes."""

import json
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

# Members who confirmed and agreed. Ids are version 7 in shape, so that the walk through them is as it is in life.
MEMBERS = """
INSERT INTO recipient (member_id, version, status, language, information, registered)
SELECT (lpad(to_hex(1577836800000 + n), 12, '0') || '7faf8000' || lpad(to_hex(n), 12, '0'))::uuid, 1, 'confirmed',
    CASE WHEN n % 3 = 0 THEN 'st' ELSE 'en' END, '{{email}}', true
FROM generate_series({first}, {last}) n
"""
CONTACTS = """
INSERT INTO contact (id, member_id, kind, value, address_key, confirmed_at, shared, disowned)
SELECT (lpad(to_hex(1577836800000 + n), 12, '0') || '7faf9000' || lpad(to_hex(n), 12, '0'))::uuid,
    (lpad(to_hex(1577836800000 + n), 12, '0') || '7faf8000' || lpad(to_hex(n), 12, '0'))::uuid, 'email', '{tag}' || n || '@example.org',
    substring(sha256(('{tag}' || n)::bytea) for 16), now(), false, false
FROM generate_series({first}, {last}) n
"""
SUBJECT = {"en": "The Diaspora Forum in Maseru", "st": "Seboka sa Basotho ba kantle ho naha Maseru"}
TEXT = {
    "en": "Dear friends,\n\nthe Diaspora Forum opens in Maseru on 8 April. You are welcome to come and to listen.\n\nThe team, {tag}",
    "st": "Metsoalle,\n\nSeboka sa Basotho ba kantle ho naha se bula Maseru ka la 8 'Mesa. Le memiloe ho tla mamela.\n\nSehlopha, {tag}",
}
RECIPIENTS = (
    "INSERT INTO recipient (tag, email, name) SELECT '{tag}', '{tag}' || n || '@example.org', 'Lineo' FROM generate_series(1, {count}) n"
)


def house(system: House, count: int) -> dict[str, Any]:
    """Measure an announcement from its first mail to its last, after one to a tenth of the people."""
    tag = system.ground.tag()
    roles = {"notifier": [system.programs["notifier"].pid], "postgresql": [system.ground.postgresql.pid]}
    held, result, known = 0.0, dict[str, Any](), 0
    for many in (count // 10, count):
        _know(system, tag, known + 1, many)
        held, known = memory(roles)["notifier"]["peak_rss"], many
        system.ground.sink.ask(f"reset {tag}")
        before, began = cpu(roles), time.monotonic()
        _announce(system, f"{tag} {many}")
        result = _outcome(system, many, before, began, roles)
    return result | {"rss_after_a_tenth_mb": held, "peak_rss_mb": memory(roles)["notifier"]["peak_rss"]}


def _know(system: House, tag: str, first: int, last: int) -> None:
    """Have the notifier know these people; what it is told of one in life comes one by one, and is not measured here."""
    execute(
        system.databases["notifier"], *(each.format(tag=tag, first=first, last=last) for each in (MEMBERS, CONTACTS)), "ANALYZE contact"
    )


def _announce(system: House, mark: str) -> None:
    """Begin an announcement, as staff do."""
    file = system.ground.folder / "announcement.toml"
    tables = (f"[{each}]\nsubject = {json.dumps(SUBJECT[each])}\ntext = {json.dumps(TEXT[each].format(tag=mark))}\n" for each in TEXT)
    file.write_text("".join(tables))
    command = [sys.executable, "-m", "ops.cli", "announcement", "send", str(file)]
    environment = os.environ | system.settings | {"KHOKAHANO_LOCAL": str(system.ground.folder)}
    subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)


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
        "rate_from_the_start": stats["unique"] / max(stats["last"] - began, 1e-9),
        "cpu_ms": {role: round(1000 * value / sent, 3) for role, value in used.items() if role != MACHINE},
        "cpu_all_ms": sum(1000 * value / sent for role, value in used.items() if role != MACHINE),
        "lost": count - stats["unique"],
        "duplicates": stats["duplicates"],
        "others_percent": others_percent(used, seconds),
    }
