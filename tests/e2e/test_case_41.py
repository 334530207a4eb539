"""A family shares a phone and an address: sharing is not being one person."""

import json

from tests.e2e.conftest import OpenHouse
from tests.e2e.test_case_07 import SUBJECT, TOLD, announce
from tests.e2e.test_case_36 import calling, post
from tests.faults.crowd import Caller, registration
from tests.faults.house import House
from tests.waiting import eventually, wait_until

PHONE, ADDRESS, CODE = "+27710004141", "mokoena.family@example.org", "TEBA"


async def figures(door: Caller, staff: str) -> int:
    """Return how many members came by the partner's code."""
    answer = await door.call("GET", f"/api/v1/members?partner={CODE}", Authorization=staff)
    return len(answer.json()["items"])


async def compared(house: House, number: int) -> None:
    """Wait until so many members were compared with the others."""

    async def done() -> bool:
        return await house.count("registry", "likeness_keys") == number and await house.count("registry", "likeness_due") == 0

    await wait_until(done, 20)


async def test_case_41_mother_and_daughter_on_one_phone(open_house: OpenHouse) -> None:
    """Two members, neither of whom sees the other; one is erased, the other still hears; a repeat changes no figure."""
    told = {**TOLD, "occupation": None, "family_name": "Mokoena", "email": ADDRESS, "phone": PHONE, "country": "ZA", "province": "ZA-FS"}
    mother = registration(1, **{**told, "given_name": "Limpho", "birth_year": 1961, "partner_code": CODE})
    daughter = registration(2, **{**told, "given_name": "Rethabile", "birth_year": 1988, "partner_code": CODE})
    async with open_house() as house:
        staff = f"Bearer {await house.token()}"
        with calling(house) as door:
            for person in (mother, daughter):
                assert await house.crowd.try_once(person)
            await eventually(lambda: _members(house, 2))
            await compared(house, 2)
            assert (await door.call("GET", "/api/v1/duplicates", Authorization=staff)).json()["items"] == []

            before = await figures(door, staff)
            again = registration(3, **{**mother.body, "given_name": "LIMPHO"})
            assert await house.crowd.try_once(again)

            async def repeated() -> None:
                assert await house.count("registry", "repeat") == 1

            await eventually(repeated)
            assert (before, await figures(door, staff)) == (2, 2)

            await wait_until(lambda: house.mailbox.to(ADDRESS))
            assert not [mail for mail in house.mailbox.to(ADDRESS) if "Limpho" in mail.text or "Rethabile" in mail.text]
            body = json.dumps({"email": ADDRESS}).encode()
            assert (await door.call("POST", "/api/v1/manage-links", body, Content_Type="application/json")).status == 202
            first = house.mailbox.to(ADDRESS)[0]
            assert (await post(door, first.link("confirm"), action="confirm")).status == 202

            async def one_confirmed() -> None:
                assert await house.count("registry", "member", "status = 'confirmed'") == 1

            await eventually(one_confirmed)
            assert not [mail for mail in house.mailbox.to(ADDRESS) if "/me/" in mail.text], "whose record would it be?"

            [kept] = await house.fetch("registry", "SELECT id, given_name FROM member WHERE status = 'confirmed'")
            [leaver] = await house.fetch("registry", "SELECT id FROM member WHERE status <> 'confirmed'")
            assert (await door.call("DELETE", f"/api/v1/members/{leaver['id']}", Authorization=staff)).status == 202
            await eventually(lambda: _members(house, 1))

            async def forgotten() -> None:
                assert await house.count("notifier", "recipient", "status = 'erased'") == 1

            await eventually(forgotten)
            await announce(house)
            await wait_until(lambda: [mail for mail in house.mailbox.to(ADDRESS) if SUBJECT in mail.subject], 20)
            shown = await door.call("GET", f"/api/v1/members/{kept['id']}", Authorization=staff)
            assert [contact["shared"] for contact in shown.json()["contacts"]] == [False, False]


async def _members(house: House, number: int) -> None:
    assert len(await house.members()) == number
