"""The forum, wired."""

from services.forum.handlers import answer_erasure, listener
from services.forum.preparing import prepare
from services.forum.routes import invitations, speakers, team
from services.forum.settings import ForumSettings
from shared.erasing import finishing
from shared.service import create_app

settings = ForumSettings()
app = create_app(
    "forum",
    settings,
    database_url=settings.forum_database_url,
    identity_keys=settings.forum_identity_keys,
    listener=listener,
    routers=[speakers.router, team.router, invitations.router],
    background=[prepare, finishing(answer_erasure)],
)
