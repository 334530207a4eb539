"""Contacts that members change themselves: what is read, what is refused, what ends with one, and who is told."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.registry.contacts import changing, typed
from services.registry.contacts.changing import By
from services.registry.contacts.typed import Given
from services.registry.model import Contact, Member
from shared.errors import Invalid
from tests.unit.registry.people import AT

LATER = AT + timedelta(days=1)


def contact(kind: str = "email", value: str = "lerato@example.org", *, confirmed: bool = False, shared: bool = False) -> Contact:
    return Contact(
        id=uuid4(), kind=kind, value=value, value_key=value, shared=shared, uncertain=False, confirmed_at=AT if confirmed else None
    )


def member(*contacts: Contact, information: tuple[str, ...] = ("email",)) -> Member:
    confirmed = any(each.confirmed_at for each in contacts)
    return Member(
        id=uuid4(),
        version=3,
        status="confirmed" if confirmed else "registered",
        confirmed_at=AT if confirmed else None,
        given_name="Lerato",
        family_name="Mokoena",
        language="st",
        area="ZA-GP",
        interests=[],
        diaspora_type=None,
        information=list(information),
        channels=list(information),
        contacts=list(contacts),
    )


def given(value: str = "new@example.org") -> Given:
    return Given("email" if "@" in value else "phone", value, value)


@pytest.mark.parametrize(
    ("kind", "said", "value"),
    [
        ("email", " Palesa.M@EXAMPLE.org ", "Palesa.M@example.org"),
        ("email", "palesa@bücher.example.org", "palesa@xn--bcher-kva.example.org"),
        ("phone", "071 000 0123", "+27710000123"),
        ("whatsapp", "+266 5000 0123", "+26650000123"),
    ],
)
def test_contact_is_kept_as_the_register_keeps_it(kind: str, said: str, value: str) -> None:
    assert typed.read(kind, said, "en")[:2] == (kind, value)


@pytest.mark.parametrize(
    ("kind", "said", "pointer"),
    [
        ("telegram", "x", "/kind"),
        ("", "palesa@example.org", "/kind"),
        ("email", "palesa", "/value"),
        ("email", "a@b.org, c@d.org", "/value"),
        ("email", "a@localhost", "/value"),
        ("email", "a\r\nb@example.org", "/value"),
        ("email", "", "/value"),
        ("phone", "call me", "/value"),
        ("phone", "+27 1", "/value"),
        ("phone", "", "/value"),
    ],
)
def test_what_is_no_contact_is_refused_by_its_field(kind: str, said: str, pointer: str) -> None:
    with pytest.raises(Invalid) as invalid:
        typed.read(kind, said, "st")
    assert [error.pointer for error in invalid.value.errors] == [pointer]


def test_added_contact_is_unconfirmed_and_announced() -> None:
    lerato = member(contact(confirmed=True))
    done = changing.add(lerato, given(), shared=False, at=LATER, language="en")
    assert [(each.kind, each.value, each.confirmed_at) for each in lerato.contacts][-1] == ("email", "new@example.org", None)
    assert (lerato.status, done.changed.version, len(done.changed.contacts)) == ("confirmed", 4, 2)
    assert done.told.added is not None
    assert (done.told.added.value, [each.value for each in done.told.told]) == ("new@example.org", ["lerato@example.org"])
    assert done.consents == []


def test_only_confirmed_addresses_of_ones_own_are_told() -> None:
    contacts = [
        contact(value="a@example.org"),
        contact(value="b@example.org", confirmed=True, shared=True),
        contact("phone", "+27710000001", confirmed=True),
    ]
    done = changing.add(member(*contacts), given("+26650000001"), shared=False, at=LATER, language="en")
    assert done.told.told == ()


@pytest.mark.parametrize(
    "contacts",
    [
        [contact(value="new@example.org")],
        [contact(value="a@example.org", confirmed=True), contact(value="b@example.org", confirmed=True)],
        [contact("phone", f"+2771000000{each}") for each in range(2)] + [contact("whatsapp", "+27710000009")],
    ],
    ids=["the same", "two of a kind", "three that wait"],
)
def test_no_more_is_added_than_anybody_needs(contacts: list[Contact]) -> None:
    lerato = member(*contacts)
    with pytest.raises(Invalid):
        changing.add(lerato, given(), shared=False, at=LATER, language="en")
    assert (lerato.version, len(lerato.contacts)) == (3, len(contacts))


def test_what_nothing_reaches_any_more_is_withdrawn_on_record() -> None:
    phone, email = contact("phone", "+27710000001", confirmed=True), contact(confirmed=True)
    lerato = member(email, phone, information=("email", "sms", "call"))
    done = changing.remove(lerato, phone, at=LATER, language="en")
    assert [(each.channel, each.given, each.way, each.at) for each in done.consents] == [
        ("sms", False, "link", LATER),
        ("call", False, "link", LATER),
    ]
    assert (lerato.information, lerato.status, done.changed.information) == (["email"], "confirmed", ("email",))
    assert [each.value for each in done.told.told] == ["lerato@example.org"]
    assert done.told.added is None


def test_one_of_two_numbers_that_are_the_same_is_removed_alone() -> None:
    phone, whatsapp = contact("phone", "+27710000001", confirmed=True), contact("whatsapp", "+27710000001")
    lerato = member(phone, whatsapp, information=("whatsapp", "call"))
    done = changing.remove(lerato, whatsapp, at=LATER, language="en")
    assert [each.channel for each in done.consents] == ["whatsapp"]
    assert lerato.contacts == [phone]


def test_who_removes_the_last_confirmed_contact_counts_as_unconfirmed() -> None:
    sure, unsure = contact(confirmed=True), contact(value="new@example.org")
    lerato = member(sure, unsure)
    assert changing.leaves_unconfirmed(lerato, sure)
    assert not changing.leaves_unconfirmed(lerato, unsure)
    changing.remove(lerato, sure, at=LATER, language="en")
    assert (lerato.status, lerato.confirmed_at) == ("registered", None)


def test_only_contact_is_not_removed() -> None:
    lerato = member(only := contact(confirmed=True))
    with pytest.raises(Invalid):
        changing.remove(lerato, only, at=LATER, language="en")
    assert (lerato.contacts, lerato.status, lerato.version) == ([only], "confirmed", 3)


def test_what_staff_remove_is_recorded_under_their_name_and_told_to_it_too() -> None:
    old, phone = contact(confirmed=True), contact("phone", "+27710000001", confirmed=True)
    lerato = member(old, phone, information=("email", "call"))
    done = changing.remove(lerato, old, at=LATER, language="en", by=By("call", "Thabo", "IOM"))
    assert [(each.channel, each.way, each.staff, each.office) for each in done.consents] == [("email", "call", "Thabo", "IOM")]
    assert ([each.id for each in done.told.told], done.told.removed) == ([old.id], old.id)
    assert lerato.status == "confirmed"


def test_removed_address_is_not_told_of_what_its_member_did_themselves() -> None:
    old = contact(confirmed=True)
    done = changing.remove(member(old, contact("phone", "+27710000001", confirmed=True)), old, at=LATER, language="en")
    assert done.told.told == ()


def test_staff_are_refused_in_words_about_somebody_else() -> None:
    with pytest.raises(Invalid) as refused:
        changing.remove(member(only := contact(confirmed=True)), only, at=LATER, language="en", by=By("call", "Thabo", "IOM"))
    assert [error.detail for error in refused.value.errors] == [changing.TO_STAFF[changing.LAST]]
