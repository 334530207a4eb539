"""A member's own pages, as the gateway hands requests on: seen, corrected, chosen, taken away, and gone after an erasure."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx2
import pytest
from pydantic import SecretStr

from shared.contracts.gateway import ContactConfirmed, ErasureRequested, ManageLinkRequested, SharingWithdrawn
from shared.contracts.registry import ManageLinkDecided, MemberChanged, MemberRegistered
from shared.identity import HEADER, Identity, sign
from shared.receipts import new_number
from shared.tokens import Link, Purpose
from tests.services.registry.conftest import AT, KEYS, Registry, address, number, submission

CSRF = "what-the-forms-carry"
LATER = AT + timedelta(hours=1)


async def ask(
    registry: Registry,
    method: str,
    page: str,
    member_id: UUID,
    *,
    purpose: Purpose = "manage",
    fields: dict[str, Any] | None = None,
    language: str = "en",
) -> httpx2.Response:
    """Make a request as the gateway hands it on for whoever opened this member's link."""
    path = f"/me/token{page}"
    link = Link(purpose, member_id, None, datetime.now(UTC) + timedelta(minutes=30))
    identity = Identity(kind="link", language=language, link=link, csrf=CSRF)  # type: ignore[arg-type]
    signed = sign(identity, [SecretStr(KEYS)], service="registry", method=method, path=path)
    body = urlencode(fields, doseq=True).encode() if fields is not None else None
    headers = {HEADER: signed, "content-type": "application/x-www-form-urlencoded"}
    return await registry.web.request(method, path, headers=headers, content=body)


async def joined(registry: Registry, **fields: Any) -> MemberRegistered:
    [member] = await registry.register(submission(**{"email": address(), "phone": number(), "city": "Welkom"} | fields))
    return member


async def details(registry: Registry, member_id: UUID, **changed: Any) -> dict[str, Any]:
    """Return what the form of corrections would send, with these changes."""
    shown = await registry.member(member_id)
    names = ("given_name", "family_name", "country", "province", "city", "language", "interests", "needs")
    filled = {name: shown[name] if shown[name] is not None else "" for name in names}
    return {"csrf": CSRF, "version": shown["version"], **filled} | changed


async def test_member_sees_all_that_is_held_and_who_has_read_it(registry: Registry) -> None:
    member = await joined(registry, occupation="Nurse", interests=("culture",), needs=("study",))
    await registry.settle(ContactConfirmed(member_id=member.member_id, contact_id=member.contacts[0].id, at=LATER))
    await registry.ask("GET", f"/api/v1/members/{member.member_id}", role="officer")
    page = (await ask(registry, "GET", "", member.member_id)).text
    for seen in ("Lerato", "Mokoena", "Welkom", "Nurse", "Culture", "Studies and scholarships", member.contacts[0].value):
        assert seen in page, seen
    assert "confirmed on 2020-01-20" in page
    assert "not confirmed yet" in page
    assert "That we send you news (E-mail): on 2020-01-20, on our web page, wording 2020-01" in page
    assert re.search(r"<td>officer, IOM</td><td>read your record</td>", page)
    assert "staff:7" not in page
    sesotho = await ask(registry, "GET", "", member.member_id, language="st")
    assert ('lang="st-LS"' in sesotho.text, "Seo re se bolokileng ka uena" in sesotho.text) == (True, True)


@pytest.mark.parametrize("page", ["", "/details", "/choices", "/export", "/erase"])
async def test_pages_are_for_manage_links_of_members_who_are_here(registry: Registry, page: str) -> None:
    member = await joined(registry)
    assert (await ask(registry, "GET", page, member.member_id)).status_code == 200
    assert (await ask(registry, "GET", page, uuid4())).status_code == 404
    assert (await ask(registry, "GET", page, member.member_id, purpose="confirm")).status_code == 404
    await registry.settle(ErasureRequested(member_id=member.member_id, receipt=new_number(), at=LATER))
    assert (await ask(registry, "GET", page, member.member_id)).status_code == 404


