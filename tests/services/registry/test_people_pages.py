"""The list of people on a page: filters, pages, saved views, and the file that needs a reason."""

import html
import re
from datetime import timedelta
from uuid import UUID

import httpx2
import pytest

from shared.contracts.gateway import ConsentGiven
from shared.contracts.registry import MemberRegistered
from shared.identity import Role
from tests.services.registry.conftest import AT, CSRF, Registry, address, number, submission

LIST = "/staff/members"
AGREED = ConsentGiven(registration=True, information=True, sharing=True)
ST = {"cookie": "lang=st"}


async def page(registry: Registry, query: str = "", *, role: Role = "consultant", areas: tuple[str, ...] = (), status: int = 200) -> str:
    answer = await registry.ask("GET", f"{LIST}{query}", role=role, areas=areas, headers={"accept": "text/html"})
    assert answer.status_code == status, answer.text
    return answer.text


def names(text: str) -> list[str]:
    return [html.unescape(name).split()[0] for name in re.findall(r"<bdi>(.*?)</bdi>", text)]


@pytest.fixture(scope="module", autouse=True)
async def people(registry: Registry) -> dict[str, MemberRegistered]:
    """Four people, who registered in this order, and one with a hostile name."""
    submissions = [
        submission("Lerato", "Mokoena", email="lerato.p@example.org", phone="+27710000401", consent=AGREED, interests=("trade",)),
        submission("Tšepo", "Ramoea", email=address(), province="ZA-FS", language="st", city="Welkom", consent=AGREED),
        submission("Palesa", "Thabane", email=address(), country="FR", province=None, partner_code="LS-X"),
        submission("Neo", "Likotsi", phone=number(), channels=("call",), needs=("legal",)),
        submission("<b>Anna", '"Mokoteli&', email=address(), country="GB", province=None),
    ]
    timed = [each.model_copy(update={"submitted_at": AT + timedelta(days=day)}) for day, each in enumerate(submissions)]
    return {registered.given_name: registered for registered in await registry.register(*timed)}


@pytest.mark.parametrize(
    ("query", "found", "count"),
    [
        ("", ["<b>Anna", "Neo", "Palesa", "Tšepo", "Lerato"], "5 people"),
        ("?q=moko&country=&province=&status=", ["<b>Anna", "Lerato"], "2 people"),
        ("?country=France", ["Palesa"], "1 person"),
        ("?country=Afrika+Boroa", ["Neo", "Tšepo", "Lerato"], "3 people"),
        ("?since=2020-01-22&language=en", ["<b>Anna", "Neo", "Palesa"], "3 people"),
        ("?interest=trade", ["Lerato"], "1 person"),
        ("?partner=LS-X", ["Palesa"], "1 person"),
    ],
)
async def test_filters_find_whom_the_api_finds(registry: Registry, query: str, found: list[str], count: str) -> None:
    text = await page(registry, query)
    assert (names(text), f"<b>{count}</b>" in text) == (found, True)
    assert "<b>Anna" not in text.replace("&lt;b&gt;Anna", "")


async def test_everybody_shown_is_noted_in_one_row_and_nobody_else(registry: Registry, people: dict[str, MemberRegistered]) -> None:
    await page(registry, "?q=moko")
    [row] = await registry.rows("SELECT what, ids FROM audit ORDER BY id DESC LIMIT 1")
    assert row.what == "members_listed"
    assert {UUID(str(each)) for each in row.ids} == {people[name].member_id for name in ("Lerato", "<b>Anna")}


async def test_pages_follow_each_other_with_their_filters(registry: Registry) -> None:
    first = await page(registry, "?country=ZA&limit=2")
    assert names(first) == ["Neo", "Tšepo"]
    assert "<b>3 people</b>" in first  # Running counts by place cost nothing.
    [following] = re.findall(r'<a rel="next" href="(\?[^"]*)"', first)
    second = await page(registry, html.unescape(following))
    assert (names(second), 'rel="next"' in second) == (["Lerato"], False)
    assert 'href="?country=ZA&amp;limit=2">First page' in second
    assert "there are more" in await page(registry, "?language=en&limit=2")


async def test_what_is_typed_wrong_is_said_and_shows_nobody(registry: Registry) -> None:
    [before] = await registry.rows("SELECT count(*) FROM audit")
    text = await page(registry, "?country=Nowhere&q=moko", status=422)
    assert "<title>Error: People" in text and 'href="#country"' in text and 'value="Nowhere"' in text and 'value="moko"' in text
    assert names(text) == []
    assert await registry.rows("SELECT count(*) FROM audit") == [before]


