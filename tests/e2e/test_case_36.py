"""Somebody leaves while others bring them back."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import pytest

from services.registry import journal
from shared.dead_letters import DeadLetters
from shared.topology import SERVICES
from tests.e2e.conftest import OpenHouse
from tests.e2e.test_journeys import khokahano
from tests.faults.crowd import Answer, Caller, Registration, registration
from tests.faults.house import House
from tests.waiting import eventually, wait_until

FORM = "application/x-www-form-urlencoded"
DEADLINE_SECONDS = 10
"""How long it may take until a member who leaves is gone everywhere, while all services are up."""
TEXT_COLUMNS = """
    SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND data_type IN ('text', 'jsonb', 'ARRAY', 'bytea')
"""


async def post(door: Caller, path: str, cookie: str = "", **fields: str) -> Answer:
    return await door.call("POST", path, urlencode(fields).encode(), Content_Type=FORM, Accept="text/html", Cookie=cookie)


async def confirmed(house: House, door: Caller, person: Registration) -> UUID:
    """Register somebody, confirm their address by its link, and return their id."""
    assert await house.crowd.try_once(person)
    await wait_until(lambda: house.mailbox.to(person.email))
    assert (await post(door, house.mailbox.to(person.email)[0].link("confirm"), action="confirm")).status == 202

    async def found() -> UUID | None:
        rows = await house.fetch("registry", "SELECT id FROM member WHERE submission_id = $1 AND status = 'confirmed'", person.id)
        return rows[0][0] if rows else None

    member_id = await wait_until(found)
    assert member_id is not None
    return member_id


async def link_to(house: House, door: Caller, person: Registration) -> str:
    """Ask for the manage link, and return its path from the mail."""
    body = json.dumps({"email": person.email}).encode()
    assert (await door.call("POST", "/api/v1/manage-links", body, Content_Type="application/json")).status == 202
    await wait_until(lambda: len(house.mailbox.to(person.email)) > 1)
    return house.mailbox.to(person.email)[-1].link("me")


async def leave(door: Caller, path: str) -> str:
    """Leave by the link in the mail, as a browser does it, and return the receipt's number."""
    opened = await post(door, path)
    assert opened.status == 303
    cookie = opened.headers["set-cookie"].partition(";")[0]
    page = await door.call("GET", f"{path}/erase", Accept="text/html", Cookie=cookie)
    [csrf] = re.findall(r'name="csrf" value="([^"]+)"', page.body.decode())
    answer = await post(door, f"{path}/erase", cookie, csrf=csrf, sure="yes")
    assert answer.status == 202
    [number] = re.findall(r'href="/erased/([^?"]+)', answer.body.decode())
    return str(number)


async def outstanding(door: Caller, number: str) -> list[bool] | None:
    """Return which services (the gateway, the registry, the notifier, the forum) the receipt says are outstanding."""
    answer = await door.call("GET", f"/erased/{number}", Accept="text/html")
    rows = re.findall(r"<tr><td>.*?</tr>", answer.body.decode())
    return ["outstanding" in row for row in rows] if answer.status == 200 else None


async def traces(house: House, *marks: str) -> list[str]:
    """Return every column of every table of every service, and every dead queue, in which one of these marks stands."""
    found = []
    for service in SERVICES:
        for table, column in await house.fetch(service, TEXT_COLUMNS):
            query = f'SELECT count(*) FROM "{table}" WHERE "{column}"::text ILIKE ANY ($1)'
            # What is kept as bytes is shown in hexadecimal: a sheet's page would be found by it.
            likes = [f"%{mark}%" for mark in marks] + [f"%{mark.encode().hex()}%" for mark in marks]
            if (await house.fetch(service, query, likes))[0][0]:
                found.append(f"{service}.{table}.{column}")
    dead = await DeadLetters(house.rabbitmq_url).read()
    return found + [letter.queue for letter in dead if any(mark in letter.body for mark in marks)]


@contextmanager
def calling(house: House) -> Iterator[Caller]:
    """Somebody at the front door, who hangs up at the end."""
    caller = house.caller()
    try:
        yield caller
    finally:
        caller.hang_up()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The journal of this test's registry."""
    return tmp_path / "erasures"


async def test_case_36_erasing_races_with_an_import_and_an_export_of_the_same_address(
    open_house: OpenHouse, kept: Path, tmp_path: Path
) -> None:
    person = registration(1, crowd="leaving", given_name="Nthabeleng", family_name="Qhobela")
    sheet = {**person.body, "consent_registration": "true", "consent_information": "true"}
    sheet.pop("consent")
    async with open_house(ERASURE_JOURNAL=str(kept)) as house:
        staff = f"Bearer {await house.token()}"
        with calling(house) as door, calling(house) as reader:
            member_id = await confirmed(house, door, person)
            reading = reader.call("GET", "/api/v1/members?format=csv&reason=test", Authorization=staff)
            path = await link_to(house, door, person)
            importing = [bring_back(house, tmp_path / f"{number}.csv", sheet) for number in range(3)]
            number, exported, *_ = await asyncio.gather(leave(door, path), reading, *importing)
            assert exported.status == 200
            door.hang_up()  # The server ends a connection that idled while the sheets were read; the next call makes a new one.

            async def done() -> None:
                assert await outstanding(door, number) == [False] * 4

            await eventually(done, DEADLINE_SECONDS)
            assert member_id in journal.read(kept)
            await bring_back(house, tmp_path / "again.csv", sheet)
            door.hang_up()

            async def nothing_moves() -> None:
                assert await house.on_the_way() == {}
                assert await house.count("gateway", "submission", "status = 'received'") == 0

            await eventually(nothing_moves, 20)
            assert await house.members() == []
            assert await traces(house, person.email, "Nthabeleng", "Qhobela") == []
            assert [len(house.mailbox.to(person.email))] == [2], "the welcome and the link"
            page = (await door.call("GET", f"/erased/{number}")).body.decode()
            assert not [mark for mark in (person.email, "Nthabeleng", str(member_id)) if mark in page]

            back = registration(1, crowd="leaving")
            assert await house.crowd.try_once(back)

            async def they_themselves_may_come_back() -> None:
                assert await house.members() == [back.id]

            await eventually(they_themselves_may_come_back)


async def bring_back(house: House, path: Path, row: dict[str, object]) -> None:
    """Import a sheet with this one person, as `khokahano import` does."""
    await asyncio.to_thread(path.write_text, ",".join(row) + "\n" + ",".join(str(value) for value in row.values()) + "\n")
    await khokahano(house, path.parent / path.stem, "import", str(path))


@pytest.mark.parametrize("away", ["notifier", "forum"])
async def test_receipt_names_the_service_that_is_away_until_it_wakes(open_house: OpenHouse, kept: Path, away: str) -> None:
    async with open_house(ERASURE_JOURNAL=str(kept)) as house:
        with calling(house) as door:
            person = registration(1, crowd="leaving")
            await confirmed(house, door, person)
            path = await link_to(house, door, person)
            await house.stop(away)
            number = await leave(door, path)

            async def all_but_one() -> None:
                assert await outstanding(door, number) == [service == away for service in SERVICES]

            async def all_of_them() -> None:
                assert await outstanding(door, number) == [False] * 4

            await eventually(all_but_one, DEADLINE_SECONDS)
            await house.start(away)
            await eventually(all_of_them, DEADLINE_SECONDS)
            assert await traces(house, person.email) == []
