"""One person's page: what is held and what happened, and what staff do there; two clerks on one record lose nothing."""

import html
import re
from typing import Any
from uuid import UUID

import httpx2
import pytest

from shared.contracts.gateway import ConsentGiven
from shared.contracts.registry import MemberRegistered
from tests.services.registry.conftest import CSRF, Registry, address, number, submission

AGREED = ConsentGiven(registration=True, information=True, sharing=True)


async def joined(registry: Registry, **fields: Any) -> MemberRegistered:
    usual = {"email": address(), "phone": number(), "consent": AGREED, "city": "Welkom", "occupation": "Nurse", "interests": ("trade",)}
    [member] = await registry.register(submission(**{**usual, **fields}))
    return member


def path(member: MemberRegistered, further: str = "") -> str:
    return f"/staff/members/{member.member_id}{further}"


async def show(registry: Registry, member: MemberRegistered, further: str = "", **more: Any) -> str:
    answer = await registry.ask("GET", path(member, further), **more)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def form_of(text: str) -> dict[str, Any]:
    """Return what a browser would send from a page's form if nothing on it were touched."""
    form = text.partition('<form method="post" action="/staff/members/')[2]
    sent: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        said = {name: html.unescape(value) for name, value in re.findall(r'(\w+)="([^"]*)"', tag)}
        if said.get("type") in ("checkbox", "radio") and " checked" not in tag:
            continue
        sent.setdefault(said["name"], []).append(said["value"])
    for name, options in re.findall(r'<select id="(\w+)".*?>(.*?)</select>', form, re.DOTALL):
        sent[name] = re.findall(r'<option value="([^"]*)" selected', options) or [""]
    for name, value in re.findall(r'<textarea id="(\w+)".*?>\n(.*?)</textarea>', form, re.DOTALL):
        sent[name] = [html.unescape(value).replace("\n", "\r\n")]
    return sent


async def opened(registry: Registry, member: MemberRegistered) -> dict[str, Any]:
    return form_of((await registry.ask("GET", path(member, "/correct"))).text)


async def send(registry: Registry, member: MemberRegistered, further: str, sent: dict[str, Any], **more: Any) -> httpx2.Response:
    return await registry.ask("POST", path(member, further), data={"csrf": CSRF, **sent}, **more)


async def acts(registry: Registry, member: MemberRegistered) -> list[str]:
    return [row.what for row in await registry.rows("SELECT what FROM audit WHERE :id = ANY (ids) ORDER BY id", id=member.member_id)]


async def test_page_shows_all_that_is_held_and_what_happened(registry: Registry) -> None:
    member = await joined(registry, needs=("legal",), contribution_note="I teach <maths>", language="st")
    text = await show(registry, member)
    held = ("Lerato Mokoena", "Welkom", "Nurse", "Legal help", "I teach <maths>", "Sesotho", "Gauteng", "not confirmed yet", "2020-01")
    assert [each for each in held if each not in text] == []
    assert len(re.findall(r'<span class="tag good">given</span>', text)) == 3  # Registration, information by e-mail, sharing.
    assert "Registered through: the web page" in text and "Agreed: Registration" in text
    assert await acts(registry, member) == ["member_read"]
    assert "Looked at" in await show(registry, member)
    assert "officer" not in text.partition("Who has looked")[0]


@pytest.mark.parametrize("further", ["", "/correct", "/consent", "/erase", f"/confirm/{UUID(int=7)}"])
async def test_page_of_somebody_outside_the_area_is_not_there(registry: Registry, further: str) -> None:
    member = await joined(registry)
    assert (await registry.ask("GET", path(member, further), areas=("GB",))).status_code == 404
    assert await acts(registry, member) == []


