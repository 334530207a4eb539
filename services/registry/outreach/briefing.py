"""Sending a partner the briefing pack, and what they answer behind its link."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from services.registry.outreach.model import Briefing, Partner
from shared.clock import new_id, now
from shared.contracts.gateway import BriefingAnswered
from shared.database import Transaction
from shared.errors import Unknown
from shared.outbox import put

PAUSE = timedelta(minutes=10)
"""A second press of the button is no second mail."""


def sent_lately(latest: Briefing | None, email: str, at: datetime) -> bool:
    """Tell whether this address has just been written to."""
    return latest is not None and latest.email == email and at - latest.sent_at < PAUSE


def send(session: Transaction, partner: Partner, email: str) -> Briefing:
    """Have the mail with the pack's link written."""
    sent = Briefing(id=new_id(), partner_id=partner.id, email=email, language=partner.language, sent_at=now())
    session.add(sent)
    put(session, sent.sent())
    return sent


async def latest(session: Transaction, partner_ids: Iterable[UUID]) -> dict[UUID, Briefing]:
    """Return the last briefing of each partner who had one."""
    found = await session.scalars(select(Briefing).where(Briefing.partner_id.in_(list(partner_ids))).order_by(Briefing.sent_at))
    return {briefing.partner_id: briefing for briefing in found}  # The later ones come later.


async def opened(session: Transaction, briefing_id: UUID) -> tuple[Briefing, Partner] | None:
    """Return the briefing behind a link with its partner, and note that it was opened; None if the partner is gone."""
    query = select(Briefing, Partner).join(Partner, Partner.id == Briefing.partner_id).where(Briefing.id == briefing_id)
    found = (await session.execute(query)).first()
    if found is None:
        return None
    if found.Briefing.opened_at is None:
        found.Briefing.opened_at = now()
    return found.Briefing, found.Partner


async def note_answer(session: Transaction, answered: BriefingAnswered) -> None:
    """Keep what a partner answered; who agrees is at work from now on. An older answer that comes late changes nothing.

    Raises:
        Unknown: there is no such briefing.
    """
    briefing = await session.get(Briefing, answered.briefing_id, with_for_update=True)
    if briefing is None:
        raise Unknown("no such briefing")
    if briefing.answered(answered.answer, answered.at) and answered.answer == "agree":
        partner = await session.get(Partner, briefing.partner_id, with_for_update=True)
        if partner is not None and partner.status == "known":
            partner.change({"status": "active"})
