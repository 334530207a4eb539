"""The words of the list of people and of a person's page: none is missing, and each tells what it should."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from services.registry.calling.model import Outcome
from services.registry.finding import Filters, Status
from services.registry.history.happenings import SOURCES, Happening
from services.registry.model import Member
from services.registry.model.consents import Purpose, StaffWay
from services.registry.people import asked, telling, timeline, words
from shared.contracts.gateway import Channel, Way
from shared.errors import Invalid
from shared.web.forms import Form
from shared.web.language import add_texts
from tests.unit.registry.test_selfservice import contact, member

add_texts(Path("services/registry"))
AT = datetime(2020, 2, 3, 9, 30, tzinfo=UTC)


def told(kind: str, what: str = "", *, language: Any = "en", role: str = "", office: str = "", **detail: Any) -> tuple[str, str]:
    happened = Happening(key="1", at=AT, kind=kind, what=what, role=role, office=office, why=None, detail=detail)
    [event] = timeline.events([happened], language)
    assert event.at == "2020-02-03 09:30"
    return event.what, event.by


def test_every_value_has_its_word() -> None:
    assert set(words.LABELS) <= set(Member.__table__.columns.keys())
    assert set(words.WAYS) >= {*get_args(Way), *get_args(StaffWay), "link"}
    assert (set(words.STATUSES), set(words.PURPOSES)) == (set(get_args(Status)), set(get_args(Purpose)))
    assert set(words.FILTERS) == set(Filters.__dataclass_fields__) == set(asked.Asked.model_fields)
    assert set(timeline.CALLS) == set(get_args(Outcome))


@pytest.mark.parametrize("kind", SOURCES)
def test_every_kind_of_happening_is_told(kind: str) -> None:
    assert kind in timeline._TOLD


@pytest.mark.parametrize(
    ("happened", "line"),
    [
        (("registered", "web"), "Registered through: the web page"),
        (("consent", "withdrawn"), "Withdrew: Information (SMS), through: a call"),
        (("changed", ""), "Changed: Town, Consent to sharing"),
        (("confirmed", "email"), "Confirmed: E-mail address"),
        (("call", "no_answer"), "Rung, and nobody answered"),
        (("act", "something_new"), "Worked on"),
        (("read", "something_new"), "Looked at"),
        (("kind_of_tomorrow", ""), "Worked on"),
    ],
)
def test_happening_is_told_in_a_line(happened: tuple[str, str], line: str) -> None:
    detail = {"purpose": "information", "channel": "sms", "way": "call", "fields": ["city", "sharing"], "partner_code": None}
    assert told(*happened, **detail)[0] == line


def test_change_without_a_field_is_one_of_contacts() -> None:
    assert told("changed", fields=[])[0] == "Ways to be reached changed"


def test_who_did_it_is_role_and_office_never_a_name() -> None:
    assert told("act", "call_arranged", role="officer", office="IOM") == ("A call arranged", "officer, IOM")
    assert told("changed", role="member", fields=["city"], language="st") == ("Ho fetotsoe: Toropo", "motho ka boeena")


def test_mission_is_told_no_more_than_the_wording_names() -> None:
    lerato = member(city="Welkom", needs=["legal"], gender="female")
    assert [label for label, _ in words.facts_of(lerato, "en", known_only=True)] == ["Country", "Province", "Date registered"]
    assert {"Town", "Needs news about", "Gender"} <= {label for label, _ in words.facts_of(lerato, "en", known_only=False)}


def test_questions_are_those_that_reach_somebody_or_stand() -> None:
    lerato = member(contact("email", "lerato@example.org"), information=["sms"])
    questions = [question for question, _ in telling.questions(lerato, "en")]
    assert questions == ["information:email", "information:sms", "sharing", "registration"]


def test_answer_is_read_from_a_form() -> None:
    form = Form(what=["information:sms"], answer=["withdrawn"], way=["call"], wording_version=["2020-01"], version=["3"])
    said = telling.answer(form, "en")
    assert (said.purpose, said.channel, said.given, said.wording_version, said.version) == ("information", "sms", False, None, 3)


def test_answer_that_says_nothing_names_what_is_missing() -> None:
    with pytest.raises(Invalid) as refused:
        telling.answer(Form(), "en")
    assert [error.pointer for error in refused.value.errors] == ["/what", "/answer", "/way"]


@pytest.mark.parametrize("channel", get_args(Channel))
def test_ways_chosen_are_said_in_words(channel: str) -> None:
    assert words.spoken("channels", [channel], "en") != channel
