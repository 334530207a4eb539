"""Key people who are not members yet: told where we had their name, gone in time, and in no export."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from services.registry.outreach.key_people import tend_once
from shared.clock import now
from tests.services.registry.conftest import Registry, address, submission
from tests.services.registry.test_me import ask as mine

PEOPLE = "/api/v1/key-people"


def somebody(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Thabo Mokoena",
        "source": "the choir of Welkom",
        "reason": "he sells mohair",
        "area": "ZA-FS",
        "email": address(),
        **fields,
    }


async def entered(registry: Registry, **fields: Any) -> dict[str, Any]:
    answer = await registry.ask("POST", PEOPLE, json=somebody(**fields))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def shown(registry: Registry, made: dict[str, Any]) -> dict[str, Any] | None:
    answer = await registry.ask("GET", f"{PEOPLE}/{made['id']}")
    found: dict[str, Any] = answer.json()
    return found if answer.status_code == 200 else None


async def test_key_person_is_told_where_we_had_their_name(registry: Registry) -> None:
    made = await entered(registry)
    assert made["to_say"].startswith("We have your name from the choir of Welkom, because: he sells mohair.")
    place = f"{PEOPLE}/{made['id']}/contact"
    for untold in ({"answer": "yes"}, {"answer": "yes", "told_source": False}):
        assert (await registry.ask("POST", place, json=untold)).status_code == 422
    answer = await registry.ask("POST", place, json={"answer": "later", "told_source": True})
    assert (answer.json()["status"], answer.json()["told_at"] is None) == ("told", False)
    assert (await registry.ask("POST", place, json={"answer": "yes", "told_source": True})).json()["status"] == "yes"
    assert "Lebitso la hau" in (await entered(registry, language="st"))["to_say"]


async def test_who_says_no_is_gone_at_once(registry: Registry) -> None:
    made = await entered(registry)
    answer = await registry.ask("POST", f"{PEOPLE}/{made['id']}/contact", json={"answer": "no", "told_source": True})
    assert answer.status_code == 204
    assert await shown(registry, made) is None
    other = await entered(registry)
    assert (await registry.ask("DELETE", f"{PEOPLE}/{other['id']}")).status_code == 204
    assert await registry.rows("SELECT 1 FROM key_person WHERE id IN (:a, :b)", a=UUID(made["id"]), b=UUID(other["id"])) == []


async def test_nobody_is_kept_for_longer_than_30_days_without_a_yes(registry: Registry) -> None:
    silent, told, agreed = [await entered(registry, name=name) for name in ("Neo Likotsi", "Palesa Thabane", "Tšepo Ramoea")]
    for person, answer in ((told, "later"), (agreed, "yes")):
        await registry.ask("POST", f"{PEOPLE}/{person['id']}/contact", json={"answer": answer, "told_source": True})
    await tend_once(registry.database, at=now() + timedelta(days=29))
    assert [await shown(registry, each) is None for each in (silent, told, agreed)] == [False] * 3
    await tend_once(registry.database, at=now() + timedelta(days=30, minutes=1))
    assert [await shown(registry, each) is None for each in (silent, told, agreed)] == [True, True, False]
    await tend_once(registry.database, at=now() + timedelta(days=181))
    assert await shown(registry, agreed) is None


async def test_own_registration_makes_a_member_and_a_relatives_does_not(registry: Registry) -> None:
    number = f"+2771{uuid4().int % 10**7:07d}"
    person = await entered(registry, name="Ntate Thabo Mokoena", phone=number)
    await registry.register(submission("Mamello", "Mokoena", phone=number, channels=("call",), submitted_at=now()))
    await registry.register(submission("Thabo", "Mokoena", phone=number, channels=("call",), submitted_at=now(), way="import"))
    await tend_once(registry.database, at=now())
    assert (await shown(registry, person) or {})["status"] == "new"
    await registry.register(submission("Thabo Joseph", "Mokoena", phone=number, channels=("call",), submitted_at=now()))
    await tend_once(registry.database, at=now())
    assert (await shown(registry, person) or {})["status"] == "new"  # Another's name, as far as can be told.
    short = await entered(registry, name="Joseph Mokoena", email=(mail := address()))
    [member] = await registry.register(submission("Thabo Joseph", "Mokoena", email=mail, submitted_at=now()))
    assert await tend_once(registry.database, at=now()) == (1, 0)
    found = await shown(registry, short) or {}
    assert (found["status"], found["member_id"], found["name"], found["contact"]) == ("member", str(member.member_id), None, None)


async def test_who_is_a_member_or_has_left_is_not_entered(registry: Registry) -> None:
    mail = address()
    [member] = await registry.register(submission("Limpho", "Mokoena", email=mail))
    refused = await registry.ask("POST", PEOPLE, json=somebody(name="Mokoena, Limpho", email=mail.upper()))
    assert (refused.status_code, refused.json()["detail"]) == (409, "This person is a member already.")
    assert (await registry.ask("POST", PEOPLE, json=somebody(name="Palesa Mokoena", email=mail))).status_code == 201  # They share it.
    assert (await registry.ask("DELETE", f"/api/v1/members/{member.member_id}")).status_code == 202
    refused = await registry.ask("POST", PEOPLE, json=somebody(name="Limpho Mokoena", email=mail))
    assert (refused.status_code, refused.json()["detail"][:25]) == (409, "This person has left and ")
    assert (await registry.ask("POST", PEOPLE, json=somebody(name="Palesa Mokoena", email=mail))).status_code == 409  # Entered before.


async def test_erased_member_is_erased_here_too(registry: Registry) -> None:
    person = await entered(registry, name="Mosa Khanye", email=(mail := address()))
    [member] = await registry.register(submission("Mosa", "Khanye", email=mail, submitted_at=now()))
    joined = await entered(registry, name="Pule Khanye", email=(other := address()))
    [second] = await registry.register(submission("Pule", "Khanye", email=other, submitted_at=now()))
    await tend_once(registry.database, at=now())
    for each in (member, second):
        await registry.ask("DELETE", f"/api/v1/members/{each.member_id}")
    assert [await shown(registry, each) for each in (person, joined)] == [None, None]


async def test_key_people_are_for_staff_of_the_area_only_and_in_no_export(registry: Registry) -> None:
    made = await entered(registry, name="Retšelisitsoe Ramoea")
    for role, status in (("admin", 200), ("mission", 403), ("viewer", 403), ("forum", 403)):
        assert (await registry.ask("GET", PEOPLE, role=role)).status_code == status  # type: ignore[arg-type]
    there, elsewhere = [(await registry.ask("GET", f"{PEOPLE}/{made['id']}", areas=areas)).status_code for areas in (("ZA-FS",), ("GB",))]
    assert (there, elsewhere) == (200, 404)
    assert made["id"] not in (await registry.ask("GET", f"{PEOPLE}?limit=200", areas=("GB",))).text
    refused = await registry.ask("POST", PEOPLE, areas=("GB",), json=somebody())
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/area")
    export = await registry.ask("GET", "/api/v1/members?format=csv&reason=test", role="admin")
    assert (export.status_code, "Ramoea" in export.text) == (200, False)
    noted = await registry.rows("SELECT 1 FROM audit WHERE what = 'key_person_entered' AND :id = ANY (ids)", id=UUID(made["id"]))
    assert len(noted) == 1


async def test_member_is_told_where_we_had_their_name_before(registry: Registry) -> None:
    made = await entered(registry)
    [member] = await registry.register(submission("Thabo", "Mokoena", email=made["contact"], submitted_at=now()))
    await tend_once(registry.database, at=now())
    held = (await mine(registry, "GET", "/export", member.member_id)).json()
    assert [(each["source"], each["reason"]) for each in held["before_you_registered"]] == [("the choir of Welkom", "he sells mohair")]
