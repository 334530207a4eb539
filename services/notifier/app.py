"""The notifier, wired."""

from services.notifier.handlers import answer_erasure, listener
from services.notifier.routes import routers
from services.notifier.sender import send
from services.notifier.settings import load
from services.notifier.tidying import tidy
from shared.erasing import finishing
from shared.service import create_app

settings = load()
app = create_app(
    "notifier",
    settings,
    database_url=settings.notifier_database_url,
    identity_keys=settings.notifier_identity_keys,
    listener=listener,
    routers=routers,
    background=[send, tidy, finishing(answer_erasure)],
)
