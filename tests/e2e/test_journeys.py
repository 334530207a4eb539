"""The journeys, as people make them: through the front door, the mail, and the links in it."""

import asyncio
import csv
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from ops.processes import ROOT
from tests.e2e.conftest import OpenHouse
from tests.faults.crowd import Answer, Caller, Registration, registration, registrations
from tests.faults.house import TEAM, House
from tests.faults.mailbox import Mail
from tests.waiting import eventually, wait_until

FORM = "application/x-www-form-urlencoded"
TEMPLATES = ROOT / "services" / "notifier" / "templates"
IMPORTED = 300
DEMO = 50


@pytest.fixture(scope="module")
async def house(open_house: OpenHouse) -> AsyncIterator[House]:
    async with open_house() as house:
        yield house


@pytest.fixture
async def door(house: House) -> AsyncIterator[Caller]:
    caller = house.caller()
    yield caller
    caller.hang_up()


async def post(door: Caller, path: str, **fields: str) -> Answer:
    return await door.call("POST", path, urlencode(fields).encode(), Content_Type=FORM)


async def ask(house: House, door: Caller, path: str) -> Any:
    """Return what staff see."""
    answer = await door.call("GET", path, Authorization=f"Bearer {await house.token()}")
    assert answer.status == 200, answer.body
    return answer.json()


async def member(house: House, door: Caller, person: Registration) -> dict[str, Any] | None:
    [found] = (await ask(house, door, f"/api/v1/members?{urlencode({'q': person.email})}"))["items"] or [None]
    return await ask(house, door, f"/api/v1/members/{found['id']}") if found else None


async def welcome(house: House, person: Registration) -> Mail:
    """Register somebody and return the one mail that they get."""
    assert await house.crowd.try_once(person)
    await wait_until(lambda: house.mailbox.to(person.email), 10)
    [mail] = house.mailbox.to(person.email)
    return mail


async def khokahano(house: House, tmp_path: Path, *words: str) -> list[dict[str, Any]]:
    """Run the command line as somebody does who has these settings in the environment, and return what it prints."""
    environment = {**os.environ, **house.settings, "KHOKAHANO_LOCAL": str(tmp_path / "local")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ops.cli", "--json", *words, cwd=ROOT, env=environment, stdout=-1, stderr=-1
    )
    printed, complaint = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, complaint.decode()
    return [json.loads(line) for line in printed.splitlines()]


@pytest.mark.parametrize("language", ["en", "st"])
async def test_registration_reaches_its_welcome_and_is_confirmed(house: House, door: Caller, language: str) -> None:
    person = registration(1, crowd=f"confirming.{language}", language=language)
    mail = await welcome(house, person)
    assert mail.subject.startswith((TEMPLATES / "welcome" / language / "subject.txt").read_text().strip())
    assert mail.recipient == person.email
    assert person.body["given_name"] not in mail.message.as_string()
    link = mail.link("confirm")
    assert f"{house.url}{link}" in mail.text

    shown = await door.call("GET", link)
    assert (shown.status, person.email.encode() in shown.body) == (200, False)
    before = await member(house, door, person)
    assert before is not None
    assert before["status"] == "registered"
    assert (await post(door, link, action="confirm")).status == 202

    async def confirmed() -> None:
        now = await member(house, door, person)
        assert now is not None
        assert (now["status"], [contact["confirmed_at"] is None for contact in now["contacts"]]) == ("confirmed", [False])

    await eventually(confirmed)
    assert (await door.call("GET", f"/api/v1/registrations/{person.id}")).json() == {"id": str(person.id), "status": "processed"}
    assert house.mailbox.to(person.email) == [mail]


async def test_this_was_not_me_is_forgotten_and_not_written_to_again(house: House, door: Caller) -> None:
    person = registration(2, crowd="disowning")
    mail = await welcome(house, person)
    assert (await post(door, mail.link("confirm"), action="disown")).status == 202

    async def forgotten() -> None:
        assert await member(house, door, person) is None
        assert await house.count("notifier", "contact", f"value = '{person.email}'") == 0

    await eventually(forgotten)
    again = [registration(2, crowd="disowning"), registration(3, email=person.email)]
    assert await house.crowd.post(again) == again

    async def held_back() -> None:
        assert await house.count("notifier", "delivery", "status = 'suppressed' AND reason = 'disowned'") >= 1
        assert await house.on_the_way() == {}

    await eventually(held_back)
    assert house.mailbox.to(person.email) == [mail]


