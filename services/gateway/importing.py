"""The work on imports, in the background: a few rows at a time, so that people at the front door never wait behind a sheet."""

import asyncio
import random
from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from services.gateway import form, imports
from services.gateway.imports import Fault, Job, LeaseLost
from services.gateway.settings import GatewaySettings
from services.gateway.sheets import Row, Sheet, UnreadableSheet
from shared import journey, logging
from shared.clock import now
from shared.contracts.gateway import RegistrationSubmitted
from shared.errors import Contention, Invalid, Outage
from shared.service import Context
from shared.web.pages import Filled

log = logging.get(__name__)

LOOK_SECONDS = 1.0
"""How often an idle worker looks for an import."""
FULL_SECONDS = 0.1
"""How often a worker looks whether the registry has made room."""
BREATHE_ROWS = 10
"""Rows checked before everything else in this process has its turn."""


class Importer:
    """Works imports one after the other. Any number of processes may do so at a time."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._window, self._batch, self._origin = settings.import_window, settings.batch_size, settings.country_of_origin

    async def run(self, context: Context) -> None:
        """Work until told to stop; what is half done then goes to whoever comes next."""
        while not context.stopping.is_set():
            try:
                async with context.database.transaction() as session:
                    job = await imports.claim(session)
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
        async with context.database.transaction() as session:
            data = await imports.contents(session, job.id)
        log.info("import_begins", import_id=str(job.id), cursor=job.cursor)
        failure = None
        try:
            sheet = await asyncio.to_thread(Sheet, data)
        except UnreadableSheet as unreadable:
            failure = str(unreadable)
        else:
            rows = (row for row in sheet.rows() if row.number > job.cursor)
            if not await self._hand_in(job, rows, context):
                return
        async with context.database.transaction() as session:
            await imports.finish(session, job, failure)
        log.info("import_ended", import_id=str(job.id), failed=failure is not None)

    async def _hand_in(self, job: Job, rows: Iterator[Row], context: Context) -> bool:
        """Hand rows in as fast as the registry deals with them; False if told to stop before the end."""
        while True:
            room = await self._room(job, context)
            if context.stopping.is_set():
                async with context.database.transaction() as session:
                    await imports.leave(session, job)
                return False
            some = list(islice(rows, min(room, self._batch)))
            if not some:
                return True
            accepted, faults = await self._check(job.id, some)
            async with context.database.transaction() as session:
                await imports.keep(session, job, cursor=some[-1].number, accepted=accepted, faults=faults)

    async def _room(self, job: Job, context: Context) -> int:
        """Wait until the registry has dealt with enough of this import's submissions, and return how many more may be handed in."""
        waited = 0.0
        while True:
            async with context.database.transaction() as session:
                room = self._window - await imports.unprocessed(session, job.id)
                if room <= 0 and waited > imports.LEASE_SECONDS / 4:
                    await imports.stay(session, job)
                    waited = 0.0
            if room > 0 or context.stopping.is_set():
                return room
            await _pause(context, FULL_SECONDS)
            waited += FULL_SECONDS

    async def _check(self, import_id: UUID, rows: list[Row]) -> tuple[list[RegistrationSubmitted], list[Fault]]:
        accepted: list[RegistrationSubmitted] = []
        faults: list[Fault] = []
        for count, row in enumerate(rows):
            if count % BREATHE_ROWS == 0:
                await asyncio.sleep(0)
            found = self.read(import_id, row)
            if isinstance(found, RegistrationSubmitted):
                accepted.append(found)
            else:
                faults += found
        return accepted, faults

    def read(self, import_id: UUID, row: Row) -> RegistrationSubmitted | list[Fault]:
        """Return the submission that a row becomes, or what is wrong with it."""
        if row.fault:
            return [Fault(row.line, "", row.fault)]
        try:
            filled = form.from_row(row.cells, origin=self._origin)
        except Invalid as invalid:
            return [Fault(row.line, Filled.field(error.pointer), error.detail) for error in invalid.errors]
        except Exception:  # A bug of ours in one row must not hold the other rows up for ever.
            log.exception("import_row_failed", import_id=str(import_id), line=row.line)
            return [Fault(row.line, "", "This row could not be read, by a fault of ours.")]
        identifier = imports.submission_id(import_id, row.line)
        return form.submission(filled, submission_id=identifier, submitted_at=now(), way="import", import_id=import_id)


async def _pause(context: Context, seconds: float) -> None:
    """Wait, but no longer than the process runs."""
    try:
        async with asyncio.timeout(seconds):
            await context.stopping.wait()
    except TimeoutError:
        return
