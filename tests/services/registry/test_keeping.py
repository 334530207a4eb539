"""What is dropped at night, by the clock that a test gives: whom, after which warning, once, and whatever is killed in the middle."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import TextClause, text

from ops import output
from ops.commands import retention
from services.registry import erasing
from services.registry.calling import raising
from services.registry.calling.raising import raise_since
from services.registry.keeping import finding, nightly
from services.registry.keeping.rules import Rules
from shared.clock import now
from shared.contracts.gateway import ConsentGiven, ContactConfirmed
from shared.contracts.notifier import ContactUndeliverable
from shared.contracts.registry import MemberChanged, MemberErased, MemberRegistered
from tests.services.registry.conftest import Registry, address, number, submission

RULES = Rules(unconfirmed=60, inactive=1825, bounced=180, call=30)
QUIET = ConsentGiven(registration=True)


@pytest.fixture(autouse=True)
async def nobody_else(registry: Registry) -> None:
    """Each test's night meets its own people only."""
    for [member_id] in await registry.rows("SELECT id FROM member"):
        async with registry.database.transaction() as session:
            await erasing.erase_if_here(session, member_id, at=now())
    await registry.rows("DELETE FROM retention_night WHERE day > (now() AT TIME ZONE 'UTC')::date RETURNING 1")


async def joined(registry: Registry, **fields: Any) -> MemberRegistered:
    [member] = await registry.register(submission(**{"submitted_at": now()} | fields))
    return member


async def confirmed(registry: Registry, **fields: Any) -> MemberRegistered:
    member = await joined(registry, **fields)
    await registry.settle(ContactConfirmed(member_id=member.member_id, contact_id=member.contacts[0].id, at=now()))
    return member


def days_on(days: int) -> datetime:
    return now() + timedelta(days=days)


async def night(registry: Registry, days: int, rules: Rules = RULES) -> nightly.Counts | None:
    """Do the work of the night so many days on."""
    at = days_on(days)
    return await nightly.keep(registry.database, rules, at.date(), at=at)


async def is_here(registry: Registry, member: MemberRegistered) -> bool:
    return bool(await registry.rows("SELECT 1 FROM member WHERE id = :id", id=member.member_id))


async def test_unconfirmed_goes_after_its_days_and_is_not_told(registry: Registry) -> None:
    member, sure = await joined(registry, email=address()), await confirmed(registry, email=address())
    assert await night(registry, 59) == {}
    assert await nightly.foresee(registry.database, RULES, at=days_on(61)) == {"unconfirmed.drop": 1}
    assert await is_here(registry, member)
    assert await night(registry, 61) == {"unconfirmed.drop": 1}
    await registry.settle()
    assert await registry.is_erased(member.member_id)
    assert await is_here(registry, sure)
    [row] = await registry.rows("SELECT who, role FROM audit WHERE what = 'retention_unconfirmed' AND :id = ANY (ids)", id=member.member_id)
    assert (row.who, row.role) == ("retention", "")
    assert await registry.rows("SELECT 1 FROM erasure WHERE member_id = :id", id=member.member_id)


async def test_dropped_person_is_not_brought_back_by_a_sheet(registry: Registry) -> None:
    email = address()
    await joined(registry, email=email)
    await night(registry, 61)
    assert await registry.register(submission(email=email, way="import")) == []


async def test_whom_only_a_call_reaches_is_on_the_list_for_the_set_time_first(registry: Registry) -> None:
    member = await joined(registry, phone=number(), channels=("call",), consent=QUIET)
    assert await night(registry, 61) == {"unconfirmed.ring": 1}
    [task] = await registry.rows("SELECT reason, done_at FROM call_task WHERE member_id = :id", id=member.member_id)
    assert (task.reason, task.done_at) == ("confirm", None)
    assert await night(registry, 62) == {"unconfirmed.wait": 1}
    assert await night(registry, 90) == {"unconfirmed.wait": 1}
    assert await night(registry, 92) == {"unconfirmed.drop": 1}
    assert not await is_here(registry, member)


