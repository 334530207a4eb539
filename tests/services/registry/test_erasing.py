"""Erasing: from the request to the receipt, and what keeps the erased from coming back."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from ops.commands import erase_again
from services.registry import journal
from services.registry.settings import RegistrySettings
from shared.clock import now
from shared.contracts import forum, gateway, notifier
from shared.contracts.gateway import ContactConfirmed, ErasureRequested, ManageLinkRequested, RegistrationSubmitted
from shared.contracts.registry import MemberErased, MemberRegistered
from shared.identity import Role
from shared.receipts import new_number
from tests.conftest import Servers
from tests.services.registry.conftest import AT, KEYS, Registry, address, number, submission
from tests.waiting import eventually

LATER = AT + timedelta(hours=1)
OTHERS = (gateway.ErasureCompleted, notifier.ErasureCompleted, forum.ErasureCompleted)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal of this module's registry."""
    return tmp_path_factory.mktemp("erasures") / "journal"


@pytest.fixture(scope="module")
def settings(servers: Servers, kept: Path) -> dict[str, str]:
    """A registry that keeps a journal."""
    return {
        "RABBITMQ_URL": servers.vhost(),
        "LINK_KEYS": "x" * 32,
        "SUPPRESSION_KEY": "s" * 32,
        "REGISTRY_DATABASE_URL": servers.database("registry"),
        "REGISTRY_IDENTITY_KEYS": KEYS,
        "ERASURE_JOURNAL": str(kept),
        "LOG_LEVEL": "error",
    }


def request(member_id: UUID, receipt: str = "") -> ErasureRequested:
    return ErasureRequested(member_id=member_id, receipt=receipt or new_number(), at=now())


async def outstanding(registry: Registry, receipt: str) -> list[bool]:
    """Return which services (the gateway, the registry, the notifier, the forum) are outstanding, as the page says."""
    answer = await registry.ask("GET", f"/erased/{receipt}", role=None)
    assert answer.status_code == 200, answer.text
    return ["outstanding" in row for row in re.findall(r"<tr><td>.*?</tr>", answer.text)]


async def test_receipt_names_who_has_answered_and_who_has_not(registry: Registry, kept: Path) -> None:
    [lerato] = await registry.register(submission(email=(email := address())))
    await registry.settle(asked := request(lerato.member_id))
    assert await registry.is_erased(lerato.member_id)

    async def registry_is_done() -> None:
        assert await outstanding(registry, asked.receipt) == [True, False, True, True]

    await eventually(registry_is_done)
    assert lerato.member_id in journal.read(kept), "on disk before the receipt says so"
    for done, answered in enumerate(OTHERS, start=1):
        await registry.settle(answered(member_id=lerato.member_id, at=LATER))
        assert sum(await outstanding(registry, asked.receipt)) == 3 - done
    page = (await registry.ask("GET", f"/erased/{asked.receipt.lower()}", role=None)).text
    assert "All is erased, everywhere." in page
    assert not [mark for mark in (email, "Lerato", "Mokoena", str(lerato.member_id)) if mark in page]


async def test_second_request_has_a_receipt_of_the_same_erasure(registry: Registry) -> None:
    [lerato] = await registry.register(submission(email=address()))
    first, second = request(lerato.member_id), request(lerato.member_id)
    await registry.settle(first, second)
    await registry.settle(first)
    assert len(await registry.about(MemberErased, lerato.member_id)) == 1
    for asked in (first, second):
        assert len(await outstanding(registry, asked.receipt)) == 4


async def test_unknown_number_is_not_found(registry: Registry) -> None:
    assert (await registry.ask("GET", f"/erased/{new_number()}", role=None)).status_code == 404
    assert (await registry.ask("GET", "/erased/nothing", role=None)).status_code == 404


async def test_request_about_nobody_is_dead_lettered(registry: Registry) -> None:
    [message_id] = await registry.deliver(request(uuid4()))
    assert (await registry.buried(ErasureRequested, message_id)).reason == "no such member"


@contextmanager
def unwritable(kept: Path) -> Iterator[None]:
    """Put a folder where the journal is, while the block lasts."""
    aside = kept.with_name("aside")
    kept.touch()
    kept.rename(aside)
    kept.mkdir()
    try:
        yield
    finally:
        kept.rmdir()
        aside.rename(kept)


async def test_journal_that_cannot_be_written_leaves_the_registry_outstanding(registry: Registry, kept: Path) -> None:
    with unwritable(kept):
        [lerato] = await registry.register(submission(email=address()))
        await registry.settle(asked := request(lerato.member_id))
        assert await registry.rows("SELECT 1 FROM erasing WHERE member_id = :id", id=lerato.member_id)
        assert await outstanding(registry, asked.receipt) == [True, True, True, True]

    async def written() -> None:
        assert await outstanding(registry, asked.receipt) == [True, False, True, True]

    await eventually(written)
    assert lerato.member_id in journal.read(kept)