async def test_correction_is_kept_and_announced(registry: Registry) -> None:
    member = await joined(registry)
    fields = await details(registry, member.member_id, given_name="Palesa", province="ZA-FS", interests=["trade", "health"])
    answer = await ask(registry, "POST", "/details", member.member_id, fields=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/me/token?saved=1")
    shown = await registry.member(member.member_id)
    assert (shown["given_name"], shown["area"], shown["interests"], shown["version"]) == ("Palesa", "ZA-FS", ["trade", "health"], 2)
    [changed] = await registry.about(MemberChanged, member.member_id)
    assert (changed.given_name, changed.area, changed.version) == ("Palesa", "ZA-FS", 2)


async def test_correction_of_an_older_version_is_shown_what_changed(registry: Registry) -> None:
    member = await joined(registry)
    stale = await details(registry, member.member_id, city="Kroonstad")
    await ask(registry, "POST", "/details", member.member_id, fields=await details(registry, member.member_id, city="Bloemfontein"))
    answer = await ask(registry, "POST", "/details", member.member_id, fields=stale)
    assert answer.status_code == 409
    assert re.search(r'<th scope="row">Town</th><td>Bloemfontein</td><td>Kroonstad</td>', answer.text)
    [fresh] = re.findall(r'name="version" value="(\d+)"', answer.text)
    again = await ask(registry, "POST", "/details", member.member_id, fields=stale | {"version": fresh})
    assert again.status_code == 303
    assert (await registry.member(member.member_id))["city"] == "Kroonstad"


async def test_wrong_correction_comes_back_with_what_is_wrong(registry: Registry) -> None:
    member = await joined(registry)
    fields = await details(registry, member.member_id, given_name="", country="LS")
    answer = await ask(registry, "POST", "/details", member.member_id, fields=fields, language="st")
    assert answer.status_code == 422
    assert ('href="#given_name"' in answer.text, 'href="#country"' in answer.text, "Welkom" in answer.text) == (True, True, True)
    assert (await registry.member(member.member_id))["version"] == 1


@pytest.mark.parametrize("page", ["/details", "/choices"])
async def test_form_of_another_page_is_refused(registry: Registry, page: str) -> None:
    member = await joined(registry)
    fields = await details(registry, member.member_id, wording="2020-01", csrf="another")
    assert (await ask(registry, "POST", page, member.member_id, fields=fields)).status_code == 403
    del fields["csrf"]
    assert (await ask(registry, "POST", page, member.member_id, fields=fields)).status_code == 403


async def test_choices_are_kept_with_their_proof(registry: Registry) -> None:
    member = await joined(registry)
    fields = {"csrf": CSRF, "version": "1", "wording": "2020-01", "channels": ["sms", "call"], "sharing": "true"}
    assert (await ask(registry, "POST", "/choices", member.member_id, fields=fields, language="st")).status_code == 303
    shown = await registry.member(member.member_id)
    assert (shown["information"], shown["sharing"]) == (["sms", "call"], True)
    said = [(c["purpose"], c["channel"], c["given"], c["wording_version"], c["way"]) for c in shown["consents"][-4:]]
    assert sorted(said, key=str) == sorted(
        [
            ("information", "sms", True, "2020-01", "link"),
            ("information", "call", True, "2020-01", "link"),
            ("information", "email", False, None, "link"),
            ("sharing", None, True, "2020-01", "link"),
        ],
        key=str,
    )
    stale = await ask(registry, "POST", "/choices", member.member_id, fields=fields | {"channels": []})
    assert stale.headers["location"] == "/me/token/choices?again=1"
    assert (await registry.member(member.member_id))["information"] == ["sms", "call"]


async def test_sharing_is_withdrawn_unless_agreed_to_later(registry: Registry) -> None:
    member = await joined(registry)
    fields = {"csrf": CSRF, "version": "1", "wording": "2020-01", "channels": ["email"], "sharing": "true"}
    await ask(registry, "POST", "/choices", member.member_id, fields=fields)
    await registry.settle(SharingWithdrawn(member_id=member.member_id, at=LATER))
    assert (await registry.member(member.member_id))["sharing"], "agreed to since"
    await registry.settle(SharingWithdrawn(member_id=member.member_id, at=datetime.now(UTC)))
    assert not (await registry.member(member.member_id))["sharing"]


async def test_what_was_written_down_of_what_they_said_is_in_their_file(registry: Registry) -> None:
    member = await joined(registry)
    told = {"purpose": "information", "channel": "call", "given": True, "way": "call", "spoken": "Yes, ring me on Sundays."}
    assert (await registry.ask("POST", f"/api/v1/members/{member.member_id}/consents", json=told)).status_code == 201
    held = (await ask(registry, "GET", "/export", member.member_id)).json()
    assert [(each["spoken"], "staff" in each) for each in held["consents"]][-1] == ("Yes, ring me on Sundays.", False)


async def test_export_is_a_file_with_all_of_it(registry: Registry) -> None:
    member = await joined(registry, contribution_note="Mohair from Quthing")
    answer = await ask(registry, "GET", "/export", member.member_id)
    assert answer.headers["content-disposition"] == 'attachment; filename="khokahano.json"'
    held = answer.json()
    assert (held["given_name"], held["contribution_note"], len(held["contacts"]), held["read_by"]) == (
        "Lerato",
        "Mohair from Quthing",
        2,
        [],
    )
    assert [consent["purpose"] for consent in held["consents"]] == ["registration", "information"]


async def test_link_is_decided_for_known_contacts_only(registry: Registry) -> None:
    member = await joined(registry)
    email = member.contacts[0].value
    unknown = ManageLinkRequested(request_id=uuid4(), email=address(), at=LATER)
    unconfirmed = ManageLinkRequested(request_id=uuid4(), email=email.upper(), at=LATER)
    await registry.settle(unknown, unconfirmed)
    await registry.settle(ContactConfirmed(member_id=member.member_id, contact_id=member.contacts[0].id, at=LATER))
    await registry.settle(by_mail := ManageLinkRequested(request_id=uuid4(), email=email, at=LATER))
    await registry.settle(by_phone := ManageLinkRequested(request_id=uuid4(), phone=member.contacts[1].value, at=LATER))
    said = [each for each in await registry.heard(ManageLinkDecided) if each.member_id == member.member_id]
    assert [(each.request_id, each.answer, each.contact_id) for each in said] == [
        (unconfirmed.request_id, "confirm_first", member.contacts[0].id),
        (by_mail.request_id, "link", member.contacts[0].id),
        (by_phone.request_id, "link", member.contacts[0].id),
    ]
    assert unknown.request_id not in [each.request_id for each in await registry.heard(ManageLinkDecided)]


async def test_case_41_who_shares_an_address_is_sent_no_link_to_it(registry: Registry) -> None:
    [mother] = await registry.register(submission("Lerato", email=(email := address())))
    [daughter] = await registry.register(submission("Palesa", email=email))
    await registry.settle(ContactConfirmed(member_id=mother.member_id, contact_id=mother.contacts[0].id, at=LATER))
    await registry.settle(asked := ManageLinkRequested(request_id=uuid4(), email=email, at=LATER))
    said = [each for each in await registry.heard(ManageLinkDecided) if each.request_id == asked.request_id]
    assert [each.answer for each in said] == ["ask_the_office"]
    await registry.settle(ErasureRequested(member_id=mother.member_id, receipt=new_number(), at=LATER))
    assert (await registry.member(daughter.member_id))["contacts"][0]["shared"] is False


async def test_member_takes_away_what_was_noted_of_calls_but_no_clerks_name(registry: Registry) -> None:
    member = await joined(registry)
    planned = {"member_id": str(member.member_id), "about": "Send the form.", "due_at": datetime.now(UTC).isoformat()}
    call = (await registry.ask("POST", "/api/v1/follow-ups", json=planned)).json()
    said = {"outcome": "no_answer", "note": "Rings in the morning."}
    assert (await registry.ask("POST", f"/api/v1/calls/{call['id']}/log", json=said)).status_code == 201
    held = (await ask(registry, "GET", "/export", member.member_id)).json()
    assert [(each["outcome"], each["note"], each["office"]) for each in held["calls"]] == [("no_answer", "Rings in the morning.", "IOM")]
    assert [(each["reason"], each["about"], each["attempts"]) for each in held["calls_planned"]] == [("follow_up", "Send the form.", 1)]
    assert {"staff", "staff_name", "made_by"} & {name for each in (*held["calls"], *held["calls_planned"]) for name in each} == set()
