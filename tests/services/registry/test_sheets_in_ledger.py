"""What a sheet says of consent stands in the ledger, covered by its hashes; the same sheet again adds nothing."""

from uuid import UUID, uuid4

from services.registry import ledger
from services.registry.verifying import Counts, verify
from shared.contracts.gateway import ConsentGiven, ConsentProof, RegistrationSubmitted
from tests.services.registry.conftest import AT, Registry, address, number, submission

PROOF = ConsentProof(basis="paper: scans in folder 12", scan="ab" * 32, staff="Ntšebo Phiri", office="IOM")
AGREED = ConsentGiven(registration=True, information=True, sharing=True)


def sheet(people: int) -> list[RegistrationSubmitted]:
    import_id = uuid4()
    return [
        submission(f"Palesa {each}", email=address(), way="import", import_id=import_id, consent=AGREED, proof=PROOF)
        for each in range(people)
    ]


def again(rows: list[RegistrationSubmitted]) -> list[RegistrationSubmitted]:
    """Return what the same rows become when the sheet is handed in once more."""
    import_id = uuid4()
    return [row.model_copy(update={"submission_id": uuid4(), "import_id": import_id}) for row in rows]


async def records(registry: Registry, import_ids: set[UUID]) -> list[tuple[int, bytes]]:
    rows = await registry.rows(
        "SELECT consent.id, hash FROM consent JOIN member ON member.id = member_id WHERE import_id = ANY(:ids) ORDER BY consent.id",
        ids=list(import_ids),
    )
    return [tuple(row) for row in rows]


async def faults(registry: Registry) -> list[str]:
    return [fault.text async for fault in verify(registry.database, Counts(), {})]


async def test_proof_of_a_sheet_stands_in_the_ledger(registry: Registry) -> None:
    # Side by side with somebody who came by themselves: in one statement, each with their own columns.
    own = submission("Lineo", email=address(), phone=number(), consent=AGREED)
    [member, herself] = await registry.register(*sheet(1), own)
    shown = (await registry.ask("GET", f"/api/v1/members/{member.member_id}/consents")).json()["items"]
    named = ("basis", "scan", "staff", "office", "way")
    assert {tuple(each[name] for name in named) for each in shown} == {(PROOF.basis, PROOF.scan, PROOF.staff, PROOF.office, "import")}
    assert len(shown) == 3
    others = (await registry.ask("GET", f"/api/v1/members/{herself.member_id}/consents")).json()["items"]
    assert {tuple(each[name] for name in named) for each in others} == {(None, None, None, None, "web")}
    assert await faults(registry) == []


async def test_proof_of_a_sheet_cannot_be_put_right_afterwards(registry: Registry) -> None:
    [member] = await registry.register(*sheet(1))
    [row] = await registry.rows("SELECT * FROM consent WHERE member_id = :id AND purpose = 'sharing'", id=member.member_id)
    assert row.commitment == ledger.commitment(row.salt, row._mapping)
    assert row.commitment != ledger.commitment(row.salt, dict(row._mapping) | {"basis": "list"})
    [computed] = await registry.rows("SELECT sha256(salt || consent_contents(consent)) AS hash FROM consent WHERE id = :id", id=row.id)
    assert computed.hash == row.commitment


async def test_proof_is_emptied_with_the_person(registry: Registry) -> None:
    [member] = await registry.register(*sheet(1))
    [chain] = await registry.rows("SELECT DISTINCT pseudonym FROM consent WHERE member_id = :id", id=member.member_id)
    assert (await registry.ask("DELETE", f"/api/v1/members/{member.member_id}")).status_code == 202
    left = await registry.rows("SELECT basis, scan, staff, office FROM consent WHERE pseudonym = :id", id=chain.pseudonym)
    assert [tuple(row) for row in left] == [(None, None, None, None)] * 3
    assert await faults(registry) == []


async def test_same_sheet_again_adds_nothing_to_the_ledger(registry: Registry) -> None:
    rows = sheet(20)
    await registry.register(*rows)
    import_ids = {row.import_id for row in rows if row.import_id}
    before = await records(registry, import_ids)
    repeated = again(rows)
    await registry.settle(*repeated)
    after = await records(registry, import_ids | {row.import_id for row in repeated if row.import_id})
    assert (len(before), after) == (60, before)
    assert await faults(registry) == []
    # A sheet that says more than before gives no consent in anybody's name either.
    more = [row.model_copy(update={"submission_id": uuid4(), "submitted_at": AT}) for row in rows[:3]]
    await registry.settle(*more)
    assert await records(registry, import_ids) == before
