"""The register's front door for programs. The same answer for everybody: whether a person was known is told to their own address only."""

from typing import Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from services.gateway import bodies, form, submissions
from services.gateway.form.rules import RegistrationForm
from services.gateway.intake import REGISTRATIONS, Intake
from services.gateway.settings import GatewaySettings
from shared.clock import new_id, now
from shared.errors import NotFound, UnsupportedType
from shared.http import HotRoute
from shared.service import Db
from shared.web.language import language_of

router = APIRouter(prefix=REGISTRATIONS, tags=["registrations"])
hot = APIRouter(prefix=REGISTRATIONS, tags=["registrations"], route_class=HotRoute)

_SCHEMA = RegistrationForm.model_json_schema()
_BODY: dict[str, Any] = {"required": True, "content": {"application/json": {"schema": _SCHEMA}}}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and body get the same answer and one registration, for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}


class Received(BaseModel):
    """What became of a registration, as far as anybody outside may know."""

    id: UUID
    status: Literal["received", "processed"]


@hot.post(
    "",
    status_code=202,
    response_model=None,
    responses={202: {"model": Received, "description": "It is on disk, and will be dealt with."}},
    openapi_extra={"requestBody": _BODY, "parameters": [_KEY]},
)
async def register(request: Request) -> Response:
    """Hear a registration; answered only once it is on disk. This is the hot place: no dependency, no thread."""
    if bodies.content_type(request) != "application/json":
        raise UnsupportedType
    raw = await bodies.read(request)
    settings: GatewaySettings = request.app.state.settings
    intake: Intake = request.app.state.intake
    filled = form.parse(raw, language_of(request), origin=settings.country_of_origin)
    submission = form.submission(filled, submission_id=new_id(), submitted_at=now(), way="api")
    key = request.headers.get("idempotency-key")
    identifier = await intake.accept(submission, key, intake.fingerprint(raw) if key is not None else b"")
    headers = {"location": f"{REGISTRATIONS}/{identifier}", "cache-control": "no-store"}
    return Response(orjson.dumps({"id": identifier, "status": "received"}), 202, headers, "application/json")


@router.get("/{submission_id}")
async def look_up(submission_id: UUID, db: Db) -> Received:
    """Say whether a registration was dealt with, and never what came of it."""
    async with db.transaction() as session:
        found = await submissions.status(session, submission_id)
    if found is None:
        raise NotFound
    return Received.model_validate({"id": submission_id, "status": found})
