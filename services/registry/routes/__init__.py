"""What the registry shows, and what staff decide there; reached through the gateway only."""

from services.registry.routes import areas, confirming, consents, erasures, me, members

routers = (members.router, consents.router, areas.router, confirming.router, erasures.router, me.router)
