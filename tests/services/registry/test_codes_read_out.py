"""Who lost the code is rung at a number that is held, and read a new one: once, for a day, by those who look after people."""

from uuid import uuid4

import pytest

from services.registry.codes import keeping
from shared.identity import Role
from tests.services.registry.conftest import Registry, address, number, submission
from tests.services.registry.test_codes import leads_to, phone_only, type_in
from tests.services.registry.test_me import ask


async def test_who_lost_the_code_is_rung_and_read_a_new_one_that_works_once(registry: Registry) -> None:
    [member] = await registry.register(submission(email=address(), phone=number(), language="st"))
    phone = next(contact for contact in member.contacts if contact.kind == "phone")
    made = await registry.ask("POST", f"/api/v1/members/{member.member_id}/code", json={"contact_id": str(phone.id), "reason": "lost it"})
    assert made.status_code == 201, made.text
    assert (made.json()["hours"], made.json()["code"] in made.json()["say"], "Khoutu" in made.json()["say"]) == (24, True, True)
    assert leads_to(await type_in(registry, made.json()["code"], phone.value)) == str(member.member_id)
    assert leads_to(await type_in(registry, made.json()["code"], phone.value)) == ""
    page = (await ask(registry, "GET", "", member.member_id)).text
    assert "gave you a code for this page" in page
    assert "lost it" in page
    details = await registry.rows("SELECT detail::text AS said FROM audit WHERE ids @> ARRAY[CAST(:id AS uuid)]", id=member.member_id)
    assert [row for row in details if made.json()["code"] in row.said] == []


async def test_code_that_was_read_out_is_good_for_a_day(registry: Registry) -> None:
    member = await phone_only(registry)
    phone = member.contacts[0]
    made = (await registry.ask("POST", f"/api/v1/members/{member.member_id}/code", json={"contact_id": str(phone.id)})).json()
    async with registry.database.transaction() as session:
        await session.execute(
            keeping.text("UPDATE member_code SET at = at - interval '25 hours' WHERE member_id = :id"), {"id": member.member_id}
        )
    assert leads_to(await type_in(registry, made["code"], phone.value)) == ""


@pytest.mark.parametrize(
    ("role", "areas", "status"),
    [
        ("admin", [], 201),
        ("officer", [], 201),
        ("consultant", ["GB"], 404),
        ("mission", ["ZA-GP"], 403),
        ("forum", [], 403),
        ("viewer", [], 403),
        (None, [], 401),
    ],
)
async def test_only_those_who_look_after_people_read_out_codes(
    registry: Registry, role: Role | None, areas: list[str], status: int
) -> None:
    member = await phone_only(registry)
    body = {"contact_id": str(member.contacts[0].id)}
    made = await registry.ask("POST", f"/api/v1/members/{member.member_id}/code", role=role, areas=areas, json=body)
    assert made.status_code == status
    assert bool(await registry.rows("SELECT 1 FROM member_code WHERE member_id = :id", id=member.member_id)) == (status == 201)


async def test_code_is_read_out_only_to_a_number_of_theirs(registry: Registry) -> None:
    [member] = await registry.register(submission(email=address(), phone=number()))
    email = next(contact for contact in member.contacts if contact.kind == "email")
    for contact in (email.id, uuid4()):
        refused = await registry.ask("POST", f"/api/v1/members/{member.member_id}/code", json={"contact_id": str(contact)})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/contact_id")
