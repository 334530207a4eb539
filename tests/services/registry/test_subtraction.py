"""An outsider who subtracts whatever they are told from whatever else they are told learns no number from one to four."""

from collections import defaultdict
from itertools import pairwise
from typing import Any

import asyncpg
import pytest

from bench import crowd
from shared.identity import Role
from tests.services.registry.conftest import Registry

MEMBERS = 3_000
CURVE = "/api/v1/coverage/timeline?bucket=day&since=2020-01-01&until=2020-02-15"


@pytest.fixture(scope="module", autouse=True)
async def members(registry: Registry, settings: dict[str, str]) -> None:
    """Uneven members: large and small areas, common and rare ways, channels and codes."""
    connection = await asyncpg.connect(settings["REGISTRY_DATABASE_URL"])
    for statement in crowd.statements(MEMBERS):
        await connection.execute(statement)
    await connection.close()


async def items(registry: Registry, path: str, role: Role, *areas: str) -> list[dict[str, Any]]:
    answer = await registry.ask("GET", path, role=role, areas=areas)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


OUTSIDERS: list[tuple[Role, tuple[str, ...]]] = [("viewer", ()), ("mission", ("GB", "BE")), ("mission", ("ZA",)), ("viewer", ("ZA-NC",))]


@pytest.mark.parametrize(("role", "areas"), OUTSIDERS)
async def test_no_small_number_is_told_or_left_over(registry: Registry, role: Role, areas: tuple[str, ...]) -> None:
    wholes = {row["area"]: row["confirmed"] for row in await items(registry, "/api/v1/coverage", role, *areas)}
    assert all(whole is None or whole >= 5 for whole in wholes.values())
    truth = {row["area"]: row["confirmed"] for row in await items(registry, "/api/v1/coverage", "admin")}
    assert all(truth.get(area, whole) == whole for area, whole in wholes.items() if whole is not None)
    for kind in ("way", "partner", "channel"):
        told: defaultdict[str, list[int]] = defaultdict(list)
        for part in await items(registry, f"/api/v1/coverage/parts?by={kind}", role, *areas):
            assert part["confirmed"] >= 5
            told[part["area"]].append(part["confirmed"])
        for area, parts in told.items():
            whole = wholes[area]
            assert whole is not None, "parts of a number that is not told"
            left = [whole - part for part in parts] if kind == "channel" else [whole - sum(parts)]
            assert not {1, 2, 3, 4} & set(left), (kind, area, whole, parts)


@pytest.mark.parametrize(("role", "areas"), OUTSIDERS)
async def test_no_curve_steps_by_fewer_than_five(registry: Registry, role: Role, areas: tuple[str, ...]) -> None:
    for query in ("", "&channel=sms", "&way=web"):
        for curve in await items(registry, CURVE + query, role, *areas):
            heights = [point["confirmed"] for point in curve["points"]]
            assert all(point["registered"] is None for point in curve["points"])
            assert all(height is None or height >= 5 for height in heights)
            assert all(after == before or abs(after - before) >= 5 for before, after in pairwise(heights) if before and after)


async def test_no_partner_is_told_more_than_the_areas_tell(registry: Registry) -> None:
    """What came by a code in all areas, without what came by it where that is told, is nobody or five and more."""
    by_code: defaultdict[str, int] = defaultdict(int)
    for part in await items(registry, "/api/v1/coverage/parts?by=partner", "viewer"):
        by_code[part["value"]] += part["confirmed"]
    codes = {partner["id"]: partner["code"] for partner in await items(registry, "/api/v1/partners?limit=200", "admin")}
    compared = 0
    for partner in await items(registry, "/api/v1/partners?limit=200", "viewer"):
        whole = partner["figures"]["confirmed"]
        if whole is not None and (told := by_code.get(codes[partner["id"]])):
            compared += 1
            assert whole - told not in (1, 2, 3, 4), (codes[partner["id"]], whole, told)
    assert compared


@pytest.mark.parametrize("path", ["/api/v1/coverage?format=csv", "/api/v1/coverage/parts?by=way&format=csv", f"{CURVE}&format=csv"])
async def test_files_tell_what_answers_tell(registry: Registry, path: str) -> None:
    plain = await items(registry, path.partition("format=")[0].rstrip("?&"), "viewer")
    table = (await registry.ask("GET", path, role="viewer")).text
    numbers = {str(row["confirmed"]) for row in plain if row.get("confirmed") is not None}
    numbers |= {str(point["confirmed"]) for row in plain for point in row.get("points", ()) if point["confirmed"] is not None}
    head, *rows = (line.split(",") for line in table.lstrip("\ufeff").splitlines())
    column = head.index("confirmed")
    assert {row[column] for row in rows} - {""} == numbers
    if "registered" in head:
        assert {row[head.index("registered")] for row in rows} == {""}
