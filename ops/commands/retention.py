"""`khokahano retention`: drop what is too old, or say what would be dropped, and why."""

import asyncio
from typing import Annotated

import typer

from ops import output
from services.registry import marking
from services.registry.keeping.nightly import Counts, foresee, keep, night_of
from services.registry.keeping.rules import WHYS, Rules, Why
from services.registry.settings import RegistrySettings
from shared.clock import now
from shared.database import Database

PATIENCE_SECONDS = 600.0
"""The most that one statement may take: a page of old records is found along an index, but nobody waits for it here."""
REASONS: dict[Why, str] = {
    "unconfirmed": "registered more than {days} days ago, and nobody confirmed it",
    "inactive": "want no information, and nothing was heard of them for {days} days",
    "bounced": "an address or number that reached nobody for {days} days",
}
FATES = {
    "drop": "{done} erased",
    "ring": "{done} put on the call list, for {call} days, before anything is dropped",
    "wait": "{done} kept for now: on the call list, or a call was agreed",
    "contact": "{done} deprived of that address or number only",
}


def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing: say how many, and why.")] = False,
) -> None:
    """Do now what is done each night: drop what is kept no longer, by the KEEP_… settings. Example: khokahano retention --dry-run."""
    settings = RegistrySettings()
    marking.use(settings.suppression_key)
    rules = Rules.of(settings)
    counts = asyncio.run(_run(settings, rules, dry_run=dry_run))
    if counts is None:
        output.fail("another process is at it")
    for why in WHYS:
        _tell(why, rules, counts, dry_run=dry_run)


def _tell(why: Why, rules: Rules, counts: Counts, *, dry_run: bool) -> None:
    days: int = getattr(rules, why)
    numbers = {fate: counts.get(f"{why}.{fate}", 0) for fate in FATES}
    words = {"done": "would be" if dry_run else "were", "call": rules.call}
    parts = [f"{number} {FATES[fate].format(**words)}" for fate, number in numbers.items() if number] or ["nobody"]
    reason = REASONS[why].format(days=days) if days else "kept for ever"
    output.say(f"{why} ({reason}): {'; '.join(parts)}", rule=why, days=days, reason=reason, dry_run=dry_run, **numbers)


async def _run(settings: RegistrySettings, rules: Rules, *, dry_run: bool) -> Counts | None:
    at = now()
    database = Database(settings.registry_database_url, name="retention", pool_size=1, timeout_seconds=PATIENCE_SECONDS)
    try:
        if dry_run:
            return await foresee(database, rules, at=at)
        return await keep(database, rules, night_of(at, settings.keep_night_hour), at=at, again=True)
    finally:
        await database.close()
