"""Two records become one."""

from datetime import timedelta
from typing import get_args
from uuid import UUID

import pytest

from services.registry.duplicates.joining import CHOSEN, different, usual
from services.registry.duplicates.shapes import Taken
from tests.unit.registry.duplicates.records import AT, CLERK, MERGE, PALESA, TWICE, contact, joined, member


@pytest.mark.parametrize(
    ("kept", "absorbed", "after"),
    [
        (["email", "call"], ["email"], ["email"]),
        (["email"], [], []),
        ([], ["email"], []),
        (["email"], ["call"], []),
        (["email", "sms"], ["sms", "email"], ["email", "sms"]),
    ],
)
def test_information_stands_only_where_both_agreed(kept: list[str], absorbed: list[str], after: list[str]) -> None:
    one = member(information=kept, channels=kept)
    done = joined(one, member(TWICE, information=absorbed, channels=absorbed))
    assert one.information == after
    assert [(said.channel, said.given, said.way, said.member_id) for said in done.consents] == [
        (channel, False, "merge", PALESA) for channel in kept if channel not in after
    ]


@pytest.mark.parametrize(
    ("one_area", "other_area", "one_shares", "other_shares", "stands"),
    [
        ("ZA-GP", "ZA-GP", True, True, True),
        ("ZA-GP", "ZA-FS", True, True, False),
        ("ZA-GP", "ZA-GP", True, False, False),
        ("ZA-GP", "ZA-GP", False, True, False),
    ],
)
def test_sharing_stands_only_where_both_agreed_to_it_with_the_same_mission(
    one_area: str, other_area: str, one_shares: bool, other_shares: bool, stands: bool
) -> None:
    one = member(area=one_area, sharing=one_shares)
    done = joined(one, member(TWICE, area=other_area, sharing=other_shares))
    assert one.sharing is stands
    assert [(said.recipient, said.given, said.staff, said.office) for said in done.consents] == (
        [("mission", False, CLERK.staff, CLERK.office)] if one_shares and not stands else []
    )


def test_contacts_of_both_are_kept_and_lead_where_they_are_now() -> None:
    same, own, other = (
        contact(1, "palesa@example.org"),
        contact(2, "+27710000001"),
        contact(4, "p.mokoena@example.com", member=TWICE, confirmed_at=AT),
    )
    twin = contact(3, "Palesa@Example.org", member=TWICE, confirmed_at=AT, shared=True)
    one = member(contacts=[same, own])
    done = joined(one, member(TWICE, contacts=[twin, other], status="confirmed", confirmed_at=AT), shared=("+27710000001",))
    assert [(each.id.int, each.value, each.confirmed_at, each.shared, each.member_id) for each in one.contacts] == [
        (1, "palesa@example.org", AT, False, PALESA),
        (2, "+27710000001", None, True, PALESA),
        (500, "p.mokoena@example.com", AT, False, PALESA),
    ]
    assert done.moved == {UUID(int=3): UUID(int=1), UUID(int=4): UUID(int=500)}
    assert (one.status, one.confirmed_at) == ("confirmed", AT)
    assert (done.event.member_id, done.event.version, done.event.absorbed_id, done.event.absorbed_version) == (PALESA, 2, TWICE, 2)
    assert done.event.merge_id == MERGE
    assert {each.contact_id: each.became for each in done.event.moved} == done.moved


def test_who_came_first_decides_day_and_credit() -> None:
    one = member(partner_code="LS-HC-PRETORIA", registered_at=AT)
    joined(one, member(TWICE, partner_code="TEBA", registered_at=AT - timedelta(days=3)))
    assert (one.partner_code, one.registered_at) == ("TEBA", AT - timedelta(days=3))
    late = member(partner_code=None, registered_at=AT)
    joined(late, member(TWICE, partner_code="TEBA", registered_at=AT + timedelta(days=3)))
    assert (late.partner_code, late.registered_at) == ("TEBA", AT)


def test_both_names_are_known_from_then_on() -> None:
    one = member(known_as=["mokoena pali"])
    joined(one, member(TWICE, "Phalesa", "Mokoena", known_as=["mokhoena palesa"]), take=("given_name",))
    assert (one.given_name, one.name_key) == ("Phalesa", "mokoena phalesa")
    assert one.known_as == ["mokhoena palesa", "mokoena palesa", "mokoena pali"]


def test_country_brings_its_area() -> None:
    one = member()
    joined(one, member(TWICE, country="GB", province=None, area="GB", city="Leeds"), take=("country",))
    assert (one.country, one.province, one.area, one.city) == ("GB", None, "GB", None)


def test_what_the_kept_one_does_not_tell_is_taken_where_nobody_says_otherwise() -> None:
    one = member(city="Welkom", interests=["trade"])
    other = member(TWICE, city="Klerksdorp", birth_year=1980, needs=["work"], interests=["health"])
    assert usual(one, other) == ["birth_year", "needs"]
    assert different(one, other) == ["city", "birth_year", "needs", "interests"]


def test_every_field_that_may_be_taken_may_be_asked_for() -> None:
    assert get_args(Taken) == CHOSEN
