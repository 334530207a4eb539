"""What the registry shows, and what staff decide there; reached through the gateway only."""

from services.registry.routes import areas, confirming, members

routers = (members.router, areas.router, confirming.router)
