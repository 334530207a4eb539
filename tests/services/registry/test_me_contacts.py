"""A member's own contacts: added unconfirmed, removed with what they carried, announced, and silent about everybody else."""

import re
from typing import Any
from uuid import UUID, uuid4

import httpx2

from services.registry.verifying import Counts, verify
from shared.contracts.gateway import ContactConfirmed
from shared.contracts.registry import ContactsChanged, MemberChanged, MemberRegistered
from tests.services.registry.conftest import AT, Registry, address, number, submission
from tests.services.registry.test_me import CSRF, ask, joined


async def confirmed(registry: Registry, **fields: Any) -> MemberRegistered:
    member = await joined(registry, **fields)
    await registry.settle(ContactConfirmed(member_id=member.member_id, contact_id=member.contacts[0].id, at=AT))
    return member


async def post(registry: Registry, member_id: UUID, action: str, **fields: Any) -> httpx2.Response:
    version = (await registry.member(member_id))["version"]
    return await ask(registry, "POST", "/contacts", member_id, fields={"csrf": CSRF, "version": version, "action": action} | fields)


def of_kind(member: MemberRegistered, kind: str) -> str:
    return str(next(contact.id for contact in member.contacts if contact.kind == kind))


async def test_added_contact_waits_for_its_own_link(registry: Registry) -> None:
    member = await confirmed(registry)
    new = address()
    added = await post(registry, member.member_id, "add", kind="email", value=new.upper().replace("EXAMPLE.ORG", "Example.org"))
    assert (added.status_code, added.headers["location"]) == (303, "/me/token/contacts?saved=1")
    [said] = await registry.about(ContactsChanged, member.member_id)
    assert said.added is not None
    assert (said.added.value.lower(), said.added.confirmed_at) == (new, None)
    assert [contact.value for contact in said.told] == [member.contacts[0].value]
    changed = (await registry.about(MemberChanged, member.member_id))[-1]
    assert [contact.id for contact in changed.contacts][-1] == said.added.id
    await registry.settle(ContactConfirmed(member_id=member.member_id, contact_id=said.added.id, at=AT))
    held = (await registry.member(member.member_id))["contacts"]
    assert next(each for each in held if each["id"] == str(said.added.id))["confirmed_at"] is not None


async def test_removed_contact_takes_with_it_what_only_it_reached(registry: Registry) -> None:
    member = await confirmed(registry, channels=("email", "call"))
    removed = await post(registry, member.member_id, "remove", contact=of_kind(member, "phone"))
    assert removed.status_code == 303
    shown = await registry.member(member.member_id)
    assert (shown["phone"], shown["information"], shown["status"]) == (None, ["email"], "confirmed")
    assert [(each["channel"], each["given"], each["way"]) for each in shown["consents"]][-1] == ("call", False, "link")
    assert [fault.text async for fault in verify(registry.database, Counts(), {})] == []
    # What still comes for it changes nothing and is no mistake.
    await registry.settle(ContactConfirmed(member_id=member.member_id, contact_id=UUID(of_kind(member, "phone")), at=AT))


async def test_last_confirmed_contact_is_removed_only_by_who_is_sure(registry: Registry) -> None:
    member = await confirmed(registry)
    asked = await post(registry, member.member_id, "remove", contact=of_kind(member, "email"))
    assert (asked.status_code, 'name="sure"' in asked.text, "Nothing confirmed would be left" in asked.text) == (200, True, True)
    assert (await registry.member(member.member_id))["status"] == "confirmed"
    done = await post(registry, member.member_id, "remove", contact=of_kind(member, "email"), sure="yes")
    assert done.status_code == 303
    shown = await registry.member(member.member_id)
    assert (shown["status"], shown["email"], shown["confirmed_at"]) == ("registered", None, None)
    [counted] = await registry.rows(
        "SELECT coalesce(sum(confirmed), 0) AS told, (SELECT count(*) FROM member WHERE confirmed_at IS NOT NULL) AS true"
        " FROM (SELECT * FROM tally UNION ALL SELECT * FROM tally_mark) AS counted"
    )
    assert counted.told == counted.true


