"""Numbers against targets, and the page behind a confirmation link."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.clock import now
from shared.contracts.gateway import ContactConfirmed, ContactDisowned
from shared.contracts.registry import MemberRegistered
from shared.identity import Role
from tests.services.registry.conftest import AT, Registry, address, submission

COVERAGE = "/api/v1/coverage"


async def coverage(registry: Registry, role: Role, areas: tuple[str, ...] = (), **headers: str) -> dict[str, dict[str, Any]]:
    """Return the rows by area."""
    answer = await registry.ask("GET", COVERAGE, role=role, areas=areas, headers=headers)
    assert answer.status_code == 200, answer.text
    return {row["area"]: row for row in answer.json()["items"]}


def confirmed(member: MemberRegistered, at: datetime) -> ContactConfirmed:
    return ContactConfirmed(member_id=member.member_id, contact_id=member.contacts[0].id, at=at)


@pytest.fixture(scope="module")
async def people(registry: Registry) -> list[MemberRegistered]:
    """Seven in Gauteng, of whom six had confirmed by yesterday; one in Namibia, two in Belgium, confirmed; one who confirms today."""
    gauteng = [submission(f"Lerato {n}", email=address()) for n in range(7)]
    elsewhere = [submission(f"Neo {n}", email=address(), country=country, province=None) for n, country in enumerate(("NA", "BE", "BE"))]
    members = await registry.register(*gauteng, *elsewhere)
    await registry.settle(*(confirmed(member, AT) for member in (*members[:5], *members[7:])), confirmed(members[5], now()))
    return members


@pytest.mark.usefixtures("people")
async def test_staff_see_live_numbers_against_targets(registry: Registry) -> None:
    rows = await coverage(registry, "officer")
    assert len(rows) == 20
    assert list(rows)[:2] + list(rows)[-2:] == ["ZA-GP", "ZA-FS", "AU", "elsewhere"]
    gauteng = {"area": "ZA-GP", "name": "Gauteng", "target": 450, "path": [], "registered": 7, "confirmed": 6, "small": False}
    assert rows["ZA-GP"] == gauteng
    elsewhere = {"area": "elsewhere", "name": "Elsewhere", "target": None, "path": [], "registered": 2, "confirmed": 2, "small": False}
    assert rows["elsewhere"] == elsewhere
    assert (rows["NA"]["registered"], rows["ZA-NC"]["registered"]) == (1, 0)
    assert (await coverage(registry, "officer", **{"accept-language": "st"}))["ZA-GP"]["name"] == "Gauteng"


async def test_names_are_in_the_callers_language(registry: Registry) -> None:
    answer = await registry.ask("GET", f"{COVERAGE}?lang=st")
    assert {row["area"]: row["name"] for row in answer.json()["items"]}["ZA-GP"] == "Khauteng"


async def test_outsiders_see_yesterdays_confirmed_and_none_that_are_few(registry: Registry, people: list[MemberRegistered]) -> None:
    before = await coverage(registry, "viewer")
    gauteng = {"area": "ZA-GP", "name": "Gauteng", "target": 450, "path": [], "registered": None, "confirmed": 5, "small": False}
    assert before["ZA-GP"] == gauteng
    assert {area: (row["registered"], row["confirmed"], row["small"]) for area, row in before.items() if area != "ZA-GP"} == {
        area: (None, None, True) for area in before if area != "ZA-GP"
    }
    contact_id = people[0].contacts[0].id
    await registry.settle(ContactDisowned(member_id=people[0].member_id, contact_id=contact_id, at=now()))
    assert await registry.is_erased(people[0].member_id)
    assert await coverage(registry, "viewer") == before
    assert (await coverage(registry, "officer"))["ZA-GP"]["registered"] == 6


@pytest.mark.usefixtures("people")
async def test_mission_sees_its_areas_only(registry: Registry) -> None:
    assert list(await coverage(registry, "mission", ("ZA-GP", "ZA-NW"))) == ["ZA-GP", "ZA-NW"]
    assert await coverage(registry, "mission", ("BE",)) == {
        "BE": {"area": "BE", "name": "Belgium", "target": None, "path": [], "registered": None, "confirmed": None, "small": True}
    }
    assert len(await coverage(registry, "mission", ("ZA",))) == 9
    assert await coverage(registry, "mission") == {}
    for role, status in ((None, 401), ("forum", 403)):
        assert (await registry.ask("GET", COVERAGE, role=role)).status_code == status  # type: ignore[arg-type]


async def test_target_is_set_audited_and_guarded_against_stale_sight(registry: Registry) -> None:
    path = "/api/v1/targets/ZA-KZN"
    answer = await registry.ask("PUT", path, json={"target": 80, "version": 1})
    assert (answer.status_code, answer.json()) == (200, {"area": "ZA-KZN", "name": "KwaZulu-Natal", "target": 80, "by": None, "version": 2})
    assert (await registry.ask("PUT", path, json={"target": 80})).json()["version"] == 2
    for stale in ({"json": {"target": 90, "version": 1}}, {"json": {"target": 90}, "headers": {"if-match": '"1"'}}):
        answer = await registry.ask("PUT", path, **stale)
        assert (answer.status_code, answer.json()["detail"]) == (409, "The target is 80 now, in version 2.")
    assert (await registry.ask("PUT", path, json={"target": None}, headers={"if-match": '"2"'})).json()["target"] is None
    written = await registry.rows("SELECT what, detail, ids FROM audit WHERE what = 'target_set' ORDER BY id")
    assert [tuple(row) for row in written] == [
        ("target_set", {"area": "ZA-KZN", "before": 70, "after": 80}, []),
        ("target_set", {"area": "ZA-KZN", "before": 80, "after": None}, []),
    ]


async def test_targets_by_date_are_a_path_and_all_that_ever_were_are_kept(registry: Registry) -> None:
    path = "/api/v1/targets/ZA-WC"
    for version, (by, target) in enumerate([("2027-06-30", 40), ("2027-03-31", 20), ("2027-06-30", 45), ("2027-09-30", 50)], start=1):
        answer = await registry.ask("PUT", path, json={"target": target, "by": by, "version": version})
        assert (answer.status_code, answer.json()["by"], answer.json()["version"]) == (200, by, version + 1)
    assert (await registry.ask("PUT", path, json={"target": None, "by": "2027-09-30"})).json()["target"] is None
    stale = await registry.ask("PUT", path, json={"target": 1, "by": "2027-06-30", "version": 2})
    assert (stale.status_code, stale.json()["detail"]) == (409, "The target is 45 now, in version 6.")
    told = (await registry.ask("GET", path)).json()
    assert told["path"] == [{"by": "2027-03-31", "target": 20}, {"by": "2027-06-30", "target": 45}]
    assert (told["target"], told["version"]) == (50, 6)
    assert [(each["version"], each["by"], each["target"]) for each in told["history"]] == [
        (6, "2027-09-30", None),
        (5, "2027-09-30", 50),
        (4, "2027-06-30", 45),
        (3, "2027-03-31", 20),
        (2, "2027-06-30", 40),
        (1, None, 50),
    ]
    assert (await coverage(registry, "viewer"))["ZA-WC"]["path"] == told["path"]
    assert (await registry.ask("GET", path, role="mission", areas=("GB",))).status_code == 404
    for by in ("1999-01-01", "2100-01-01", "soon", "2027-06-30T00:00:01"):
        assert (await registry.ask("PUT", path, json={"target": 1, "by": by})).status_code == 422
    written = await registry.rows("SELECT detail FROM audit WHERE what = 'target_set' AND detail ->> 'area' = 'ZA-WC' ORDER BY id")
    assert [row.detail for row in written][:1] == [{"area": "ZA-WC", "by": "2027-06-30", "before": None, "after": 40}]
    assert len(written) == 5


@pytest.mark.parametrize("body", [{}, {"target": -1}, {"target": "5"}, {"target": 1.5}, {"target": 5, "area": "GB"}, [], {"target": True}])
async def test_wrong_target_is_refused(registry: Registry, body: Any) -> None:
    assert (await registry.ask("PUT", "/api/v1/targets/GB", json=body)).status_code == 422


async def test_targets_have_owners_and_places(registry: Registry) -> None:
    for role, area, status in [
        ("mission", "GB", 403),
        ("viewer", "GB", 403),
        ("admin", "FR", 404),
        ("admin", "elsewhere", 404),
        ("officer", "GB", 200),
    ]:
        answer = await registry.ask("PUT", f"/api/v1/targets/{area}", role=role, areas=("GB",), json={"target": 100})  # type: ignore[arg-type]
        assert answer.status_code == status, (role, area)


async def test_confirmation_page_changes_and_shows_nothing(registry: Registry) -> None:
    [lerato] = await registry.register(submission("Lerato", "Mokoena", email=address(), language="st"))
    link = (lerato.member_id, lerato.contacts[0].id)
    page = await registry.ask("GET", "/confirm/token", confirm=link)
    assert (page.status_code, page.headers["content-language"]) == (200, "st")
    assert "Na e ne e le uena?" in page.text
    assert not any(told in page.text for told in ("Lerato", "Mokoena", lerato.contacts[0].value, str(lerato.member_id)))
    assert '<form method="post" action="/confirm/token">' in page.text
    assert all(f'name="action" value="{action}"' in page.text for action in ("confirm", "disown"))
    english = await registry.ask("GET", "/confirm/token?lang=en", confirm=link)
    assert "Was this you?" in english.text
    nobody = await registry.ask("GET", "/confirm/token?lang=en", confirm=(uuid4(), uuid4()))
    assert (nobody.status_code, nobody.text) == (200, english.text)
    assert (await registry.member(lerato.member_id))["version"] == 1


async def test_confirmation_page_is_for_holders_of_a_link(registry: Registry) -> None:
    for role in (None, "admin"):
        assert (await registry.ask("GET", "/confirm/token", role=role)).status_code == 404  # type: ignore[arg-type]


async def test_figures_of_another_day_are_counted_anew(registry: Registry) -> None:
    await coverage(registry, "viewer")
    yesterday = now().astimezone(UTC).date() - timedelta(days=1)
    await registry.rows("DELETE FROM figure WHERE day = :day RETURNING day", day=yesterday)
    await registry.rows("UPDATE figure SET day = :day RETURNING day", day=yesterday)
    await coverage(registry, "viewer")
    days = await registry.rows("SELECT DISTINCT day FROM figure ORDER BY day")
    assert [row.day for row in days] == [yesterday, yesterday + timedelta(days=1)]
