"""What staff see of what was said, and the page behind *no more mail*."""

from datetime import timedelta

import pytest

from shared.clock import new_id, now
from shared.contracts.gateway import ContactDisowned
from shared.identity import Role
from shared.tokens import Link
from tests.services.notifier.conftest import Running, address, member
from tests.waiting import wait_until


@pytest.mark.parametrize("path", ["/api/v1/deliveries", "/api/v1/suppressions"])
@pytest.mark.parametrize(
    ("role", "status"),
    [("admin", 200), ("officer", 200), ("consultant", 200), ("forum", 403), ("mission", 403), ("viewer", 403), (None, 401)],
)
async def test_only_those_who_work_with_people_may_look(notifier: Running, path: str, role: Role | None, status: int) -> None:
    assert (await notifier.ask(path, role=role)).status_code == status
    assert (await notifier.web.get(path)).status_code == 401


async def test_deliveries_are_listed_newest_first_and_filtered(notifier: Running) -> None:
    people = [member(address()) for _ in range(5)]
    for each in people:
        await notifier.settle(each)
    await wait_until(notifier.quiet)
    page = (await notifier.ask("/api/v1/deliveries?limit=2&template=welcome&channel=email")).json()
    assert [item["member_id"] for item in page["items"]] == [str(each.member_id) for each in people[:2:-1]]
    following = (await notifier.ask(f"/api/v1/deliveries?limit=2&template=welcome&cursor={page['next']}")).json()
    assert [item["member_id"] for item in following["items"]] == [str(each.member_id) for each in people[2:0:-1]]
    one = (await notifier.ask(f"/api/v1/deliveries?member_id={people[0].member_id}")).json()
    assert one["next"] is None
    assert {name: one["items"][0][name] for name in ("channel", "template", "status", "attempts", "reason")} == {
        "channel": "email",
        "template": "welcome",
        "status": "sent",
        "attempts": 1,
        "reason": None,
    }
    assert "@" not in (await notifier.ask("/api/v1/deliveries?status=sent")).text
    assert (await notifier.ask(f"/api/v1/deliveries?since={(now() + timedelta(days=1)).strftime('%Y-%m-%dT%H:%M:%SZ')}")).json()[
        "items"
    ] == []


@pytest.mark.parametrize("query", ["status=lost", "template=../etc", "member_id=1", "since=yesterday", "limit=201", "cursor=WyJ4Il0"])
async def test_bad_filter_is_refused_with_its_place(notifier: Running, query: str) -> None:
    answer = await notifier.ask(f"/api/v1/deliveries?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"] == f"/query/{query.partition('=')[0]}"


async def test_reading_about_a_person_is_written_down(notifier: Running) -> None:
    lerato = new_id()
    await notifier.ask(f"/api/v1/deliveries?member_id={lerato}")
    rows = await notifier.rows("SELECT who, what FROM audit WHERE ids @> ARRAY[CAST(:id AS uuid)]", id=lerato)
    assert [tuple(row) for row in rows] == [("staff:7", "deliveries_listed")]


async def test_suppression_shows_the_address_only_while_a_member_has_it(notifier: Running) -> None:
    shared = address()
    mother, daughter = member(shared), member(shared)
    await notifier.settle(mother)
    await notifier.settle(ContactDisowned(member_id=mother.member_id, contact_id=mother.contacts[0].id, at=now()))
    newest = (await notifier.ask("/api/v1/suppressions?limit=1")).json()["items"][0]
    assert {name: newest[name] for name in ("channel", "address", "reason", "scope")} == {
        "channel": "email",
        "address": None,
        "reason": "disowned",
        "scope": "all",
    }
    await notifier.settle(daughter)
    assert (await notifier.ask("/api/v1/suppressions?limit=1")).json()["items"][0]["address"] == shared


@pytest.mark.parametrize(("language", "words"), [("en", "Stop sending me news"), ("st", "Khaotsa ho nthomella litaba")])
async def test_unsubscribe_page_asks_and_changes_nothing(notifier: Running, language: str, words: str) -> None:
    lerato = member(address())
    await notifier.settle(lerato)
    link = Link("unsubscribe", lerato.member_id, lerato.contacts[0].id, now() + timedelta(days=1))
    page = await notifier.ask(f"/unsubscribe/token?lang={language}", link=link)
    assert (page.status_code, words in page.text, 'method="post" action="/unsubscribe/token"' in page.text) == (200, True, True)
    assert "Lerato" not in page.text and "@" not in page.text.partition("</style>")[2]
    assert await notifier.rows("SELECT 1 FROM withdrawal WHERE member_id = :id", id=lerato.member_id) == []


async def test_unsubscribe_page_speaks_the_language_of_its_mail(notifier: Running) -> None:
    lerato = member(address(), language="st")
    await notifier.settle(lerato)
    link = Link("unsubscribe", lerato.member_id, None, now() + timedelta(days=1))
    assert "Khaotsa" in (await notifier.ask("/unsubscribe/token", link=link)).text


async def test_unsubscribe_page_is_not_reached_by_another_link(notifier: Running) -> None:
    link = Link("confirm", new_id(), new_id(), now() + timedelta(days=1))
    assert (await notifier.ask("/unsubscribe/token", link=link)).status_code == 404
    assert (await notifier.ask("/unsubscribe/token", role=None)).status_code == 404
