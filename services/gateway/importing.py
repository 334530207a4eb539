"""The work on imports, in the background: a few rows at a time, so that people at the front door never wait behind a sheet."""

import asyncio
import random
from collections.abc import Sequence

from services.gateway import imports, leases, rows
from services.gateway.leases import Job, LeaseLost
from services.gateway.rows import Fault, Plan
from services.gateway.settings import GatewaySettings
from services.gateway.sheets import Record
from services.gateway.sheets.reading import unpack
from shared import journey, logging
from shared.contracts.gateway import RegistrationSubmitted
from shared.errors import Contention, Outage
from shared.service import Context
from shared.web.language import mark

log = logging.get(__name__)

LOOK_SECONDS = 1.0
"""How often an idle worker looks for an import."""
FULL_SECONDS = 0.1
"""How often a worker looks whether the registry has made room."""
BREATHE_ROWS = 10
"""Rows checked before everything else in this process has its turn."""
CHECKED_AT_ONCE = 1000
"""Rows of a dry run between two writes: nobody waits for them."""
HAND_IN_AGAIN = mark("This sheet came just before an update, and waited for it. Hand it in again: nobody is added twice.")

Numbered = tuple[int, Record]


class Importer:
    """Works imports one after the other. Any number of processes may do so at a time."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._window, self._batch, self._origin = settings.import_window, settings.batch_size, settings.country_of_origin

    async def run(self, context: Context) -> None:
        """Work until told to stop; what is half done then goes to whoever comes next."""
        while not context.stopping.is_set():
            try:
                async with context.database.transaction() as session:
                    job = await leases.claim(session)
                if job is not None:
                    with journey.on(str(job.id)):
                        await self.work(job, context)
                    continue
            except (Outage, Contention) as trouble:
                log.warning("import_waits", reason=str(trouble))
            except LeaseLost:
                log.warning("import_taken_over")
            await _pause(context, LOOK_SECONDS * random.uniform(0.8, 1.2))

    async def work(self, job: Job, context: Context) -> None:
        """Go on with an import where its cursor stands.

        Raises:
            LeaseLost: another worker has taken it over.
            Outage: the database is away; the lease runs out by itself.
        """
        log.info("import_begins", import_id=str(job.id), cursor=job.cursor, dry_run=job.dry_run)
        if job.plan is not None and not await self._go_through(job, job.plan, context):
            return
        failure = None if job.plan else HAND_IN_AGAIN
        async with context.database.transaction() as session:
            await leases.finish(session, job, failure)
        log.info("import_ended", import_id=str(job.id), failed=failure is not None)

    async def _go_through(self, job: Job, plan: Plan, context: Context) -> bool:
        """Deal with a sheet page by page; False if told to stop before the end."""
        cursor = job.cursor
        while True:
            async with context.database.transaction() as session:
                page = await leases.page_after(session, job.id, cursor)
            if page is None:
                return True
            numbered = [each for each in unpack(page) if each[0] > cursor]
            if not await self._hand_in(job, plan, numbered, context):
                return False
            cursor = page.last

    async def _hand_in(self, job: Job, plan: Plan, numbered: list[Numbered], context: Context) -> bool:
        """Hand rows in as fast as the registry deals with them; False if told to stop before the end."""
        place = 0
        while place < len(numbered):
            room = CHECKED_AT_ONCE if job.dry_run else min(await self._room(job, context), self._batch)
            if context.stopping.is_set():
                async with context.database.transaction() as session:
                    await leases.leave(session, job)
                return False
            some = numbered[place : place + room]
            accepted, faults = await self._check(job, plan, [record for _, record in some])
            wrong = {fault.line for fault in faults}
            bad = [record for _, record in some if record.line in wrong]
            async with context.database.transaction() as session:
                await leases.keep(session, job, cursor=some[-1][0], accepted=accepted, faults=faults, bad=bad)
            place += len(some)
        return True

    async def _room(self, job: Job, context: Context) -> int:
        """Wait until the registry has dealt with enough of this import's submissions, and return how many more may be handed in."""
        waited = 0.0
        while True:
            async with context.database.transaction() as session:
                room = self._window - await imports.unprocessed(session, job.id)
                if room <= 0 and waited > leases.LEASE_SECONDS / 4:
                    await leases.stay(session, job)
                    waited = 0.0
            if room > 0 or context.stopping.is_set():
                return room
            await _pause(context, FULL_SECONDS)
            waited += FULL_SECONDS

    async def _check(self, job: Job, plan: Plan, records: Sequence[Record]) -> tuple[list[RegistrationSubmitted], list[Fault]]:
        accepted: list[RegistrationSubmitted] = []
        faults: list[Fault] = []
        for count, record in enumerate(records):
            if count % BREATHE_ROWS == 0:
                await asyncio.sleep(0)
            identifier = imports.submission_id(job.id, record.line)
            found = rows.read(plan, record, submission_id=identifier, import_id=job.id, origin=self._origin)
            if isinstance(found, RegistrationSubmitted):
                accepted.append(found)
            else:
                faults += found
        return accepted, faults


async def _pause(context: Context, seconds: float) -> None:
    """Wait, but no longer than the process runs."""
    try:
        async with asyncio.timeout(seconds):
            await context.stopping.wait()
    except TimeoutError:
        return
