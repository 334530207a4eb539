"""A sheet over HTTP: refused with all that it lacks, looked at, checked, imported, and its bad rows taken back; by API and by page."""

import csv
import io
import re
from uuid import UUID, uuid4

import httpx2
import pytest

from shared.contracts.gateway import RegistrationSubmitted
from tests.services.gateway.running import Gateway
from tests.services.gateway.test_importing import ended, registry, sheet, state
from tests.workbooks import MACROS, workbook

__all__ = ["registry"]
IMPORTS = "/api/v1/imports"
HEADINGS = ["Lebitso", "Fane", "E-mail", "Profinse", "status"]
STATED = {"country": "ZA", "consent_text_version": "2020-01", "consent_basis": "paper: scans in folder 12"}


def people(count: int, *further: list[str]) -> list[list[str]]:
    mark = uuid4().hex
    return [HEADINGS, *(["Lineo", "Nthunya", f"{mark}-{each}@example.org", "Gauteng", "confirmed"] for each in range(count)), *further]


def as_csv(rows: list[list[str]], delimiter: str = ";") -> bytes:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(rows)
    return file.getvalue().encode("utf-16")


async def post(gateway: Gateway, data: bytes, said: dict[str, str] | None = None, query: str = "", language: str = "en") -> httpx2.Response:
    headers = await gateway.token("consultant") | {"accept-language": language}
    return await gateway.web.post(f"{IMPORTS}{query}", files={"file": ("people", data)}, data=said or {}, headers=headers)


def pointers(answer: httpx2.Response) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


@pytest.mark.parametrize("dress", ["csv", "xlsx"])
async def test_sheet_is_checked_then_imported(gateway: Gateway, registry: list[RegistrationSubmitted], dress: str) -> None:
    bad = ["=cmd()", "", "secret", "Gauteng", ""]
    rows = people(20, bad)
    data = as_csv(rows) if dress == "csv" else workbook(rows)
    before = len(registry)
    answer = await post(gateway, data, STATED, "?dry_run=true")
    assert answer.status_code == 202
    identifier = UUID(answer.json()["id"])
    done = await ended(gateway, identifier)
    assert (done["status"], done["dry_run"], done["total_rows"], done["accepted"], done["rejected"]) == ("done", True, 21, 20, 1)
    assert [(error["line"], error["column"]) for error in done["errors"]] == [(22, "Fane"), (22, "E-mail")]
    assert await gateway.rows("SELECT 1 FROM submission WHERE import_id = :id", id=identifier) == []
    headers = await gateway.token("officer")
    started = await gateway.web.post(f"{IMPORTS}/{identifier}/start", headers=headers)
    assert started.status_code == 202, started.text
    done = await ended(gateway, identifier)
    assert (done["dry_run"], done["accepted"], done["rejected"], len(done["errors"])) == (False, 20, 1, 2)
    assert {(each.given_name, each.province) for each in registry[before:] if each.import_id == identifier} == {("Lineo", "ZA-GP")}
    assert (done["consent_basis"], done["consent_note"]) == ("paper", "scans in folder 12")
    # Once is once.
    assert (await gateway.web.post(f"{IMPORTS}/{identifier}/start", headers=headers)).status_code == 409


async def test_bad_rows_come_back_in_the_readers_language_to_be_mended(gateway: Gateway, registry: list[RegistrationSubmitted]) -> None:
    mark = uuid4().hex
    rows = [[*HEADINGS, "Cell"], ["=HYPERLINK(1)", "Letsie", f"{mark}-example.org", "Gauteng", "x", "+27 71 000 0001"]]
    identifier = UUID((await post(gateway, workbook(rows), STATED)).json()["id"])
    await ended(gateway, identifier)
    headers = await gateway.token("consultant") | {"accept-language": "st"}
    shown = (await gateway.web.get(f"{IMPORTS}/{identifier}", headers=headers)).json()
    assert shown["errors"] == [{"line": 2, "column": "E-mail", "reason": "Ngola aterese e le 'ngoe ea imeile, joaloka palesa@example.org."}]
    answer = await gateway.web.get(f"{IMPORTS}/{identifier}/rejected", headers=headers)
    assert answer.headers["content-type"].startswith("text/csv")
    [headings, row] = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert headings == [*HEADINGS, "Cell", "reason"]
    assert row[:6] == ["'=HYPERLINK(1)", "Letsie", f"{mark}-example.org", "Gauteng", "x", "'+27 71 000 0001"]
    assert row[6].startswith("E-mail: Ngola aterese")
    mended = answer.content.replace(f"{mark}-example.org".encode(), f"{mark}@example.org".encode())
    again = UUID((await post(gateway, mended, STATED)).json()["id"])
    assert (await ended(gateway, again))["accepted"] == 1
    [came] = [each for each in registry if each.import_id == again]
    assert (came.given_name, came.email, came.phone) == ("=HYPERLINK(1)", f"{mark}@example.org", "+27710000001")


async def test_what_a_sheet_lacks_is_told_at_once_and_nothing_is_kept(gateway: Gateway) -> None:
    before = await gateway.rows("SELECT count(*) FROM import")
    answer = await post(gateway, as_csv([["Lebitso", "Cell", "Tel"], ["Thabo", "1", "2"]]), language="st")
    assert answer.status_code == 422
    assert pointers(answer) == ["/phone", "/family_name", "/email", "/country", "/consent_text_version", "/consent_basis"]
    assert answer.json()["errors"][-1]["detail"].startswith("Bolela hore na batho bana ba lumetse joang")
    assert pointers(await post(gateway, as_csv(people(1)), STATED | {"mapping": '{"status": "status"}'})) == ["/column_4"]
    for data in (b"", b"hello", bytes(range(256)), workbook(people(1), kind=MACROS), workbook([["x"] * 10_000, ["y"] * 10_000])):
        refused = await post(gateway, data, STATED)
        assert (refused.status_code, pointers(refused)) == (422, ["/file"])
    assert await gateway.rows("SELECT count(*) FROM import") == before


