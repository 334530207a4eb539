"""How PostgreSQL finds what is asked for: the plans of the very statements that the service sends, with many uneven members there."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import asyncpg
import pytest
from sqlalchemy import Connection, event

from bench import crowd
from services.registry import files
from services.registry.searching import GATHERED, MOST_STREAMS, WALKED
from shared.contracts.gateway import Channel, Interest, Language
from shared.facts import areas
from shared.identity import Role
from shared.web.paging import USUAL, encode
from tests.services.registry.conftest import Registry

MEMBERS = 60_000
"""More than six times what a page may read, and enough that a plan for a million is the best one here."""
BIG = {"member", "contact", "consent"}
FETCHED = USUAL + 1
MOST_READ = WALKED * FETCHED + MOST_STREAMS * FETCHED + GATHERED
PAGE = "/api/v1/members"


@dataclass
class Seen:
    """The plans of the statements that were sent while somebody looked."""

    plans: list[dict[str, Any]] = field(default_factory=list)
    modes: set[str] = field(default_factory=set)

    def nodes(self) -> Iterator[dict[str, Any]]:
        """Give each step of each plan."""
        todo = list(self.plans)
        while todo:
            node = todo.pop()
            yield node
            todo += node.get("Plans", [])

    @property
    def tables(self) -> set[str]:
        """The tables that were read."""
        return {node["Relation Name"] for node in self.nodes() if "Relation Name" in node}

    @property
    def read_whole(self) -> set[str]:
        """The tables that were read from end to end."""
        return {node["Relation Name"] for node in self.nodes() if node["Node Type"] == "Seq Scan"}

    def rows_of(self, table: str) -> int:
        """Return how many rows of a table were looked at, whether or not they fitted."""
        names = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
        mine = [node for node in self.nodes() if node.get("Relation Name") == table]
        return sum(int(node["Actual Loops"]) * sum(int(node.get(name, 0)) for name in names) for node in mine)


LOOKING = ContextVar("LOOKING", default=False)
"""Whether this task's queries are looked at; the service's background work is others' business."""


@contextmanager
def looking(registry: Registry) -> Iterator[Seen]:
    """Have each query of this test planned and run a first time with its plan told, in its own transaction and with its own values."""
    seen, engine = Seen(), registry.database.engine.sync_engine

    def look(connection: Connection, cursor: Any, statement: str, values: Any, context: Any, many: bool) -> None:
        if not LOOKING.get() or not statement.lstrip().upper().startswith("SELECT") or "set_config" in statement:
            return
        here = LOOKING.set(False)
        try:
            [told] = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values).scalars()
            seen.modes.add(str(connection.exec_driver_sql("SHOW plan_cache_mode").scalar()))
        finally:
            LOOKING.reset(here)
        seen.plans.append((json.loads(told) if isinstance(told, str) else told)[0]["Plan"])

    event.listen(engine, "before_cursor_execute", look)
    looking_on = LOOKING.set(True)
    try:
        yield seen
    finally:
        LOOKING.reset(looking_on)
        event.remove(engine, "before_cursor_execute", look)


@pytest.fixture(scope="module", autouse=True)
async def members(registry: Registry, settings: dict[str, str]) -> AsyncIterator[None]:
    """Many members."""
    connection = await asyncpg.connect(settings["REGISTRY_DATABASE_URL"])
    try:
        for statement in crowd.statements(MEMBERS):
            await connection.execute(statement)
        yield
    finally:
        await connection.close()


def at(part: float) -> datetime:
    """Return when this part of all members had registered."""
    return datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=int(part * MEMBERS) * crowd.SECONDS_BETWEEN)


def after(part: float) -> str:
    """Return the cursor of a page so far from the oldest member."""
    return "cursor=" + encode((at(part).isoformat(), "00000000-0000-7000-8000-000000000000"))


ALONE = [
    "",
    *(f"country={country}" for country in ("ZA", "GB", "FR")),
    *(f"province={area.code}" for area in areas() if area.kind == "province"),
    *(f"language={language}" for language in get_args(Language)),
    *(f"interest={word}" for word in get_args(Interest)),
    *(f"contribution={word}" for word in get_args(Interest)),
    *(f"channel={channel}" for channel in get_args(Channel)),
    "status=registered",
    "status=confirmed",
    f"partner={crowd.SHEETS_CODE}",
    "partner=NOBODY",
    f"since={at(0.5):%Y-%m-%dT%H:%M:%SZ}",
    f"since={at(2):%Y-%m-%dT%H:%M:%SZ}",
]


@pytest.mark.parametrize("query", ALONE)
async def test_one_filter_reads_its_page_and_no_more(registry: Registry, query: str) -> None:
    """The first page, one in the middle, and the last one; a filter of one kind with few members behind it, or none, is no other matter."""
    for page in ("", after(0.5), after(0.001)):
        with looking(registry) as seen:
            assert (await registry.ask("GET", f"{PAGE}?{query}&{page}")).status_code == 200
        assert seen.tables >= {"member"}
        assert seen.read_whole & BIG == set()
        # Whose ids were found is read once more, whole; and of each area merged, one more than is shown.
        assert seen.rows_of("member") <= 2 * FETCHED + len(areas()), query
        assert seen.rows_of("contact") <= 3 * FETCHED