async def test_call_that_was_agreed_is_awaited(registry: Registry) -> None:
    member = await joined(registry, phone=number(), channels=("call",), consent=QUIET)
    await raise_since(registry.database, now() - timedelta(minutes=5), at=now())
    await registry.rows(
        "UPDATE call_task SET attempts = 1, due_at = :at WHERE member_id = :id RETURNING 1", at=days_on(70), id=member.member_id
    )
    assert await night(registry, 65) == {"unconfirmed.wait": 1}
    assert await night(registry, 71) == {"unconfirmed.drop": 1}


async def test_who_confirms_meanwhile_stays(registry: Registry) -> None:
    member = await joined(registry, phone=number(), channels=("call",), consent=QUIET)
    await night(registry, 61)
    await registry.ask("POST", f"/api/v1/members/{member.member_id}/contacts/{member.contacts[0].id}/confirm")
    assert await night(registry, 99) == {}
    assert await is_here(registry, member)


async def test_inactive_are_rung_and_then_dropped_but_not_whom_news_still_reaches(registry: Registry) -> None:
    silent = await confirmed(registry, email=address(), phone=number(), channels=(), consent=QUIET)
    without = await confirmed(registry, email=address(), channels=(), consent=QUIET)
    reader = await confirmed(registry, email=address())
    assert await night(registry, 1824) == {}
    assert await night(registry, 1826) == {"inactive.ring": 1, "inactive.drop": 1}
    assert [await is_here(registry, each) for each in (silent, without, reader)] == [True, False, True]
    assert await night(registry, 1857) == {"inactive.drop": 1}
    assert [await is_here(registry, each) for each in (silent, reader)] == [False, True]


async def test_who_was_spoken_to_is_not_inactive(registry: Registry) -> None:
    silent = await confirmed(registry, email=address(), phone=number(), channels=(), consent=QUIET)
    await night(registry, 1826)
    await registry.rows(
        "INSERT INTO call_log (member_id, at, staff, staff_name, office, outcome, language)"
        " VALUES (:id, :at, 'staff:7', 'Thabo', 'IOM', 'reached', 'en') RETURNING 1",
        id=silent.member_id,
        at=days_on(1830),
    )
    assert await night(registry, 1857) == {}


async def test_bounced_address_goes_alone_where_another_stands(registry: Registry) -> None:
    member = await confirmed(registry, email=address(), phone=number())
    email, phone = member.contacts
    await registry.ask("POST", f"/api/v1/members/{member.member_id}/contacts/{phone.id}/confirm")
    await registry.settle(ContactUndeliverable(member_id=member.member_id, contact_id=email.id, reason="550"))
    assert await night(registry, 181) == {"bounced.contact": 1}
    await registry.settle()
    shown = await registry.member(member.member_id)
    assert ([each["kind"] for each in shown["contacts"]], shown["information"]) == (["phone"], [])
    assert [each.kind for each in (await registry.about(MemberChanged, member.member_id))[-1].contacts] == ["phone"]


async def test_bounced_person_with_a_number_is_rung_before_they_go(registry: Registry) -> None:
    member = await confirmed(registry, email=address(), phone=number())
    await registry.settle(ContactUndeliverable(member_id=member.member_id, contact_id=member.contacts[0].id, reason="550"))
    assert await night(registry, 181) == {"bounced.ring": 1}
    assert await night(registry, 200) == {"bounced.wait": 1}
    assert await night(registry, 212) == {"bounced.drop": 1}
    gone = await confirmed(registry, email=address())
    await registry.settle(ContactUndeliverable(member_id=gone.member_id, contact_id=gone.contacts[0].id, reason="550"))
    assert await night(registry, 213) == {"bounced.drop": 1}


