"""Who came by whose code: counted once however often they come, and told to outsiders a day later, never in small numbers."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.registry.outreach import figures
from services.registry.outreach.figures import Figures
from services.registry.outreach.model import Partner
from shared.clock import now
from shared.contracts.gateway import ContactConfirmed
from shared.contracts.registry import MemberRegistered
from tests.services.registry.conftest import AT, Registry, address, submission
from tests.services.registry.test_partners import entered, listed, mission


async def confirm(registry: Registry, *members: MemberRegistered) -> None:
    await registry.settle(*(ContactConfirmed(member_id=each.member_id, contact_id=each.contacts[0].id, at=AT) for each in members))


async def figures_of(registry: Registry, made: dict[str, Any], who: Any = None) -> dict[str, Any]:
    [shown] = [each for each in await listed(registry, who) if each["id"] == made["id"]]
    found: dict[str, Any] = shown["figures"]
    return found


async def on(registry: Registry, made: dict[str, Any], day: date) -> Figures:
    """Return what outsiders are told on a day."""
    async with registry.database.transaction() as session:
        told = await figures._daily(session, [made["code"]], day)
    return told[made["code"]]


async def test_case_41_code_counts_whatever_its_case_and_a_repeat_changes_nothing(registry: Registry) -> None:
    made = await entered(registry)
    code = made["code"]
    people = [
        submission(f"Neo {n}", email=address(), partner_code=spelled)
        for n, spelled in enumerate((code, code.lower(), f"{code[:3]} {code[3:]}"))
    ]
    members = await registry.register(*people, submission("Thabo", email=address(), partner_code="NOBODY"))
    await confirm(registry, members[0])
    before = await figures_of(registry, made)
    assert before == {"registered": 3, "confirmed": 1, "small": False, "day": None}
    again = submission("Neo 0", email=people[0].email, partner_code=code)
    await registry.settle(again, again.model_copy(update={"partner_code": "LS-HC-LONDON"}))
    assert await figures_of(registry, made) == before


async def test_outsiders_are_told_of_yesterday_and_of_no_few(registry: Registry) -> None:
    made = await entered(registry)
    members = await registry.register(*(submission(f"Palesa {n}", email=address(), partner_code=made["code"]) for n in range(6)))
    await confirm(registry, *members[:4])
    today = now().date()
    assert await on(registry, made, today) == Figures(small=True, day=today)
    await confirm(registry, *members[4:])
    assert await on(registry, made, today) == Figures(small=True, day=today)  # The same all day.
    assert await on(registry, made, today + timedelta(days=1)) == Figures(confirmed=6, day=today + timedelta(days=1))


async def test_one_who_comes_between_two_days_is_not_seen_by_subtraction(registry: Registry) -> None:
    made = await entered(registry)
    days = [now().date() + timedelta(days=n) for n in range(10, 13)]
    await confirm(
        registry, *await registry.register(*(submission(f"Pule {n}", email=address(), partner_code=made["code"]) for n in range(6)))
    )
    told = [await on(registry, made, days[0])]
    await confirm(registry, *await registry.register(submission("Limpho", email=address(), partner_code=made["code"])))
    told.append(await on(registry, made, days[1]))
    await confirm(
        registry, *await registry.register(*(submission(f"Mosa {n}", email=address(), partner_code=made["code"]) for n in range(4)))
    )
    told.append(await on(registry, made, days[2]))
    assert [each.confirmed for each in told] == [6, 6, 11]


@pytest.mark.parametrize("role", ["mission", "viewer"])
async def test_partner_and_viewer_are_told_by_the_day(registry: Registry, role: Any) -> None:
    [welkom] = await listed(registry, query="?q=LS-C-WELKOM")
    shown = await figures_of(registry, welkom, mission("LS-C-WELKOM", "ZA-FS", role=role))
    assert shown == {"registered": None, "confirmed": None, "small": True, "day": now().date().isoformat()}


async def test_figures_are_read_from_running_counts(registry: Registry) -> None:
    """Members are not looked at, however many there are."""
    async with registry.database.transaction() as session:
        plan = await session.execute(figures.LIVE.__class__("EXPLAIN " + figures.LIVE.text), {"keys": ["MKR47"]})
        assert "on member" not in "\n".join(plan.scalars())
    assert Partner.__tablename__ == "partner"
