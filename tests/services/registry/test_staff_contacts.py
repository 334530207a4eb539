"""A member's contacts, changed by staff whom they asked: as on their own page, under the staff's name, and told to the old ones."""

import html
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import text

from services.registry.contacts.keeping import MOST_ADDED_A_DAY
from services.registry.keeping import finding
from services.registry.keeping.rules import Rules
from services.registry.numbers import checking
from services.registry.verifying import Counts, verify
from shared.clock import now
from shared.contracts.gateway import ContactConfirmed
from shared.contracts.registry import ContactsChanged, MemberChanged, MemberRegistered
from tests.services.registry.clerks import by_phone, empty_list, logged, open_calls, taken
from tests.services.registry.conftest import CSRF, Registry, address, number, submission
from tests.services.registry.test_me import CSRF as OWN_CSRF
from tests.services.registry.test_me import ask as ask_own

RULES = Rules(unconfirmed=60, inactive=1825, bounced=180, call=30)


async def joined(registry: Registry, **fields: Any) -> MemberRegistered:
    [member] = await registry.register(submission(**{"email": address(), "phone": number(), "submitted_at": now()} | fields))
    return member


async def confirmed(registry: Registry, **fields: Any) -> MemberRegistered:
    member = await joined(registry, **fields)
    await registry.settle(ContactConfirmed(member_id=member.member_id, contact_id=of_kind(member, "email"), at=now()))
    return member


def of_kind(member: MemberRegistered, kind: str) -> UUID:
    return next(contact.id for contact in member.contacts if contact.kind == kind)


async def add(registry: Registry, member_id: UUID, value: str, *, kind: str = "email", **more: Any) -> httpx2.Response:
    sent = {"kind": kind, "value": value, "asked": "call", **more.pop("sent", {})}
    return await registry.ask("POST", f"/api/v1/members/{member_id}/contacts", json=sent, **more)


async def remove(registry: Registry, member_id: UUID, contact: object, query: str = "asked=call", **more: Any) -> httpx2.Response:
    return await registry.ask("DELETE", f"/api/v1/members/{member_id}/contacts/{contact}?{query}", **more)


async def coverage_faults(registry: Registry) -> list[Any]:
    async with registry.database.transaction() as session:
        return list(await checking.differences(session))


async def test_added_address_waits_for_its_link_and_the_old_one_is_told(registry: Registry) -> None:
    member = await confirmed(registry)
    new = address()
    added = await add(registry, member.member_id, new, sent={"version": 2})
    assert added.status_code == 201, added.text
    [contact] = [each for each in added.json()["contacts"] if each["value"] == new]
    assert (contact["confirmed_at"], contact["shared"], added.json()["version"], added.json()["status"]) == (None, False, 3, "confirmed")
    await registry.settle()
    [said] = await registry.about(ContactsChanged, member.member_id)
    assert said.added is not None
    assert (str(said.added.id), [each.id for each in said.told]) == (contact["id"], [of_kind(member, "email")])
    [row] = await registry.rows("SELECT who, detail FROM audit WHERE what = 'contact_added' AND :id = ANY (ids)", id=member.member_id)
    assert (row.who, row.detail) == ("staff:7", {"asked": "call", "version": 3})
    [change] = await registry.rows("SELECT actor FROM member_change WHERE member_id = :id AND version = 3", id=member.member_id)
    assert change.actor == "consultant|IOM"
    await registry.settle(ContactConfirmed(member_id=member.member_id, contact_id=UUID(contact["id"]), at=now()))
    held = (await registry.member(member.member_id))["contacts"]
    assert all(each["confirmed_at"] for each in held if each["kind"] == "email")
    assert "added a contact for you" in (await ask_own(registry, "GET", "", member.member_id)).text


async def test_removed_number_ends_what_only_it_reached_under_the_clerks_name(registry: Registry) -> None:
    member = await confirmed(registry, channels=("email", "call"))
    removed = await remove(registry, member.member_id, of_kind(member, "phone"), "asked=visit&version=2")
    assert removed.status_code == 200, removed.text
    shown = removed.json()
    assert (shown["phone"], shown["information"], shown["status"], shown["version"]) == (None, ["email"], "confirmed", 3)
    [ended] = await registry.rows(
        "SELECT channel, way, staff, office FROM consent WHERE member_id = :id AND NOT given", id=member.member_id
    )
    assert tuple(ended) == ("call", "visit", "7", "IOM")
    assert [fault.text async for fault in verify(registry.database, Counts(), {})] == []
    await registry.settle()
    [said] = await registry.about(ContactsChanged, member.member_id)
    assert (said.added, [each.id for each in said.told]) == (None, [of_kind(member, "email")])
    # A link that still comes for it changes nothing and is no mistake.
    await registry.settle(ContactConfirmed(member_id=member.member_id, contact_id=of_kind(member, "phone"), at=now()))
    assert (await remove(registry, member.member_id, of_kind(member, "phone"))).status_code == 404


