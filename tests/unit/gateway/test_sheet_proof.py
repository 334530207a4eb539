"""What a sheet says of its people's consent travels with each of them; what is not a sheet's to say does not."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from services.gateway import choices, rows
from services.gateway.rows import Plan, proof_of
from services.gateway.sheets import Record
from services.gateway.sheets.headings import FIELDS, guess
from shared.contracts.gateway import RegistrationSubmitted
from shared.errors import Invalid

STATED = {"country": "ZA", "province": "ZA-GP", "consent_text_version": "2020-01"}
SHEET = ["given_name", "family_name", "email"]
CELLS = ["Thabo", "Letsie", "thabo@example.org"]
OURS = ["role", "status", "id", "area", "consent.given_at", "consent_given_at", "approved_by", "member_id", "confirmed_at", "registered_at"]


def plan(headings: list[str], **said: Any) -> Plan:
    return choices.chosen(choices.guessed(headings), STATED | {"consent_basis": "paper"} | said, "en").plan()


def read(with_plan: Plan, *cells: str) -> RegistrationSubmitted:
    found = rows.read(with_plan, Record(2, "", list(cells)), submission_id=uuid4(), import_id=uuid4(), origin="LS")
    assert isinstance(found, RegistrationSubmitted), found
    return found


@pytest.mark.parametrize("name", OURS)
def test_case_32_column_that_is_ours_to_say_is_left_out(name: str) -> None:
    assert guess([*SHEET, name]).fields == [*SHEET, ""]
    found = read(plan([*SHEET, name]), *CELLS, "confirmed")
    said = found.model_dump(mode="json", exclude={"submission_id", "import_id", "submitted_at"})
    without = read(plan(SHEET), *CELLS).model_dump(mode="json", exclude={"submission_id", "import_id", "submitted_at"})
    assert said == without
    assert "confirmed" not in str(said)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("how", ["mapping", "column"])
def test_case_32_column_is_refused_as_a_field_that_is_ours_to_say(name: str, how: str) -> None:
    said = {"mapping": f'{{"{name}": "{name}"}}'} if how == "mapping" else {"column_3": name}
    with pytest.raises(Invalid) as invalid:
        plan([*SHEET, name], **said)
    assert [error.pointer for error in invalid.value.errors] == ["/column_3"]


def test_case_32_nothing_of_ours_can_be_stated_for_a_whole_sheet() -> None:
    assert plan(SHEET, **dict.fromkeys(OURS, "confirmed")).stated == plan(SHEET).stated
    assert set(FIELDS).isdisjoint(OURS)


def test_version_of_the_wording_comes_from_its_own_column() -> None:
    with_plan = choices.chosen(
        choices.guessed([*SHEET, "consent_text_version"]), {"country": "ZA", "province": "ZA-GP", "consent_basis": "paper"}, "en"
    )
    assert with_plan.errors("en") == []
    assert read(with_plan.plan(), *CELLS, "2020-01").consent_text_version == "2020-01"
    found = rows.read(with_plan.plan(), Record(2, "", [*CELLS, "1999-01"]), submission_id=uuid4(), import_id=uuid4(), origin="LS")
    assert [fault.column for fault in found if isinstance(fault, rows.Fault)] == ["consent_text_version"]


def test_proof_stands_beside_each_persons_consent() -> None:
    with_plan = plan(SHEET)
    proof = proof_of(with_plan, note="scans in folder 12", scan="ab" * 32, staff="Ntšebo Phiri", office="IOM")
    found = read(replace(with_plan, proof=proof), *CELLS)
    assert found.proof is not None
    assert found.proof.model_dump(exclude_none=True) == {
        "basis": "paper: scans in folder 12",
        "scan": "ab" * 32,
        "staff": "Ntšebo Phiri",
        "office": "IOM",
    }


def test_proof_names_the_column_where_the_sheet_itself_says_who_agreed() -> None:
    with_plan = choices.chosen(choices.guessed([*SHEET, "O lumetse"]), STATED, "en").plan()
    assert proof_of(with_plan, note="", scan="", staff="7", office="").model_dump(exclude_none=True) == {
        "basis": "column O lumetse",
        "staff": "7",
        "office": "",
    }


@pytest.mark.parametrize("scan", ["ab", "g" * 64, "ab" * 33])
def test_what_is_no_hash_of_a_scan_is_refused(scan: str) -> None:
    with pytest.raises(Invalid) as invalid:
        plan(SHEET, consent_scan=scan)
    assert [error.pointer for error in invalid.value.errors] == ["/consent_scan"]


def test_what_is_said_of_a_sheet_is_one_line_that_a_database_holds() -> None:
    known = choices.chosen(
        choices.guessed(SHEET), STATED | {"consent_basis": "paper", "consent_note": "a\0b\nc", "partner_code": "x\0"}, "en"
    )
    assert (known.note, known.stated["partner_code"]) == ("a b c", "x")
