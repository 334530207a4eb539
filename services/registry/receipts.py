"""What becomes of an erasure: journaled, answered by every service, and shown under its number for a month."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import text

from services.registry import erasing, journal, marking, selfservice
from services.registry.codes.keeping import forget_old
from shared import logging
from shared.clock import now
from shared.contracts.gateway import ManageLinkRequested, RegistrationSubmitted
from shared.database import Transaction
from shared.dead_letters import DeadLetter
from shared.erasing import Erased
from shared.errors import Outage
from shared.pauses import wait_any
from shared.service import Context
from shared.topology import SERVICES

log = logging.get(__name__)

SHOWN_DAYS = 30
"""How long a receipt is shown; nobody needs it for longer."""
EVERY_SECONDS = 3600.0
FORGET = text("DELETE FROM erasure WHERE at < now() - make_interval(days => :days)")
RECEIPT = text(
    "SELECT erasure.at, answer.service, answer.at AS answered_at FROM erasure_receipt"
    " JOIN erasure USING (member_id) LEFT JOIN erasure_answer AS answer USING (member_id)"
    " WHERE number = :number AND erasure.at > now() - make_interval(days => :days)"
)


class Receipt(NamedTuple):
    """What became of one erasure.

    Attributes:
        answers: each service, with the moment at which it was done; None while it is outstanding.
    """

    at: datetime
    answers: dict[str, datetime | None]

    @property
    def done(self) -> bool:
        """Whether nothing is left anywhere."""
        return all(self.answers.values())


async def receipt(session: Transaction, number: str) -> Receipt | None:
    """Return what is shown under a number; None for one that is not known, or not any more."""
    rows = (await session.execute(RECEIPT, {"number": number, "days": SHOWN_DAYS})).all()
    if not rows:
        return None
    answered = {row.service: row.answered_at for row in rows}
    return Receipt(rows[0].at, {service: answered.get(service) for service in SERVICES})


async def write_journal(context: Context, erased: Sequence[Erased]) -> Sequence[Erased]:
    """Write erased members into the journal, where one is kept: it is on disk before any receipt says that the registry is done.

    Raises:
        Outage: the journal cannot be written; the receipts name the registry as outstanding until it can.
    """
    if path := context.settings.erasure_journal:
        try:
            await asyncio.to_thread(journal.append, path, [each.member_id for each in erased], at=now())
        except OSError as error:
            raise Outage(f"the journal of erasures cannot be written: {type(error).__name__}") from error
    return erased


async def answer_erasure(session: Transaction, member_id: UUID) -> None:
    """Note that nothing about an erased member is left in the registry."""
    await erasing.note_answer(session, member_id, "registry", now())


def is_about(letter: DeadLetter, body: dict[str, Any], erased: Erased) -> bool:
    """Tell whether a dead letter holds an erased person's contact: a registration under their name, or their wish for a link."""
    try:
        if letter.type == RegistrationSubmitted.key:
            return not erased.marks.isdisjoint(marking.marks_of(RegistrationSubmitted.model_validate(body)))
        if letter.type == ManageLinkRequested.key:
            asked = ManageLinkRequested.model_validate(body)
            return marking.contact_mark(selfservice.contact_key(asked)) in erased.marks
    except ValidationError:
        return False  # Nobody can be told from it; it is malformed, and stays for whoever mends it.
    return False


async def forget_receipts(context: Context) -> None:
    """Forget receipts that have been shown for long enough, and codes that open nothing any more, hourly, until told to stop."""
    if context.settings.erasure_journal is None:
        log.warning("no_erasure_journal", setting="ERASURE_JOURNAL")
    while not context.stopping.is_set():
        async with context.database.transaction() as session:
            await session.execute(FORGET, {"days": SHOWN_DAYS})
            await forget_old(session)
        await wait_any(context.stopping, seconds=EVERY_SECONDS)
