"""Sheets go in row by row, once, through the same rules as everybody's registration; bad rows are told by place and reason."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from ops.commands import imports as command
from services.gateway import choices, imports
from services.gateway.imports import HandedIn
from services.gateway.model import Import
from services.gateway.sheets.reading import opened
from shared.contracts.gateway import RegistrationSubmitted
from shared.contracts.registry import RegistrationsProcessed
from tests.services.gateway.running import Gateway, application, served
from tests.waiting import wait_until

HEADINGS = "given_name,family_name,email,country,province,interests,consent_registration,consent_information,consent_text_version"

KEPT = "SELECT (SELECT count(*) FROM import), (SELECT count(*) FROM import_page)"


def sheet(rows: int, *further: str) -> bytes:
    mark = uuid4().hex
    lines = [f"Lineo,Nthunya,{mark}-{number}@example.org,ZA,ZA-GP,trade;culture,yes,yes,2020-01" for number in range(rows)]
    return "\n".join([HEADINGS, *lines, *further]).encode()


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 1000):
        yield data[start : start + 1000]


async def add(gateway: Gateway, data: bytes, *, dry_run: bool = False, **said: str) -> UUID:
    async with opened(_pieces(data)) as reading, gateway.database.transaction() as session:
        known = choices.chosen(choices.guessed(reading.columns), said, "en")
        assert known.errors("en") == []
        identifier = await imports.add(session, "members.csv", reading, known, HandedIn("tests"))
        assert await imports.start(session, identifier, known, dry_run=dry_run)
        return identifier


async def state(gateway: Gateway, import_id: UUID) -> dict[str, Any]:
    async with gateway.database.transaction() as session:
        found = await session.get(Import, import_id, populate_existing=True)
        assert found is not None
        return await imports.show(session, found)


async def ended(gateway: Gateway, import_id: UUID) -> dict[str, Any]:
    async def done() -> dict[str, Any] | None:
        found = await state(gateway, import_id)
        return found if found["status"] in ("done", "failed") and not found["unprocessed"] else None

    return await wait_until(done, 30)


@pytest.fixture
async def registry(gateway: Gateway) -> AsyncIterator[list[RegistrationSubmitted]]:
    """A registry that deals with whatever comes, and what came."""
    came: list[RegistrationSubmitted] = []
    stopping = asyncio.Event()

    async def deal() -> None:
        while not stopping.is_set():
            heard = await gateway.heard(RegistrationSubmitted)
            fresh = heard[len(came) :]
            came.extend(fresh)
            if fresh:
                await gateway.deliver(RegistrationsProcessed(submission_ids=tuple(each.submission_id for each in fresh)))
            await asyncio.sleep(0.02)

    came.extend(await gateway.heard(RegistrationSubmitted))
    task = asyncio.create_task(deal())
    yield came
    stopping.set()
    await task


async def test_same_sheet_twice_is_announced_whole_both_times(gateway: Gateway, registry: list[RegistrationSubmitted]) -> None:
    data = sheet(300)
    for _ in range(2):
        identifier = await add(gateway, data)
        done = await ended(gateway, identifier)
        assert (done["rows"], done["accepted"], done["rejected"], done["status"]) == (300, 300, 0, "done")
        mine = [each for each in registry if each.import_id == identifier]
        assert {each.submission_id for each in mine} == {imports.submission_id(identifier, line) for line in range(2, 302)}
        assert len(mine) == 300
        assert {(each.way, each.interests) for each in mine} == {("import", ("trade", "culture"))}
        kept = await gateway.rows("SELECT count(*), count(event) FROM submission WHERE import_id = :id", id=identifier)
        assert kept == [(300, 0)]
        assert await gateway.rows("SELECT 1 FROM import_page WHERE import_id = :id", id=identifier) == []
    assert (await state(gateway, identifier))["same_as"] is not None


async def test_bad_rows_are_told_without_their_values(gateway: Gateway, registry: list[RegistrationSubmitted]) -> None:
    bad = [
        "Secretname,Letsie,secret-at-example,XX,,,yes,no,2020-01",
        "Secretname,Letsie,x@example.org,BW,,secret,no,no,2020-01",
        "",
        "a,b,c,d,e,f,g,h,i,secret",
    ]
    identifier = await add(gateway, sheet(3, *bad))
    done = await ended(gateway, identifier)
    assert (done["rows"], done["accepted"], done["rejected"]) == (6, 3, 3)
    assert [(error["line"], error["column"]) for error in done["errors"]] == [
        (5, "country"),
        (5, "email"),
        (6, "interests"),
        (6, "consent_registration"),
        (8, ""),
    ]
    assert "secret" not in str(done).lower()


async def test_window_bounds_what_is_unprocessed(gateway: Gateway) -> None:
    identifier = await add(gateway, sheet(120))

    async def waiting() -> list[UUID]:
        found = await gateway.rows("SELECT id FROM submission WHERE import_id = :id AND status = 'received' ORDER BY id", id=identifier)
        return [row.id for row in found]

    async def accepted(rows: int) -> bool:
        return len(await waiting()) == 50 and (await state(gateway, identifier))["accepted"] == rows

    await wait_until(lambda: accepted(50))
    await gateway.deliver(RegistrationsProcessed(submission_ids=tuple((await waiting())[:20])))
    await wait_until(lambda: accepted(70))
    assert (await gateway.register()).status_code == 202  # The front door is open meanwhile.

    async def done() -> bool:
        if left := await waiting():
            await gateway.deliver(RegistrationsProcessed(submission_ids=tuple(left)))
        return (await state(gateway, identifier))["status"] == "done" and not left

    await wait_until(done, 20)


async def test_import_goes_on_elsewhere_when_its_worker_is_gone(gateway: Gateway, registry: list[RegistrationSubmitted]) -> None:
    identifier = await add(gateway, sheet(200))

    async def begun() -> bool:
        return (await state(gateway, identifier))["accepted"] > 0

    await wait_until(begun)
    # Another worker takes over, as when this one's lease ran out: whatever it writes from now on is refused, and it begins anew.
    another = "UPDATE import SET lease = gen_random_uuid(), lease_until = now() + interval '0.2 second' WHERE id = :id"
    await gateway.do(another, id=identifier)
    done = await ended(gateway, identifier)
    assert (done["rows"], done["accepted"]) == (200, 200)
    assert len([each for each in registry if each.import_id == identifier]) == 200


async def test_stopping_gateway_hands_its_import_over(
    gateway: Gateway, registry: list[RegistrationSubmitted], settings: dict[str, str]
) -> None:
    async with served(application(settings)):
        identifiers = [await add(gateway, sheet(150)) for _ in range(2)]

        async def both() -> bool:
            return all([(await state(gateway, identifier))["accepted"] > 0 for identifier in identifiers])

        await wait_until(both)
    for identifier in identifiers:
        assert (await ended(gateway, identifier))["accepted"] == 150
        assert len([each for each in registry if each.import_id == identifier]) == 150


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04rest", b"a,b\n1,2\n", b"given_name,given_name\n", bytes(range(256))])
async def test_sheet_that_is_none_is_refused_with_its_reason_and_leaves_nothing(gateway: Gateway, data: bytes) -> None:
    before = await gateway.rows(KEPT)
    headers = await gateway.token("consultant")
    answer = await gateway.web.post("/api/v1/imports", files={"file": ("members.csv", data, "text/csv")}, headers=headers)
    assert answer.status_code == 422
    assert all(error["detail"] for error in answer.json()["errors"])
    assert answer.json()["errors"]
    assert await gateway.rows(KEPT) == before


async def test_sheet_that_was_checked_long_ago_is_not_worked_in_halves(gateway: Gateway) -> None:
    identifier = await add(gateway, sheet(2), dry_run=True)
    assert (await ended(gateway, identifier))["accepted"] == 2
    headers = await gateway.token("consultant")
    await gateway.do("UPDATE import SET finished_at = now() - interval '23 hours 1 minute' WHERE id = :id", id=identifier)
    assert (await gateway.web.post(f"/api/v1/imports/{identifier}/start", headers=headers)).status_code == 409
    await gateway.do("UPDATE import SET finished_at = now() - interval '22 hours' WHERE id = :id", id=identifier)
    assert (await gateway.web.post(f"/api/v1/imports/{identifier}/start", headers=headers)).status_code == 202


async def test_sheet_by_http_is_taken_from_those_who_may(gateway: Gateway, registry: list[RegistrationSubmitted]) -> None:
    headers = await gateway.token("consultant")
    answer = await gateway.web.post("/api/v1/imports", files={"file": ("members.csv", sheet(5), "text/csv")}, headers=headers)
    assert answer.status_code == 202
    assert (await ended(gateway, UUID(answer.json()["id"])))["accepted"] == 5
    shown = (await gateway.web.get(answer.headers["location"], headers=headers)).json()
    assert (shown["status"], shown["rows"], shown["accepted"], shown["rejected"], shown["errors"]) == ("done", 5, 5, 0, [])


async def test_sheet_from_a_page_needs_its_token(gateway: Gateway) -> None:
    async with gateway.browser(await gateway.invite("officer")) as browser:
        files = {"file": ("members.csv", sheet(1), "text/csv")}
        assert (await browser.post("/api/v1/imports", files=files)).status_code == 403
        csrf = (await browser.get("/staff")).text.partition('name="csrf" value="')[2].partition('"')[0]
        assert (await browser.post("/api/v1/imports", files=files, data={"csrf": csrf})).status_code == 202


async def test_sheet_that_is_too_large_leaves_nothing(gateway: Gateway) -> None:
    headers = await gateway.token("consultant")
    before = await gateway.rows(KEPT)

    async def endless() -> AsyncIterator[bytes]:
        yield b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(51):
            yield b"a" * 1024 * 1024

    large = {"content-type": "multipart/form-data; boundary=x"}
    assert (await gateway.web.post("/api/v1/imports", content=endless(), headers=headers | large)).status_code == 413
    assert (await gateway.web.post("/api/v1/imports", files={"other": ("a", b"b")}, headers=headers)).status_code == 422
    assert (await gateway.web.post("/api/v1/imports", content=b"a,b", headers=headers)).status_code == 415
    assert await gateway.rows(KEPT) == before


async def test_command_follows_an_import_to_its_end(
    gateway: Gateway, registry: list[RegistrationSubmitted], settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_DATABASE_URL", settings["GATEWAY_DATABASE_URL"])
    file = tmp_path / "members.csv"
    file.write_bytes(sheet(20, "Nobody,,,,,,,,"))
    done = await command._import(file, wait=True)
    assert (done["status"], done["accepted"], done["rejected"], done["unprocessed"]) == ("done", 20, 1, 0)