async def test_draft_is_shown_and_its_mapping_corrected(gateway: Gateway, registry: list[RegistrationSubmitted]) -> None:
    rows = people(3)
    rows[0] = ["Ba bang", "Ba lelapa", "E-mail", "Moo", "status"]
    answer = await post(gateway, as_csv(rows), query="?preview=true")
    draft = answer.json()
    assert (answer.status_code, draft["status"], draft["format"], draft["total_rows"]) == (202, "draft", "csv", 3)
    assert draft["mapping"][2:] == [
        {"column": "E-mail", "field": "email"},
        {"column": "Moo", "field": None},
        {"column": "status", "field": None},
    ]
    assert draft["missing"] == ["given_name", "family_name", "country", "consent_text_version", "consent_basis"]
    assert [row[0] for row in draft["preview"]] == ["Lineo"] * 3
    headers = await gateway.token("admin")
    assert (await gateway.web.post(f"{IMPORTS}/{draft['id']}/start", headers=headers)).status_code == 422
    said = STATED | {"mapping": '{"Ba bang": "given_name", "Ba lelapa": "family_name", "Moo": "province"}'}
    assert (await gateway.web.post(f"{IMPORTS}/{draft['id']}/start", data=said, headers=headers)).status_code == 202
    done = await ended(gateway, UUID(draft["id"]))
    assert (done["accepted"], done["preview"]) == (3, [])


async def test_mission_imports_people_of_its_areas_and_knows_of_its_own_sheets_only(
    gateway: Gateway, registry: list[RegistrationSubmitted]
) -> None:
    headers = await gateway.token("mission", "ZA-FS")
    rows = people(1, ["Thabo", "Letsie", f"{uuid4().hex}@example.org", "Free State", ""])
    answer = await gateway.web.post(IMPORTS, files={"file": ("people.xlsx", workbook(rows))}, data=STATED, headers=headers)
    identifier = UUID(answer.json()["id"])
    done = await ended(gateway, identifier)
    assert (done["accepted"], done["rejected"], [error["line"] for error in done["errors"]]) == (1, 1, [2])
    for path in ("", "/rejected"):
        assert (await gateway.web.get(f"{IMPORTS}/{identifier}{path}", headers=headers)).status_code == 200
        assert (await gateway.web.get(f"{IMPORTS}/{identifier}{path}", headers=await gateway.token("mission", "ZA-FS"))).status_code == 404
        assert (await gateway.web.get(f"{IMPORTS}/{identifier}{path}", headers=await gateway.token("officer"))).status_code == 200


@pytest.mark.parametrize("language", ["en", "st"])
async def test_sheet_goes_in_by_pages_alone(gateway: Gateway, registry: list[RegistrationSubmitted], language: str) -> None:
    async with gateway.browser(await gateway.invite("officer")) as browser:
        browser.cookies.set("lang", language)
        form = await browser.get("/staff/imports")
        assert f'<html lang="{"st-LS" if language == "st" else "en"}">' in form.text
        csrf = re.findall(r'name="csrf" value="([^"]+)"', form.text)[0]
        refused = await browser.post("/staff/imports", files={"file": ("x.csv", b"hello")}, data={"csrf": csrf})
        assert (refused.status_code, 'class="summary"' in refused.text) == (422, True)
        assert (await browser.post("/staff/imports", files={"file": ("x.csv", sheet(1))})).status_code == 403
        rows = people(4, ["<b>Bold</b>", "", "x", "", ""])
        taken = await browser.post("/staff/imports", files={"file": ("<i>.csv", as_csv(rows))}, data={"csrf": csrf})
        assert taken.status_code == 303
        place = taken.headers["location"]
        draft = await browser.get(place)
        assert "<b>Bold" not in draft.text
        assert re.findall(r'<option value="(\w+)" selected>', draft.text)[:4] == ["given_name", "family_name", "email", "province"]
        lacking = await browser.post(place, data={"csrf": csrf, "action": "check", "consent_basis": ""})
        assert (lacking.status_code, 'href="#consent_basis"' in lacking.text) == (422, True)
        said = {"csrf": csrf, "country": "ZA", "consent_text_version": "2020-01", "consent_basis": "list", "consent_note": "letter"}
        fields = {f"column_{each}": name for each, name in enumerate(["given_name", "family_name", "email", "province", ""])}
        assert (await browser.post(place, data=said | fields | {"action": "check"})).status_code == 303
        identifier = UUID(place.rpartition("/")[2])
        assert (await ended(gateway, identifier))["dry_run"] is True
        found = await browser.get(place)
        assert "refresh" not in found.headers
        assert f'href="/api/v1/imports/{identifier}/rejected"' in found.text
        assert (await browser.post(place, data={"csrf": csrf, "action": "import"})).status_code == 303
        done = await ended(gateway, identifier)
        assert (done["accepted"], done["rejected"], done["consent_basis"], done["consent_note"]) == (4, 1, "list", "letter")
        assert (await browser.get("/staff/imports")).text.count(place) == 1
        assert (await state(gateway, identifier))["status"] == "done"