async def test_unsubscribe_takes_one_click(house: House, door: Caller) -> None:
    person = registration(4, crowd="leaving")
    mail = await welcome(house, person)
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    before = await member(house, door, person)
    assert before is not None
    assert before["information"] == ["email"]
    path = mail.message["List-Unsubscribe"].strip("<>").removeprefix(house.url)
    assert path.startswith("/unsubscribe/")
    assert (await door.call("GET", path)).status == 200
    assert (await post(door, path, **{"List-Unsubscribe": "One-Click"})).status in (200, 202)

    async def left() -> None:
        now = await member(house, door, person)
        assert now is not None
        assert now["information"] == []
        [[information]] = await house.fetch("notifier", "SELECT information FROM recipient WHERE member_id = $1", now["id"])
        assert information == []

    await eventually(left)


async def test_confirmed_speaker_reaches_the_forum_team(house: House, door: Caller) -> None:
    bearer = f"Bearer {await house.token('forum')}"
    invited = {"name": "Tšepo Mohapi", "email": "tsepo.mohapi@example.net", "language": "en"}
    answer = await door.call(
        "POST", "/api/v1/speakers", json.dumps(invited).encode(), Authorization=bearer, Content_Type="application/json"
    )
    assert (answer.status, answer.json()["status"]) == (201, "invited")
    await wait_until(lambda: house.mailbox.to(invited["email"]), 10)
    [invitation] = house.mailbox.to(invited["email"])
    link = invitation.link("speaker")
    shown = await door.call("GET", link)
    assert shown.status == 200
    said = {"answer": "accept", "talk_title": "Ho aha le ba hae", "abstract": "Of building with those at home.", "biography": "Builder."}
    assert (await post(door, link, **said)).status == 202
    assert (await post(door, link, **said)).status == 202, "a second click is no second speaker"

    async def told() -> None:
        assert [len(house.mailbox.to(address)) for address in (invited["email"], *TEAM)] == [2, 1, 1]
        assert await house.on_the_way() == {}

    await eventually(told)
    for address in TEAM:
        [notice] = house.mailbox.to(address)
        assert "Tšepo Mohapi" in notice.subject
        assert "Ho aha le ba hae" in notice.text
    thanks = house.mailbox.to(invited["email"])[1]
    assert thanks.subject.startswith("Thank you: you are a speaker")
    listed = await door.call("GET", "/api/v1/speakers", Authorization=bearer)
    assert [(one["name"], one["status"], one["talk_title"]) for one in listed.json()["items"]] == [
        ("Tšepo Mohapi", "confirmed", "Ho aha le ba hae")
    ]


async def test_import_twice_adds_and_welcomes_nobody_twice(house: House, tmp_path: Path) -> None:
    people = registrations(IMPORTED, crowd="imported")
    fields = ["given_name", "family_name", "email", "country", "province", "language", "consent_text_version"]
    fields += ["consent_registration", "consent_information"]
    sheet = tmp_path / "basotho.csv"
    with sheet.open("w", newline="") as file:
        rows = csv.DictWriter(file, fields, extrasaction="ignore")
        rows.writeheader()
        rows.writerows({**person.body, "consent_registration": "true", "consent_information": "true"} for person in people)
    before = len(await house.members())
    for _ in range(2):
        [done] = await khokahano(house, tmp_path, "import", str(sheet))
        assert (done["status"], done["rows"], done["accepted"], done["rejected"]) == ("done", IMPORTED, IMPORTED, 0)
        await wait_until(lambda: all(person.email in house.mailbox.accepted for person in people), 30)
        await house.wait_quiet(IMPORTED)
        assert len(await house.members()) == before + IMPORTED
        assert [len(house.mailbox.to(person.email)) for person in people] == [1] * IMPORTED


async def test_demo_fills_a_diaspora_through_the_front_door(open_house: OpenHouse, tmp_path: Path) -> None:
    async with open_house() as empty:
        await khokahano(empty, tmp_path, "demo", "--count", str(DEMO))

        async def filled() -> None:
            assert len(await empty.members()) == DEMO
            assert await empty.on_the_way() == {}

        await eventually(filled, 20)
        await khokahano(empty, tmp_path, "demo", "--count", str(DEMO))
        await eventually(filled, 20)
        assert empty.mailbox.doubles() == {}
