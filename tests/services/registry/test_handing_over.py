"""The register changes hands on record: by the command, in the audit, and on people's own pages."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from services.registry.rooting import close_day
from shared.clock import now
from tests.services.registry.conftest import Registry, address, submission
from tests.services.registry.test_me import ask

SAID = ("--signed-by", "Mpho Ramoea, Directorate", "--reason", "The project has ended")


async def khokahano(settings: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ops.cli", *words]
    environment = {**os.environ, "REGISTRY_DATABASE_URL": settings["REGISTRY_DATABASE_URL"]}
    return await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True, check=False)


async def test_register_is_handed_over_on_record(registry: Registry, settings: dict[str, str], tmp_path: Path) -> None:
    [member] = await registry.register(submission(email=address()))
    root = await close_day(registry.database, now().date())
    assert root is not None
    await registry.register(submission("Neo", "Likotsi", email=address()))
    agreement = tmp_path / "agreement.pdf"
    agreement.write_bytes(b"%PDF signed in Maseru")
    words = ("registry", "transfer", "--from", "iom", "--to", "directorate", "--document", str(agreement), *SAID)

    rehearsed = await khokahano(settings, *words, "--dry-run")
    assert (rehearsed.returncode, "would be recorded" in rehearsed.stdout) == (0, True), rehearsed.stderr
    assert (await registry.ask("GET", "/api/v1/transfers")).json() == {"holders": ["iom", "directorate"], "items": [], "next": None}
    assert "Since " not in (await ask(registry, "GET", "", member.member_id)).text

    done = await khokahano(settings, "--json", *words)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[0])
    shown = (await registry.ask("GET", "/api/v1/transfers", role="viewer")).json()
    assert shown["holders"] == ["directorate"]
    [record] = shown["items"]
    assert (record["giver"], record["taker"], record["signed_by"]) == ("iom", "directorate", "Mpho Ramoea, Directorate")
    assert record["document"] == said["document"] == hashlib.sha256(b"%PDF signed in Maseru").hexdigest()
    assert (record["root_day"], record["root"]) == (root.day.isoformat(), root.root.hex())
    assert record["counts"] == {"members": 2, "confirmed": 0, "consents": 4, "consents_since_the_root": 2}
    noted = await registry.rows("SELECT organisation, detail ->> 'taker' AS taker, why FROM audit WHERE what = 'register_handed_over'")
    assert [tuple(row) for row in noted] == [("iom", "directorate", "The project has ended")]

    page = (await ask(registry, "GET", "", member.member_id)).text
    assert f"Since {now().date()} this register is held by the Diaspora Directorate" in page
    assert "IOM Lesotho, who no longer sees it" in page

    again = await khokahano(settings, *words)
    assert (again.returncode, again.stderr.strip()) == (1, "iom cannot hand it over: it is held by directorate")
    nobody = await khokahano(settings, *(word.replace("directorate", "embassy") for word in words))
    assert nobody.returncode == 2
    listed = await khokahano(settings, "registry", "transfers")
    assert listed.stdout.count("recorded: ") == 1
    with pytest.raises(DBAPIError, match="append-only"):
        await registry.rows("DELETE FROM transfer")
