"""The merged OpenAPI document: proxied paths of the owners, what is submitted by the gateway, no schema that means two things."""

from typing import Any

from services.gateway.merging import merged

BASE = "https://khokahano.example.org"


def operation(reference: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{reference}"}
    return {"responses": {"200": {"content": {"application/json": {"schema": schema}}}, "422": {"description": "theirs"}}}


def document(paths: dict[str, Any], **schemas: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": paths, "components": {"schemas": {"HTTPValidationError": {}, **schemas}}}


def test_owners_paths_are_merged_where_the_proxy_leads() -> None:
    registry = document(
        {"/api/v1/members": {"get": operation("Member")}, "/inner": {"get": operation("Member")}}, Member={"type": "object"}
    )
    notifier = document({"/api/v1/members/x": {"get": operation("Member")}})
    whole = merged({"registry": registry, "notifier": notifier}, BASE)
    assert list(whole["paths"]) == ["/api/v1/members"]
    assert whole["paths"]["/api/v1/members"]["get"]["security"] == [{"token": []}, {"session": []}]
    assert whole["servers"] == [{"url": BASE}]


def test_what_is_submitted_is_the_gateways() -> None:
    path = "/confirm/{token}"
    gateway, registry = document({path: {"post": operation("Ours")}}), document({path: {"post": operation("X"), "get": operation("Y")}})
    found = merged({"gateway": gateway, "registry": registry}, BASE)["paths"][path]
    assert found["post"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/Ours")
    assert sorted(found) == ["get", "post"]


def test_schema_whose_name_means_two_things_is_named_by_its_service() -> None:
    one = document({"/api/v1/members": {"get": operation("Page")}}, Page={"title": "members"}, Same={"title": "same"})
    two = document({"/api/v1/speakers": {"get": operation("Page")}}, Page={"title": "speakers"}, Same={"title": "same"})
    whole = merged({"registry": one, "forum": two}, BASE)
    assert sorted(whole["components"]["schemas"]) == ["ForumPage", "Page", "Problem", "Same"]
    schema = whole["paths"]["/api/v1/speakers"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/ForumPage"}


def test_refused_fields_are_told_by_our_problem() -> None:
    whole = merged({"registry": document({"/api/v1/members": {"get": operation("M")}}, M={})}, BASE)
    assert list(whole["paths"]["/api/v1/members"]["get"]["responses"]["422"]["content"]) == ["application/problem+json"]
