"""A member's rules, without a database."""

from datetime import timedelta
from uuid import uuid4

from services.registry.model import Contact, Member
from tests.unit.registry.people import AT

EMAIL, PHONE = "lerato@example.org", "+27710000001"


def contact(kind: str, value: str, *, confirmed: bool = False) -> Contact:
    return Contact(
        id=uuid4(), kind=kind, value=value, value_key=value, uncertain=False, shared=False, confirmed_at=AT if confirmed else None
    )


def member(*contacts: Contact, status: str = "registered", information: tuple[str, ...] = ("email", "call")) -> Member:
    return Member(
        id=uuid4(),
        version=1,
        status=status,
        given_name="Lerato",
        family_name="Mokoena",
        language="st",
        area="ZA-GP",
        interests=["trade"],
        diaspora_type="student",
        channels=list(information),
        information=list(information),
        contacts=list(contacts),
        confirmed_at=AT if status == "confirmed" else None,
    )


def test_confirming_a_contact_confirms_the_member_once() -> None:
    lerato = member(email := contact("email", EMAIL), contact("phone", PHONE))
    email.uncertain = True
    changed = lerato.confirm(email, AT)
    assert changed is not None
    assert (changed.version, changed.status) == (2, "confirmed")
    assert [held.confirmed_at for held in changed.contacts] == [AT, None]
    assert (lerato.confirmed_at, email.uncertain) == (AT, False)
    assert lerato.confirm(email, AT + timedelta(days=1)) is None
    assert lerato.version == 2


def test_second_confirmed_contact_is_announced_and_keeps_the_members_moment() -> None:
    lerato = member(contact("email", EMAIL, confirmed=True), phone := contact("phone", PHONE), status="confirmed")
    changed = lerato.confirm(phone, AT + timedelta(days=1))
    assert changed is not None
    assert changed.version == 2
    assert lerato.confirmed_at == AT


def test_sharing_is_announced_once() -> None:
    lerato = member(contact("email", EMAIL), contact("phone", PHONE))
    changed = lerato.share({PHONE}, True)
    assert changed is not None
    assert [held.shared for held in changed.contacts] == [False, True]
    assert lerato.share({PHONE}, True) is None
    assert lerato.version == 2


def test_withdrawing_takes_the_channel_away_once() -> None:
    lerato = member(contact("email", EMAIL), contact("phone", PHONE))
    changed = lerato.withdraw({"email", "whatsapp"})
    assert changed is not None
    assert (changed.information, changed.version) == (("call",), 2)
    assert lerato.withdraw({"email"}) is None
    assert lerato.channels == ["email", "call"]


def test_unconfirmed_member_stands_on_any_other_contact_and_a_confirmed_one_on_a_confirmed_one() -> None:
    email, phone = contact("email", EMAIL), contact("phone", PHONE)
    assert not member(email).stands_without(EMAIL)
    assert member(email, phone).stands_without(EMAIL)
    assert not member(contact("email", EMAIL, confirmed=True), contact("phone", PHONE), status="confirmed").stands_without(EMAIL)
    assert member(contact("email", EMAIL, confirmed=True), contact("phone", PHONE), status="confirmed").stands_without(PHONE)


def test_phone_and_whatsapp_on_one_number_are_lost_together() -> None:
    lerato = member(contact("email", EMAIL), contact("phone", PHONE), contact("whatsapp", PHONE), information=("email", "whatsapp", "call"))
    assert not member(contact("phone", PHONE), contact("whatsapp", PHONE)).stands_without(PHONE)
    assert lerato.lose(PHONE) == ["whatsapp", "call"]
    assert [held.kind for held in lerato.contacts] == ["email"]
    assert (lerato.channels, lerato.information) == (["email"], ["email"])