async def test_who_has_no_confirmed_contact_left_counts_as_registered_and_is_rung(registry: Registry) -> None:
    member = await confirmed(registry)
    removed = (await remove(registry, member.member_id, of_kind(member, "email"), "asked=message")).json()
    assert (removed["status"], removed["confirmed_at"], removed["email"]) == ("registered", None, None)
    assert await coverage_faults(registry) == []
    assert [task.reason for task in await open_calls(registry, member.member_id)] == ["confirm"]
    await registry.settle()
    [said] = await registry.about(ContactsChanged, member.member_id)
    assert [each.id for each in said.told] == [of_kind(member, "email")], "whoever asked may have been somebody else"
    assert (await registry.about(MemberChanged, member.member_id))[-1].status == "registered"
    [ended] = await registry.rows("SELECT channel, way FROM consent WHERE member_id = :id AND NOT given", id=member.member_id)
    assert tuple(ended) == ("email", "staff")


async def test_days_of_retention_count_from_the_day_on_which_the_last_confirmed_contact_went(registry: Registry) -> None:
    member = await confirmed(registry)
    assert (await add(registry, member.member_id, address())).status_code == 201
    assert (await remove(registry, member.member_id, of_kind(member, "email"))).json()["status"] == "registered"
    async with registry.database.transaction() as session:  # As though they had been with us for a month before.
        later = text("UPDATE member_change SET at = at + interval '30 days' WHERE member_id = :id AND 'status' = ANY (fields)")
        await session.execute(later, {"id": member.member_id})

    async def goes(days: int) -> bool:
        async with registry.database.transaction() as session:
            old = await finding.page(session, "unconfirmed", RULES, at=now() + timedelta(days=days))
        return member.member_id in {each.member_id for each in old}

    assert (await goes(61), await goes(92)) == (False, True)


async def test_only_contact_is_not_removed(registry: Registry) -> None:
    member = await confirmed(registry, phone=None)
    refused = await remove(registry, member.member_id, of_kind(member, "email"))
    assert (refused.status_code, "erase the person" in refused.text) == (422, True)
    assert (await registry.member(member.member_id))["version"] == 2


async def test_address_of_somebody_else_is_marked_on_both_and_shows_nothing_of_them(registry: Registry) -> None:
    other = await confirmed(registry, given_name="Palesa", family_name="Thabane")
    member = await confirmed(registry)
    added = await add(registry, member.member_id, next(each.value for each in other.contacts if each.kind == "email"))
    assert (added.status_code, "Thabane" in added.text, str(other.member_id) in added.text) == (201, False, False)
    assert [each["shared"] for each in added.json()["contacts"]].count(True) == 1
    assert [each["shared"] for each in (await registry.member(other.member_id))["contacts"] if each["kind"] == "email"] == [True]
    new = next(each["id"] for each in added.json()["contacts"] if each["shared"])
    assert (await remove(registry, member.member_id, new)).status_code == 200
    assert [each["shared"] for each in (await registry.member(other.member_id))["contacts"]] == [False, False]


async def test_stale_version_is_told_what_was_changed_and_changes_nothing(registry: Registry) -> None:
    member = await confirmed(registry)
    await registry.ask("PATCH", f"/api/v1/members/{member.member_id}", json={"city": "Welkom"}, role="officer")
    for refused in (
        await add(registry, member.member_id, address(), sent={"version": 2}),
        await add(registry, member.member_id, address(), headers={"if-match": '"2"'}),
        await remove(registry, member.member_id, of_kind(member, "phone"), "asked=call&version=2"),
        await remove(registry, member.member_id, of_kind(member, "phone"), headers={"if-match": '"2"'}),
    ):
        assert refused.status_code == 409
        assert "by officer, IOM" in refused.json()["errors"][0]["detail"]
    assert len((await registry.member(member.member_id))["contacts"]) == 2


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"value": "nobody"}, "/value"),
        ({"kind": "phone", "value": "+27 1"}, "/value"),
        ({"kind": "telegram"}, "/kind"),
        ({"asked": "rumour"}, "/asked"),
        ({"confirmed_at": "2020-01-01"}, "/confirmed_at"),
    ],
)
async def test_what_is_wrong_is_refused_by_its_field(registry: Registry, sent: dict[str, str], pointer: str) -> None:
    member = await joined(registry)
    refused = await add(registry, member.member_id, address(), sent=sent)
    assert (refused.status_code, [each["pointer"] for each in refused.json()["errors"]]) == (422, [pointer])
    assert (await registry.member(member.member_id))["version"] == 1


