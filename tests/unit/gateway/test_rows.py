"""What a row becomes: the form's rules with the sheet's own headings, and nothing that only the registry may say."""

import csv
import io
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway import choices, rows
from services.gateway.mending import guard
from services.gateway.rows import Fault, Plan, basis_of
from services.gateway.sheets import Record
from services.gateway.sheets.__main__ import records
from services.registry import exporting, files
from shared.clock import now
from shared.contracts.gateway import RegistrationSubmitted
from shared.errors import Invalid
from tests.workbooks import workbook

IMPORT, SUBMISSION = uuid4(), uuid4()
STATED = {"country": "ZA", "province": "ZA-GP", "consent_text_version": "2020-01"}
HOSTILE = ["=cmd|' /C calc'!A0", *(f"{sign}Thabo" for sign in "+-@＝＋－＠"), "'=Thabo", "''-Thabo", "'Malerato"]


def plan(headings: list[str], **further: Any) -> Plan:
    return choices.chosen(choices.guessed(headings), {**STATED, "consent_basis": "paper"} | further, "en").plan()


def read(with_plan: Plan, *cells: str, line: int = 2) -> RegistrationSubmitted | list[Fault]:
    return rows.read(with_plan, Record(line, "", list(cells)), submission_id=SUBMISSION, import_id=IMPORT, origin="LS")


def registered(with_plan: Plan, *cells: str) -> RegistrationSubmitted:
    found = read(with_plan, *cells)
    assert isinstance(found, RegistrationSubmitted), found
    return found


def test_sheet_with_peoples_own_headings_is_registered_as_by_the_form() -> None:
    headings = ["Lebitso", "Fane", "Mohala", "Naha", "Profinse", "Setereke", "Boleng", "Puo"]
    found = registered(plan(headings), "Thabo", "Letsie", "071 000 0001", "Afrika Boroa", "Foreisetata", "maseru", "Monna", "Sesotho")
    assert (found.given_name, found.family_name, found.phone) == ("Thabo", "Letsie", "+27710000001")
    assert (found.country, found.province, found.home_district, found.gender, found.language) == ("ZA", "ZA-FS", "LS-A", "male", "st")
    assert (found.way, found.import_id, found.submission_id) == ("import", IMPORT, SUBMISSION)
    assert (found.consent.registration, found.consent.information, found.consent.sharing) == (True, False, False)


def test_bad_cells_are_told_by_the_sheets_heading_in_both_languages() -> None:
    found = read(plan(["Lebitso", "Fane", "Cell"]), "Thabo", "", "secret", line=7)
    assert found == [
        Fault(7, "Fane", "Write your family name.", "Ngola fane ea hau."),
        Fault(
            7,
            "Cell",
            "Write the number with its country code, like +27 71 000 0123 or +266 5000 0123.",
            "Ngola nomoro ka khoutu ea naha, joaloka +27 71 000 0123 kapa +266 5000 0123.",
        ),
    ]


def test_columns_that_are_the_registrys_to_say_are_left_out() -> None:
    """Case 32."""
    own = {"role": "admin", "status": "confirmed", "id": str(uuid4()), "area": "LS", "consent.given_at": "1999-01-01", "approved_by": "me"}
    own |= {
        "way": "staff",
        "submitted_at": "1999-01-01",
        "submission_id": str(uuid4()),
        "import_id": str(uuid4()),
        "phone_uncertain": "false",
    }
    with_plan = plan(["given_name", "family_name", "email", *own])
    found = registered(with_plan, "Thabo", "Letsie", "thabo@example.org", *own.values())
    without = registered(plan(["given_name", "family_name", "email"]), "Thabo", "Letsie", "thabo@example.org")
    assert found.model_dump(exclude={"submitted_at"}) == without.model_dump(exclude={"submitted_at"})
    assert abs((found.submitted_at - now()).total_seconds()) < 60


@pytest.mark.parametrize("field", ["role", "status", "id", "area", "consent", "consent.given_at", "approved_by", "way", "submission_id"])
def test_column_cannot_be_mapped_to_what_is_the_registrys_to_say(field: str) -> None:
    """Case 32."""
    with pytest.raises(Invalid) as invalid:
        plan(["given_name", "family_name", "email", "x"], mapping=orjson.dumps({"x": field}).decode())
    assert [error.pointer for error in invalid.value.errors] == ["/column_3"]
    with pytest.raises(Invalid):
        plan(["given_name", "family_name", "email", "x"], column_3=field)


def test_mapping_that_makes_no_sense_is_told_at_once() -> None:
    before = choices.guessed(["Lebitso", "Fane", "Cell", "Tel"])
    for mapping, pointers in {
        "no json": ["/mapping"],
        '["phone"]': ["/mapping"],
        '{"Nothing": "email"}': ["/mapping"],
        '{"Cell": "phone", "Tel": "phone", "Fane": "x"}': ["/column_1", "/column_3"],
    }.items():
        with pytest.raises(Invalid) as invalid:
            choices.chosen(before, {"mapping": mapping}, "en")
        assert [error.pointer for error in invalid.value.errors] == pointers
    with pytest.raises(Invalid) as invalid:
        choices.chosen(before, {"country": "XX", "province": "ZA-XX", "language": "fr", "consent_text_version": "1999-01"}, "st")
    assert [error.pointer for error in invalid.value.errors] == ["/country", "/province", "/language", "/consent_text_version"]


