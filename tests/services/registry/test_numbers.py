"""How the numbers grew and what they are made of: live for staff, and for outsiders nothing by which they could know anybody."""

import csv
import gzip
import io
import re
from datetime import date, timedelta
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from shared.clock import now
from shared.identity import Role
from tests.services.registry.conftest import CSRF, Registry
from tests.services.registry.gathered import add, days_ago

TIMELINE = "/api/v1/coverage/timeline"
PARTS = "/api/v1/coverage/parts"


@pytest.fixture(scope="module")
async def people(registry: Registry) -> None:
    """Gauteng: 7 of nine days ago, 5 of whom confirmed five days ago; 6 of today's who came by a code. Two in Belgium, one in Namibia."""
    await add(registry, "ZA-GP", 5, 9, 5, channels=["email", "whatsapp"])
    await add(registry, "ZA-GP", 2, 9)
    await add(registry, "ZA-GP", 6, 1, 1, code="LS-C-WELKOM", way="import")
    await add(registry, "ZA-GP", 1, 0, 0)
    await add(registry, "BE", 2, 3, 2)
    await add(registry, "NA", 1, 3)


async def curves(registry: Registry, query: str, role: Role = "officer", areas: tuple[str, ...] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """Return the points of each area: day, registered, confirmed."""
    answer = await registry.ask("GET", f"{TIMELINE}?{query}", role=role, areas=areas)
    assert answer.status_code == 200, answer.text
    return {
        curve["area"]: [(point["day"], point["registered"], point["confirmed"]) for point in curve["points"]]
        for curve in answer.json()["items"]
    }


@pytest.mark.usefixtures("people")
async def test_staff_see_how_the_numbers_grew_up_to_this_moment(registry: Registry) -> None:
    by_day = await curves(registry, f"bucket=day&since={days_ago(6)}")
    assert by_day["ZA-GP"] == [
        *((days_ago(days), 7, 0) for days in (6,)),
        *((days_ago(days), 7, 5) for days in (5, 4, 3, 2)),
        (days_ago(1), 13, 11),
        (days_ago(0), 14, 12),
    ]
    assert by_day["elsewhere"][-3:] == [(days_ago(2), 2, 2), (days_ago(1), 2, 2), (days_ago(0), 2, 2)]
    assert by_day["NA"][-1] == (days_ago(0), 1, 0)
    assert len(by_day) == 20
    [gauteng] = (await registry.ask("GET", f"{TIMELINE}?area=ZA-GP")).json()["items"]
    assert (gauteng["points"][-1]["registered"], gauteng["target"], gauteng["path"]) == (14, 450, [])
    iso = now().date().isocalendar()
    assert gauteng["points"][-1]["period"] == f"{iso.year}-W{iso.week:02d}"
    assert all(date.fromisoformat(point["day"]).isoweekday() == 7 for point in gauteng["points"][:-1])


@pytest.mark.usefixtures("people")
async def test_growth_of_one_channel_way_or_code(registry: Registry) -> None:
    for query, numbers in [
        ("channel=whatsapp", (5, 5)),
        ("channel=email", (14, 12)),
        ("way=import", (6, 6)),
        ("partner=LS-C-WELKOM", (6, 6)),
        ("partner=NOBODY", (0, 0)),
    ]:
        assert (await curves(registry, f"area=ZA-GP&{query}"))["ZA-GP"][-1][1:] == numbers, query
    answer = await registry.ask("GET", f"{PARTS}?by=channel&area=ZA-GP")
    assert [(part["value"], part["registered"], part["confirmed"]) for part in answer.json()["items"]] == [
        ("email", 14, 12),
        ("whatsapp", 5, 5),
    ]
    elsewhere = (await registry.ask("GET", f"{PARTS}?by=way&area=elsewhere")).json()["items"]
    assert [(part["value"], part["registered"]) for part in elsewhere] == [("web", 2)]


@pytest.mark.usefixtures("people")
async def test_outsiders_see_the_confirmed_of_the_days_before_in_steps(registry: Registry) -> None:
    await registry.rows("DELETE FROM figure RETURNING day")
    for days, count in ((4, 5), (3, 8), (1, 10)):
        values = {"day": now().date() - timedelta(days=days), "count": count}
        await registry.rows("INSERT INTO figure VALUES (:day, '', 0), (:day, 'ZA-GP', :count), (:day, 'NA', 3) RETURNING day", **values)
    shown = await curves(registry, "bucket=day&since=" + days_ago(6), role="viewer")
    assert shown["ZA-GP"] == [
        (days_ago(6), None, None),
        (days_ago(5), None, 5),
        (days_ago(4), None, 5),
        (days_ago(3), None, 5),
        (days_ago(2), None, 10),
        (days_ago(1), None, 10),
    ]
    assert {confirmed for _, _, confirmed in shown["NA"]} == {None}
    assert await curves(registry, f"bucket=day&since={days_ago(3)}", role="mission", areas=("ZA-GP",)) == {"ZA-GP": shown["ZA-GP"][3:]}
    before = await curves(registry, "", role="viewer")
    await add(registry, "ZA-GP", 50, 3, 3)
    assert await curves(registry, "", role="viewer") == before
    await registry.rows("DELETE FROM member WHERE registered_at < :day RETURNING id", day=now() - timedelta(days=2, hours=13))
    assert await curves(registry, "", role="viewer") == before


async def test_outsiders_parts_give_no_small_number_away(registry: Registry) -> None:
    await registry.rows("DELETE FROM figure RETURNING day")
    await registry.rows("DELETE FROM figure_part RETURNING day")
    await registry.rows("DELETE FROM member RETURNING id")
    await add(registry, "ZA-FS", 20, 3, 2)
    await add(registry, "ZA-FS", 8, 3, 2, way="import", code="CHURCH")
    await add(registry, "ZA-FS", 2, 3, 2, way="bot", code="LERATO-MOKOENA", channels=["whatsapp"])
    await add(registry, "ZA-FS", 9, 3, 0)

    async def told(kind: str) -> list[tuple[str, str, int]]:
        answer = (await registry.ask("GET", f"{PARTS}?by={kind}", role="viewer")).json()
        assert answer["day"] == days_ago(0)
        assert {part["registered"] for part in answer["items"]} <= {None}
        return [(part["area"], part["value"], part["confirmed"]) for part in answer["items"]]

    # 30 are told to have confirmed: with 28 of them told by way, two would be left.
    assert await told("way") == [("ZA-FS", "web", 20)]
    assert await told("partner") == [("ZA-FS", "", 20)]
    assert await told("channel") == []
    assert (await curves(registry, "way=web", role="viewer"))["ZA-FS"][-1][2] == 20
    assert (await curves(registry, "way=import", role="viewer"))["ZA-FS"][-1][2] is None
    assert (await curves(registry, "way=bot", role="viewer"))["ZA-FS"][-1][2] is None


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ("since=2000-01-01", ["/query/since"]),
        (f"since={days_ago(0)}&until={days_ago(3)}", ["/query/since"]),
        ("channel=email&way=web", ["/query/channel", "/query/way"]),
        ("bucket=month", ["/query/bucket"]),
        ("since=yesterday", ["/query/since"]),
        ("channel=fax", ["/query/channel"]),
    ],
)
async def test_wrong_questions_are_named(registry: Registry, query: str, pointers: list[str]) -> None:
    answer = await registry.ask("GET", f"{TIMELINE}?{query}")
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, pointers)


