"""Who is the same person."""

from datetime import timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.matching import Decisions, Holder, contacts_of, decide, email_key, name_key, search_key
from shared.contracts.gateway import RegistrationSubmitted
from tests.unit.registry.people import AT, submission

FIRST = UUID(int=1)
SECOND = UUID(int=2)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Lerato", "Mokoena"), ("lerato", "MOKOENA")),
        (("Lerato", "Mokoena"), ("Mokoena", "Lerato")),
        (("Lerato Anna", "Mokoena"), ("Anna", "Lerato  Mokoena")),
        (("Tšepo", "Ramoea"), ("Tsepo", "Ramoea")),
        (("Tšepo", "Ramoea"), ("Ts\u030cepo", "Ramoea")),
        (("'M'e Mpho", "Thabane"), ("’Me Mpho", "Thabane")),
        (("Anna-Maria", "Lebohang"), ("Anna Maria", "Lebohang")),
        (("Γιώργος", "Παπάς"), ("ΓΙΩΡΓΟΣ", "ΠΑΠΑΣ")),
        (("Straße", "Möller"), ("STRASSE", "MOLLER")),
        (("İpek", "Kaya"), ("ipek", "KAYA")),
        (("محمّد", "علي"), ("محمد", "علي")),
        (("Ki\u200dm", "Lee\u200f"), ("Kim", "Lee")),
        (("小明", "王"), ("王", "小明")),
    ],
)
def test_spellings_of_one_name_have_one_key(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert name_key(*one) == name_key(*other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Lerato", "Mokoena"), ("Lerato", "Mokoenana")),
        (("Mpho", "Thabane"), ("'Me Mpho", "Thabane")),
        (("Tšepo", "Ramoea"), ("Thabo", "Ramoea")),
        (("राम", "दास"), ("रमा", "दास")),  # Told apart by a vowel sign, which is a mark, but no accent.
        (("!", "?"), ("?", "?")),
        (("Lerato", "Lerato"), ("Lerato", "")),
    ],
)
def test_different_names_have_different_keys(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert name_key(*one) != name_key(*other)


@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80))
def test_name_key_does_not_mind_order_and_is_stable(one: str, other: str) -> None:
    key = name_key(one, other)
    assert key == name_key(one, other)
    if any(character.isalnum() for character in one + other):
        assert key == name_key(other, one)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("Lerato@Example.ORG", "lerato@example.org"),
        ("LERATO.M+news@example.org", "lerato.m+news@example.org"),
        ("thabo@BÜCHER.example", "thabo@xn--bcher-kva.example"),
        ("thabo@xn--bcher-kva.example", "thabo@xn--bcher-kva.example"),
        ("Ts\u030cepo@example.org", "tšepo@example.org"),
        ('"a@b"@example.org', '"a@b"@example.org'),
    ],
)
def test_email_key_ignores_case_and_spells_the_domain_in_ascii(address: str, key: str) -> None:
    assert email_key(address) == key


def test_search_takes_spellings_as_one() -> None:
    assert search_key("'M'e Ts'epo") == search_key("Mme Tšepo") == " me tsepo"
    assert search_key("Dikeledi Kgaketla Tjhaba") == search_key("Likeleli Khaketla Chaba")
    assert search_key("Lerato", None, "Mokoena") == " lerato mokoena"


def test_contacts_of_a_submission_are_e_mail_phone_and_whatsapp() -> None:
    given_ones = submission(email="Lerato@example.org", phone="+27710000001", whatsapp="+27710000001")
    assert contacts_of(given_ones) == (
        ("email", "Lerato@example.org", "lerato@example.org"),
        ("phone", "+27710000001", "+27710000001"),
        ("whatsapp", "+27710000001", "+27710000001"),
    )


def decided(
    *submissions: RegistrationSubmitted, holders: dict[str, list[Holder]] | None = None, settled: set[UUID] | None = None
) -> Decisions:
    ids = count(100)
    return decide(submissions, holders or {}, settled or set(), new_id=lambda: UUID(int=next(ids)))


