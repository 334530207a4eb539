"""The registry's wiring: `uvicorn services.registry.app:app`."""

from services.registry import marking
from services.registry.handlers import listener
from services.registry.receipts import answer_erasure, forget_receipts, is_about, write_journal
from services.registry.rooting import close_days
from services.registry.routes import routers
from services.registry.settings import RegistrySettings
from services.registry.tallying import add_up
from shared.erasing import finishing
from shared.service import create_app

settings = RegistrySettings()
marking.use(settings.suppression_key)

app = create_app(
    "registry",
    settings,
    database_url=settings.registry_database_url,
    identity_keys=settings.registry_identity_keys,
    listener=listener,
    routers=routers,
    background=[add_up, close_days, finishing(answer_erasure, before=write_journal, recognise=is_about), forget_receipts],
)
