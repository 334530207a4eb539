"""The call list: who is put on it, one clerk at a number, and what follows from each outcome."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.registry.calling.raising import raise_since
from shared.clock import now
from shared.contracts.gateway import ConsentGiven, ContactConfirmed
from shared.contracts.notifier import ContactUndeliverable
from shared.contracts.registry import MemberChanged
from tests.services.registry.clerks import CALLS, ask, by_phone, empty_list, logged, open_calls, taken
from tests.services.registry.conftest import Registry, address, number, submission


@pytest.fixture(autouse=True)
async def own_list(registry: Registry) -> None:
    """Each test's list holds its own people only."""
    await empty_list(registry)


async def test_whom_only_a_call_reaches_is_on_the_list_once(registry: Registry) -> None:
    member = await by_phone(registry, language="st")
    [written] = await registry.register(submission("Palesa", email=address(), phone=number()))
    await raise_since(registry.database, now() - timedelta(minutes=5), at=now())
    listed = (await ask(registry, "thabo", "GET", CALLS)).json()["items"]
    assert [(call["member_id"], call["reason"], call["language"]) for call in listed] == [(str(member.member_id), "confirm", "st")]
    assert listed[0]["number"] == member.contacts[0].value
    assert await open_calls(registry, written.member_id) == []
    assert (await ask(registry, "thabo", "GET", f"{CALLS}?language=en")).json()["items"] == []
    [row] = await registry.rows("SELECT who, ids FROM audit WHERE what = 'calls_listed' AND :id = ANY (ids)", id=member.member_id)
    assert row.who == "staff:thabo"


async def test_who_lost_the_address_is_rung_on_the_held_number(registry: Registry) -> None:
    [member] = await registry.register(submission(email=address(), phone=number()))
    email = next(contact for contact in member.contacts if contact.kind == "email")
    await registry.settle(ContactConfirmed(member_id=member.member_id, contact_id=email.id, at=now()))
    await registry.settle(ContactUndeliverable(member_id=member.member_id, contact_id=email.id, reason="550"))
    for _ in range(2):
        await raise_since(registry.database, now() - timedelta(minutes=5), at=now())
    assert [task.reason for task in await open_calls(registry, member.member_id)] == ["lost_contact"]


async def test_two_clerks_never_ring_one_person_or_one_phone(registry: Registry) -> None:
    shared = number()
    await by_phone(registry, phone=shared)
    await by_phone(registry, given_name="Neo", phone=shared)
    other = await by_phone(registry)
    clerks = [f"clerk{each}" for each in range(4)]
    answers = await asyncio.gather(*(ask(registry, clerk, "POST", f"{CALLS}/next") for clerk in clerks))
    found = [answer.json() for answer in answers if answer.status_code == 200]
    assert sorted(call["number"] for call in found) == sorted([shared, other.contacts[0].value])
    assert sorted(answer.status_code for answer in answers) == [200, 200, 204, 204]


async def test_call_that_somebody_is_at_is_refused_to_others_until_the_lease_ends(registry: Registry) -> None:
    await by_phone(registry)
    call = await taken(registry)
    assert (await taken(registry))["id"] == call["id"], "asked again, it is the same one"
    for refused in (
        await ask(registry, "lineo", "POST", f"{CALLS}/{call['id']}/claim"),
        await logged(registry, call, "lineo", outcome="reached"),
    ):
        assert refused.status_code == 409
        assert refused.json()["detail"] == "Thabo is at this call now."
    await registry.rows("UPDATE call_claim SET until = now() RETURNING 1")
    assert (await taken(registry, "lineo"))["id"] == call["id"]
    assert (await logged(registry, call, outcome="reached")).status_code == 409
    assert (await ask(registry, "lineo", "POST", f"{CALLS}/{call['id']}/release")).status_code == 204
    assert (await taken(registry))["id"] == call["id"]