def test_unknown_contact_makes_a_newcomer() -> None:
    lerato = submission(email="lerato@example.org")
    decisions = decided(lerato)
    assert [(n.member_id, n.name_key, n.submission) for n in decisions.newcomers] == [(UUID(int=100), "lerato mokoena", lerato)]
    assert (decisions.repeated, decisions.shared, decisions.sharers) == ([], set(), set())


def test_same_contact_and_name_is_a_repeat() -> None:
    again = submission("MOKOENA", "Lerato", email="LERATO@example.org", phone="+27710000009")
    decisions = decided(again, holders={"lerato@example.org": [Holder(FIRST, "lerato mokoena")]})
    assert (decisions.newcomers, decisions.repeated, decisions.shared) == ([], [(again, FIRST)], set())


def test_whatsapp_on_a_known_phone_is_the_same_contact() -> None:
    again = submission(email="new@example.org", whatsapp="+27710000001")
    assert decided(again, holders={"+27710000001": [Holder(FIRST, "lerato mokoena")]}).repeated == [(again, FIRST)]


def test_same_contact_under_another_name_is_a_second_member_who_shares_it() -> None:
    daughter = submission("Palesa", "Mokoena", email="palesa@example.org", phone="+27710000001")
    decisions = decided(daughter, holders={"+27710000001": [Holder(FIRST, "lerato mokoena")]})
    assert [n.submission for n in decisions.newcomers] == [daughter]
    assert (decisions.repeated, decisions.shared, decisions.sharers) == ([], {"+27710000001"}, {FIRST})


def test_repeat_is_found_among_several_who_share_a_contact() -> None:
    daughter = submission("Palesa", "Mokoena", phone="+27710000001")
    holders = {"+27710000001": [Holder(FIRST, "lerato mokoena"), Holder(SECOND, "mokoena palesa")]}
    assert decided(daughter, holders=holders).repeated == [(daughter, SECOND)]


def test_repeat_that_fits_two_members_goes_to_the_first_contacts_first_holder() -> None:
    both = submission(email="lerato@example.org", phone="+27710000001")
    key = "lerato mokoena"
    holders = {"+27710000001": [Holder(SECOND, key)], "lerato@example.org": [Holder(FIRST, key)]}
    assert decided(both, holders=holders).repeated == [(both, FIRST)]


def test_two_equal_submissions_in_one_batch_make_one_member_the_earlier_one() -> None:
    later = submission(email="lerato@example.org", submitted_at=AT + timedelta(seconds=1))
    earlier = submission("Mokoena", "Lerato", email="LERATO@example.org")
    decisions = decided(later, earlier)
    assert [n.submission for n in decisions.newcomers] == [earlier]
    assert decisions.repeated == [(later, UUID(int=100))]


def test_mother_and_daughter_in_one_batch_share_their_phone() -> None:
    mother = submission(phone="+27710000001")
    daughter = submission("Palesa", "Mokoena", phone="+27710000001", submitted_at=AT + timedelta(seconds=1))
    decisions = decided(mother, daughter)
    assert [n.submission for n in decisions.newcomers] == [mother, daughter]
    assert (decisions.shared, decisions.sharers) == ({"+27710000001"}, set())


def test_settled_submission_and_its_double_in_the_batch_change_nothing() -> None:
    old, new = submission(email="lerato@example.org"), submission("Palesa", "Mokoena", email="palesa@example.org")
    decisions = decided(old, new, new, settled={old.submission_id})
    assert [n.submission for n in decisions.newcomers] == [new]
    assert decisions.repeated == []


def test_partly_shared_contacts_leave_the_other_unshared() -> None:
    mother = submission(email="lerato@example.org", phone="+27710000001")
    daughter = submission("Palesa", "Mokoena", email="palesa@example.org", phone="+27710000001", submitted_at=AT + timedelta(seconds=1))
    assert decided(mother, daughter).shared == {"+27710000001"}
