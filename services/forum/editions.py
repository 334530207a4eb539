"""Which forum is being prepared, and who has its places.

Whoever changes who has a place locks the edition first and the invitation after it, so that two answers never take one place
and never wait for each other.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select, text

from services.forum.dates import forum_start
from services.forum.model import Edition, Invitation
from services.forum.settings import ForumSettings
from shared.clock import new_id
from shared.contracts.forum import SpeakerConfirmed
from shared.database import Transaction

PREPARING_LOCK = 4_801_001
"""The advisory lock under which editions and the team are first made; any number that nothing else in this database uses."""


async def lock_preparing(session: Transaction) -> None:
    """Wait until no other copy is preparing; held to the end of the transaction."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": PREPARING_LOCK})


async def newest_edition(session: Transaction) -> Edition | None:
    """Return the edition that is being prepared, or the last one that was."""
    return await session.scalar(select(Edition).order_by(Edition.starts_on.desc()).limit(1))


async def open_edition(session: Transaction, settings: ForumSettings, today: date) -> Edition:
    """Return the edition being prepared; make it if there is none yet or the last one is over.

    A date in the settings moves an edition that is not over: forums are postponed, and its invitations stay.
    """
    await lock_preparing(session)
    edition = await newest_edition(session)
    wanted = settings.forum_starts_on
    if edition is None or (edition.ends_on < today and edition.starts_on != wanted):
        edition = Edition(id=new_id(), starts_on=wanted or forum_start(today), days=settings.forum_days, places=settings.forum_places)
        session.add(edition)
    else:
        edition.starts_on = wanted or edition.starts_on
        edition.days, edition.places = settings.forum_days, settings.forum_places
    await session.flush()
    return edition


async def lock_invitation(session: Transaction, invitation_id: UUID) -> Invitation | None:
    """Return an invitation whose edition and row are both locked; None if there is none under this id."""
    await session.flush()  # Reading the row anew would forget what an earlier message of this transaction changed.
    edition_id = await session.scalar(select(Invitation.edition_id).where(Invitation.id == invitation_id))
    if edition_id is None:
        return None
    await lock_edition(session, edition_id)
    locked = select(Invitation).where(Invitation.id == invitation_id).with_for_update().execution_options(populate_existing=True)
    return await session.scalar(locked)


async def lock_edition(session: Transaction, edition_id: UUID) -> None:
    """Wait until nobody else is giving away this edition's places; invitations to it may still be added."""
    await session.execute(select(Edition.id).where(Edition.id == edition_id).with_for_update(key_share=True))


async def places_left(session: Transaction, edition_id: UUID) -> int:
    """Return how many more speakers there is room for; may be negative after the settings gave fewer places."""
    await session.flush()
    taken = select(func.count()).where(Invitation.edition_id == edition_id, Invitation.status == "confirmed").scalar_subquery()
    return await session.scalar(select(Edition.places - taken).where(Edition.id == edition_id)) or 0


async def fill_places(session: Transaction, edition_id: UUID, at: datetime) -> Sequence[SpeakerConfirmed]:
    """Give places that are free to those who have waited longest; the edition must be locked."""
    free = await places_left(session, edition_id)
    if free < 1:
        return ()
    longest = (
        select(Invitation)
        .where(Invitation.edition_id == edition_id, Invitation.status == "waitlisted")
        .order_by(Invitation.answered_at, Invitation.id)
        .limit(free)
        .with_for_update()
    )
    return [waiting.move_up(at) for waiting in await session.scalars(longest)]