async def test_sheet_cannot_bring_back_who_left_but_they_can(registry: Registry) -> None:
    email = address()
    [lerato] = await registry.register(submission(email=email))
    await registry.settle(request(lerato.member_id))
    for way in ("import", "demo", "import"):
        assert await registry.register(submission("LERATO", "mokoena", email=email.upper(), phone=number(), way=way)) == []
    assert len(await registry.register(submission("Palesa", "Mokoena", email=email, way="import"))) == 1, "who shares it is somebody else"

    [back] = await registry.register(submission(email=email, way="web"))
    assert await marks(registry) > 0, "an unconfirmed registration may be anybody's"
    await registry.settle(ContactConfirmed(member_id=back.member_id, contact_id=back.contacts[0].id, at=LATER))
    before = await marks(registry)
    await registry.settle(request(back.member_id))
    assert await marks(registry) == before + 1, "confirming had taken it away"


async def marks(registry: Registry) -> int:
    [[count]] = await registry.rows("SELECT count(*) FROM erased_mark")
    return int(count)


async def test_dead_letters_of_an_erased_person_go_and_others_stay(registry: Registry) -> None:
    email = address()
    theirs = submission(email=email, consent_text_version="1999-01")
    daughters = submission("Palesa", "Mokoena", email=email, consent_text_version="1999-01")
    ids = await registry.deliver(theirs)
    await registry.buried(RegistrationSubmitted, ids[0])
    [lerato] = await registry.register(submission(email=email))
    ids += await registry.deliver(daughters, ContactConfirmed(member_id=lerato.member_id, contact_id=uuid4(), at=LATER))
    await registry.buried(RegistrationSubmitted, ids[1])
    await registry.buried(ContactConfirmed, ids[2])
    await registry.settle(asked := request(lerato.member_id))

    async def searched() -> None:
        assert await outstanding(registry, asked.receipt) == [True, False, True, True]

    await eventually(searched)
    assert [dead.message_id for dead in await registry.dead_letters(RegistrationSubmitted)] == [str(ids[1])]
    assert str(ids[2]) not in [dead.message_id for dead in await registry.dead_letters(ContactConfirmed)]


@pytest.mark.parametrize("role", ["admin", "consultant", "officer", "mission", "forum", "viewer", None])
async def test_staff_erase_where_their_role_allows_it(registry: Registry, role: Role | None) -> None:
    [lerato] = await registry.register(submission(email=address()))
    answer = await registry.ask("DELETE", f"/api/v1/members/{lerato.member_id}", role=role)
    if role in ("admin", "consultant", "officer"):
        assert answer.status_code == 202
        assert await registry.is_erased(lerato.member_id)
        assert len(await outstanding(registry, answer.json()["receipt"])) == 4
        audit = "SELECT role, organisation FROM audit WHERE what = 'member_erased' AND ids @> ARRAY[CAST(:id AS uuid)]"
        assert await registry.rows(audit, id=lerato.member_id) == [(role, "IOM")]
        assert (await registry.ask("DELETE", f"/api/v1/members/{lerato.member_id}", role=role)).status_code == 404
    else:
        assert answer.status_code == (401 if role is None else 403)
        assert not await registry.is_erased(lerato.member_id)


async def test_member_outside_one_s_areas_is_not_found(registry: Registry) -> None:
    [lerato] = await registry.register(submission(email=address()))
    assert (await registry.ask("DELETE", f"/api/v1/members/{lerato.member_id}", areas=["GB"])).status_code == 404


async def test_journal_erases_again_whom_a_backup_brought_back(
    registry: Registry, settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [lerato] = await registry.register(submission(email=(email := address())))
    path, gone = tmp_path / "journal", uuid4()
    await asyncio.to_thread(journal.append, path, [lerato.member_id, gone], at=LATER)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    read = RegistrySettings()
    assert read.suppression_key == SecretStr("s" * 32)
    assert await erase_again._erase(read, journal.read(path)) == 1
    assert await erase_again._erase(read, journal.read(path)) == 0

    async def announced() -> None:
        erased = [said.member_id for said in await registry.heard(MemberErased)]
        assert (erased.count(lerato.member_id), erased.count(gone)) == (2, 2)

    await eventually(announced)
    assert not await registry.rows("SELECT 1 FROM contact WHERE value = :email", email=email)
    assert await registry.register(submission(email=email, way="import")) == []


async def test_case_36_erasing_races_with_sheets_and_repeats_of_the_same_person(registry: Registry) -> None:
    """Whatever comes first: one erasure, nobody comes back by a sheet, and nothing is dead-lettered."""
    for _ in range(5):
        email, phone = address(), number()
        [lerato] = await registry.register(submission(email=email, phone=phone))
        racing = [submission(email=email, phone=phone, way="import") for _ in range(8)]
        asked = request(lerato.member_id)
        link = ManageLinkRequested(request_id=uuid4(), email=email, at=LATER)
        await registry.settle(*racing[:4], asked, link, *racing[4:])
        assert await registry.is_erased(lerato.member_id)
        assert await registry.rows("SELECT 1 FROM contact WHERE value IN (:email, :phone)", email=email, phone=phone) == []
        again = {each.submission_id for each in racing}
        assert [said for said in await registry.heard(MemberRegistered) if said.submission_id in again] == []
        [erased] = await registry.about(MemberErased, lerato.member_id)
        assert set(erased.submission_ids) <= {lerato.submission_id, *again}
    assert await registry.dead_letters(ManageLinkRequested) == []
