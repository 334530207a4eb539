"""What the forum's facts make us say: the invitation, the thanks, and a notice to each address of the team."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.notifier.model import NOTICE_DAYS, Invitation, Team, Template
from services.notifier.queueing import Mail, queue
from shared.contracts.forum import TeamChanged
from shared.database import Transaction

ANSWERS: tuple[tuple[str, Template, Template], ...] = (
    ("confirmed_at", "team_notice", "acknowledgement"),
    ("declined_at", "team_notice_declined", "declined"),
)
"""For each answer: its moment, what the team hears, what the person hears."""


async def lock(session: Transaction, invitation_id: UUID, *, name: str = "") -> Invitation:
    """Return the invitation, made if its answer came first, and held until the transaction ends."""
    await session.execute(insert(Invitation).values(id=invitation_id, name=name, language="en").on_conflict_do_nothing())
    return (await session.scalars(select(Invitation).where(Invitation.id == invitation_id).with_for_update())).one()


async def invite(session: Transaction, invitation: Invitation) -> None:
    """Queue the invitation's mail."""
    if invitation.email:
        await queue(session, [Mail(invitation.id, "invitation", invitation.email, invitation.language)])


async def tell(session: Transaction, invitation: Invitation) -> None:
    """Queue the notices and the thanks for each answer that this person has given; what was queued before is not queued again."""
    emails = await session.scalar(select(Team.emails)) or []
    mails = []
    for moment, notice, thanks in ANSWERS:
        if getattr(invitation, moment) is not None:
            mails += [Mail(invitation.id, notice, email, "en") for email in emails]
            if invitation.email:
                mails.append(Mail(invitation.id, thanks, invitation.email, invitation.language))
    await queue(session, mails)


async def keep_team(session: Transaction, team: TeamChanged) -> bool:
    """Keep the addresses if they are newer than ours, and return whether they were."""
    written = insert(Team).values(only=True, version=team.version, emails=list(team.emails))
    newer = written.on_conflict_do_update(
        index_elements=[Team.only], set_={"version": team.version, "emails": list(team.emails)}, where=Team.version < team.version
    )
    return (await session.execute(newer.returning(Team.version))).scalar() is not None


async def lately_answered(session: Transaction) -> Sequence[Invitation]:
    """Return the invitations whose answers a newcomer to the team should hear of."""
    lately = func.now() - timedelta(days=NOTICE_DAYS)
    found = await session.scalars(
        select(Invitation)
        .where(or_(Invitation.confirmed_at > lately, Invitation.declined_at > lately))
        .order_by(Invitation.id)
        .with_for_update()
    )
    return found.all()