async def test_areas_that_are_none_of_the_callers_are_not_there(registry: Registry) -> None:
    for role, areas, query, status in [
        ("viewer", (), "area=FR", 404),
        ("mission", ("GB",), "area=ZA-GP", 404),
        ("mission", ("GB",), "area=GB", 200),
        ("mission", ("GB",), "area=elsewhere", 404),
        ("mission", ("BE",), "area=BE", 200),
        ("officer", ("GB",), "area=ZA-GP&area=GB", 404),
        ("forum", (), "", 403),
        (None, (), "", 401),
    ]:
        for path in (f"{TIMELINE}?{query}", *([f"{PARTS}?by=way&{query}"] if query.count("area") < 2 else [])):
            answer = await registry.ask("GET", path, role=role, areas=areas)  # type: ignore[arg-type]
            assert answer.status_code == status, (role, areas, path)


async def test_numbers_come_as_tables_too(registry: Registry) -> None:
    await add(registry, "ZA-NW", 3, 1, code="=HYPERLINK(1)")
    for path, head in [
        ("/api/v1/coverage", ["area", "name", "target", "registered", "confirmed", "small"]),
        (TIMELINE, ["area", "name", "period", "day", "registered", "confirmed"]),
        (f"{PARTS}?by=partner", ["value", "area", "registered", "confirmed"]),
    ]:
        answer = await registry.ask("GET", path, headers={"accept": "text/csv"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert rows[0] == head
        assert len(rows) > 1
        book = await registry.ask("GET", f"{path}{'&' if '?' in path else '?'}format=xlsx")
        [told, *_] = CalamineWorkbook.from_filelike(io.BytesIO(book.content)).get_sheet_by_index(0).to_python()
        assert (book.status_code, told) == (200, head)
    assert ["'=HYPERLINK(1)", "", "3", "0"] in rows


async def test_target_is_set_on_the_page_unless_it_has_changed_meanwhile(registry: Registry) -> None:
    path, typed = "/staff/coverage/GB/targets", {"csrf": CSRF, "target": "60", "by": "2031-03-31", "version": "1"}
    assert (await registry.ask("POST", path, data={**typed, "csrf": "another"})).status_code == 403
    answer = await registry.ask("POST", path, data=typed)
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/coverage?area=GB#growth")
    for changed, status, told in [
        ({"target": "70"}, 409, "The target is 60 now, in version 2."),
        ({"target": "many", "version": "2"}, 422, "Use a whole number."),
        ({"by": "soon", "version": "2"}, 422, "Write the date like this"),
    ]:
        page = await registry.ask("POST", path, data=typed | changed)
        assert (page.status_code, told in page.text) == (status, True), changed
    page = await registry.ask("GET", "/staff/coverage?area=GB", role="officer")
    assert "60 by 2031-03-31" in page.text
    assert len(gzip.compress(page.content)) < 30_000
    assert not re.search(r"<script|style=", page.text)
    assert (await registry.ask("GET", "/staff/coverage?area=FR")).status_code == 404
