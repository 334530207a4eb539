"""What a receipt of consent says."""

import itertools
from datetime import UTC, datetime
from typing import get_args

import pytest
from pydantic import SecretStr

from services.notifier.deliveries import Claimed
from services.notifier.letters import Writer, day_in_words
from services.notifier.receipts import ANSWERS, CHANNELS, WAYS, code, words
from services.notifier.settings import NotifierSettings
from shared.clock import new_id
from shared.contracts.gateway import Channel, Language
from shared.contracts.registry import ConsentRecorded
from tests.unit.notifier.test_mails import parts, read

AT = datetime(2020, 3, 26, 0, 30, tzinfo=UTC)
LANGUAGES: tuple[Language, ...] = get_args(Language)


def recorded(**fields: object) -> ConsentRecorded:
    usual = {"purpose": "information", "channel": "email", "given": True, "way": "call", "office": "IOM", "at": AT, "language": "en"}
    return ConsentRecorded.model_validate({"receipt_id": new_id(), "member_id": new_id()} | usual | fields)


def claimed(said: ConsentRecorded) -> Claimed:
    address = "lerato@example.org"
    standing = (False, False, False, True, False)
    mail = (said.receipt_id, "consent_receipt", said.language, address, b"key", True, 0, AT, said.office, code(said), said.at)
    return Claimed(new_id(), new_id(), said.member_id, new_id(), *mail, *standing)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def writer() -> Writer:
    keys = [SecretStr("x" * 32)]
    settings = NotifierSettings.model_construct(
        khokahano_base_url="https://khokahano.example.org", link_keys=keys, mail_domain="example.org", mail_from="Khokahano <a@example.org>"
    )
    return Writer(settings)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_has_its_words(language: Language) -> None:
    answers = [
        recorded(purpose=purpose, channel=channel, given=given, way=way)
        for (purpose, channels), given, way in itertools.product(
            {"registration": (None,), "information": get_args(Channel), "sharing": (None,)}.items(), (True, False), WAYS["en"]
        )
        for channel in channels
        if given or purpose != "registration"
    ]
    said = {words(code(each), language) for each in answers}
    assert len(said) == len(answers) == 39
    assert not any("{" in sentence or "/" in sentence for sentence in said)


def test_both_languages_have_the_same_words() -> None:
    for table in (ANSWERS, CHANNELS, WAYS):
        assert list(table["en"]) == list(table["st"])  # type: ignore[index]


def test_receipt_says_what_when_and_by_whom_and_how_to_change_it(writer: Writer) -> None:
    said = recorded(office="High Commission <Pretoria>", purpose="sharing", channel=None, given=False, way="paper", language="st")
    mail = writer.write(claimed(said)).mail
    text, markup = parts(mail)
    for part in (text, markup):
        flat = " ".join(part.split())
        assert "On 26 March 2020 this was recorded" in flat
        assert "Ka la 26 Hlakubele 2020" in flat
        assert "You want no mission to see your name, your contact details and your area. You signed so on paper." in flat
        assert "tell the Diaspora Directorate, IOM, your mission or the office named above" in flat
    assert "High Commission <Pretoria>" in text
    assert "High Commission &lt;Pretoria&gt;" in markup
    assert read(mail)["Subject"] == "Se ngotsoeng ka tumello ea hau / What was recorded about your consent"


def test_receipt_holds_no_link_with_power_over_data_and_names_nobody(writer: Writer) -> None:
    text, markup = parts(writer.write(claimed(recorded())).mail)
    for part in (text, markup):
        links = {link.split("/")[3] for link in part.replace('"', " ").split() if link.startswith("https://")}
        assert links == {"unsubscribe"}
        assert "lerato" not in part.lower()
    assert "/me/" not in text + markup and "/confirm/" not in text + markup


def test_days_are_told_in_words() -> None:
    assert (day_in_words(AT, "en"), day_in_words(AT, "st"), day_in_words(None, "en")) == ("26 March 2020", "26 Hlakubele 2020", "")
