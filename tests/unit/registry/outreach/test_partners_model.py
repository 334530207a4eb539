"""What becomes of a briefing, a promise and a key person. No clock, no database."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from services.registry.outreach.fields import KeyPersonWanted, PartnerChange, PartnerWanted, PromiseWanted
from services.registry.outreach.model import AGREED_LIFE, UNTOLD_LIFE, Answer, Briefing, KeyPerson, Partner, Promise
from shared.contracts.registry import PartnerBriefed

AT = datetime(2020, 1, 20, 9, 0, tzinfo=UTC)
LATER = AT + timedelta(hours=1)


def briefing() -> Briefing:
    return Briefing(id=uuid4(), partner_id=uuid4(), email="secretary@example.org", language="st", sent_at=AT)


def key_person() -> KeyPerson:
    return KeyPerson(id=uuid4(), version=1, status="new", name="Thabo Mokoena", contact_key="thabo@example.org", gone_at=AT + UNTOLD_LIFE)


def test_briefing_says_what_became_of_it() -> None:
    sent = briefing()
    states = [sent.status]
    sent.opened_at = AT
    states.append(sent.status)
    sent.answered("decline", AT)
    states.append(sent.status)
    sent.answered("agree", LATER)
    assert [*states, sent.status] == ["sent", "read", "declined", "agreed"]
    assert sent.sent() == PartnerBriefed(briefing_id=sent.id, email="secretary@example.org", language="st")


@pytest.mark.parametrize(("first", "second", "left"), [("agree", "decline", "agree"), ("decline", "agree", "decline")])
def test_older_answer_that_comes_late_changes_nothing(first: Answer, second: Answer, left: Answer) -> None:
    sent = briefing()
    assert sent.answered(first, LATER)
    assert not sent.answered(second, AT)
    assert not sent.answered(first, LATER)
    assert sent.answer == left


def test_change_raises_the_version_once_and_only_for_something_new() -> None:
    partner = Partner(id=uuid4(), version=1, name="Mokhatlo", status="known", areas=["ZA-FS"])
    assert partner.change({"name": "Mokhatlo", "areas": ["ZA-FS"]}) == []
    assert partner.change({"name": "Mokhatlo oa Basotho", "status": "active"}) == ["name", "status"]
    assert partner.version == 2


def test_promise_is_late_from_the_day_after() -> None:
    promise = Promise(due_on=date(2020, 2, 1))
    assert [promise.is_late(date(2020, 2, day)) for day in (1, 2)] == [False, True]
    promise.done_on = date(2020, 3, 1)
    assert not promise.is_late(date(2020, 4, 1))


def test_key_person_who_said_yes_is_kept_for_longer() -> None:
    person = key_person()
    person.tell(agreed=False, at=AT)
    assert (person.status, person.told_at, person.gone_at) == ("told", AT, AT + UNTOLD_LIFE)
    person.tell(agreed=True, at=LATER)
    assert (person.status, person.told_at, person.gone_at) == ("yes", AT, LATER + AGREED_LIFE)
    person.tell(agreed=False, at=LATER + timedelta(days=9))
    assert (person.status, person.gone_at) == ("yes", LATER + AGREED_LIFE)


def test_who_became_a_member_is_named_there_only() -> None:
    person, member = key_person(), uuid4()
    person.join(member)
    held = (person.name, person.name_key, person.contact, person.contact_key, person.contact_kind, person.gone_at)
    assert held == (None,) * 6
    assert (person.status, person.member_id) == ("member", member)


def errors(model: type[Any], **given: Any) -> list[str]:
    with pytest.raises(ValidationError) as wrong:
        model.model_validate(given)
    return sorted(str(error["loc"][0]) for error in wrong.value.errors())


def test_fields_are_read_and_all_that_is_wrong_is_told() -> None:
    wanted = PartnerWanted.model_validate(
        {
            "name": "  Mokhatlo  ",
            "kind": "church",
            "areas": ["gb", "ZA-GP", "gb"],
            "code": "thaba-1",
            "contact_phone": "020 7946 0018",
            "note": " ",
        }
    )
    assert (wanted.name, wanted.areas, wanted.code, wanted.contact_phone, wanted.note) == (
        "Mokhatlo",
        ["GB", "ZA-GP"],
        "THABA-1",
        "+442079460018",
        None,
    )
    wrong = {"name": " ", "kind": "bank", "areas": ["ZA-XX"], "contact_email": "a@b", "contact_phone": "12", "language": "fr", "x": 1}
    assert errors(PartnerWanted, **wrong) == ["areas", "contact_email", "contact_phone", "kind", "language", "name", "x"]
    assert errors(PartnerWanted, name="a\u202eb", kind="church") == ["name"]
    assert errors(PartnerChange, name=None, code="NEW1") == ["code", "name"]
    assert errors(PromiseWanted, what="", due_on="tomorrow") == ["due_on", "what"]


def test_key_person_needs_a_source_a_reason_and_one_contact() -> None:
    assert errors(KeyPersonWanted, name="Thabo") == ["phone", "reason", "source"]
    wanted = KeyPersonWanted.model_validate(
        {"name": "Thabo", "source": "the choir", "reason": "trader", "area": "za-gp", "phone": "071 000 0001"}
    )
    assert (wanted.area, wanted.phone) == ("ZA-GP", "+27710000001")


def test_change_holds_what_was_given_only() -> None:
    assert PartnerChange(status="active", version=3).given() == {"status": "active"}
