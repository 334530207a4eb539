"""What the forum accepts in the fields of a request."""

import pytest
from pydantic import ValidationError

from services.forum.fields import NEED_LENGTH, NeedsForm, SpeakerToInvite, TeamWanted, one_line, read_email
from services.forum.model import Needs

ONE_ADDRESS = "Write one e-mail address, such as name@example.org."


def refused(**fields: object) -> dict[str, str]:
    """Return the refusals by field of an invitation that is sound but for these fields."""
    sound = {"name": "Tšepo Ramatla", "email": "tsepo@example.org", "language": "st"}
    with pytest.raises(ValidationError) as caught:
        SpeakerToInvite.model_validate({**sound, **fields})
    return {str(error["loc"][0]): error["msg"] for error in caught.value.errors()}


@pytest.mark.parametrize(
    "email",
    [
        "tsepo@example.org, palesa@example.org",
        "tsepo@example.org palesa@example.org",
        "tsepo@example.org\npalesa@example.org",
        "tsepo@example.org\r\nBcc: palesa@example.org",
        "tsepo@example.org\u2028",
        '"tsepo ramatla"@example.org',
        "Tšepo <tsepo@example.org>",
        "tsepo@localhost",
        "tsepo",
        "",
    ],
)
def test_email_that_is_not_one_address_is_refused(email: str) -> None:
    assert refused(email=email) == {"email": ONE_ADDRESS}


def test_email_is_read_with_spaces_around_it_and_an_international_domain() -> None:
    assert read_email(" Tsepo@EXÄMPLE.org ") == "Tsepo@exämple.org"


@pytest.mark.parametrize("name", ["Tšepo\nRamatla", "Tšepo\r\nBcc: x", "Tšepo\u2028Ramatla", "Tšepo\x00", "Tšepo\x1b[31m"])
def test_name_with_a_control_character_is_refused(name: str) -> None:
    assert refused(name=name) == {"name": "Use one line of text without control characters."}


@pytest.mark.parametrize("name", ["", "   "])
def test_name_without_a_letter_is_refused(name: str) -> None:
    assert refused(name=name) == {"name": "Write something here."}


def test_name_is_kept_in_one_spelling() -> None:
    assert one_line("  Ts\u030cepo Ramatla ") == "Tšepo Ramatla"


def test_language_that_we_do_not_write_is_refused() -> None:
    assert list(refused(language="fr")) == ["language"]


def test_every_bad_field_is_named_at_once() -> None:
    assert sorted(refused(name="", email="x", language="fr", note="x" * (NEED_LENGTH + 1))) == ["email", "language", "name", "note"]


def test_fields_that_are_not_the_callers_to_set_are_ignored() -> None:
    wanted = SpeakerToInvite.model_validate(
        {"name": "Tšepo", "email": "tsepo@example.org", "language": "en", "status": "confirmed", "id": "x", "version": 9}
    )
    assert wanted.model_dump() == {"name": "Tšepo", "email": "tsepo@example.org", "language": "en", "note": ""}


def test_needs_keep_their_lines() -> None:
    form = NeedsForm.model_validate({"travel": " bus to Maseru\r\nfrom Welkom\r", "diet": "no pork"})
    assert form.needs() == Needs(travel="bus to Maseru\nfrom Welkom", diet="no pork")


def test_needs_with_a_control_character_are_refused() -> None:
    with pytest.raises(ValidationError):
        NeedsForm.model_validate({"access": "step-free\x00"})


def test_team_of_too_many_is_refused() -> None:
    with pytest.raises(ValidationError):
        TeamWanted.model_validate({"version": 1, "emails": [f"t{number}@example.org" for number in range(51)]})
