"""Pairs that are likely one person: found, shown to whom they concern, judged by clerks at the same moment."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from bench import households
from services.registry import marking
from services.registry.duplicates import comparing, judges, learning
from services.registry.duplicates.judges import Batch
from services.registry.handlers import register_members
from shared.clock import now
from shared.contracts.gateway import ErasureRequested, RegistrationSubmitted
from shared.contracts.registry import MemberErased
from shared.database import Database
from shared.errors import Outage
from shared.identity import HEADER, Identity, sign
from shared.receipts import new_number
from tests.conftest import Servers
from tests.services.registry.conftest import KEYS, Registry, address, number, submission
from tests.services.registry.twice import FAMILIES, member_rows, person, twice
from tests.waiting import wait_until


@pytest.fixture(scope="module", autouse=True)
async def quick(registry: Registry) -> AsyncIterator[None]:
    """Look for newcomers ten times a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparing, "EVERY_SECONDS", 0.1)
        yield


async def test_pair_is_found_with_what_speaks_for_it_and_against(registry: Registry) -> None:
    one, other, pair = await twice(registry)
    assert {UUID(member["id"]) for member in pair["members"]} == {one.member_id, other.member_id}
    assert 0.9 <= pair["score"] <= 1
    assert {"similar_given_name", "same_family_name", "same_birth_year", "same_city"} <= {each["reason"] for each in pair["reasons"]}
    assert pair["differences"] == ["given_name"]
    sesotho = await registry.ask("GET", f"/api/v1/duplicates/{pair['id']}?lang=st")
    assert "Ba lula toropong e le 'ngoe" in [each["text"] for each in sesotho.json()["reasons"]]


async def test_mother_and_daughter_on_one_phone_are_no_pair(registry: Registry) -> None:
    phone, family = number(), next(FAMILIES)
    told = {"email": None, "phone": phone, "channels": ("call",), "occupation": None}
    mother, daughter = await registry.register(
        person(family, "Limpho", birth_year=1961, **told), person(family, "Rethabile", birth_year=1988, **told)
    )

    async def compared() -> bool:
        rows = await registry.rows("SELECT 1 FROM likeness_keys WHERE member_id = ANY (:ids)", ids=[mother.member_id, daughter.member_id])
        return len(rows) == 2

    await wait_until(compared)
    assert (await registry.ask("GET", f"/api/v1/duplicates?member={mother.member_id}")).json()["items"] == []


@pytest.mark.parametrize(
    ("role", "areas", "listed", "status"),
    [
        ("admin", [], True, 200),
        ("consultant", ["ZA-GP"], True, 200),
        ("officer", ["ZA-FS"], False, 404),
        ("mission", ["ZA-GP"], False, 403),
    ],
)
async def test_who_may_not_see_both_sees_no_pair(registry: Registry, role: Any, areas: Sequence[str], listed: bool, status: int) -> None:
    one, _, pair = await twice(registry)
    found = await registry.ask("GET", f"/api/v1/duplicates?member={one.member_id}", role=role, areas=areas)
    assert (found.status_code == 200 and [each["id"] for each in found.json()["items"]] == [pair["id"]]) == listed
    assert (await registry.ask("GET", f"/api/v1/duplicates/{pair['id']}", role=role, areas=areas)).status_code == status
    if status != 200:
        for act in ("merge", "dismiss"):
            assert (await registry.ask("POST", f"/api/v1/duplicates/{pair['id']}/{act}", role=role, areas=areas)).status_code == status


