"""What happened with a member, who has read of them, and who of the staff did what."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.registry.history import acts, trail
from shared.contracts.gateway import ConsentWithdrawn, ContactConfirmed
from shared.contracts.registry import MemberRegistered
from shared.identity import Role
from tests.services.registry.conftest import AT, Registry, address, number, submission
from tests.services.registry.test_me import ask

MEMBERS = "/api/v1/members"


async def joined(registry: Registry, **fields: Any) -> MemberRegistered:
    [member] = await registry.register(submission(**{"email": address(), "phone": number()} | fields))
    return member


async def history(registry: Registry, member_id: UUID, query: str = "", **who: Any) -> list[dict[str, Any]]:
    """Return the whole timeline, page by page."""
    items, cursor = [], ""
    while cursor is not None:
        answer = await registry.ask("GET", f"{MEMBERS}/{member_id}/history?{query}&cursor={cursor}", **who)
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        cursor = answer.json()["next"]
    return items


async def test_history_tells_all_that_happened_the_newest_first(registry: Registry) -> None:
    member = await joined(registry, partner_code="LS-C-WELKOM")
    confirmed, withdrawn = AT + timedelta(hours=1), AT + timedelta(hours=2)
    await registry.settle(ContactConfirmed(member_id=member.member_id, contact_id=member.contacts[0].id, at=confirmed))
    await registry.settle(ConsentWithdrawn(member_id=member.member_id, channel="email", at=withdrawn))
    await registry.ask("GET", f"{MEMBERS}/{member.member_id}", role="officer")
    spoken = {"purpose": "information", "channel": "call", "given": True, "way": "call", "spoken": "Yes, ring me"}
    assert (await registry.ask("POST", f"{MEMBERS}/{member.member_id}/consents", json=spoken)).status_code == 201
    told = await history(registry, member.member_id)
    assert [item["at"] for item in told] == sorted((item["at"] for item in told), reverse=True)
    assert len({item["key"] for item in told}) == len(told)
    by_kind = {(item["kind"], item["what"]): item for item in told}
    assert by_kind["registered", "web"]["detail"] == {"partner_code": "LS-C-WELKOM"}
    assert by_kind["confirmed", "email"]["at"].startswith("2020-01-20T10:00:00")
    assert by_kind["consent", "withdrawn"]["detail"]["channel"] == "email"
    assert (by_kind["read", "member_read"]["role"], by_kind["read", "member_read"]["office"]) == ("officer", "IOM")
    given = [item for item in told if item["what"] == "given" and item["office"] == "IOM"]
    assert [item["detail"]["channel"] for item in given] == ["call"]
    assert not [item for item in told if item["what"] == "consent_recorded"], "told twice"
    assert [item["kind"] for item in told].count("changed") == 3
    assert "staff:7" not in str(told)


async def test_history_goes_page_by_page_and_kind_by_kind(registry: Registry) -> None:
    member = await joined(registry)
    for _ in range(5):
        await registry.ask("GET", f"{MEMBERS}/{member.member_id}")
    whole = await history(registry, member.member_id)
    pages = await history(registry, member.member_id, "limit=2")
    keys = [item["key"] for item in whole]
    assert [item["key"] for item in pages if item["key"] in keys] == keys  # Each page's own reading is newer than where it goes on.
    assert {item["kind"] for item in await history(registry, member.member_id, "kind=consent&kind=registered")} == {"consent", "registered"}
    for wrong in ("kind=nothing", "cursor=WyJ4Il0", "cursor=WzFd"):
        assert (await registry.ask("GET", f"{MEMBERS}/{member.member_id}/history?{wrong}")).status_code == 422


async def entries(registry: Registry, query: str, *, role: Role = "admin", areas: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Return the whole audit that fits, page by page."""
    items, cursor = [], ""
    while cursor is not None:
        answer = await registry.ask("GET", f"/api/v1/audit?limit=3&{query}&cursor={cursor}", role=role, areas=areas)
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        cursor = answer.json()["next"]
    return items