async def test_nobody_is_written_to_without_end(registry: Registry) -> None:
    member = await confirmed(registry)
    statuses = []
    for _ in range(MOST_ADDED_A_DAY + 1):
        added = await add(registry, member.member_id, address())
        statuses.append(added.status_code)
        if added.status_code == 201:
            assert (await remove(registry, member.member_id, added.json()["contacts"][-1]["id"])).status_code == 200
    assert statuses == [201] * MOST_ADDED_A_DAY + [422]
    version = (await registry.member(member.member_id))["version"]
    own = {"csrf": OWN_CSRF, "version": version, "action": "add", "kind": "email", "value": address()}
    assert (await ask_own(registry, "POST", "/contacts", member.member_id, fields=own)).status_code == 422, "it is one count"


async def test_page_adds_and_removes_and_keeps_what_was_typed(registry: Registry) -> None:
    member, new = await confirmed(registry), address()
    here, phone = f"/staff/members/{member.member_id}", of_kind(member, "phone")
    shown = (await registry.ask("GET", here)).text
    assert f'href="{here}/contacts"' in shown and f'href="{here}/contacts/{phone}/remove"' in shown
    nothing = await registry.ask("POST", f"{here}/contacts", data={"csrf": CSRF, "value": new, "version": "2"})
    assert (nothing.status_code, re.findall(r'<li><a href="#(\w+)"', nothing.text), f'value="{new}"' in nothing.text) == (
        422, ["kind", "asked"], True
    )  # fmt: skip
    await registry.ask("PATCH", f"/api/v1/members/{member.member_id}", json={"city": "Welkom"}, role="officer")
    sent = {"csrf": CSRF, "kind": "email", "value": new, "asked": "call", "version": "2"}
    stale = await registry.ask("POST", f"{here}/contacts", data=sent)
    assert (stale.status_code, f'value="{new}"' in stale.text, 'name="version" value="3"' in stale.text) == (409, True, True)
    assert re.search(r"<li>Town: changed on .* by officer, IOM\.</li>", html.unescape(stale.text))
    added = await registry.ask("POST", f"{here}/contacts", data={**sent, "version": "3"})
    assert (added.status_code, added.headers["location"]) == (303, f"{here}?did=added")
    assert new in (await registry.ask("GET", f"{here}?did=added")).text

    path = f"{here}/contacts/{of_kind(member, 'email')}/remove"
    assert "Nothing confirmed would be left" in (await registry.ask("GET", path)).text
    assert "Nothing confirmed" not in (await registry.ask("GET", f"{here}/contacts/{phone}/remove")).text
    unasked = await registry.ask("POST", path, data={"csrf": CSRF, "version": "4"})
    assert (unasked.status_code, re.findall(r'<li><a href="#(\w+)"', unasked.text)) == (422, ["asked"])
    late = {"csrf": CSRF, "asked": "visit", "version": "3"}
    assert (await registry.ask("POST", path, data=late)).status_code == 409
    removed = await registry.ask("POST", path, data={**late, "version": "4"})
    assert (removed.status_code, removed.headers["location"]) == (303, f"{here}?did=removed")
    assert (await registry.ask("POST", path, data=late)).headers["location"] == f"{here}?did=gone"
    told = html.unescape((await registry.ask("GET", here)).text)
    assert "An address or number added, as they asked" in told and "An address or number removed, as they asked" in told


async def test_desk_shows_what_to_read_back_after_a_call(registry: Registry) -> None:
    await empty_list(registry)
    member = await by_phone(registry, language="st")
    call = await taken(registry, "7")
    said = {"csrf": CSRF, "outcome": "confirmed"}
    answer = await registry.ask("POST", f"/staff/calls/{call['id']}/log", data=said)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/staff/calls?saved={call['id']}")
    [receipt] = [
        each["receipt"]
        for each in (await registry.ask("GET", f"/api/v1/members/{member.member_id}/consents")).json()["items"]
        if each["way"] == "call"
    ]
    desk = html.unescape((await registry.ask("GET", answer.headers["location"])).text)
    [(language, spoken)] = re.findall(r'<blockquote class="greeting" lang="([\w-]+)">(.*?)</blockquote>', desk)
    assert (language, receipt in spoken, "Mokoena" in spoken) == ("st-LS", True, False)
    assert "<blockquote" not in (await registry.ask("GET", "/staff/calls?saved=1")).text
    assert "<blockquote" not in (await registry.ask("GET", answer.headers["location"], areas=("GB",))).text
    other = await by_phone(registry)
    assert other.member_id != member.member_id
    missed = await taken(registry, "7")
    await logged(registry, missed, "7", outcome="no_answer")
    assert "<blockquote" not in (await registry.ask("GET", f"/staff/calls?saved={missed['id']}")).text
