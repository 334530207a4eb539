"""The registry's wiring: `uvicorn services.registry.app:app`."""

from services.registry.handlers import listener
from services.registry.routes import routers
from services.registry.settings import RegistrySettings
from shared.service import create_app

settings = RegistrySettings()

app = create_app(
    "registry",
    settings,
    database_url=settings.registry_database_url,
    identity_keys=settings.registry_identity_keys,
    listener=listener,
    routers=routers,
)
