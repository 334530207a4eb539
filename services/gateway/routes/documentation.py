"""The contract for machines: one OpenAPI 3.1 document of the whole."""

from functools import cache

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from services.gateway.merging import committed, merged
from shared.topology import SERVICES

router = APIRouter(include_in_schema=False)


@router.get("/api/openapi.json")
async def show(request: Request) -> Response:
    """Show the document; it is made from committed files, so that no service need be up."""
    return Response(_document(request.app.state.settings.khokahano_base_url), media_type="application/json")


@cache
def _document(base_url: str) -> bytes:
    return orjson.dumps(merged({service: committed(service) for service in SERVICES}, base_url))
