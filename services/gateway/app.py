"""The gateway: the ears, and the only public door. Wiring only."""

from pathlib import Path

from fastapi import FastAPI

from services.gateway import forgetting, pages, proxy
from services.gateway.handlers import answer_erasure, forget_sheets, listener
from services.gateway.importing import Importer
from services.gateway.intake import Intake
from services.gateway.proxy import Owners
from services.gateway.routes import answers, desk, documentation, import_list, import_pages, imports, me, registering, registrations
from services.gateway.settings import GatewaySettings
from services.gateway.threshold import Threshold
from shared.erasing import finishing
from shared.errors import Unauthenticated
from shared.service import create_app
from shared.web.headers import SecurityHeaders
from shared.web.pages import Pages


def make_app(settings: GatewaySettings) -> FastAPI:
    """Return the gateway's ASGI application."""
    intake, owners, importer = Intake(settings), Owners(settings), Importer(settings)
    made = create_app(
        "gateway",
        settings,
        database_url=settings.gateway_database_url,
        identity_keys=None,
        listener=listener,
        # The proxy comes last: a path that is the gateway's own for one method is the owner's for the others.
        routers=[
            *(registrations.hot, registrations.router, pages.router, answers.router),
            *(
                me.router,
                imports.router,
                import_list.router,
                import_pages.router,
                registering.router,
                desk.router,
                documentation.router,
                proxy.router,
            ),
        ],
        # Two flushers, so that one batch gathers while the other commits.
        background=[
            *(intake.flush, intake.flush, importer.run, forgetting.forget, owners.close),
            finishing(answer_erasure, before=forget_sheets),
        ],
    )
    made.state.intake, made.state.owners = intake, owners
    made.state.pages = Pages(Path(__file__).parent, settings)
    made.add_exception_handler(Unauthenticated, desk.turn_away)
    made.add_middleware(Threshold)
    made.add_middleware(SecurityHeaders, https=settings.khokahano_base_url.startswith("https://"))
    return made


app = make_app(GatewaySettings())
