"""What the forum sees to when it starts: an edition to invite to, and the team's first addresses."""

from collections.abc import Sequence

from services.forum.editions import fill_places, lock_edition, lock_preparing, open_edition
from services.forum.fields import read_email
from services.forum.model import Team
from services.forum.settings import ForumSettings
from shared import logging, outbox
from shared.clock import now
from shared.database import Transaction
from shared.service import Context

log = logging.get(__name__)


async def prepare(context: Context) -> None:
    """Open the edition, fill places that the settings added, keep and announce the first team.

    Any number of copies may do it at once: one of them makes what is missing.
    """
    settings: ForumSettings = context.settings
    async with context.database.transaction() as session:
        edition = await open_edition(session, settings, now().date())
        await lock_edition(session, edition.id)
        for moved_up in await fill_places(session, edition.id, now()):
            outbox.put(session, moved_up)
        await keep_first_team(session, settings.forum_team_emails)


async def keep_first_team(session: Transaction, emails: Sequence[str]) -> None:
    """Keep and announce the settings' team, unless there are no addresses in them or a team is kept already: it is edited elsewhere."""
    await lock_preparing(session)
    if (wanted := _readable(emails)) and await session.get(Team, True) is None:
        first = Team.first(wanted)
        session.add(first)
        outbox.put(session, first.changed())


def _readable(emails: Sequence[str]) -> list[str]:
    readable = []
    for place, email in enumerate(emails, start=1):
        try:
            readable.append(read_email(email))
        except ValueError:
            log.error("team_address_unreadable", place=place, setting="FORUM_TEAM_EMAILS")
    return readable