def test_what_must_still_be_said_is_told_all_at_once() -> None:
    known = choices.guessed(["Lebitso", "Cell", "Tel", "status"])
    assert [error.pointer for error in known.errors("en")] == [
        "/phone",
        "/family_name",
        "/email",
        "/country",
        "/consent_text_version",
        "/consent_basis",
    ]
    said = {**STATED, "mapping": '{"Cell": "phone", "status": "family_name"}', "consent_basis": "paper"}
    assert choices.chosen(known, said, "en").errors("en") == []


@pytest.mark.parametrize(
    ("said", "basis"),
    [
        ("", ("", "")),
        ("paper", ("paper", "")),
        ("Paper: scans in folder 12", ("paper", "scans in folder 12")),
        ("list: letter of the association", ("list", "letter of the association")),
        ("They signed at the mission's open day", ("other", "They signed at the mission's open day")),
    ],
)
def test_basis_is_a_kind_and_its_proof(said: str, basis: tuple[str, str]) -> None:
    assert basis_of(said) == basis


def test_basis_fills_no_consent_that_the_sheet_has_a_column_for() -> None:
    headings = ["given_name", "family_name", "email", "consent_registration", "consent_information"]
    with_plan = plan(headings)
    for answer in ("no", "", "che"):
        found = read(with_plan, "Thabo", "Letsie", "thabo@example.org", answer, "yes")
        assert isinstance(found, list)
        assert [fault.column for fault in found] == ["consent_registration"]
    agreed = registered(with_plan, "Thabo", "Letsie", "thabo@example.org", "Ee", "yes").consent
    assert (agreed.registration, agreed.information) == (True, True)


def test_row_outside_the_areas_of_whoever_handed_it_in_is_refused() -> None:
    known = choices.chosen(choices.guessed(["given_name", "family_name", "email", "province"]), {**STATED, "consent_basis": "paper"}, "en")
    mine = known.plan(("ZA-FS",))
    assert registered(mine, "Thabo", "Letsie", "thabo@example.org", "ZA-FS").province == "ZA-FS"
    found = read(mine, "Thabo", "Letsie", "thabo@example.org", "ZA-GP")
    assert isinstance(found, list)
    assert [(fault.column, fault.reason) for fault in found] == [("", rows.ELSEWHERE)]


def exported(text: str) -> tuple[list[str], SimpleNamespace]:
    """Return the headings of the registry's export, and a member in whom everything that may be is this text."""
    contacts = {"email": "-thabo@example.org", "phone": "+27710000001", "whatsapp": "+26650000001"}
    member = SimpleNamespace(
        id=uuid4(),
        given_name=text,
        family_name=text,
        city=text,
        occupation=text,
        contribution_note=f"{text}\n=1\t+2",
        partner_code=text,
        contacts=[SimpleNamespace(kind=kind, value=value) for kind, value in contacts.items()],
        country="ZA",
        province="ZA-GP",
        home_district="LS-A",
        birth_year=1985,
        gender="female",
        diaspora_type="student",
        needs=["study", "health"],
        language="st",
        interests=["trade", "culture"],
        contributions=["health"],
        channels=["email", "whatsapp"],
        information=["email", "whatsapp"],
        sharing=False,
        status="confirmed",
        registered_at=now(),
        confirmed_at=now(),
    )
    return list(exporting.COLUMNS), member


def same(found: RegistrationSubmitted, member: SimpleNamespace) -> None:
    """Require that what is imported is what was exported."""
    values = found.model_dump()
    plain = ("given_name", "family_name", "city", "occupation", "contribution_note", "partner_code", "country", "province", "home_district")
    for name in (*plain, "birth_year", "gender", "diaspora_type", "language"):
        assert values[name] == getattr(member, name), name
    for name in ("needs", "interests", "contributions", "channels"):
        assert list(values[name]) == getattr(member, name), name
    for contact in member.contacts:
        assert values[contact.kind] == contact.value, contact.kind
    assert values["consent"] == {"registration": True, "information": True, "sharing": False}


@pytest.mark.parametrize("text", HOSTILE)
def test_csv_of_members_is_imported_as_it_was_exported(text: str) -> None:
    """Case 33."""
    names, member = exported(text)
    _, headings, found = records(files.Lines().add([names, _row(member, names)]))
    [record] = found
    same(registered(plan(headings), *record.cells), member)


@pytest.mark.parametrize("text", HOSTILE)
def test_workbook_of_members_is_imported_as_it_was_exported(text: str) -> None:
    """Case 33: in a workbook a text is no formula, so that nothing stands before it."""
    names, member = exported(text)
    _, headings, found = records(workbook([names, _row(member, names)]))
    [record] = found
    same(registered(plan(headings), *record.cells), member)


def _row(member: SimpleNamespace, names: list[str]) -> list[str]:
    return exporting._row(cast("Any", member), names, {member.id: "2020-01"})


CELLS = st.lists(st.text(alphabet="'=+-@＝＋\t\r\n \"ab;,|27", max_size=8), min_size=1, max_size=5)


@given(CELLS)
def test_file_to_mend_says_again_what_the_sheet_said(cells: list[str]) -> None:
    """Case 33: whatever stands in a cell is text for a spreadsheet, and the same text when it comes back."""
    file = io.StringIO()
    shown = [guard(cell) for cell in ["x", *cells]]
    csv.writer(file).writerows([["given_name", *[f"city {place}" for place, _ in enumerate(cells)]], shown])
    assert all(cell.lstrip("'")[:1] not in "=+-@\t\r\n＝＋－＠" or cell[0] == "'" for cell in shown if cell)
    [record] = records(file.getvalue().encode())[2]
    while cells and not cells[-1]:
        cells.pop()
    assert record.cells == ["x", *cells]
