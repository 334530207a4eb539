"""Lists as files: whole, in cells that no spreadsheet runs, and with a reason, of which whoever is in one is told."""

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.gateway.sheets import workbooks
from services.registry import files
from shared.clock import now
from tests.services.registry.clerks import ask, by_phone, logged, taken
from tests.services.registry.conftest import Registry

LISTS = {
    "calls": ("/api/v1/calls?state=open", "why"),
    "call_log": ("/api/v1/calls/log?", "reason"),
    "follow_ups": ("/api/v1/follow-ups?state=open", "reason"),
    "duplicates": ("/api/v1/duplicates?", "reason"),
}
FORMULA = "=HYPERLINK(A1)"


@pytest.fixture(scope="module", autouse=True)
async def furnished(registry: Registry) -> list[UUID]:
    """Three people, with a call that was made to each, one to be made, a follow-up, and a pair of every two."""
    people = [(await by_phone(registry, given_name=name)).member_id for name in ("Lerato", "Palesa", "Neo")]
    for _ in people:
        assert (await logged(registry, await taken(registry), outcome="no_answer", note=FORMULA)).status_code == 201
    for place, member_id in enumerate(people):
        wanted = {"member_id": str(member_id), "about": FORMULA, "due_at": (now() + timedelta(days=place + 1)).isoformat()}
        assert (await ask(registry, "thabo", "POST", "/api/v1/follow-ups", json=wanted)).status_code == 201
    async with registry.database.transaction() as session:
        for place in range(3):
            one, other = sorted((people[place], people[place - 1]))
            pair = {"id": uuid4(), "one": one, "other": other, "score": 0.5 + place / 10}
            put = "INSERT INTO likeness_pair (id, one, other, score, reasons) VALUES (:id, :one, :other, :score, '[]')"
            await session.execute(text(put), pair)
    return people


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


async def newest(registry: Registry) -> int:
    return int((await registry.rows("SELECT coalesce(max(id), 0) AS id FROM audit"))[0].id)


@pytest.mark.parametrize("name", LISTS)
async def test_file_holds_the_whole_list_and_says_why(
    registry: Registry, furnished: list[UUID], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path, field = LISTS[name]
    listed: list[dict[str, Any]] = (await registry.ask("GET", path)).json()["items"]
    assert len(listed) >= 3
    monkeypatch.setattr(files, "PAGE", 2)
    last = await newest(registry)
    answer = await registry.ask("GET", f"{path}&{field}=Weekly+calls", headers={"accept": "text/csv"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.headers["content-disposition"] == f'attachment; filename="{name.replace("_", "-")}.csv"'
    rows = table(answer.content)
    assert [row["id"] for row in rows] == [str(item["id"]) for item in listed]
    assert not [cell for row in rows for cell in row.values() if cell.startswith("=")]
    noted = await registry.rows("SELECT what, ids, why FROM audit WHERE id > :last ORDER BY id", last=last)
    assert {(row.what, row.why) for row in noted} == {(f"{name}_exported", "Weekly calls")}
    assert len(noted) == (len(listed) + 1) // 2
    shown: set[UUID] = {member_id for row in noted for member_id in row.ids}
    assert shown == set(furnished)


@pytest.mark.parametrize("name", LISTS)
async def test_file_needs_a_reason(registry: Registry, name: str) -> None:
    path, field = LISTS[name]
    for said in ("", f"&{field}=+"):
        answer = await registry.ask("GET", f"{path}{said}&format=xlsx")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/query/{field}")


async def test_workbook_says_the_same(registry: Registry, furnished: list[UUID]) -> None:
    _, records = workbooks.read((await registry.ask("GET", "/api/v1/follow-ups?state=open&format=xlsx&reason=test")).content)
    head, *cells = [record.cells for record in records]
    rows = [dict(zip(head, each, strict=False)) for each in cells]
    assert [(row["member_id"], row["about"]) for row in rows] == [(str(member_id), FORMULA) for member_id in furnished]


async def test_file_of_the_audit_names_whom_one_act_was_about(
    registry: Registry, furnished: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file notes whom it names: if it named all of a list's, the audit would double with each of its own files."""
    monkeypatch.setattr(files, "PAGE", 2)
    await registry.ask("GET", f"/api/v1/members/{furnished[0]}")
    await registry.ask("GET", "/api/v1/members")
    assert (await registry.ask("GET", "/api/v1/audit?format=csv", role="admin")).status_code == 422
    last = await newest(registry)
    answer = await registry.ask("GET", "/api/v1/audit?format=csv&reason=Yearly+check", role="admin")
    rows = table(answer.content)
    assert [int(row["id"]) for row in rows] == list(range(last, 0, -1))
    [listed, read] = [row for row in rows if row["what"].startswith("member")][:2]
    assert (listed["what"], listed["members"], listed["member"]) == ("members_listed", "3", "")
    assert (read["what"], read["members"], read["member"]) == ("member_read", "1", str(furnished[0]))
    noted = await registry.rows("SELECT what, ids, why FROM audit WHERE id > :last", last=last)
    assert {(row.what, row.why) for row in noted} == {("audit_exported", "Yearly check")}
    assert {str(member_id) for row in noted for member_id in row.ids} == {row["member"] for row in rows if row["member"]}