async def test_second_clerk_is_told_that_the_first_was_quicker(registry: Registry) -> None:
    one, other, pair = await twice(registry)
    path = f"/api/v1/duplicates/{pair['id']}/merge"
    answers = await asyncio.gather(*(registry.ask("POST", path, json={"keep": str(one.member_id)}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert (await registry.ask("POST", f"/api/v1/duplicates/{pair['id']}/dismiss")).status_code == 409
    assert (await registry.ask("POST", path, areas=["ZA-FS"])).status_code == 404
    assert len(await registry.rows("SELECT 1 FROM merge WHERE absorbed_id = :id", id=other.member_id)) == 1


async def test_merge_of_an_old_version_is_refused_with_what_was_changed(registry: Registry) -> None:
    one, other, pair = await twice(registry)
    versions = {member["id"]: member["version"] for member in pair["members"]}
    corrected = await registry.ask("PATCH", f"/api/v1/members/{other.member_id}", json={"city": "Virginia"})
    assert corrected.status_code == 200
    refused = await registry.ask("POST", f"/api/v1/duplicates/{pair['id']}/merge", json={"keep": str(one.member_id), "versions": versions})
    assert refused.status_code == 409
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/city"]
    assert len(await member_rows(registry, one.member_id, other.member_id)) == 2


async def test_form_of_an_older_page_is_shown_anew_with_what_was_changed(registry: Registry) -> None:
    one, other, pair = await twice(registry)
    path = f"/staff/duplicates/{pair['id']}"
    fields = {"csrf": "c", "keep": str(one.member_id), "version": [f"{each['id']} {each['version']}" for each in pair["members"]]}

    async def send(what: str, **changed: Any) -> httpx2.Response:
        who = Identity(kind="staff", id="7", role="consultant", organisation="IOM", csrf="c")
        signed = sign(who, [SecretStr(KEYS)], service="registry", method="POST", path=f"{path}/{what}")
        headers = {HEADER: signed, "content-type": "application/x-www-form-urlencoded"}
        return await registry.web.post(f"{path}/{what}", content=urlencode(fields | changed, doseq=True).encode(), headers=headers)

    assert (await send("merge", csrf="of another page")).status_code == 403
    assert (await send("merge", keep="")).status_code == 422
    assert (await registry.ask("PATCH", f"/api/v1/members/{other.member_id}", json={"city": "Parys"})).status_code == 200
    stale = await send("merge")
    assert (stale.status_code, "Town: changed on" in stale.text, "Parys" in stale.text) == (409, True, True)
    fresh = (await registry.ask("GET", f"/api/v1/duplicates/{pair['id']}")).json()["members"]
    fields["version"] = [f"{each['id']} {each['version']}" for each in fresh]
    assert (await send("merge", from_city=str(other.member_id))).headers["location"] == "/staff/duplicates?done=merged"
    assert (await registry.member(one.member_id))["city"] == "Parys"
    gone = await send("merge")
    assert (gone.status_code, "One of the two was merged meanwhile." in gone.text) == (409, True)


async def test_dismissed_pair_is_not_offered_again(registry: Registry) -> None:
    one, _, pair = await twice(registry)
    for _ in range(2):
        assert (await registry.ask("POST", f"/api/v1/duplicates/{pair['id']}/dismiss")).status_code == 200
    await registry.rows("SELECT 1")
    async with registry.database.transaction() as session:
        await session.execute(text("INSERT INTO likeness_due VALUES (:id)"), {"id": one.member_id})
    await wait_until(lambda: _is_empty(registry, "likeness_due"))
    assert (await registry.ask("GET", f"/api/v1/duplicates?member={one.member_id}")).json()["items"] == []
    assert (await registry.ask("POST", f"/api/v1/duplicates/{pair['id']}/merge")).status_code == 409


async def test_erased_twin_of_a_pair_takes_the_pair_along(registry: Registry) -> None:
    one, other, pair = await twice(registry)
    await registry.settle(ErasureRequested(member_id=other.member_id, receipt=new_number(), at=now()))
    assert [said.member_id for said in await registry.about(MemberErased, other.member_id)] == [other.member_id]
    assert (await registry.ask("GET", f"/api/v1/duplicates/{pair['id']}")).status_code == 404
    assert (await registry.ask("POST", f"/api/v1/duplicates/{pair['id']}/merge")).status_code == 404
    assert (await registry.member(one.member_id))["contacts"][0]["shared"] is False


async def _is_empty(registry: Registry, table: str) -> bool:
    return not await registry.rows(f"SELECT 1 FROM {table} LIMIT 1")


@pytest.fixture
def own_url(servers: Servers) -> str:
    """The URL of a database that is this test's alone."""
    return servers.database("registry")


@pytest.fixture
async def stopped(own_url: str) -> AsyncIterator[Database]:
    """A database in which nobody compares by themselves."""
    marking.use(SecretStr("m" * 32))
    database = Database(own_url.replace("postgresql:", "postgresql+asyncpg:"), name="registry")
    yield database
    await database.close()


async def put(database: Database, *people: RegistrationSubmitted) -> None:
    """Register these people."""
    async with database.transaction() as session:
        await register_members(list(people), session)


async def ask(database: Database, query: str) -> list[Any]:
    """Return what a query finds."""
    async with database.transaction() as session:
        return [tuple(row) for row in await session.execute(text(query))]


async def test_batch_that_is_broken_off_is_taken_again_and_copies_take_turns(stopped: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    family = next(FAMILIES)
    people = [person(family, given) for given in ("Nthabeleng", "Nthabelleng")]
    await put(stopped, *people)
    with monkeypatch.context() as broken:
        broken.setattr(judges, "likely", None)
        with pytest.raises(TypeError):
            await comparing.compare_some(stopped, comparing.Bench())
    assert await ask(stopped, "SELECT count(*) FROM likeness_due") == [(2,)]
    took = await asyncio.gather(*(comparing.compare_some(stopped, comparing.Bench()) for _ in range(3)))
    assert sorted(took) == [0, 0, 2]
    assert await ask(stopped, "SELECT count(*) FROM likeness_pair") == [(1,)]
    assert await ask(stopped, "SELECT count(*) FROM likeness_due") == [(0,)]


async def test_many_are_judged_in_a_process_of_its_own_and_one_that_ends_is_started_again(
    stopped: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judges, "HERE_AT_MOST", 0)
    family = next(FAMILIES)
    await put(stopped, *(person(family, given) for given in ("Nthabeleng", "Nthabelleng")))
    bench = comparing.Bench()
    async with stopped.transaction() as session:
        there = await bench.judges(session)
    batch = Batch({"1": ["Nthabeleng", family, 1980, "f", "ZA-GP", "Welkom", None, None, []]}, [("1", "1")])
    assert len(await there.judge(batch)) == 1
    assert there._process is not None
    there._process.kill()
    with pytest.raises(Outage):
        await comparing.compare_some(stopped, bench)
    assert await comparing.compare_some(stopped, bench) == 2
    await bench.close()
    assert await ask(stopped, "SELECT count(*) FROM likeness_pair") == [(1,)]


async def test_registry_learns_from_its_own_records(stopped: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "FEWEST", 30)
    records = households.with_doubles(households.people(40, seed=7), 0.3, seed=8)
    known = [record.person for record in records]
    await put(
        stopped,
        *(
            submission(
                each.given_name, each.family_name, birth_year=each.birth.year if each.birth else None, city=each.city, email=address()
            )
            for each in known
        ),
    )
    while await comparing.compare_some(stopped, comparing.Bench()):
        pass
    assert await learning.learn_once(stopped)
    assert not await learning.learn_once(stopped), "there is nothing new"
    [(members, counts, weights)] = await ask(stopped, "SELECT members, counts, weights FROM likeness_lesson")
    assert members == len(known)
    assert sum(counts["birth_year"].values()) == sum(each.birth is not None for each in known)
    assert 0.9 <= weights["likely_from"] <= 0.97
    assert await ask(stopped, "SELECT count(*) FROM likeness_due") == [(len(known),)], "all are compared anew"
    bench = comparing.Bench()
    assert await comparing.compare_some(stopped, bench) == comparing.AT_ONCE
    assert bench._learned_at is not None