async def test_reached_and_confirmed_confirms_the_number_and_ends_the_call(registry: Registry) -> None:
    member = await by_phone(registry)
    call = await taken(registry)
    assert call["script"]["st"] != call["script"]["en"]
    assert "Lerato Mokoena" in call["script"]["en"][0]
    answer = await logged(registry, call, outcome="reached", confirm=True, language="st", note="Knows her cousin in Welkom.")
    assert (answer.status_code, answer.json()["call"]["outcome"]) == (201, "reached"), answer.text
    assert (await registry.member(member.member_id))["status"] == "confirmed"
    await registry.settle()
    assert [said.status for said in await registry.about(MemberChanged, member.member_id)] == ["confirmed"]
    [log] = (await ask(registry, "thabo", "GET", f"{CALLS}/log?member={member.member_id}")).json()["items"]
    assert [log[name] for name in ("outcome", "staff_name", "office", "language", "wording_version", "note")] == [
        *("reached", "Thabo", "IOM", "st", "2020-01"),
        "Knows her cousin in Welkom.",
    ]
    assert (await logged(registry, call, outcome="reached")).status_code == 409
    assert (await ask(registry, "thabo", "POST", f"{CALLS}/next")).status_code == 204
    assert await registry.rows("SELECT 1 FROM call_claim WHERE task_id = :id", id=UUID(call["id"])) == []


async def test_nobody_answering_is_rung_later_and_left_in_peace_in_the_end(registry: Registry) -> None:
    member = await by_phone(registry)
    dues = []
    for _ in range(6):
        await registry.rows("UPDATE call_task SET due_at = now() WHERE member_id = :id RETURNING 1", id=member.member_id)
        shown = (await logged(registry, await taken(registry), outcome="no_answer")).json()["call"]
        dues.append(shown["due_at"])
    assert dues[:5] == sorted(dues[:5])
    assert (shown["attempts"], shown["outcome"]) == (6, "no_answer")
    assert await open_calls(registry, member.member_id) == []


async def test_call_again_comes_back_when_it_was_agreed(registry: Registry) -> None:
    await by_phone(registry)
    call, later = await taken(registry), (now() + timedelta(days=3)).replace(microsecond=0)
    for wrong, pointer in (
        ({}, "/next_at"),
        ({"next_at": (now() - timedelta(days=1)).isoformat()}, "/next_at"),
        ({"next_at": later.isoformat(), "confirm": True}, "/confirm"),
        ({"next_at": later.isoformat(), "contact_id": str(uuid4())}, "/contact_id"),
    ):
        refused = await logged(registry, call, outcome="call_again", **wrong)
        assert (refused.status_code, [error["pointer"] for error in refused.json()["errors"]]) == (422, [pointer])
    answer = await logged(registry, call, outcome="call_again", next_at=later.isoformat(), best_hour=18)
    assert answer.status_code == 201
    assert (await ask(registry, "thabo", "POST", f"{CALLS}/next")).status_code == 204
    [shown] = (await ask(registry, "thabo", "GET", f"{CALLS}?state=open")).json()["items"]
    assert (shown["due_at"], shown["best_hour"], shown["at_it"]) == (later.isoformat().replace("+00:00", "Z"), 18, None)


async def test_wrong_number_is_given_up_and_not_rung_again(registry: Registry) -> None:
    member = await by_phone(registry)
    assert (await logged(registry, await taken(registry), outcome="wrong_number")).status_code == 201
    [contact] = (await registry.member(member.member_id))["contacts"]
    assert contact["undeliverable_at"] is not None
    await raise_since(registry.database, now() - timedelta(minutes=5), at=now())
    assert await open_calls(registry, member.member_id) == []


