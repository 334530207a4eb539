"""Pages are the ones that a plain query gives, whichever way they were found."""

import random
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from bench import crowd
from services.registry import searching
from services.registry.finding import BEYOND_SHARING
from services.registry.searching import _Question
from shared.facts import provinces
from shared.identity import Role
from tests.services.registry.conftest import Registry

MEMBERS = 12_000
LIMIT = 20
SEED = 3
CHOICES: dict[str, list[str]] = {
    "q": ["mokoena", "palesa", "mo", "seabata", "ntlhakaniso", "palesa mokoena"],
    "country": ["ZA", "GB", "FR"],
    "province": ["ZA-GP", "ZA-LP", "ZA-NC"],
    "language": ["en", "st"],
    "interest": ["investment", "trade", "social"],
    "contribution": ["health", "education", "investment"],
    "channel": ["email", "sms", "call", "telegram"],
    "status": ["registered", "confirmed"],
    "partner": [crowd.SHEETS_CODE, "LS-HC-PRETORIA"],
    "since": ["2020-01-02T00:00:00Z"],
}
SCOPES: list[tuple[Role, list[str]]] = [
    ("officer", []),
    ("consultant", ["GB", "IE", "ZA-FS"]),
    ("mission", ["ZA"]),
    ("mission", ["ZA-FS"]),
    ("mission", ["ZA-GP", "US", "FR"]),
]


def plainly(filters: dict[str, str], role: Role, areas: list[str]) -> tuple[str, list[Any]]:
    """Return the query in the plainest words, with its values."""
    tests = {
        "country": "country = {}",
        "province": "area = {}",
        "language": "language = {}",
        "interest": "{} = ANY (interests)",
        "contribution": "{} = ANY (contributions)",
        "channel": "{} = ANY (channels)",
        "status": "status = {}",
        "partner": "partner_code = {}",
        "since": "registered_at >= {}::text::timestamptz",
    }
    values: list[Any] = []
    wanted = []
    for name, value in filters.items():
        for word in value.split() if name == "q" else [value]:
            values.append(f" {word}" if name == "q" else word)
            wanted.append(("position({} in search_key) > 0" if name == "q" else tests[name]).format(f"${len(values)}"))
    if areas:
        values.append([*areas, *(provinces() if "ZA" in areas else ())])
        wanted.append(f"area = ANY (${len(values)}::text[])")
    if role == "mission":
        wanted.append("sharing")
    return f"SELECT id::text FROM member WHERE {' AND '.join(wanted) or 'true'} ORDER BY registered_at DESC, id DESC", values


def noting(way: Callable[[_Question], Any], gone: set[str]) -> Callable[[_Question], Any]:
    """Return a way of finding that notes its name when it is gone."""

    def go(question: _Question) -> Any:
        gone.add(way.__name__)
        return way(question)

    return go


@pytest.fixture(scope="module", autouse=True)
async def members(registry: Registry, settings: dict[str, str]) -> None:
    """Many members."""
    connection = await asyncpg.connect(settings["REGISTRY_DATABASE_URL"])
    for statement in crowd.statements(MEMBERS):
        await connection.execute(statement)
    await connection.close()


@pytest.mark.parametrize(("role", "areas"), SCOPES)
async def test_pages_are_those_of_a_plain_query(
    registry: Registry, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch, role: Role, areas: list[str]
) -> None:
    """Limits are low here, so that each way of finding is gone."""
    for name, limit in (("WALKED", 8), ("WALKED_APART", 3), ("GATHERED", 60)):
        monkeypatch.setattr(searching, name, limit)
    gone: set[str] = set()
    for way in ("walked", "gathered", "ordered"):
        monkeypatch.setattr(_Question, way, noting(getattr(_Question, way), gone))
    chance = random.Random(SEED)
    connection = await asyncpg.connect(settings["REGISTRY_DATABASE_URL"])
    for _ in range(60):
        names = [name for name in CHOICES if role != "mission" or name not in BEYOND_SHARING]
        filters = {name: chance.choice(CHOICES[name]) for name in chance.sample(names, chance.choice((0, 1, 2, 2, 3)))}
        query, values = plainly(filters, role, areas)
        everybody, shown = [row["id"] for row in await connection.fetch(query, *values)], list[str]()
        cursor = ""
        while len(shown) < 5 * LIMIT and cursor is not None:
            answer = await registry.ask(
                "GET", "/api/v1/members", role=role, areas=areas, params={**filters, "limit": LIMIT, "cursor": cursor}
            )
            assert answer.status_code == 200, answer.text
            shown += [member["id"] for member in answer.json()["items"]]
            cursor = answer.json()["next"]
        assert shown == everybody[: 5 * LIMIT], filters
        assert (cursor is None) == (len(everybody) <= 5 * LIMIT), filters
    await connection.close()
    assert gone == {"walked", "gathered", "ordered"}