async def test_mission_sees_who_agreed_and_only_what_the_wording_names(registry: Registry) -> None:
    text = await page(registry, role="mission", areas=("ZA",))
    assert names(text) == ["Tšepo", "Lerato"]
    assert "lerato.p@example.org" in text and "Free State" in text
    assert [hidden for hidden in ("Welkom", "Sesotho</td>", "/export", 'name="interest"', 'name="language"') if hidden in text] == []
    await page(registry, "?language=st", role="mission", areas=("ZA",), status=403)
    assert names(await page(registry, role="consultant", areas=("ZA-FS",))) == ["Tšepo"]


async def save(registry: Registry, **fields: str) -> httpx2.Response:
    office = fields.pop("office", "IOM")
    return await registry.ask("POST", f"{LIST}/views", office=office, data={"csrf": CSRF, **fields})


async def test_view_is_saved_without_words_shared_with_the_office_and_removed_by_its_owner(registry: Registry) -> None:
    answer = await save(registry, name="Free State", province="ZA-FS", q="Tšepo Ramoea", shared="true")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{LIST}?province=ZA-FS")
    await save(registry, name="free state", province="ZA-FS", status="registered", shared="true")  # The same name takes its place.
    assert [(row.name, row.query) for row in await registry.rows("SELECT name, query FROM saved_view")] == [
        ("free state", "province=ZA-FS&status=registered")
    ]
    assert "free state</a>" in await page(registry)
    other = await registry.ask("GET", LIST, office="Directorate")
    assert "free state</a>" not in other.text

    [identifier] = re.findall(r"/views/([0-9a-f-]{36})/remove", (await registry.ask("GET", f"{LIST}/views")).text)
    removing = f"{LIST}/views/{identifier}/remove"
    assert (await registry.ask("POST", removing, office="Directorate", data={"csrf": CSRF})).status_code == 404
    assert (await registry.ask("POST", removing, data={"csrf": "x"})).status_code == 403
    assert (await registry.ask("POST", removing, data={"csrf": CSRF})).status_code == 303
    assert await registry.rows("SELECT 1 FROM saved_view") == []


async def test_view_for_more_than_a_mission_may_see_is_not_offered_to_it(registry: Registry) -> None:
    await save(registry, name="Sesotho speakers", language="st", shared="true", office="Mission")
    await save(registry, name="Confirmed ones", status="confirmed", shared="true", office="Mission")
    text = (await registry.ask("GET", LIST, role="mission", areas=("ZA",), office="Mission")).text
    assert ("Confirmed ones" in text, "Sesotho speakers" in text) == (True, False)
    refused = await registry.ask("POST", f"{LIST}/views", role="mission", areas=("ZA",), data={"csrf": CSRF, "name": "x", "language": "st"})
    assert refused.status_code == 403


@pytest.mark.parametrize("fields", [{"name": "All"}, {"name": "", "country": "ZA"}, {"name": "x" * 61, "country": "ZA"}])
async def test_view_without_name_or_filter_is_refused_with_what_was_typed(registry: Registry, fields: dict[str, str]) -> None:
    answer = await save(registry, **fields)
    assert (answer.status_code, "<title>Error:" in answer.text) == (422, True)
    assert ('value="ZA"' in answer.text) == ("country" in fields)


async def test_file_needs_a_reason_which_is_noted_with_everybody_in_it(registry: Registry, people: dict[str, MemberRegistered]) -> None:
    asking = await registry.ask("GET", f"{LIST}/export?country=France")
    assert "Country" in asking.text and "France" in asking.text
    without = await registry.ask("POST", f"{LIST}/export", data={"csrf": CSRF, "country": "FR", "reason": " "}, headers=ST)
    assert (without.status_code, "<title>Phoso:" in without.text, 'name="country" value="FR"' in without.text) == (422, True, True)
    taken = await registry.ask("POST", f"{LIST}/export", data={"csrf": CSRF, "country": "FR", "reason": "Invitation to the forum"})
    assert (taken.status_code, taken.headers["content-type"].partition(";")[0], "Palesa" in taken.text) == (200, "text/csv", True)
    [row] = await registry.rows("SELECT ids, why FROM audit WHERE what = 'members_exported' ORDER BY id DESC LIMIT 1")
    assert ([UUID(str(each)) for each in row.ids], row.why) == ([people["Palesa"].member_id], "Invitation to the forum")
    assert (await registry.ask("GET", f"{LIST}/export", role="mission", areas=("ZA",))).status_code == 403


async def test_page_is_small_and_in_both_languages(registry: Registry) -> None:
    english, sesotho = await registry.ask("GET", LIST), await registry.ask("GET", LIST, headers=ST)
    assert len(english.content) < 24 * 1024
    assert ("<h1>People</h1>" in english.text, "<h1>Batho</h1>" in sesotho.text) == (True, True)
