"""What staff may record of consent for a member, and what follows."""

from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from services.registry.model import Contact, Member
from services.registry.recording import Answer, record
from shared.identity import Identity
from tests.unit.registry.people import AT

SCAN = "ab" * 32
NTHABISENG = Identity(kind="staff", id="7", name="Nthabiseng Phiri", role="consultant", organisation="IOM")


def member(**fields: Any) -> Member:
    held = [("email", "lerato@example.org", AT), ("email", "old@example.org", None), ("phone", "+27710000001", None)]
    contacts = [
        Contact(id=uuid4(), kind=kind, value=value, value_key=value, uncertain=False, shared=False, confirmed_at=at)
        for kind, value, at in held
    ]
    usual = {"status": "confirmed", "given_name": "Lerato", "family_name": "Mokoena", "language": "st", "area": "ZA-GP", "interests": []}
    usual |= {"diaspora_type": None, "channels": ["call"], "information": ["call"], "sharing": False, "contacts": contacts}
    return Member(id=uuid4(), version=3, **usual | fields)


def answer(**fields: Any) -> Answer:
    usual = {"purpose": "information", "channel": "email", "given": True, "way": "call", "spoken": "Yes, write to me."}
    return Answer.model_validate({name: value for name, value in (usual | fields).items() if value is not None})


def test_record_bears_what_was_said_and_by_whom_it_was_written() -> None:
    lerato = member()
    said = record(lerato, answer(outcome="rings again in May"), NTHABISENG, at=AT).consent
    assert (said.member_id, said.purpose, said.channel, said.recipient, said.given) == (lerato.id, "information", "email", None, True)
    assert (said.at, said.way, said.wording_version, said.language) == (AT, "call", "2020-01", "st")
    assert (said.staff, said.office, said.spoken, said.outcome, said.scan) == (
        "Nthabiseng Phiri",
        "IOM",
        "Yes, write to me.",
        "rings again in May",
        None,
    )
    assert said.hash is None  # It is the table that chains it.


def test_what_was_agreed_to_is_in_force_and_announced_once() -> None:
    lerato = member()
    changed = record(lerato, answer(), NTHABISENG, at=AT).changed
    assert changed is not None
    assert (changed.information, changed.version) == (("email", "call"), 4)
    assert lerato.channels == ["email", "call"]
    assert record(lerato, answer(), NTHABISENG, at=AT).changed is None


def test_what_was_withdrawn_is_in_force_no_more() -> None:
    lerato = member(sharing=True)
    withdrawn = record(lerato, answer(channel="call", given=False, spoken=None), NTHABISENG, at=AT)
    assert withdrawn.changed is not None
    assert (withdrawn.changed.information, withdrawn.consent.wording_version, withdrawn.consent.language) == ((), None, None)
    unshared = record(lerato, answer(purpose="sharing", channel=None, given=False), NTHABISENG, at=AT)
    assert (lerato.sharing, unshared.consent.recipient, lerato.version) == (False, "mission", 5)
    assert record(lerato, answer(purpose="sharing", channel=None, given=False), NTHABISENG, at=AT).changed is None


def test_paper_is_known_by_its_scan() -> None:
    said = record(member(), answer(way="paper", spoken=None, scan=SCAN.upper(), language="en"), NTHABISENG, at=AT).consent
    assert (said.way, said.scan, said.language) == ("paper", SCAN, "en")


def test_member_is_told_at_what_is_confirmed() -> None:
    lerato = member()
    receipt = record(lerato, answer(), NTHABISENG, at=AT).receipt
    assert [contact.value for contact in receipt.contacts] == ["lerato@example.org"]
    assert (receipt.office, receipt.way, receipt.given, receipt.channel, receipt.language) == ("IOM", "call", True, "email", "st")
    assert "Nthabiseng" not in receipt.model_dump_json()


def test_member_who_confirmed_nothing_is_told_at_what_they_gave() -> None:
    lerato = member()
    lerato.contacts[0].confirmed_at = None
    receipt = record(lerato, answer(), NTHABISENG, at=AT).receipt
    assert [contact.value for contact in receipt.contacts] == ["lerato@example.org", "old@example.org"]


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({}, []),
        ({"given": False, "spoken": None}, []),
        ({"channel": None}, ["/channel"]),
        ({"channel": "whatsapp"}, ["/channel"]),
        ({"channel": "whatsapp", "given": False}, []),
        ({"purpose": "sharing"}, ["/channel"]),
        ({"purpose": "sharing", "channel": None, "recipient": "mission"}, []),
        ({"recipient": "mission"}, ["/recipient"]),
        ({"purpose": "registration", "channel": None}, []),
        ({"purpose": "registration", "channel": None, "given": False}, ["/given"]),
        ({"spoken": None}, ["/spoken"]),
        ({"way": "visit", "spoken": None}, ["/spoken"]),
        ({"scan": SCAN}, ["/scan"]),
        ({"way": "paper"}, ["/scan"]),
        ({"way": "paper", "scan": SCAN, "spoken": None}, []),
        ({"wording_version": "1999-01"}, ["/wording_version"]),
        ({"channel": "whatsapp", "recipient": "mission", "spoken": None, "scan": SCAN}, ["/channel", "/recipient", "/scan", "/spoken"]),
    ],
)
def test_all_that_does_not_fit_is_told_at_once(fields: dict[str, Any], pointers: list[str]) -> None:
    assert [wrong.pointer for wrong in answer(**fields).misfits(member())] == pointers


NOT_THE_CALLERS: list[dict[str, Any]] = [
    *({name: "2020-01-01T00:00:00Z"} for name in ("given_at", "at", "confirmed_at")),
    *({name: "x"} for name in ("id", "member_id", "staff", "office", "hash", "pseudonym", "salt", "role", "status", "area", "approved_by")),
    *({"given": value} for value in ("yes", 1)),
    *({"way": value} for value in ("web", "link", "import")),
    *({"scan": value} for value in ("ab", "g" * 64)),
    *({"spoken": value} for value in ("a\0b", "x" * 1001, "\u202eyes")),
    {"purpose": "marketing"},
    {"recipient": "partner"},
    {"channel": "fax"},
    {"outcome": "two\nlines"},
    {"version": "3"},
]


@pytest.mark.parametrize("fields", NOT_THE_CALLERS)
def test_what_is_not_the_callers_to_say_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        answer(**fields)