TOGETHER = [
    "q=mokoena",
    "q=mo",
    "q=palesa mokoena",
    "q=ntlhakaniso",
    "q=nobodyatall",
    "q=crowd500@example.org",
    "q=nobody@example.org",
    "q=%2B27730000500",
    "channel=sms&status=confirmed",
    "channel=call&status=confirmed",
    "channel=call&status=registered",
    "channel=call&interest=trade",
    "channel=telegram&language=st",
    "language=st&interest=trade",
    "interest=investment&language=st&status=confirmed",
    "province=ZA-GP&channel=telegram",
    "province=ZA-GP&channel=call&interest=trade",
    "country=BE&channel=call",
    "country=ZA&contribution=social",
    "country=ZA&channel=call&status=confirmed",
    f"partner={crowd.SHEETS_CODE}&status=confirmed",
    f"partner={crowd.SHEETS_CODE}&province=ZA-GP",
    "partner=LS-HC-PRETORIA&status=confirmed",
    "q=palesa&province=ZA-LP",
    "q=palesa&channel=call",
    "q=seabata&province=ZA-GP&language=st",
    "interest=trade&contribution=health&channel=email&language=en&status=registered",
    f"language=st&interest=trade&{after(0.01)}",
    f"partner={crowd.SHEETS_CODE}&province=ZA-GP&{after(0.32)}",
    f"interest=trade&language=en&since={at(0.4):%Y-%m-%dT%H:%M:%SZ}&{after(0.6)}",
]


@pytest.mark.parametrize("query", TOGETHER)
async def test_filters_together_read_a_bounded_part(registry: Registry, query: str) -> None:
    with looking(registry) as seen:
        assert (await registry.ask("GET", f"{PAGE}?{query}")).status_code == 200
    assert seen.tables >= {"member"}
    assert seen.read_whole & BIG == set()
    assert seen.rows_of("member") <= MOST_READ
    assert seen.rows_of("contact") <= 3 * FETCHED
    assert seen.modes == {"force_custom_plan"}


@pytest.mark.parametrize(
    ("role", "places", "query"),
    [
        ("consultant", ("GB", "IE", "BE"), ""),
        ("consultant", ("GB", "IE", "BE"), "channel=call"),
        ("consultant", ("GB", "IE", "BE"), "language=st"),
        ("consultant", ("ZA-LP", "ZA-MP"), "q=palesa"),
        ("mission", ("GB",), ""),
        ("mission", ("ZA-NC",), ""),
        ("mission", ("ZA-GP", "ZA-LP", "ZA-MP", "ZA-NW"), ""),
        ("mission", ("ZA-GP", "ZA-LP", "ZA-MP", "ZA-NW"), "q=mokoena"),
        ("mission", ("ZA",), "status=confirmed"),
    ],
)
async def test_a_scope_reads_a_bounded_part(registry: Registry, role: Role, places: tuple[str, ...], query: str) -> None:
    with looking(registry) as seen:
        assert (await registry.ask("GET", f"{PAGE}?{query}", role=role, areas=places)).status_code == 200
    assert seen.tables >= {"member"}
    assert seen.read_whole & BIG == set()
    assert seen.rows_of("member") <= MOST_READ + 3 * FETCHED  # Each contact's policy looks its member up.
    assert seen.rows_of("contact") <= 3 * FETCHED


async def test_one_member_is_read_by_key(registry: Registry) -> None:
    [first] = (await registry.ask("GET", f"{PAGE}?limit=1")).json()["items"]
    with looking(registry) as seen:
        assert (await registry.ask("GET", f"{PAGE}/{first['id']}")).status_code == 200
    assert seen.read_whole & BIG == set()
    assert (seen.rows_of("member"), seen.rows_of("contact"), seen.rows_of("consent")) == (1, 2, 2)


@pytest.mark.parametrize("role", ["consultant", "viewer"])
async def test_coverage_reads_no_member(registry: Registry, role: Role) -> None:
    with looking(registry) as seen:
        assert (await registry.ask("GET", "/api/v1/coverage", role=role)).status_code == 200
    assert seen.tables & BIG == set()


async def test_an_export_reads_page_by_page(registry: Registry) -> None:
    with looking(registry) as seen:
        answer = await registry.ask("GET", f"{PAGE}?format=csv&reason=test&partner={crowd.SHEETS_CODE}")
    pages = len([plan for plan in seen.plans if "member" in Seen([plan]).tables]) // 2
    assert (answer.status_code, pages) == (200, MEMBERS // 20 // files.PAGE + 1)
    assert seen.read_whole & BIG == set()
    assert seen.rows_of("member") <= 2 * pages * files.PAGE
