"""`khokahano erase-again`: erase whom a restored backup brought back."""

import asyncio
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from ops import output
from services.registry import erasing, journal, marking
from services.registry.settings import RegistrySettings
from shared.clock import now
from shared.contracts.registry import MemberErased
from shared.database import Database
from shared.outbox import put


def run(
    file: Annotated[
        Path | None, typer.Argument(metavar="[JOURNAL]", help="The journal, if not the one that ERASURE_JOURNAL names.")
    ] = None,
) -> None:
    """Erase again whom the journal of erasures names, in every service: after a backup was restored. It can be done again."""
    settings = RegistrySettings()
    if not (path := file or settings.erasure_journal):
        output.fail("ERASURE_JOURNAL is not set: name the journal")
    named = journal.read(path)
    marking.use(settings.suppression_key)
    back = asyncio.run(_erase(settings, named))
    output.say(f"{len(named)} in the journal, {back} of them were back and are erased", journal=len(named), erased=back)


async def _erase(settings: RegistrySettings, named: list[UUID]) -> int:
    """Erase each member in a transaction of its own, and return how many were there.

    Whom the registry does not have is announced, too: another service's backup may be older.
    """
    database = Database(settings.registry_database_url, name="erase-again", pool_size=1, timeout_seconds=settings.database_timeout_seconds)
    back = 0
    try:
        for member_id in named:
            async with database.transaction() as session:
                if await erasing.erase_if_here(session, member_id, at=now()):
                    back += 1
                else:
                    put(session, MemberErased(member_id=member_id))
    finally:
        await database.close()
    return back
