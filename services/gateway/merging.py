"""One OpenAPI document of all that can be asked at the public port, from the documents that each service commits."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from shared.topology import ROUTES, SERVICES

Document = dict[str, Any]
REF = "#/components/schemas/"
PROBLEM: Document = {
    "title": "Problem",
    "description": "RFC 9457.",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}}},
        },
    },
}
_REFUSED = {"description": "Fields are missing or wrong.", "content": {"application/problem+json": {"schema": {"$ref": f"{REF}Problem"}}}}
_STAFF: list[dict[str, list[str]]] = [{"token": []}, {"session": []}]
_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def committed(service: str) -> Document:
    """Return the document that a service commits; an empty one if there is none yet."""
    file = files(f"services.{service}") / "openapi.json"
    found: Document = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return found


def merged(documents: Mapping[str, Document], base_url: str) -> Document:
    """Return the gateway's document with the others' proxied paths in it; a schema whose name means two things is named by its service."""
    paths: Document = {}
    schemas: Document = {"Problem": PROBLEM}
    for service in SERVICES:
        document = _with_own_names(documents.get(service, {}), service, schemas)
        schemas.update(document.get("components", {}).get("schemas", {}))
        for path, operations in document.get("paths", {}).items():
            if service == "gateway":
                paths.setdefault(path, {}).update(operations)
            elif _owner(path) == service:
                # What people submit at a proxied path is the gateway's own, which came first.
                paths[path] = {**_for_staff(operations), **paths.get(path, {})}
    for operations in paths.values():
        for operation in _each(operations):
            if "422" in operation.get("responses", {}):
                operation["responses"]["422"] = _REFUSED
    schemes = {"token": {"type": "http", "scheme": "bearer"}, "session": {"type": "apiKey", "in": "cookie", "name": "khokahano"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Khokahano", "version": "1"},
        "servers": [{"url": base_url}],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(schemas.items())), "securitySchemes": schemes},
    }


def _owner(path: str) -> str | None:
    return next((owner for prefix, owner in ROUTES.items() if f"{path}/".startswith(f"{prefix}/")), None)


def _for_staff(operations: Document) -> Document:
    return {method: {**operation, "security": _STAFF} if method in _METHODS else operation for method, operation in operations.items()}


def _each(operations: Document) -> list[Document]:
    return [operation for method, operation in operations.items() if method in _METHODS]


def _with_own_names(document: Document, service: str, taken: Document) -> Document:
    """Return a copy of the document without the framework's own schemas, and with new names where a name is taken by another schema."""
    copied: Document = json.loads(json.dumps(document))
    schemas = copied.get("components", {}).get("schemas", {})
    for name in _FRAMEWORKS_OWN:
        schemas.pop(name, None)
    renamed = {name: f"{service.capitalize()}{name}" for name, schema in schemas.items() if taken.get(name, schema) != schema}
    text = json.dumps(copied)
    for old, new in renamed.items():
        text = text.replace(f'"{REF}{old}"', f'"{REF}{new}"')
    copied = json.loads(text)
    if renamed:
        copied["components"]["schemas"] = {renamed.get(name, name): schema for name, schema in copied["components"]["schemas"].items()}
    return copied
