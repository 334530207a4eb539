"""What members may do about their own record: rules only."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from services.registry import corrections
from services.registry.matching import name_key, search_key
from services.registry.model import Contact, Member
from services.registry.selfservice import Chosen, choose, contact_key, correct, decide_links, withdraw_sharing
from services.registry.selfservice_words import differences, in_force, record
from shared.contracts.gateway import ManageLinkRequested, SharingWithdrawn
from shared.web.language import add_texts
from tests.unit.registry.people import AT

LATER = AT + timedelta(days=30)
NOW = datetime(2020, 3, 1, tzinfo=UTC)


def contact(kind: str, value: str, *, confirmed: bool = True, shared: bool = False) -> Contact:
    return Contact(
        id=uuid4(), kind=kind, value=value, value_key=value, uncertain=False, shared=shared, confirmed_at=AT if confirmed else None,
        undeliverable_at=None,
    )  # fmt: skip


def member(*contacts: Contact, **fields: Any) -> Member:
    usual: dict[str, Any] = {
        "id": uuid4(),
        "version": 3,
        "status": "confirmed",
        "given_name": "Lerato",
        "family_name": "Mokoena",
        "name_key": name_key("Lerato", "Mokoena"),
        "search_key": search_key("Lerato", "Mokoena"),
        "country": "ZA",
        "province": "ZA-GP",
        "area": "ZA-GP",
        "language": "en",
        "needs": [],
        "interests": [],
        "contributions": [],
        "channels": ["email"],
        "information": ["email"],
        "sharing": True,
        "way": "web",
        "submission_id": uuid4(),
        "registered_at": AT,
        "confirmed_at": AT,
    }
    return Member(**usual | fields, contacts=list(contacts))


def asked(*, email: str | None = None, phone: str | None = None) -> ManageLinkRequested:
    return ManageLinkRequested(request_id=UUID(int=7), email=email, phone=phone, at=NOW)


def corrected(of: Member, **fields: Any) -> corrections.Correction:
    typed = {"given_name": of.given_name, "family_name": of.family_name, "country": of.country, "language": of.language}
    said = {
        name: value if isinstance(value, list) else [value] for name, value in (typed | {"province": of.province or ""} | fields).items()
    }
    return corrections.read(said, origin="LS", at=NOW)


def test_link_goes_to_a_confirmed_address_of_its_own() -> None:
    lerato = member(address := contact("email", "lerato@example.org"))
    [decided] = decide_links([lerato], asked(email="Lerato@Example.org"))
    assert (decided.member_id, decided.contact_id, decided.answer) == (lerato.id, address.id, "link")


def test_unconfirmed_address_is_asked_to_confirm_first() -> None:
    [decided] = decide_links([member(contact("email", "lerato@example.org", confirmed=False))], asked(email="lerato@example.org"))
    assert decided.answer == "confirm_first"


def test_shared_address_is_told_once_to_ask_the_office() -> None:
    family = [member(contact("email", "home@example.org", shared=True)) for _ in range(2)]
    assert [decided.answer for decided in decide_links(family, asked(email="home@example.org"))] == ["ask_the_office"]


def test_number_leads_to_each_member_s_own_address() -> None:
    mother = member(contact("phone", "+27710000001", shared=True), own := contact("email", "mother@example.org"))
    daughter = member(contact("phone", "+27710000001", shared=True))
    decided = decide_links([mother, daughter], asked(phone="+27710000001"))
    assert [(each.member_id, each.contact_id, each.answer) for each in decided] == [(mother.id, own.id, "link")]


def test_nobody_is_known_by_a_contact_that_nobody_has() -> None:
    assert decide_links([], asked(email="nobody@example.org")) == []
    assert contact_key(asked(phone="+27710000001")) == "+27710000001"


def test_correction_is_announced_once_and_changes_the_keys() -> None:
    lerato = member()
    consents, changed = correct(lerato, corrected(lerato, given_name="Palesa", occupation="Nurse"), at=NOW)
    assert changed is not None
    assert (consents, changed.version, changed.given_name, lerato.occupation) == ([], 4, "Palesa", "Nurse")
    assert (lerato.name_key, lerato.search_key) == (name_key("Palesa", "Mokoena"), search_key("Palesa", "Mokoena"))
    assert correct(lerato, corrected(lerato, occupation="Nurse"), at=NOW) == ([], None)


def test_who_moves_is_asked_anew_about_sharing() -> None:
    lerato = member()
    consents, changed = correct(lerato, corrected(lerato, province="ZA-FS"), at=NOW)
    assert changed is not None
    assert (lerato.area, changed.area, lerato.sharing) == ("ZA-FS", "ZA-FS", False)
    assert [(each.purpose, each.given, each.way) for each in consents] == [("sharing", False, "link")]


def test_who_moves_to_another_country_leaves_the_province() -> None:
    lerato = member(sharing=False)
    correct(lerato, corrected(lerato, country="GB"), at=NOW)
    assert (lerato.country, lerato.province, lerato.area) == ("GB", None, "GB")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("given_name", ""),
        ("given_name", "L" * 81),
        ("family_name", "Moko\u202eena"),
        ("family_name", "123"),
        ("country", "LS"),
        ("country", "XX"),
        ("province", "ZA-XX"),
        ("province", ""),
        ("birth_year", "2010"),
        ("birth_year", "soon"),
        ("home_district", "LS-Z"),
        ("language", "fr"),
        ("interests", ["gold"]),
        ("contribution_note", "x" * 1001),
    ],
)
def test_wrong_correction_is_refused(field: str, value: str | list[str]) -> None:
    with pytest.raises(ValidationError) as refused:
        corrected(member(), **{field: value})
    assert {error["loc"][0] for error in refused.value.errors()} == {field}


def test_blank_fields_are_emptied() -> None:
    lerato = member(city="Welkom", birth_year=1985, gender="female")
    correct(lerato, corrected(lerato, city=" ", birth_year="", gender=""), at=NOW)
    assert (lerato.city, lerato.birth_year, lerato.gender) == (None, None, None)


def test_choices_are_proved_one_by_one() -> None:
    lerato = member(contact("email", "lerato@example.org"), contact("phone", "+27710000001"))
    chosen = Chosen(frozenset({"call", "whatsapp"}), False, ("2020-01", "st"))
    consents, changed = choose(lerato, chosen, at=NOW)
    assert changed is not None
    assert (lerato.information, lerato.channels, lerato.sharing) == (["call"], ["call"], False)
    assert [(each.purpose, each.channel, each.given, each.wording_version, each.language) for each in consents] == [
        ("information", "call", True, "2020-01", "st"),
        ("information", "email", False, None, None),
        ("sharing", None, False, None, None),
    ]
    assert choose(lerato, chosen, at=LATER) == ([], None)


def test_sharing_is_agreed_to_anew() -> None:
    lerato = member(contact("email", "lerato@example.org"), sharing=False)
    consents, _ = choose(lerato, Chosen(frozenset({"email"}), True, ("2020-01", "en")), at=NOW)
    assert [(each.purpose, each.given, each.wording_version, each.at) for each in consents] == [("sharing", True, "2020-01", NOW)]


def test_sharing_is_withdrawn_once() -> None:
    lerato = member()
    withdrawn = SharingWithdrawn(member_id=lerato.id, at=NOW)
    ended = withdraw_sharing(lerato, withdrawn)
    assert ended is not None
    assert (ended[0].purpose, ended[0].given, ended[1].version, lerato.sharing) == ("sharing", False, 4, False)
    assert withdraw_sharing(lerato, withdrawn) is None


def test_consents_in_force_are_the_last_answers() -> None:
    lerato = member(contact("email", "lerato@example.org"), contact("phone", "+27710000001"), information=[], sharing=False)
    first, _ = choose(lerato, Chosen(frozenset({"email", "call"}), True, ("2020-01", "en")), at=AT)
    second, _ = choose(lerato, Chosen(frozenset({"call"}), False, ("2020-01", "en")), at=NOW)
    for each in (*first, *second):
        each.hash = b"h" * 32  # The table adds it.
    assert [(said.channel, said.day, said.wording) for said in in_force([*first, *second], "en")] == [
        ("A phone call", "2020-01-20", "2020-01")
    ]


def test_record_is_told_in_the_reader_s_words() -> None:
    lerato = member(interests=["culture", "trade"], home_district="LS-A", city="Welkom")
    add_texts(Path("services/registry"))
    shown = dict(record(lerato, "st"))
    assert (shown["Seo u ratang ho utloa ka sona"], shown["Toropo"], shown["Lebitso"]) == ("Setso, Khoebo", "Welkom", "Lerato")
    assert all(shown.values())


def test_differences_name_what_was_changed_meanwhile() -> None:
    lerato = member(city="Welkom")
    assert differences(lerato, corrected(lerato, city="Bloemfontein"), "en") == [("Town", "Welkom", "Bloemfontein")]
