"""What staff change of a member: corrections under an optimistic lock, and a number confirmed by a call."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.contracts.gateway import ConsentGiven
from shared.contracts.registry import ConsentRecorded, MemberChanged, MemberRegistered
from tests.services.registry.conftest import Registry, address, number, submission


async def joined(registry: Registry, **fields: Any) -> MemberRegistered:
    [member] = await registry.register(submission(**{"email": address(), "phone": number()} | fields))
    return member


async def patch(registry: Registry, member_id: UUID, body: dict[str, Any], **more: Any) -> Any:
    return await registry.ask("PATCH", f"/api/v1/members/{member_id}", json=body, **more)


async def acts(registry: Registry, member_id: UUID) -> list[str]:
    rows = await registry.rows("SELECT what FROM audit WHERE :id = ANY (ids) ORDER BY id", id=member_id)
    return [row.what for row in rows]


async def test_correction_is_kept_announced_and_audited(registry: Registry) -> None:
    member = await joined(registry)
    answer = await patch(registry, member.member_id, {"given_name": "Palesa", "city": "Welkom", "interests": ["trade"], "version": 1})
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["given_name"], shown["city"], shown["interests"], shown["version"]) == ("Palesa", "Welkom", ["trade"], 2)
    assert (await registry.ask("GET", "/api/v1/members?q=palesa")).json()["items"][0]["id"] == str(member.member_id)
    await registry.settle()
    [changed] = await registry.about(MemberChanged, member.member_id)
    assert (changed.given_name, changed.interests, changed.version) == ("Palesa", ("trade",), 2)
    [row] = await registry.rows("SELECT detail FROM audit WHERE what = 'member_corrected' AND :id = ANY (ids)", id=member.member_id)
    assert row.detail == {"fields": "city, given_name, interests", "version": 2}
    same = await patch(registry, member.member_id, {"city": "Welkom"})
    assert same.json()["version"] == 2
    assert (await acts(registry, member.member_id)).count("member_corrected") == 1


async def test_stale_version_is_told_what_was_changed_when_and_by_whom(registry: Registry) -> None:
    member = await joined(registry)
    await patch(registry, member.member_id, {"city": "Welkom", "version": 1}, role="officer")
    for refused in (
        await patch(registry, member.member_id, {"city": "Kroonstad", "version": 1}),
        await patch(registry, member.member_id, {"city": "Kroonstad"}, headers={"if-match": '"1"'}),
    ):
        assert refused.status_code == 409
        [error] = refused.json()["errors"]
        assert error["pointer"] == "/city"
        assert error["detail"].startswith("Town: changed on 20")
        assert error["detail"].endswith("UTC by officer, IOM.")
        assert "Welkom" not in refused.text
    stale = {"city": "Kroonstad", "version": 1}
    sesotho = await registry.ask("PATCH", f"/api/v1/members/{member.member_id}?lang=st", json=stale)
    assert sesotho.json()["errors"][0]["detail"].startswith("Toropo")
    assert (await registry.member(member.member_id))["city"] == "Welkom"
    assert (await patch(registry, member.member_id, {"city": "Kroonstad", "version": 2})).status_code == 200


async def test_of_two_clerks_on_one_record_one_is_told_what_the_other_did(registry: Registry) -> None:
    for _ in range(5):
        member = await joined(registry)
        towns = ("Welkom", "Kroonstad")
        answers = await asyncio.gather(*(patch(registry, member.member_id, {"city": town, "version": 1}) for town in towns))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        [kept] = [town for town, answer in zip(towns, answers, strict=True) if answer.status_code == 200]
        shown = await registry.member(member.member_id)
        assert (shown["city"], shown["version"]) == (kept, 2)


@pytest.mark.parametrize(
    "field",
    ["role", "status", "id", "area", "consent", "consent.given_at", "confirmed_at", "registered_at", "approved_by", "sharing", "contacts"],
)
async def test_case_32_fields_that_are_nobodys_to_write_are_refused(registry: Registry, field: str) -> None:
    member = await joined(registry)
    before = await registry.member(member.member_id)
    value = {"given_at": "2020-01-01T00:00:00Z"} if field == "consent" else "confirmed"
    answer = await patch(registry, member.member_id, {"city": "Welkom", field: value})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]
    assert await registry.member(member.member_id) == before


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"given_name": "", "birth_year": 2015, "country": "XX"}, ["/birth_year", "/country", "/given_name"]),
        ({"country": "LS"}, ["/country"]),
        ({"country": "GB", "province": "ZA-GP"}, ["/province"]),
        ({"province": "ZA-XX"}, ["/province"]),
        ({"given_name": None}, ["/given_name"]),
        ({"interests": ["golf"], "city": "a\nb"}, ["/city", "/interests/0"]),
        ({"version": "1"}, ["/version"]),
        ({"gender": 3}, ["/gender"]),
    ],
)
async def test_wrong_fields_are_all_named(registry: Registry, body: dict[str, Any], pointers: list[str]) -> None:
    member = await joined(registry)
    answer = await patch(registry, member.member_id, body)
    assert answer.status_code == 422, answer.text
    assert sorted(error["pointer"] for error in answer.json()["errors"]) == pointers


async def test_who_moves_to_another_area_is_asked_for_sharing_anew(registry: Registry) -> None:
    consent = ConsentGiven(registration=True, information=True, sharing=True)
    member = await joined(registry, consent=consent)
    shown = (await patch(registry, member.member_id, {"province": "ZA-FS"})).json()
    assert (shown["area"], shown["sharing"]) == ("ZA-FS", False)
    kept = (await registry.ask("GET", f"/api/v1/members/{member.member_id}/consents")).json()
    assert kept["in_force"]["sharing"] == []
    assert [kept["items"][0][name] for name in ("purpose", "given", "way", "staff", "office")] == ["sharing", False, "staff", "7", "IOM"]


async def test_roles_and_areas_decide_who_corrects_and_confirms(registry: Registry) -> None:
    member = await joined(registry)
    confirm = f"/api/v1/members/{member.member_id}/contacts/{member.contacts[1].id}/confirm"
    for role in ("mission", "viewer", "forum"):
        assert (await patch(registry, member.member_id, {"city": "X"}, role=role, areas=["ZA-GP"])).status_code == 403
        assert (await registry.ask("POST", confirm, role=role, areas=["ZA-GP"])).status_code == 403
    assert (await patch(registry, member.member_id, {"city": "X"}, areas=["ZA-FS"])).status_code == 404
    assert (await registry.ask("POST", confirm, areas=["ZA-FS"])).status_code == 404
    assert (await patch(registry, uuid4(), {"city": "X"})).status_code == 404
    assert (await patch(registry, member.member_id, {"city": "X"}, areas=["ZA"])).status_code == 200


async def test_number_is_confirmed_by_a_call_once(registry: Registry) -> None:
    member = await joined(registry, email=None, channels=("call",), phone_uncertain=True, language="st")
    [contact] = member.contacts
    path = f"/api/v1/members/{member.member_id}/contacts/{contact.id}/confirm"
    answer = await registry.ask("POST", path, json={"wording_version": "2020-01", "language": "st", "outcome": "Yes, it was her."})
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["status"], shown["contacts"][0]["uncertain"]) == ("confirmed", False)
    again = await registry.ask("POST", path)
    assert (again.status_code, again.json()["version"]) == (200, shown["version"])
    await registry.settle()
    assert [said.status for said in await registry.about(MemberChanged, member.member_id)] == ["confirmed"]
    assert len(await registry.about(ConsentRecorded, member.member_id)) == 1
    [log] = await registry.rows("SELECT * FROM call_log WHERE member_id = :id", id=member.member_id)
    assert (log.staff, log.office, log.outcome, log.wording_version, log.language) == ("staff:7", "IOM", "reached", "2020-01", "st")
    proof = (await registry.ask("GET", f"/api/v1/members/{member.member_id}/consents")).json()["items"][0]
    assert [proof[name] for name in ("purpose", "given", "way", "language", "outcome")] == [
        "registration",
        True,
        "call",
        "st",
        "Yes, it was her.",
    ]


async def test_only_numbers_are_confirmed_by_a_call(registry: Registry) -> None:
    member = await joined(registry)
    email = next(contact for contact in member.contacts if contact.kind == "email")
    path = f"/api/v1/members/{member.member_id}/contacts"
    refused = await registry.ask("POST", f"{path}/{email.id}/confirm")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/contact")
    assert (await registry.ask("POST", f"{path}/{uuid4()}/confirm")).status_code == 404
    phone = next(contact for contact in member.contacts if contact.kind == "phone")
    wrong = await registry.ask("POST", f"{path}/{phone.id}/confirm", json={"wording_version": "1999-01", "confirmed_at": "x"})
    assert wrong.status_code == 422
    assert (await registry.member(member.member_id))["status"] == "registered"


async def test_confirming_one_of_a_family_confirms_nobody_else(registry: Registry) -> None:
    shared = number()
    mother = await joined(registry, email=None, phone=shared, channels=("call",))
    [daughter] = await registry.register(submission("Neo", "Mokoena", phone=shared, channels=("call",)))
    await registry.ask("POST", f"/api/v1/members/{mother.member_id}/contacts/{mother.contacts[0].id}/confirm")
    assert (await registry.member(mother.member_id))["status"] == "confirmed"
    assert (await registry.member(daughter.member_id))["status"] == "registered"


async def test_member_who_asked_is_erased_with_reason_and_receipt(registry: Registry) -> None:
    member = await joined(registry)
    path = f"/api/v1/members/{member.member_id}"
    stale = await registry.ask("DELETE", path, headers={"if-match": '"7"'})
    assert stale.status_code == 409
    answer = await registry.ask("DELETE", f"{path}?reason=wish&asked=call")
    assert answer.status_code == 202
    assert (await registry.ask("GET", f"/erased/{answer.json()['receipt']}", role=None)).status_code == 200
    [row] = await registry.rows("SELECT why, detail FROM audit WHERE what = 'member_erased' AND :id = ANY (ids)", id=member.member_id)
    assert (row.why, row.detail) == ("wish", {"asked": "call"})
    await registry.settle()
    assert await registry.is_erased(member.member_id)
    assert (await registry.ask("DELETE", path)).status_code == 404
    assert (await patch(registry, member.member_id, {"city": "X"})).status_code == 404
