"""The forum team's addresses, for its staff."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from services.forum.editions import lock_preparing
from services.forum.fields import TeamWanted
from services.forum.model import Team
from services.forum.routes.speakers import Staff
from shared import outbox
from shared.audit import note
from shared.errors import Conflict
from shared.service import Db
from shared.web.language import language_of, translate

router = APIRouter(prefix="/api/v1/team", tags=["team"])


class TeamShown(BaseModel):
    """Who is told when a speaker confirms. Version 0: nobody has been named yet."""

    emails: list[str]
    version: int


@router.get("")
async def show_team(who: Staff, db: Db) -> TeamShown:
    """Show the team's addresses."""
    async with db.transaction() as session:
        team = await session.get(Team, True)
        note(session, who, "team_read")
    return TeamShown(emails=list(team.emails), version=team.version) if team else TeamShown(emails=[], version=0)


@router.put("")
async def change_team(wanted: TeamWanted, who: Staff, db: Db, request: Request) -> TeamShown:
    """Replace the team's addresses, whole. The settings' first value is not read any more."""
    async with db.transaction() as session:
        await lock_preparing(session)
        team = await session.get(Team, True)
        if (team.version if team else 0) != wanted.version:
            raise Conflict(translate(language_of(request), "This has changed since you saw it. Look at it again, then decide."))
        if team is None:
            team = Team.first(wanted.emails)
            session.add(team)
            outbox.put(session, team.changed())
        elif changed := team.become(wanted.emails):
            outbox.put(session, changed)
        note(session, who, "team_changed", addresses=len(team.emails), version=team.version)
    return TeamShown(emails=list(team.emails), version=team.version)
