"""Events overtake one another: a merge while an announcement is on its way."""

import asyncio
import json
from typing import Any
from uuid import UUID
from zlib import crc32

from services.notifier import announcements
from shared.database import Database
from tests.e2e.conftest import OpenHouse
from tests.e2e.test_case_36 import calling, confirmed
from tests.faults.crowd import Caller, Registration, registration
from tests.faults.house import House
from tests.waiting import eventually, wait_until

JSON = "application/json"
TOLD = {"birth_year": 1980, "city": "Welkom", "home_district": "LS-B", "occupation": "nurse", "gender": "female"}
TOWNS, WORK = ("Welkom", "Virginia", "Odendaalsrus", "Hennenman", "Bothaville"), ("nurse", "tailor", "baker", "welder", "teacher", "guard")
SUBJECT = "Metsoalle, tlong!"


def twins(family: str, *, agrees: bool = True) -> tuple[Registration, Registration]:
    """Return one person's two registrations: another address, and a slip of the pen; the second time they may not agree to information."""
    number = crc32(family.encode())
    own = {"birth_year": 1950 + number % 50, "city": TOWNS[number % 5], "occupation": WORK[number % 6], "home_district": None}
    told = {**TOLD, **own, "family_name": family, "country": "ZA", "province": "ZA-FS"}
    again = {"consent": {"registration": True, "information": agrees}}
    return (
        registration(1, crowd=family.lower(), given_name="Nthabeleng", **told),
        registration(2, crowd=family.lower(), **{**told, "given_name": "Nthabelleng", **again}),
    )


async def announce(house: House) -> None:
    """Begin an announcement to everybody who agreed."""
    database = Database(house.databases["notifier"].replace("postgresql://", "postgresql+asyncpg://"), name="test", pool_size=1)
    try:
        async with database.transaction() as session:
            assert await announcements.start(session, dict.fromkeys(announcements.TYPED, SUBJECT))
    finally:
        await database.close()


async def merge(door: Caller, staff: str, one: UUID) -> dict[str, Any]:
    """Wait until this member's pair is found, and merge it; this member's record is kept."""

    async def found() -> str | None:
        answer = await door.call("GET", f"/api/v1/duplicates?member={one}", Authorization=staff)
        items = answer.json()["items"]
        return str(items[0]["id"]) if items else None

    pair = await wait_until(found)
    answer = await door.call(
        "POST", f"/api/v1/duplicates/{pair}/merge", json.dumps({"keep": str(one)}).encode(), Content_Type=JSON, Authorization=staff
    )
    assert answer.status == 200, answer.body
    merged: dict[str, Any] = answer.json()
    return merged


def announced(house: House, *people: Registration) -> list[str]:
    """Return to which addresses of these people the announcement has come, each as often as it has."""
    return [mail.recipient for person in people for mail in house.mailbox.to(person.email) if SUBJECT in mail.subject]


async def _confirmed(house: House, person: Registration) -> UUID:
    with calling(house) as door:
        return await confirmed(house, door, person)


async def test_case_07_merge_while_an_announcement_is_on_its_way(open_house: OpenHouse) -> None:
    """Who did not agree in one of two records hears nothing, nor does who is erased; who agreed in both hears it once."""
    silent, erased, glad = twins("Qhobela", agrees=False), twins("Nkhahle"), twins("Tlabaneng")
    async with open_house() as house:
        staff = f"Bearer {await house.token()}"
        with calling(house) as door:
            everybody = [person for pair in (silent, erased, glad) for person in pair]
            found = await asyncio.gather(*(_confirmed(house, person) for person in everybody))
            ids = {person.email: member_id for person, member_id in zip(everybody, found, strict=True)}
            house.mailbox.behave("later")
            await announce(house)

            async def tried() -> None:
                where = "template = 'announcement' AND attempts > 0"
                assert await house.count("notifier", "delivery", where) == 5, "all but the one who did not agree"

            await eventually(tried, 20)
            door.hang_up()
            merges = [await merge(door, staff, ids[one.email]) for one, _ in (silent, erased, glad)]
            gone = await door.call("DELETE", f"/api/v1/members/{ids[erased[1].email]}", Authorization=staff)
            assert gone.status == 404, "the absorbed one is nobody's record any more"
            assert (await door.call("DELETE", f"/api/v1/members/{ids[erased[0].email]}", Authorization=staff)).status == 202

            async def heard() -> None:
                known = await house.count("notifier", "recipient", "merged_into IS NOT NULL")
                tombs = await house.count("notifier", "recipient", "status = 'erased'")
                assert (known, tombs) == (2, 2)

            await eventually(heard, 20)
            house.mailbox.behave("")

            async def over() -> None:
                assert await house.count("notifier", "delivery", "status IN ('due', 'sending')") == 0
                assert await house.on_the_way() == {}

            await eventually(over, 30)
            assert announced(house, *silent, *erased) == []
            assert len(announced(house, *glad)) == 1
            assert merges[0]["kept"]["information"] == []
            rows = await house.fetch("registry", "SELECT id, information FROM member ORDER BY id")
            assert [(row["id"], row["information"]) for row in rows] == sorted(
                [(ids[silent[0].email], []), (ids[glad[0].email], ["email"])]
            )
