"""The registry's wiring: `uvicorn services.registry.app:app`."""

from services.registry import marking
from services.registry.calling.raising import raise_calls
from services.registry.duplicates.comparing import compare_members
from services.registry.duplicates.learning import learn_now_and_then
from services.registry.handlers import listener
from services.registry.keeping.nightly import keep_nightly
from services.registry.numbers.tallying import add_up
from services.registry.outreach.key_people import tend as tend_key_people
from services.registry.receipts import answer_erasure, forget_receipts, is_about, write_journal
from services.registry.rooting import close_days
from services.registry.routes import routers
from services.registry.scoped import role_is_there
from services.registry.settings import RegistrySettings
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
    checks={"scoped role": role_is_there},
    routers=routers,
    background=[
        *(raise_calls, keep_nightly, tend_key_people),
        *(add_up, close_days, forget_receipts, compare_members, learn_now_and_then),
        finishing(answer_erasure, before=write_journal, recognise=is_about),
    ],
)
