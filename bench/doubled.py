"""A sheet in which some people stand twice: imported, compared by the registry itself while others register, and held against the truth."""

import csv
import os
import subprocess
import sys
import time
from typing import Any

from bench import households, journeys
from bench.ground import fetch
from bench.house import House
from ops.processes import ROOT, StartFailed
from services.registry.duplicates.learning import GROWN

SHARE = 0.1
"""Of the people, so many stand twice."""
SEED = 19_661_004
BESIDE_SECONDS = 10
LOOK_SECONDS = 0.5
STALL_SECONDS = 120.0
HEADINGS = ("given_name", "family_name", "birth_year", "gender", "phone", "country", "province", "city", "home_district", "occupation")
STATED = {
    "channels": "call",
    "language": "en",
    "consent_registration": "yes",
    "consent_information": "no",
    "consent_text_version": "2020-01",
}
DUE = "SELECT (SELECT count(*) FROM likeness_due), (SELECT count(*) FROM member), (SELECT coalesce(max(members), 0) FROM likeness_lesson)"
PAIRS = """
    SELECT a.value, b.value FROM likeness_pair JOIN contact a ON a.member_id = one JOIN contact b ON b.member_id = other
    WHERE a.value LIKE '+2773%' AND b.value LIKE '+2773%'
"""


def measure(house: House, count: int) -> dict[str, Any]:
    """Import so many records; return how right and complete the pairs are that the registry finds, and how long it takes.

    Raises:
        StartFailed: the command failed, or comparing stands still.
    """
    records = households.people(round(count / (1 + SHARE)), seed=SEED)
    records = households.with_doubles(records, SHARE, seed=SEED + 1)[:count]
    sheet = house.ground.folder / "doubled.csv"
    with sheet.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow((*HEADINGS, *STATED))
        rows.writerows(_row(number, record) for number, record in enumerate(records))
    environment = os.environ | house.settings | {"KHOKAHANO_LOCAL": str(house.ground.folder / "no-checkout")}
    command = [sys.executable, "-m", "ops.cli", "--json", "import", str(sheet)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise StartFailed(f"khokahano import: {done.stdout.decode().strip()[-500:]}")
    began = time.monotonic()
    beside = journeys.latency(house, BESIDE_SECONDS)
    _wait(house)
    seconds = time.monotonic() - began
    _wait(house, taught=True)
    found = [(int(one[5:]), int(other[5:])) for one, other in fetch(house.databases["registry"], PAIRS)]
    people = [record.identity for record in records]
    right = sum(people[one] == people[other] for one, other in found)
    there = len(people) - len(set(people))
    return {
        "rows": len(records),
        "seconds": seconds,
        "ms_each": 1000 * seconds / len(records),
        "offered": len(found),
        "precision": right / max(1, len(found)),
        "recall": right / max(1, there),
        "beside_p50_ms": beside["latency_p50_ms"],
        "beside_p99_ms": beside["latency_p99_ms"],
    }


def _row(number: int, record: households.Record) -> tuple[str, ...]:
    one = record.person
    country, _, province = one.area.partition("-")
    year = str(one.birth.year) if one.birth and one.birth.year else ""
    told = (one.given_name, one.family_name, year, one.gender, f"+2773{number:07d}", country, one.area if province else "", one.city)
    return (*told, one.home_district, one.occupation, *STATED.values())


def _wait(house: House, *, taught: bool = False) -> None:
    """Return once everybody was compared; `taught`: by what the registry has learned from them, too."""
    seen, since = (-1, -1), time.monotonic()
    while True:
        [(due, members, learned_from)] = fetch(house.databases["registry"], DUE)
        if not due and (not taught or learned_from > members / GROWN):
            return
        if (due, learned_from) != seen:
            seen, since = (due, learned_from), time.monotonic()
        elif time.monotonic() - since > STALL_SECONDS:
            raise StartFailed(f"{due} members are not compared")
        time.sleep(LOOK_SECONDS)