async def test_only_contact_stays(registry: Registry) -> None:
    member = await confirmed(registry, phone=None)
    refused = await post(registry, member.member_id, "remove", contact=of_kind(member, "email"), sure="yes")
    assert (refused.status_code, "This is your only contact" in refused.text) == (422, True)
    assert (await registry.member(member.member_id))["version"] == 2


async def test_contact_of_somebody_else_is_added_without_a_word_about_them(registry: Registry) -> None:
    known = await confirmed(registry)
    member = await confirmed(registry)
    answers = [await post(registry, member.member_id, "add", kind="email", value=known.contacts[0].value)]
    page = (await ask(registry, "GET", "/contacts", member.member_id)).text
    assert known.contacts[0].value in page
    other = await confirmed(registry)
    answers.append(await post(registry, other.member_id, "add", kind="email", value=address()))
    for each in (
        page,
        (await ask(registry, "GET", "", member.member_id)).text,
        (await ask(registry, "GET", "/contacts", other.member_id)).text,
    ):
        assert "used by somebody else" not in each
    own = (await ask(registry, "GET", "/export", member.member_id)).json()["contacts"]
    assert {each["shared"] for each in own} == {False}
    assert {(answer.status_code, answer.headers["location"], answer.text) for answer in answers} == {
        (303, "/me/token/contacts?saved=1", "")
    }
    # Both rows know it, and the one whose it is can see it.
    assert (await registry.member(known.member_id))["contacts"][0]["shared"] is True
    assert "used by somebody else" in (await ask(registry, "GET", "", known.member_id)).text


async def test_number_typed_at_registering_tells_nothing_of_whose_it_is(registry: Registry) -> None:
    phone = number()
    await joined(registry, phone=phone)
    curious = await confirmed(registry, phone=phone, given_name="Thabo")
    assert "used by somebody else" not in (await ask(registry, "GET", "", curious.member_id)).text
    own = (await ask(registry, "GET", "/export", curious.member_id)).json()["contacts"]
    assert {each["shared"] for each in own} == {False}


async def test_contact_that_is_left_is_the_other_members_alone(registry: Registry) -> None:
    phone = number()
    [mother] = await registry.register(submission("Lerato", phone=phone, email=address()))
    [daughter] = await registry.register(submission("Palesa", phone=phone))
    assert (await post(registry, mother.member_id, "remove", contact=of_kind(mother, "phone"))).status_code == 303
    assert [each["shared"] for each in (await registry.member(daughter.member_id))["contacts"]] == [False]


async def test_what_is_wrong_or_stale_changes_nothing(registry: Registry) -> None:
    member = await confirmed(registry)
    wrong = await post(registry, member.member_id, "add", kind="email", value="nobody")
    assert (wrong.status_code, 'href="#value"' in wrong.text, 'value="nobody"' in wrong.text) == (422, True, True)
    stale = await post(registry, member.member_id, "add", kind="email", value=address(), version=1)
    assert stale.status_code == 409
    assert (await post(registry, member.member_id, "remove", contact=str(uuid4()))).status_code == 404
    assert (await post(registry, member.member_id, "remove", contact="x")).status_code == 404
    assert (await post(registry, member.member_id, "add", kind="email", value=address(), csrf="another")).status_code == 403
    assert (await registry.member(member.member_id))["version"] == 2
    assert await registry.about(ContactsChanged, member.member_id) == []


async def test_nobody_is_written_to_without_end(registry: Registry) -> None:
    member = await confirmed(registry)
    statuses = []
    for _ in range(6):
        statuses.append((await post(registry, member.member_id, "add", kind="email", value=address())).status_code)
        newest = (await registry.member(member.member_id))["contacts"][-1]
        if statuses[-1] == 303:
            assert (await post(registry, member.member_id, "remove", contact=newest["id"])).status_code == 303
    assert statuses == [303] * 5 + [422]


async def test_page_is_there_in_both_languages(registry: Registry) -> None:
    member = await confirmed(registry)
    for language, words in (("en", "Add a contact"), ("st", "Kenya tsela ea ho u fumana")):
        page = await ask(registry, "GET", "/contacts", member.member_id, language=language)
        assert (page.status_code, words in page.text) == (200, True)
        assert len(re.findall('name="csrf"', page.text)) == 3
