"""Case 33: what is exported is text to every spreadsheet, and imported again it is what it was."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from uuid import uuid4

import pytest

from services.gateway import rows
from services.gateway.sheets import delimited, workbooks
from services.gateway.sheets.headings import FIELDS
from shared.contracts.gateway import ConsentGiven, RegistrationSubmitted
from shared.workbook import SHEET
from tests.services.registry.conftest import Registry, number, submission

SIGNS = ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", "'=", "''+", "_x000D_"]
FREE = ("given_name", "family_name", "city", "occupation", "contribution_note", "partner_code")
"""Fields that hold what somebody typed."""
CHOSEN = (
    "country",
    "province",
    "home_district",
    "birth_year",
    "gender",
    "diaspora_type",
    "needs",
    "language",
    "interests",
    "contributions",
)
KEPT = (*FREE, "email", "phone", "whatsapp", *CHOSEN, "channels", "consent", "consent_text_version")


def hostile(sign: str, place: int) -> RegistrationSubmitted:
    """Return somebody whose every free field begins with a sign, and the rest of whose fields are full."""
    words = {name: f"{sign}cmd|' /C calc'!A{place} {name}" for name in FREE}
    return submission(
        email=f"{'+' if sign == '+' else ''}case33.{place}@example.org",
        phone=number(),
        whatsapp=number(),
        home_district="LS-A",
        birth_year=1985,
        gender="female",
        diaspora_type="domestic_worker",
        needs=("documents", "legal"),
        language="st",
        interests=("trade", "health"),
        contributions=("culture",),
        channels=("email", "call"),
        consent=ConsentGiven(registration=True, information=True, sharing=place % 2 == 0),
        **words,
    )


@pytest.fixture(scope="module")
async def people(registry: Registry) -> dict[str, RegistrationSubmitted]:
    """One person for each sign, by their e-mail address."""
    submissions = [hostile(sign, place) for place, sign in enumerate(SIGNS)]
    assert len(await registry.register(*submissions)) == len(SIGNS)
    return {str(each.email): each for each in submissions}


async def exported(registry: Registry, form: str) -> bytes:
    answer = await registry.ask("GET", f"/api/v1/members?format={form}&reason=case+33")
    assert answer.status_code == 200
    return answer.content


def runs(cell: str) -> bool:
    """Tell whether a spreadsheet takes a cell of a CSV for more than text."""
    return cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))


async def test_case_33_no_cell_of_csv_runs(registry: Registry, people: dict[str, RegistrationSubmitted]) -> None:
    table = list(csv.DictReader(io.StringIO((await exported(registry, "csv")).decode("utf-8-sig"), newline="")))
    assert len(table) == len(people)
    assert not [cell for row in table for cell in row.values() if runs(cell)]
    assert {row["phone"] for row in table} == {f"'{each.phone}" for each in people.values()}


async def test_case_33_every_cell_of_xlsx_is_text_as_it_was(registry: Registry, people: dict[str, RegistrationSubmitted]) -> None:
    data = await exported(registry, "xlsx")
    sheet = zipfile.ZipFile(io.BytesIO(data)).read(SHEET).decode()
    assert not re.search(r"<f[ >/]|<v>", sheet)
    _, records = workbooks.read(data)
    names, *cells = [record.cells for record in records]
    for row in (dict(zip(names, each, strict=False)) for each in cells):
        submitted = people[row["email"]]
        assert {name: row[name] for name in FREE} == {name: getattr(submitted, name) for name in FREE}
        assert (row["phone"], row["whatsapp"]) == (submitted.phone, submitted.whatsapp)


@pytest.mark.parametrize(("form", "read"), [("csv", delimited.read), ("xlsx", workbooks.read)])
async def test_case_33_what_is_exported_is_imported_unchanged(
    registry: Registry, people: dict[str, RegistrationSubmitted], form: str, read: Callable[[bytes], tuple[object, object]]
) -> None:
    """Through the very rules of an import. Names with a tab or a line end never get in, so that they cannot be read in again either."""
    _, records = read(await exported(registry, form))
    head, *found = list(records)  # type: ignore[call-overload]
    plan = rows.Plan(tuple(head.cells), tuple(name if name in FIELDS else "" for name in head.cells))
    again = [rows.read(plan, record, submission_id=uuid4(), import_id=uuid4(), origin="LS") for record in found]
    refused = [each for each in again if not isinstance(each, RegistrationSubmitted)]
    assert len(refused) == len([sign for sign in SIGNS if sign in "\t\r"])
    read_again = {str(each.email): each for each in again if isinstance(each, RegistrationSubmitted)}
    for email, submitted in read_again.items():
        before = people[email]
        assert {name: getattr(submitted, name) for name in KEPT} == {name: getattr(before, name) for name in KEPT}


async def test_file_agrees_to_no_channel_that_was_not_agreed_to(registry: Registry) -> None:
    given = submission("Palesa", "Thabane", email="channels.33@example.org", phone=number(), channels=("email", "call"))
    [palesa] = await registry.register(given)
    answer = {"purpose": "information", "channel": "call", "given": False, "way": "call"}
    spoken = await registry.ask("POST", f"/api/v1/members/{palesa.member_id}/consents", json=answer)
    assert spoken.status_code in (200, 201), spoken.text
    table = csv.DictReader(io.StringIO((await exported(registry, "csv")).decode("utf-8-sig"), newline=""))
    [row] = [row for row in table if row["email"] == "channels.33@example.org"]
    assert (row["channels"], row["consent_information"], row["consent_text_version"]) == ("email", "true", "2020-01")


async def test_export_as_workbook_obeys_roles_and_is_audited(registry: Registry, people: dict[str, RegistrationSubmitted]) -> None:
    for role, areas, status in [("mission", ("ZA-GP",), 403), ("viewer", (), 403), ("forum", (), 403), (None, (), 401)]:
        answer = await registry.ask("GET", "/api/v1/members?format=xlsx&reason=x", role=role, areas=areas)  # type: ignore[arg-type]
        assert answer.status_code == status
    assert (await registry.ask("GET", "/api/v1/members?format=xlsx")).json()["errors"][0]["pointer"] == "/query/reason"
    last = (await registry.rows("SELECT coalesce(max(id), 0) AS id FROM audit"))[0].id
    accept = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    answer = await registry.ask("GET", "/api/v1/members?reason=Weekly+calls&interest=health", headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, accept)
    assert answer.headers["content-disposition"] == 'attachment; filename="members.xlsx"'
    written = await registry.rows("SELECT what, ids, why FROM audit WHERE id > :last", last=last)
    assert [(row.what, len(row.ids), row.why) for row in written] == [("members_exported", len(people), "Weekly calls")]
