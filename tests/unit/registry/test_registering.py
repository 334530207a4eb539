"""What a new member is made of."""

from uuid import UUID, uuid4

import pytest

from services.registry.matching import Newcomer, contacts_of, name_key
from services.registry.registering import Joined, chosen_channels, join
from shared.contracts.gateway import ConsentGiven, RegistrationSubmitted
from shared.contracts.registry import MemberRegistered
from tests.unit.registry.people import AT, submission

MEMBER = UUID(int=7)


def joined(submitted: RegistrationSubmitted, shared: set[str] | None = None) -> Joined:
    newcomer = Newcomer(MEMBER, name_key(submitted.given_name, submitted.family_name), submitted, contacts_of(submitted))
    return join(newcomer, shared or set())


def test_new_member_is_announced_as_they_are_written() -> None:
    submitted = submission(
        email="Lerato@example.org",
        phone="+27710000001",
        channels=("email", "call"),
        interests=("trade", "culture"),
        diaspora_type="student",
        language="st",
        import_id=uuid4(),
        way="import",
    )
    new = joined(submitted, {"+27710000001"})
    assert new.event == MemberRegistered(
        member_id=MEMBER,
        version=1,
        status="registered",
        given_name="Lerato",
        family_name="Mokoena",
        language="st",
        area="ZA-GP",
        interests=("trade", "culture"),
        diaspora_type="student",
        contacts=new.event.contacts,
        information=("email", "call"),
        submission_id=submitted.submission_id,
        way="import",
    )
    assert MemberRegistered.model_validate_json(new.event.model_dump_json()) == new.event
    assert [(c.kind, c.value, c.shared) for c in new.event.contacts] == [
        ("email", "Lerato@example.org", False),
        ("phone", "+27710000001", True),
    ]
    assert [row["id"] for row in new.contacts] == [contact.id for contact in new.event.contacts]
    assert (new.member["name_key"], new.member["search_key"]) == ("lerato mokoena", " lerato mokoena")
    assert (new.member["import_id"], new.member["registered_at"]) == (submitted.import_id, AT)


def test_each_consent_given_is_one_record_with_its_wording() -> None:
    consent = ConsentGiven(registration=True, information=True, sharing=True)
    new = joined(submission(email="lerato@example.org", channels=("email", "call"), consent=consent, language="st"))
    assert [(row["purpose"], row["channel"]) for row in new.consents] == [
        ("registration", None),
        ("information", "email"),
        ("information", "call"),
        ("sharing", None),
    ]
    assert {(row["given"], row["wording_version"], row["language"], row["at"], row["way"]) for row in new.consents} == {
        (True, "2020-01", "st", AT, "web")
    }


@pytest.mark.parametrize(
    ("fields", "channels"),
    [
        ({"email": "lerato@example.org", "phone": "+27710000001"}, ("email",)),
        ({"phone": "+27710000001"}, ("call",)),
        ({"phone": "+27710000001", "channels": ("sms",)}, ("sms",)),
        ({"email": "lerato@example.org", "consent": ConsentGiven(registration=True)}, ()),
    ],
)
def test_information_without_a_channel_goes_by_e_mail_or_else_by_call(fields: dict[str, object], channels: tuple[str, ...]) -> None:
    assert chosen_channels(submission(**fields)) == channels


def test_channels_without_consent_to_information_are_a_preference_only() -> None:
    new = joined(submission(email="lerato@example.org", channels=("email",), consent=ConsentGiven(registration=True)))
    assert (new.member["channels"], new.member["information"], new.event.information) == (("email",), (), ())
    assert [row["purpose"] for row in new.consents] == ["registration"]


def test_area_is_the_province_or_else_the_country() -> None:
    assert joined(submission(email="lerato@example.org")).member["area"] == "ZA-GP"
    assert joined(submission(email="lerato@example.org", country="GB", province=None)).member["area"] == "GB"


def test_only_the_phone_itself_is_uncertain() -> None:
    new = joined(submission(email="lerato@example.org", phone="+26650000001", whatsapp="+27710000001", phone_uncertain=True))
    assert [(row["kind"], row["uncertain"]) for row in new.contacts] == [("email", False), ("phone", True), ("whatsapp", False)]