async def test_mission_sees_name_contacts_and_area_of_who_agreed(registry: Registry) -> None:
    member = await joined(registry, needs=("legal",))
    text = await show(registry, member, role="mission", areas=("ZA-GP",))
    assert "Lerato Mokoena" in text and "Gauteng" in text and "/correct" not in text
    assert [
        hidden for hidden in ("Welkom", "Nurse", "Legal", "Trade", "Consents", "What happened", "not confirmed yet") if hidden in text
    ] == []
    closed = await joined(registry, consent=ConsentGiven(registration=True))
    assert (await registry.ask("GET", path(closed), role="mission", areas=("ZA-GP",))).status_code == 404


async def test_form_sent_back_untouched_changes_nothing(registry: Registry) -> None:
    member = await joined(registry, contribution_note="I teach.\nAt home.", gender="female", birth_year=1984)
    answer = await send(registry, member, "/correct", await opened(registry, member))
    assert (answer.status_code, answer.headers["location"]) == (303, path(member, "?did=unchanged"))
    assert (await registry.member(member.member_id))["version"] == 1


async def test_correction_is_kept(registry: Registry) -> None:
    member = await joined(registry)
    sent = await opened(registry, member) | {"city": "Virginia", "interests": ["culture", "trade"], "birth_year": "1984"}
    answer = await send(registry, member, "/correct", sent)
    assert (answer.status_code, answer.headers["location"]) == (303, path(member, "?did=corrected"))
    kept = await registry.member(member.member_id)
    assert (kept["city"], sorted(kept["interests"]), kept["birth_year"], kept["version"]) == ("Virginia", ["culture", "trade"], 1984, 2)
    text = await show(registry, member, "?did=corrected")
    assert "Saved." in text and "Changed: " in text


async def test_mistake_keeps_what_was_typed(registry: Registry) -> None:
    member = await joined(registry)
    answer = await send(registry, member, "/correct", await opened(registry, member) | {"given_name": " ", "city": "Virginia"})
    assert answer.status_code == 422
    assert "<title>Error:" in answer.text and 'href="#given_name"' in answer.text
    again = form_of(answer.text)
    assert (again["city"], again["version"]) == (["Virginia"], ["1"])
    assert (await send(registry, member, "/correct", again | {"given_name": "Palesa"})).status_code == 303
    kept = await registry.member(member.member_id)
    assert (kept["given_name"], kept["city"]) == ("Palesa", "Virginia")


async def test_two_clerks_on_one_record_lose_nothing(registry: Registry) -> None:
    member = await joined(registry)
    slow, quick = await opened(registry, member), await opened(registry, member)
    assert (await send(registry, member, "/correct", quick | {"city": "Virginia", "occupation": "Teacher"})).status_code == 303
    answer = await send(registry, member, "/correct", slow | {"city": "Kroonstad", "given_name": "Palesa"}, role="officer")
    assert answer.status_code == 409
    text = html.unescape(answer.text)
    assert "<title>Error:" in text and "Somebody else has changed this record" in text
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td></tr>', text)
    assert rows == [("Town", "Virginia", "Kroonstad"), ("Occupation", "Teacher", "–")]
    assert re.search(r"<li>Town: changed on .* by consultant, IOM\.</li>", text)
    again = form_of(answer.text)
    assert [again[name] for name in ("city", "occupation", "given_name", "version")] == [["Kroonstad"], ["Teacher"], ["Palesa"], ["2"]]

    assert (await send(registry, member, "/correct", again, role="officer")).status_code == 303
    kept = await registry.member(member.member_id)
    assert (kept["city"], kept["occupation"], kept["given_name"], kept["version"]) == ("Kroonstad", "Teacher", "Palesa", 3)


