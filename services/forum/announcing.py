"""The forum's present state as messages, for a listener that is new or lost its tables."""

from collections.abc import AsyncIterator

from sqlalchemy import select

from services.forum.model import Invitation, Status, Team
from shared.contracts.base import Message
from shared.contracts.forum import SpeakerConfirmed, SpeakerDeclined, SpeakerInvited, TeamChanged
from shared.database import Transaction


async def invited(session: Transaction) -> AsyncIterator[Message]:
    """Yield every invitation: whoever answered is still written to under it."""
    for invitation in await session.scalars(select(Invitation).order_by(Invitation.id)):
        yield invitation.invited()


async def confirmed(session: Transaction) -> AsyncIterator[Message]:
    """Yield every confirmed speaker."""
    for invitation in await _with_status(session, "confirmed"):
        yield invitation.confirmed()


async def declined(session: Transaction) -> AsyncIterator[Message]:
    """Yield everybody who said no."""
    for invitation in await _with_status(session, "declined"):
        yield invitation.declined()


async def team(session: Transaction) -> AsyncIterator[Message]:
    """Yield the team, if it has been given."""
    if kept := await session.get(Team, True):
        yield kept.changed()


async def _with_status(session: Transaction, status: Status) -> list[Invitation]:
    return list(await session.scalars(select(Invitation).where(Invitation.status == status).order_by(Invitation.id)))


ANNOUNCERS = {SpeakerInvited.key: invited, SpeakerConfirmed.key: confirmed, SpeakerDeclined.key: declined, TeamChanged.key: team}
