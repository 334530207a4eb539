"""The running counts: right whatever becomes of members, checked against a full count, and as dear as areas and days are many."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from bench import crowd
from ops.commands import tallies
from services.registry.numbers import checking
from shared.clock import now
from shared.contracts.gateway import ContactConfirmed, ContactDisowned
from shared.identity import Role
from tests.services.registry.conftest import Registry, address, submission
from tests.services.registry.gathered import add
from tests.services.registry.test_plans import Seen, looking

TIMELINE = "/api/v1/coverage/timeline"
PARTS = "/api/v1/coverage/parts"


@pytest.fixture(scope="module")
async def many(registry: Registry) -> None:
    """So many members that a plan which reads them is the worse one."""
    async with registry.database.transaction() as session:
        connection = await session.connection()
        for statement in crowd.statements(20_000)[:2]:
            await connection.exec_driver_sql(statement)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("role", ["consultant", "viewer"])
@pytest.mark.parametrize("path", [TIMELINE, f"{TIMELINE}?channel=email", f"{PARTS}?by=partner", "/staff/coverage"])
async def test_numbers_cost_areas_and_days_and_not_members(registry: Registry, path: str, role: Role) -> None:
    with looking(registry) as seen:
        assert (await registry.ask("GET", path, role=role)).status_code == 200
    assert seen.tables
    assert seen.tables & {"member", "contact", "consent"} == set()
    tables = ("tally", "tally_mark", "counted_part", "figure", "figure_part")
    kept = sum([(await registry.rows(f"SELECT count(*) FROM {table}"))[0].count for table in tables])
    assert sum(rows_of(seen)) <= 4 * kept < 20_000


def rows_of(seen: Seen) -> list[int]:
    return [seen.rows_of(table) for table in ("tally", "tally_mark", "tally_part", "tally_part_mark", "figure", "figure_part")]


async def test_counts_are_right_whatever_becomes_of_members(registry: Registry) -> None:
    """Registered, registered again, confirmed, disowned and erased by the service itself; merges and their undoing are beside this."""
    people = [
        submission(f"Thabo {n}", email=address(), channels=("email",), partner_code="UNION", country="PT", province=None) for n in range(6)
    ]
    members = await registry.register(*people)
    again = people[0].model_copy(update={"submission_id": uuid4(), "partner_code": "CHURCH"})
    confirmed = [ContactConfirmed(member_id=each.member_id, contact_id=each.contacts[0].id, at=now()) for each in members[:4]]
    disowned = ContactDisowned(member_id=members[0].member_id, contact_id=members[0].contacts[0].id, at=now())
    await registry.settle(again, *confirmed)
    await registry.settle(disowned)
    assert (await registry.ask("DELETE", f"/api/v1/members/{members[1].member_id}", json={"reason": "asked"})).status_code < 300
    [part] = await registry.rows(
        "SELECT sum(registered)::int, sum(confirmed)::int FROM counted_part WHERE kind = 'partner' AND area = 'PT'"
    )
    assert tuple(part) == (4, 2)
    async with registry.database.transaction() as session:
        assert await checking.differences(session) == []


async def test_check_finds_what_was_changed_without_triggers_and_mends_it(
    registry: Registry, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with registry.database.transaction() as session:
        await checking.count_anew(session)
        assert await checking.differences(session) == []
    await add(registry, "FR", 4, 2, 1, code="CHURCH")
    async with registry.database.transaction() as session:
        assert await checking.differences(session) == []
    async with registry.database.transaction() as session:
        for statement in ("DISABLE", "ENABLE"):
            if statement == "ENABLE":
                await session.execute(text("DELETE FROM member WHERE area = 'FR'"))
            for name in ("member_added_is_counted", "member_removed_is_counted", "member_changed_is_counted"):
                await session.execute(text(f"ALTER TABLE member {statement} TRIGGER {name}"))
        found = await checking.differences(session)
    assert [tuple(each) for each in found if each.kind == "area"] == [
        ("area", "FR", "FR", now().date() - timedelta(days=2), 4, 0),
        ("area", "FR", "FR", now().date() - timedelta(days=1), 0, 4),
    ]
    assert {(each.kind, each.value) for each in found} == {("area", "FR"), ("channel", "email"), ("way", "web"), ("partner", "CHURCH")}
    monkeypatch.setenv("REGISTRY_DATABASE_URL", settings["REGISTRY_DATABASE_URL"])
    assert len(await tallies.compare(mend=True)) == len(found)
    assert await tallies.compare(mend=False) == []
