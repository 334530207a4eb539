"""What the tables themselves hold to, and the state announced anew."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from services.registry import announcing
from services.registry.model import Member
from services.registry.model.base import Base
from shared.contracts.gateway import ConsentWithdrawn, ContactConfirmed
from shared.contracts.registry import MemberChanged, MemberRegistered
from tests.services.registry.conftest import AT, Registry, address, number, submission

OURS = {mapper.local_table.name for mapper in Base.registry.mappers if mapper.class_.__module__.startswith("services.registry.")}  # type: ignore[attr-defined]
CHANGES = [
    "UPDATE consent SET given = false WHERE member_id = :id",
    "DELETE FROM consent WHERE member_id = :id",
    "DELETE FROM consent WHERE member_id = :id OR set_config('khokahano.erasing', '00000000-0000-0000-0000-000000000000', true) = ''",
    "TRUNCATE consent",
    "UPDATE wording SET text = 'x'",
    "DELETE FROM wording",
    "UPDATE audit SET why = 'x'",
    "DELETE FROM audit",
]


@pytest.mark.parametrize("change", CHANGES)
async def test_records_are_added_and_never_changed(registry: Registry, change: str) -> None:
    [lerato] = await registry.register(submission(email=address()))
    await registry.member(lerato.member_id)
    with pytest.raises(DBAPIError, match="append-only"):
        await registry.rows(change, **({"id": lerato.member_id} if ":id" in change else {}))
    assert len((await registry.member(lerato.member_id))["consents"]) == 2


async def test_erasing_consents_takes_one_members_only(registry: Registry) -> None:
    lerato, palesa = await registry.register(submission(email=address()), submission("Palesa", "Thabane", email=address()))
    async with registry.database.transaction() as session:
        await session.execute(text("SELECT erase_consents(:id)"), {"id": lerato.member_id})
        with pytest.raises(DBAPIError, match="append-only"):
            async with session.begin_nested():
                await session.execute(text("DELETE FROM consent WHERE member_id = :id"), {"id": palesa.member_id})
    assert (await registry.member(lerato.member_id))["consents"] == []
    assert len((await registry.member(palesa.member_id))["consents"]) == 2


async def test_mapped_classes_and_migrations_agree(registry: Registry) -> None:
    def differences(connection: Connection) -> list[object]:
        def ours(thing: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
            return name in OURS if kind == "table" else kind == "column"

        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
        return list(compare_metadata(context, Base.metadata))

    async with registry.database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_announcing_again_tells_each_members_present_state(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "PAGE", 2)
    phone = number()
    [lerato] = await registry.register(first := submission(email=address(), phone=phone))
    await registry.register(submission("Palesa", "Mokoena", phone=phone))
    await registry.settle(ContactConfirmed(member_id=lerato.member_id, contact_id=lerato.contacts[0].id, at=AT))
    await registry.settle(ConsentWithdrawn(member_id=lerato.member_id, at=AT))
    async with registry.database.transaction() as session:
        told = [said async for said in announcing.ANNOUNCERS[MemberRegistered.key](session)]
    assert len(told) == len(await registry.rows("SELECT 1 FROM member"))
    [state] = [said for said in told if isinstance(said, MemberRegistered) and said.member_id == lerato.member_id]
    last = (await registry.about(MemberChanged, lerato.member_id))[-1]
    assert state == MemberRegistered(**last.model_dump(), submission_id=first.submission_id, way="web")


async def test_members_are_found_by_index(registry: Registry) -> None:
    """Plans, not times: with many rows none of these may read the whole table."""
    async with registry.database.transaction() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        for condition in ("search_key LIKE '% moko%'", "area = 'ZA-GP'", "partner_code = 'X'", "submission_id = gen_random_uuid()"):
            query = f"EXPLAIN SELECT id FROM {Member.__tablename__} WHERE {condition} ORDER BY registered_at DESC, id DESC LIMIT 50"
            plan = "\n".join((await session.execute(text(query))).scalars())
            assert "Seq Scan" not in plan, plan
