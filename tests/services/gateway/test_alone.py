"""The gateway while no other service is up."""

from datetime import timedelta
from uuid import uuid4

from pydantic import SecretStr

from shared.clock import now
from shared.tokens import mint
from tests.services.gateway.running import KEY, Gateway


async def test_owner_that_is_down_is_named_to_staff_only(gateway: Gateway) -> None:
    public = await gateway.web.get("/api/v1/members")
    staff = await gateway.web.get("/api/v1/members", headers=await gateway.token("viewer"))
    token = mint([SecretStr(KEY)], "confirm", uuid4(), contact=uuid4(), expires_at=now() + timedelta(days=1))
    page = await gateway.web.get(f"/confirm/{token}", headers={"accept": "text/html"})
    assert [answer.status_code for answer in (public, staff, page)] == [503, 503, 503]
    assert ["registry" in answer.text for answer in (public, staff, page)] == [False, True, False]
    assert page.headers["content-type"] == "text/html; charset=utf-8"


async def test_metrics_are_shown_to_no_outsider(gateway: Gateway) -> None:
    assert (await gateway.web.get("/metrics")).status_code == 200
    for header in ("x-forwarded-for", "forwarded", "via", "x-real-ip"):
        assert (await gateway.web.get("/metrics", headers={header: "10.0.0.1"})).status_code == 404


async def test_document_of_the_whole_is_there_though_no_owner_is(gateway: Gateway) -> None:
    document = (await gateway.web.get("/api/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