async def test_kill_in_the_middle_loses_nothing_and_another_copy_goes_on(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "PAGE", 2)
    people = [await joined(registry, email=address()) for _ in range(5)]
    drop, pages = nightly.drop, []

    async def dying(*page: Any, **more: Any) -> Any:
        done = await drop(*page, **more)
        pages.append(done)
        if len(pages) == 2:
            raise asyncio.CancelledError
        return done

    at = days_on(61)
    with monkeypatch.context() as patch:
        patch.setattr(nightly, "drop", dying)
        patch.setattr(nightly, "GIVE_BACK", text("SELECT CAST(:day AS date), CAST(:lease AS uuid)"))  # A killed process gives nothing back.
        with pytest.raises(asyncio.CancelledError):
            await nightly.keep(registry.database, RULES, at.date(), at=at)
    left = [await is_here(registry, each) for each in people]
    assert left == [False, False, True, True, True], "the page that was not committed has left nothing"
    assert await nightly.keep(registry.database, RULES, at.date(), at=at) is None, "its lease keeps others off for a while"
    await registry.rows("UPDATE retention_night SET lease_until = now() - interval '1 second' WHERE day = :day RETURNING 1", day=at.date())
    assert await nightly.keep(registry.database, RULES, at.date(), at=at) == {"unconfirmed.drop": 5}
    await registry.settle()
    told = [len(await registry.about(MemberErased, each.member_id)) for each in people]
    assert told == [1] * 5
    assert await nightly.is_done(registry.database, at.date())
    assert await nightly.keep(registry.database, RULES, at.date(), at=at) is None


async def test_who_confirms_while_the_page_is_held_stays(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    late, other = await joined(registry, email=address()), await joined(registry, email=address())
    drop = nightly.drop

    async def overtaken(*page: Any, **more: Any) -> Any:
        await registry.settle(ContactConfirmed(member_id=late.member_id, contact_id=late.contacts[0].id, at=now()))
        return await drop(*page, **more)

    monkeypatch.setattr(nightly, "drop", overtaken)
    assert await night(registry, 61) == {"unconfirmed.drop": 1}
    assert [await is_here(registry, each) for each in (late, other)] == [True, False]


async def test_two_copies_never_work_at_once(registry: Registry) -> None:
    people = [await joined(registry, email=address()) for _ in range(3)]
    at = days_on(61)
    found = await asyncio.gather(*(nightly.keep(registry.database, RULES, at.date(), at=at) for _ in range(3)))
    assert sorted(found, key=str) == [None, None, {"unconfirmed.drop": 3}]
    assert [await is_here(registry, each) for each in people] == [False] * 3


@pytest.mark.parametrize("query", [*finding.QUERIES.values(), raising.NEWCOMERS, raising.LOST])
async def test_old_records_are_found_by_index(registry: Registry, query: TextClause) -> None:
    """Plans, not times: with a million members none of these may read a whole table."""
    values = {"since": now(), "at": now(), "after_id": finding.FIRST, "first": finding.FIRST, "page": 50}
    wanted = {name: value for name, value in values.items() if f":{name}" in query.text}
    wanted["after"] = finding.FIRST if query is raising.NEWCOMERS else finding.BEGINNING
    if ":after " not in query.text and ":after," not in query.text:
        del wanted["after"]
    async with registry.database.transaction() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join((await session.execute(text(f"EXPLAIN {query.text}"), wanted)).scalars())
    assert "Seq Scan" not in plan.replace("Seq Scan on call_claim", ""), plan


async def test_command_tells_what_would_be_dropped_and_why(
    registry: Registry, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    member = await joined(registry, email=address())
    await joined(registry, phone=number(), channels=("call",), consent=QUIET)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(retention, "now", lambda: days_on(61))
    monkeypatch.setattr(output, "_as_json", True)
    await asyncio.to_thread(retention.run, dry_run=True)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["rule"], line["days"], line["drop"], line["ring"], line["dry_run"]) for line in lines] == [
        ("unconfirmed", 60, 1, 1, True),
        ("inactive", 1825, 0, 0, True),
        ("bounced", 180, 0, 0, True),
    ]
    assert await is_here(registry, member)
    monkeypatch.setattr(output, "_as_json", False)
    await asyncio.to_thread(retention.run, dry_run=False)
    assert "1 were erased; 1 were put on the call list" in capsys.readouterr().out
    assert not await is_here(registry, member)