async def test_what_somebody_said_is_recorded_and_withdrawn(registry: Registry) -> None:
    member = await joined(registry)
    said = {"what": "information:call", "answer": "given", "way": "call", "spoken": "E, nletsetse.", "version": "1"}
    answer = await send(registry, member, "/consent", said)
    assert (answer.status_code, "Read this back" in answer.text, "by e-mail as well" in answer.text) == (200, True, True)
    assert "E, nletsetse." in await show(registry, member)
    assert (await registry.member(member.member_id))["information"] == ["email", "call"]
    withdrawn = await send(registry, member, "/consent", {"what": "sharing", "answer": "withdrawn", "way": "visit", "version": "2"})
    assert withdrawn.status_code == 200
    text = await show(registry, member)
    assert "withdrawn</span>" in text and "replaced by a later answer" in text


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({}, ["what", "answer", "way"]),
        ({"what": "information:call", "answer": "given", "way": "call"}, ["spoken"]),
        ({"what": "sharing", "answer": "given", "way": "paper", "spoken": "x", "scan": "no"}, ["scan"]),
        ({"what": "registration", "answer": "withdrawn", "way": "call"}, ["answer"]),
    ],
)
async def test_answer_that_is_not_whole_keeps_what_was_typed(registry: Registry, sent: dict[str, str], wrong: list[str]) -> None:
    member = await joined(registry)
    answer = await send(registry, member, "/consent", sent)
    assert (answer.status_code, re.findall(r'<li><a href="#(\w+)"', answer.text)) == (422, wrong)
    assert all(f'value="{value}"' in answer.text for name, value in sent.items() if name in ("what", "answer", "way", "scan"))


async def test_stale_answer_is_409_with_what_was_typed(registry: Registry) -> None:
    member = await joined(registry)
    await send(registry, member, "/correct", await opened(registry, member) | {"city": "Virginia"})
    said = {"what": "sharing", "answer": "withdrawn", "way": "call", "outcome": "Sorry to go", "version": "1"}
    answer = await send(registry, member, "/consent", said)
    assert (answer.status_code, 'value="Sorry to go"' in answer.text, form_of(answer.text)["version"]) == (409, True, ["2"])
    assert (await send(registry, member, "/consent", form_of(answer.text) | said | {"version": "2"})).status_code == 200


async def test_number_is_confirmed_by_a_call(registry: Registry) -> None:
    member = await joined(registry)
    [phone] = [contact for contact in (await registry.member(member.member_id))["contacts"] if contact["kind"] == "phone"]
    further = f"/confirm/{phone['id']}"
    assert further in await show(registry, member)
    text = await show(registry, member, further)
    assert f'href="tel:{phone["value"]}"' in text
    answer = await send(registry, member, further, {"language": "st", "outcome": "E, ke 'na", "version": "1"})
    assert answer.headers["location"] == path(member, "?did=confirmed")
    text = await show(registry, member)
    assert "confirmed on 20" in text and further not in text and "Confirmed: Phone number" in text
    [mail] = [contact for contact in (await registry.member(member.member_id))["contacts"] if contact["kind"] == "email"]
    refused = await send(registry, member, f"/confirm/{mail['id']}", {})
    assert (refused.status_code, "Only a number is confirmed by a call" in refused.text) == (422, True)


async def test_erasing_asks_once_more_and_gives_the_receipts_number(registry: Registry) -> None:
    member = await joined(registry)
    unsure = await send(registry, member, "/erase", {"reason": "Asked for it"})
    assert (unsure.status_code, 'href="#sure"' in unsure.text, 'value="Asked for it"' in unsure.text) == (422, True, True)
    answer = await send(registry, member, "/erase", {"reason": "Asked for it", "asked": "call", "sure": "yes"})
    [receipt] = re.findall(r'href="/erased/([^"]+)"', answer.text)
    assert (answer.status_code, "Lerato" in answer.text) == (200, False)
    assert (await registry.ask("GET", f"/erased/{receipt}")).status_code == 200
    assert (await registry.ask("GET", path(member))).status_code == 404
    assert (await send(registry, member, "/consent", {"what": "sharing", "answer": "withdrawn", "way": "call"})).status_code == 404


@pytest.mark.parametrize("further", ["/correct", "/consent", "/erase"])
async def test_form_without_its_token_changes_nothing(registry: Registry, further: str) -> None:
    member = await joined(registry)
    answer = await registry.ask("POST", path(member, further), data={"sure": "yes", "city": "x"})
    assert (answer.status_code, (await registry.member(member.member_id))["version"]) == (403, 1)
