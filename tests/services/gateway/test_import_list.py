"""The list of imports: whose each is, on what basis people were added, by pages, and a mission's own only."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.contracts.gateway import RegistrationSubmitted
from shared.identity import Role
from tests.services.gateway.running import Gateway
from tests.services.gateway.test_importing import ended, registry
from tests.services.gateway.test_sheets_by_http import IMPORTS, STATED, as_csv, people

__all__ = ["registry"]
SCAN = "AB" * 32


async def hand_in(gateway: Gateway, headers: dict[str, str], **said: str) -> UUID:
    answer = await gateway.web.post(IMPORTS, files={"file": ("people.csv", as_csv(people(1)))}, data=STATED | said, headers=headers)
    assert answer.status_code == 202, answer.text
    return UUID(answer.json()["id"])


async def listed(gateway: Gateway, headers: dict[str, str], query: str = "") -> dict[str, Any]:
    answer = await gateway.web.get(f"{IMPORTS}{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def test_what_was_said_of_consent_travels_with_everybody_in_the_sheet(
    gateway: Gateway, registry: list[RegistrationSubmitted]
) -> None:
    identifier = await hand_in(gateway, await gateway.token("consultant"), consent_scan=SCAN)
    done = await ended(gateway, identifier)
    [came] = [each for each in registry if each.import_id == identifier]
    [named] = await gateway.rows("SELECT staff, office FROM import WHERE id = :id", id=identifier)
    assert came.proof is not None
    assert came.proof.model_dump(exclude_none=True) == {
        "basis": "paper: scans in folder 12",
        "scan": SCAN.lower(),
        "staff": named.staff,
        "office": named.office,
    }
    assert (len(named.staff), named.office) == (32, "")
    assert done["consent_scan"] == SCAN.lower()


async def test_sheets_are_listed_by_pages_with_who_handed_them_in_and_why(gateway: Gateway) -> None:
    headers = await gateway.token("officer")
    made = [await hand_in(gateway, headers, consent_note=f"folder {each}") for each in range(3)]
    first = await listed(gateway, headers, "?limit=2")
    assert [each["id"] for each in first["items"]] == [str(made[2]), str(made[1])]
    assert [each["consent_note"] for each in first["items"]] == ["folder 2", "folder 1"]
    assert (first["items"][0]["consent_basis"], first["items"][0]["file_name"]) == ("paper", "people.csv")
    assert first["items"][0]["handed_in_by"]
    following = await listed(gateway, headers, f"?limit=1&cursor={first['next']}")
    assert [each["id"] for each in following["items"]] == [str(made[0])]
    whole = await listed(gateway, headers, "?limit=200")
    assert (whole["next"], len(whole["items"])) == (None, (await gateway.rows("SELECT count(*) FROM import"))[0][0])
    for cursor in ("nonsense", "WyJhIiwiYiJd", "WzFd"):
        assert (await gateway.web.get(f"{IMPORTS}?cursor={cursor}", headers=headers)).status_code == 422


async def test_mission_sees_its_own_sheets_only(gateway: Gateway) -> None:
    other = await hand_in(gateway, await gateway.token("officer"))
    headers = await gateway.token("mission", "ZA-GP")
    mine = await hand_in(gateway, headers)
    assert [each["id"] for each in (await listed(gateway, headers))["items"]] == [str(mine)]
    assert [each["id"] for each in (await listed(gateway, await gateway.token("mission", "ZA-GP")))["items"]] == []
    everybody = [each["id"] for each in (await listed(gateway, await gateway.token("admin")))["items"]]
    assert {str(mine), str(other)} <= set(everybody)


async def test_an_officer_of_some_areas_knows_no_sheet_of_others(gateway: Gateway) -> None:
    """Refused rows hold people, who may live anywhere."""
    anywhere = await hand_in(gateway, await gateway.token("officer"))
    elsewhere = await hand_in(gateway, await gateway.token("mission", "ZA-FS"))
    inside = await hand_in(gateway, await gateway.token("mission", "ZA-GP"))
    headers = await gateway.token("officer", "ZA-GP")
    own = await hand_in(gateway, headers)
    shown = {each["id"] for each in (await listed(gateway, headers, "?limit=200"))["items"]}
    assert shown & {str(each) for each in (anywhere, elsewhere, inside, own)} == {str(inside), str(own)}
    for sheet, status in ((anywhere, 404), (elsewhere, 404), (inside, 200), (own, 200)):
        for path in ("", "/rejected"):
            assert (await gateway.web.get(f"{IMPORTS}/{sheet}{path}", headers=headers)).status_code == status


async def test_who_looks_after_less_than_before_knows_no_sheet_of_more(gateway: Gateway) -> None:
    email = f"{uuid4().hex}@example.org"
    sheets = []
    for role, areas in (("consultant", ()), ("mission", ("ZA-GP", "ZA-FS"))):
        async with gateway.browser(await gateway.invite(role, *areas, email=email)) as browser:
            csrf = re.findall(r'name="csrf" value="([^"]+)"', (await browser.get("/staff/imports")).text)[0]
            taken = await browser.post("/staff/imports", files={"file": ("x.csv", as_csv(people(1)))}, data={"csrf": csrf})
            sheets.append(taken.headers["location"].rpartition("/")[2])
            assert (await browser.get(f"{IMPORTS}/{sheets[-1]}")).status_code == 200
    async with gateway.browser(await gateway.invite("mission", "ZA-GP", email=email)) as browser:
        csrf = re.findall(r'name="csrf" value="([^"]+)"', (await browser.get("/staff/imports")).text)[0]
        for sheet in sheets:
            for path in ("", "/rejected"):
                assert (await browser.get(f"{IMPORTS}/{sheet}{path}")).status_code == 404
            assert (await browser.post(f"{IMPORTS}/{sheet}/start", data=STATED | {"csrf": csrf})).status_code == 404
        assert (await browser.get(IMPORTS)).json()["items"] == []


@pytest.mark.parametrize("role", ["forum", "viewer", None])
async def test_who_imports_nothing_sees_no_list(gateway: Gateway, role: Role | None) -> None:
    headers = await gateway.token(role) if role else {}
    assert (await gateway.web.get(IMPORTS, headers=headers)).status_code == (403 if role else 401)
