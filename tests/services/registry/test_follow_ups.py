"""Calls that are arranged anew, and follow-ups: with members, who are rung when it is due, and with partners."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from shared.clock import now
from tests.services.registry.clerks import CALLS, ask, by_phone, empty_list, logged, taken
from tests.services.registry.conftest import Registry, address, number, submission


@pytest.fixture(autouse=True)
async def own_list(registry: Registry) -> None:
    """Each test's list holds its own people only."""
    await empty_list(registry)


async def test_call_is_arranged_under_its_version(registry: Registry) -> None:
    await by_phone(registry)
    [call] = (await ask(registry, "thabo", "GET", CALLS)).json()["items"]
    path = f"{CALLS}/{call['id']}"
    mine = await ask(registry, "thabo", "PATCH", path, json={"assigned_to": "me", "best_hour": 7, "version": call["version"]})
    assert (mine.json()["assigned_name"], mine.json()["best_hour"]) == ("Thabo", 7)
    stale = await ask(registry, "lineo", "PATCH", path, json={"assigned_to": "me", "version": call["version"]})
    assert stale.status_code == 409
    assert "assigned to Thabo" in stale.json()["detail"]
    assert (await ask(registry, "lineo", "POST", f"{CALLS}/next")).status_code == 204, "it is another clerk's"
    for field in ("attempts", "done_at", "outcome", "member_id"):
        assert (await ask(registry, "thabo", "PATCH", path, json={field: 1})).status_code == 422
    assert (await taken(registry))["id"] == call["id"]


async def test_follow_up_with_a_member_becomes_a_call_when_it_is_due(registry: Registry) -> None:
    [member] = await registry.register(submission(email=address(), phone=number()))
    path = "/api/v1/follow-ups"
    wanted = {
        "member_id": str(member.member_id),
        "about": "Send the form for a pension.",
        "due_at": (now() + timedelta(days=2)).isoformat(),
    }
    planned = (await ask(registry, "thabo", "POST", path, json=wanted)).json()
    assert (await ask(registry, "thabo", "GET", path)).json()["items"] == []
    assert [each["about"] for each in (await ask(registry, "thabo", "GET", f"{path}?state=open")).json()["items"]] == [wanted["about"]]
    assert (await ask(registry, "thabo", "POST", f"{CALLS}/next")).status_code == 204
    await registry.rows("UPDATE call_task SET due_at = now() WHERE id = :id RETURNING 1", id=UUID(planned["id"]))
    call = await taken(registry)
    assert (call["id"], call["reason"]) == (planned["id"], "follow_up")
    await logged(registry, call, outcome="reached")
    [done] = (await ask(registry, "thabo", "GET", f"{path}?state=done&member={member.member_id}")).json()["items"]
    assert done["outcome"] == "reached"


async def test_follow_up_with_a_partner_is_done_without_a_call(registry: Registry) -> None:
    path, wanted = "/api/v1/follow-ups", {"partner_code": "WELKOM-CHOIR", "about": "Ask for the posters.", "due_at": now().isoformat()}
    planned = (await ask(registry, "thabo", "POST", path, json=wanted)).json()
    [due] = (await ask(registry, "thabo", "GET", f"{path}?partner=WELKOM-CHOIR")).json()["items"]
    assert due["id"] == planned["id"]
    assert (await ask(registry, "thabo", "POST", f"{CALLS}/next")).status_code == 204
    assert (await ask(registry, "thabo", "POST", f"{path}/{due['id']}/done", json={"version": 9})).status_code == 409
    ended = await ask(registry, "thabo", "POST", f"{path}/{due['id']}/done", json={"version": due["version"]})
    assert (ended.json()["outcome"], ended.json()["done_by"]) == ("done", "Thabo")
    assert (await ask(registry, "thabo", "POST", f"{path}/{due['id']}/done")).status_code == 409
    both = await ask(registry, "thabo", "POST", path, json=wanted | {"member_id": str(uuid4())})
    assert both.status_code == 422
    nobody = {key: value for key, value in wanted.items() if key != "partner_code"} | {"member_id": str(uuid4())}
    assert (await ask(registry, "thabo", "POST", path, json=nobody)).status_code == 404