async def test_audit_is_told_as_far_as_a_caller_may_know(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "WALKED", 4)
    home = await joined(registry, given_name="Mpho")
    away = await joined(registry, given_name="Mpho", country="GB", province=None)
    await registry.ask("GET", f"{MEMBERS}?q=Mpho", role="officer")
    await registry.ask("GET", f"{MEMBERS}/{home.member_id}", role="consultant")
    everything = await entries(registry, "")
    assert [item["id"] for item in everything] == sorted({item["id"] for item in everything}, reverse=True)
    listed = next(item for item in everything if item["what"] == "members_listed" and str(home.member_id) in item["members"])
    assert ({str(home.member_id), str(away.member_id)} <= set(listed["members"]), listed["who"], listed["role"]) == (
        True,
        "staff:7",
        "officer",
    )
    scoped = await entries(registry, "", role="officer", areas=("GB",))
    assert {member for item in scoped for member in item["members"]} == {str(away.member_id)}
    assert not [item for item in scoped if not item["members"]], "what is about nobody of the scope"
    about = await entries(registry, f"member={home.member_id}&what=member_read")
    assert [(item["role"], item["members"]) for item in about] == [("consultant", [str(home.member_id)])]
    assert await entries(registry, f"member={home.member_id}&since=2100-01-01T00:00:00Z") == []


async def test_audit_of_another_office_is_an_administrators(registry: Registry) -> None:
    await registry.rows(
        "INSERT INTO audit (who, role, organisation, what, ids, detail) VALUES"
        " ('staff:99', 'officer', 'Directorate', 'target_set', '{}', '{}'), ('staff:98', 'officer', 'IOM', 'target_set', '{}', '{}')"
        " RETURNING id"
    )
    assert {(item["who"], item["office"]) for item in await entries(registry, "what=target_set")} == {
        ("staff:99", "Directorate"),
        ("staff:98", "IOM"),
    }
    assert {(item["who"], item["office"]) for item in await entries(registry, "what=target_set", role="officer")} == {(None, "IOM")}


async def test_member_is_told_who_has_read_by_day_office_and_reason(registry: Registry) -> None:
    member = await joined(registry)
    for _ in range(3):
        await registry.ask("GET", f"{MEMBERS}/{member.member_id}", role="officer")
    await registry.ask("GET", f"{MEMBERS}?q={member.contacts[0].value}&format=csv&reason=Letters to Gauteng", role="admin")
    await registry.ask("GET", f"{MEMBERS}/{member.member_id}/consents")
    page = (await ask(registry, "GET", "", member.member_id)).text
    day = (await registry.rows("SELECT (now() AT TIME ZONE 'UTC')::date::text AS day"))[0].day
    rows = re.findall(r"<tr><td>([^<]*)</td><td>([^<]*)</td><td>([^<]*)</td><td>([^<]*)</td></tr>", page)
    assert rows == [
        (day, "consultant, IOM", "read what you agreed to", ""),
        (day, "administrator, IOM", "took you out in a file", "Letters to Gauteng"),
        (day, "officer, IOM", "read your record (×3)", ""),
    ]
    held = (await ask(registry, "GET", "/export", member.member_id)).json()["read_by"]
    assert [(each["what"], each["times"], each["organisation"]) for each in held][1:] == [
        ("members_exported", 1, "IOM"),
        ("member_read", 3, "IOM"),
    ]
    assert "at" not in held[0], "the moment would tell which clerk it was"


def test_every_act_has_its_words() -> None:
    noted = re.compile(r"note\(\s*session,\s*[\w().]+,\s*\"(\w+)\",\s*(?:[\[({]|wanted|member|shown)|\"(\w+_exported)\"")
    found = {
        (one or other, file.name)
        for file in Path("services/registry").rglob("*.py")
        for one, other in noted.findall(file.read_text("utf-8"))
        if not (one or other).startswith(("own_", "key_p", "partners_"))  # One's own doing; and people who are no members.
    }
    known = {*acts.READS, *acts.CHANGES}
    assert {each for each in found if each[0] not in known} == set(), "say in services/registry/history/acts.py what the member is told"