async def test_who_refuses_or_withdraws_is_believed(registry: Registry) -> None:
    consent = ConsentGiven(registration=True, information=True, sharing=True)
    refusing = await by_phone(registry, consent=consent, channels=("call", "sms"))
    await logged(registry, await taken(registry), outcome="refused")
    assert ((await registry.member(refusing.member_id))["information"], len(await open_calls(registry, refusing.member_id))) == (["sms"], 0)
    leaving = await by_phone(registry, consent=consent, channels=("call", "sms"))
    await logged(registry, await taken(registry), outcome="withdrew")
    shown = await registry.member(leaving.member_id)
    assert (shown["information"], shown["sharing"], shown["status"]) == ([], False, "registered")
    kept = (await registry.ask("GET", f"/api/v1/members/{leaving.member_id}/consents")).json()
    assert kept["in_force"] == {"registration": True, "information": [], "sharing": []}
    assert {(each["way"], each["staff"]) for each in kept["items"] if not each["given"]} == {("call", "Thabo")}


async def test_who_wants_to_be_erased_hears_the_receipts_number(registry: Registry) -> None:
    member = await by_phone(registry)
    call = await taken(registry)
    assert (await logged(registry, call, outcome="reached", erase=True)).status_code == 422
    receipt = (await logged(registry, call, outcome="withdrew", erase=True)).json()["receipt"]
    assert (await registry.ask("GET", f"/erased/{receipt}", role=None)).status_code == 200
    await registry.settle()
    assert await registry.is_erased(member.member_id)
    assert await registry.rows("SELECT 1 FROM call_log WHERE member_id = :id", id=member.member_id) == []
    assert (await ask(registry, "thabo", "GET", f"{CALLS}/{call['id']}")).status_code == 404


async def test_erasure_while_a_call_is_logged_leaves_nobody_half(registry: Registry) -> None:
    for outcome in ("reached", "withdrew", "no_answer", "wrong_number"):
        member = await by_phone(registry, consent=ConsentGiven(registration=True, information=True, sharing=True))
        call = await taken(registry)
        more = {"confirm": True} if outcome == "reached" else {}
        said, gone = await asyncio.gather(
            logged(registry, call, outcome=outcome, **more),
            registry.ask("DELETE", f"/api/v1/members/{member.member_id}"),
        )
        assert (said.status_code in (201, 404, 503), gone.status_code in (202, 503)) == (True, True), (said.text, gone.text)
        if gone.status_code == 503:  # The two met, and the database let one go on: the same request works again.
            assert (await registry.ask("DELETE", f"/api/v1/members/{member.member_id}")).status_code == 202
        await registry.settle()
        assert await registry.is_erased(member.member_id)
        assert await registry.rows("SELECT 1 FROM call_task WHERE member_id = :id", id=member.member_id) == []
        assert await registry.rows("SELECT 1 FROM call_claim WHERE number = :number", number=member.contacts[0].value) == []


async def test_clerk_of_other_areas_and_other_roles_see_no_call(registry: Registry) -> None:
    member = await by_phone(registry)
    call = await taken(registry)
    for role in ("mission", "viewer", "forum"):
        assert (await ask(registry, "limpho", "GET", CALLS, role=role, areas=["ZA-GP"])).status_code == 403
        assert (await ask(registry, "limpho", "POST", f"{CALLS}/next", role=role, areas=["ZA-GP"])).status_code == 403
    elsewhere: dict[str, Any] = {"areas": ["ZA-FS"]}
    assert (await ask(registry, "limpho", "GET", CALLS, **elsewhere)).json()["items"] == []
    assert (await ask(registry, "limpho", "POST", f"{CALLS}/next", **elsewhere)).status_code == 204
    for method, path in (("GET", ""), ("POST", "/claim"), ("POST", "/release"), ("POST", "/log"), ("PATCH", "")):
        body = {"json": {"outcome": "reached"} if path == "/log" else {}} if method != "GET" else {}
        answer = await ask(registry, "limpho", method, f"{CALLS}/{call['id']}{path}", **elsewhere, **body)
        assert answer.status_code == 404, (method, path, answer.text)
    assert (await ask(registry, "limpho", "GET", f"{CALLS}/log", **elsewhere)).json()["items"] == []
    here = await ask(registry, "limpho", "GET", CALLS, areas=["ZA-GP"])
    assert [each["member_id"] for each in here.json()["items"]] == [str(member.member_id)]
