"""Two members become one, and two again, or nobody; whoever still has an old link is heard."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.registry.duplicates import comparing, following
from services.registry.model import Contact, Member
from shared.clock import now
from shared.contracts.gateway import ConsentGiven, ConsentWithdrawn, ContactConfirmed, ErasureRequested, SharingWithdrawn
from shared.contracts.registry import MemberChanged, MembersMerged, MembersParted, RegistrationRepeated
from shared.receipts import new_number
from tests.services.registry.conftest import Registry, number
from tests.services.registry.test_me import ask as mine
from tests.services.registry.twice import FAMILIES, faults, figures, member_rows, merge, pair_of, person, settled, twice


@pytest.fixture(scope="module", autouse=True)
async def quick(registry: Registry) -> AsyncIterator[None]:
    """Look for newcomers ten times a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparing, "EVERY_SECONDS", 0.1)
        yield


async def test_merge_makes_one_of_two_and_undoing_two_of_one(registry: Registry) -> None:
    one, other, pair = await twice(registry, country="ZA", province="ZA-FS", phone=number(), channels=("call",), partner_code="TEBA")
    before = await member_rows(registry, one.member_id, other.member_id)
    gauteng, free_state = await figures(registry, "ZA-GP"), await figures(registry, "ZA-FS")
    merged = await merge(registry, pair, one.member_id, take=["given_name"])
    await settled(registry)

    shown = await registry.member(one.member_id)
    assert (shown["given_name"], shown["information"], shown["sharing"], shown["partner_code"]) == ("Nthabelleng", [], False, "TEBA")
    assert {contact["value"] for contact in shown["contacts"]} == {contact.value for event in (one, other) for contact in event.contacts}
    assert (await registry.ask("GET", f"/api/v1/members/{other.member_id}")).status_code == 404
    assert (await figures(registry, "ZA-GP"), await figures(registry, "ZA-FS")) == (gauteng, (free_state[0] - 1, free_state[1]))
    [told] = await registry.about(MembersMerged, one.member_id)
    assert (told.version, told.absorbed_id, told.absorbed_version, told.information) == (2, other.member_id, 2, ())
    assert {each.contact_id for each in told.moved} == {contact.id for contact in other.contacts}
    assert await faults(registry) == []
    assert (await registry.ask("GET", f"/api/v1/duplicates?member={one.member_id}")).json()["items"] == []

    undone = await registry.ask("POST", f"/api/v1/merges/{merged['id']}/undo")
    assert undone.status_code == 200, undone.text
    await settled(registry)
    assert await member_rows(registry, one.member_id, other.member_id) == before
    assert (await figures(registry, "ZA-GP"), await figures(registry, "ZA-FS")) == (gauteng, free_state)
    [parted] = await registry.about(MembersParted, other.member_id)
    assert (parted.version, parted.kept_id, parted.information) == (3, one.member_id, ("call",))
    assert [said.version for said in await registry.about(MemberChanged, one.member_id)] == [3]
    assert await faults(registry) == []
    assert (await pair_of(registry, one.member_id))["id"] == pair["id"]
    again = await registry.ask("POST", f"/api/v1/merges/{merged['id']}/undo")
    assert again.status_code == 409


async def test_links_and_registrations_of_the_absorbed_one_are_the_kept_ones(registry: Registry) -> None:
    one, other, pair = await twice(registry)
    [contact] = other.contacts
    merged = await merge(registry, pair, one.member_id)
    await registry.settle(ContactConfirmed(member_id=other.member_id, contact_id=contact.id, at=now()))
    shown = await registry.member(one.member_id)
    assert shown["status"] == "confirmed"
    assert [(each["value"], each["confirmed_at"] is not None) for each in shown["contacts"] if each["value"] == contact.value] == [
        (contact.value, True)
    ]
    back = person(other.family_name, "Nthabelleng", email=contact.value)
    assert await registry.register(back) == []
    assert [said.member_id for said in await registry.about(RegistrationRepeated, one.member_id)] == [one.member_id]
    await registry.settle(ConsentWithdrawn(member_id=other.member_id, at=now()))
    assert (await registry.member(one.member_id))["information"] == []

    assert (await registry.ask("POST", f"/api/v1/merges/{merged['id']}/undo")).status_code == 200
    restored = await registry.member(other.member_id)
    assert (restored["status"], restored["information"]) == ("confirmed", []), "what was withdrawn since is withdrawn for both"
    assert (await registry.member(one.member_id))["information"] == []
    assert await faults(registry) == []
    came_as = next(each["id"] for each in shown["contacts"] if each["value"] == contact.value)
    await registry.settle(ContactConfirmed(member_id=one.member_id, contact_id=UUID(came_as), at=now()))
    assert await registry.dead_letters(ContactConfirmed) == []


async def test_who_withdraws_what_a_merge_has_ended_does_not_agree_again_when_it_is_undone(registry: Registry) -> None:
    one, _, pair = await twice(registry, consent=ConsentGiven(registration=True))
    merged = await merge(registry, pair, one.member_id)
    shown = await registry.member(one.member_id)
    assert (shown["information"], shown["sharing"]) == ([], False), "only what both agreed to stays"
    await registry.settle(ConsentWithdrawn(member_id=one.member_id, at=now()))
    await registry.settle(SharingWithdrawn(member_id=one.member_id, at=now()))
    assert (await registry.ask("POST", f"/api/v1/merges/{merged['id']}/undo")).status_code == 200
    shown = await registry.member(one.member_id)
    assert (shown["information"], shown["sharing"]) == ([], False)
    assert await faults(registry) == []


async def test_undoing_is_no_later_yes_for_a_withdrawal_that_is_still_on_its_way(registry: Registry) -> None:
    one, _, pair = await twice(registry, consent=ConsentGiven(registration=True))
    merged = await merge(registry, pair, one.member_id)
    pressed = now()
    assert (await registry.ask("POST", f"/api/v1/merges/{merged['id']}/undo")).status_code == 200
    shown = await registry.member(one.member_id)
    assert (shown["information"], shown["sharing"]) == (["email"], True)
    await registry.settle(ConsentWithdrawn(member_id=one.member_id, at=pressed))
    await registry.settle(SharingWithdrawn(member_id=one.member_id, at=pressed))
    shown = await registry.member(one.member_id)
    assert (shown["information"], shown["sharing"]) == ([], False)
    assert await faults(registry) == []


async def test_member_takes_away_what_was_held_under_the_other_record_too(registry: Registry) -> None:
    one, other, pair = await twice(registry)
    await merge(registry, pair, one.member_id)
    for old_or_new in (one.member_id, other.member_id):
        held = (await mine(registry, "GET", "/export", old_or_new)).json()
        assert held["id"] == str(one.member_id)
        [earlier] = held["earlier_records"]
        assert (earlier["record"]["given_name"], earlier["contacts"][0]["value"]) == ("Nthabelleng", other.contacts[0].value)
        assert [said["purpose"] for said in earlier["consents"]] == ["registration", "information", "sharing"]
        assert "duplicate_read" in [reading["what"] for reading in held["read_by"]]


async def test_merges_are_undone_the_last_first(registry: Registry) -> None:
    one, other, pair = await twice(registry)
    [third] = await registry.register(person(one.family_name, "Ntabeleng"))
    first = await merge(registry, pair, one.member_id)
    second = await merge(registry, await pair_of(registry, third.member_id), third.member_id)
    assert UUID(second["absorbed_id"]) == one.member_id
    assert (await registry.ask("POST", f"/api/v1/merges/{first['id']}/undo")).status_code == 409
    shown = await registry.member(third.member_id)
    assert len(shown["contacts"]) == 3
    for merged in (second, first):
        assert (await registry.ask("POST", f"/api/v1/merges/{merged['id']}/undo")).status_code == 200
    for event in (one, other, third):
        assert [contact["value"] for contact in (await registry.member(event.member_id))["contacts"]] == [event.contacts[0].value]
    assert await faults(registry) == []


async def test_erasing_erases_both_halves_of_a_merge_of_a_merge(registry: Registry) -> None:
    one, other, pair = await twice(registry)
    [third] = await registry.register(person(one.family_name, "Ntabeleng"))
    first = await merge(registry, pair, one.member_id)
    await merge(registry, await pair_of(registry, third.member_id), third.member_id)
    await registry.settle(ErasureRequested(member_id=other.member_id, receipt=new_number(), at=now()))
    for event in (one, other, third):
        assert await registry.is_erased(event.member_id)
    for table in ("merge WHERE kept_id", "merge WHERE absorbed_id", "likeness_keys WHERE member_id", "likeness_pair WHERE one"):
        assert await registry.rows(f"SELECT 1 FROM {table} = ANY (:ids)", ids=[one.member_id, other.member_id, third.member_id]) == []
    assert await registry.rows("SELECT 1 FROM contact_moved WHERE contact_id = :id", id=other.contacts[0].id) == []
    assert (await registry.ask("POST", f"/api/v1/merges/{first['id']}/undo")).status_code == 404
    await registry.settle(ContactConfirmed(member_id=other.member_id, contact_id=other.contacts[0].id, at=now()))
    assert await registry.dead_letters(ContactConfirmed) == []
    sheet = person(other.family_name, "Nthabelleng", email=other.contacts[0].value, way="import")
    assert await registry.register(sheet) == []


async def test_erasing_during_a_merge_leaves_nothing(registry: Registry) -> None:
    for erased_first in range(4):
        one, other, pair = await twice(registry)
        gone = (one, other)[erased_first % 2]
        merging = registry.ask("POST", f"/api/v1/duplicates/{pair['id']}/merge", json={"keep": str(one.member_id)})
        erasing = registry.settle(ErasureRequested(member_id=gone.member_id, receipt=new_number(), at=now()))
        answer, _ = await asyncio.gather(merging, erasing)
        left = [event for event in (one, other) if not await registry.is_erased(event.member_id)]
        if answer.status_code == 200:
            assert left == [], "both halves are one person"
        else:
            assert (answer.status_code, left) == (404, [event for event in (one, other) if event is not gone])
        assert await registry.dead_letters(ErasureRequested) == []


async def test_contacts_that_both_had_are_shared_no_more_and_again(registry: Registry) -> None:
    family, phone = next(FAMILIES), number()
    one, other = await registry.register(person(family, phone=phone), person(family, "Nthabelleng", phone=phone))
    pair = await pair_of(registry, one.member_id)
    merged = await merge(registry, pair, one.member_id)
    contacts = (await registry.member(one.member_id))["contacts"]
    assert sorted((each["kind"], each["shared"]) for each in contacts) == [("email", False), ("email", False), ("phone", False)]
    assert (await registry.ask("POST", f"/api/v1/merges/{merged['id']}/undo")).status_code == 200
    for event in (one, other):
        contacts = (await registry.member(event.member_id))["contacts"]
        assert sorted((each["kind"], each["shared"]) for each in contacts) == [("email", False), ("phone", True)]


async def test_figures_are_right_after_a_confirmed_one_is_merged_and_parted(registry: Registry) -> None:
    one, other, pair = await twice(registry, country="GB", province=None, partner_code="TEBA", channels=("email",))
    await registry.settle(ContactConfirmed(member_id=other.member_id, contact_id=other.contacts[0].id, at=now()))
    merged = await merge(registry, pair, one.member_id, take=["country", "channels"])
    assert (await registry.member(one.member_id))["area"] == "GB"
    assert await faults(registry) == []
    assert (await registry.ask("POST", f"/api/v1/merges/{merged['id']}/undo")).status_code == 200
    assert (await registry.member(one.member_id))["status"] == "registered"
    assert await faults(registry) == []


async def test_every_table_that_points_to_a_member_says_what_a_merge_does_with_it(registry: Registry) -> None:
    rows = await registry.rows("SELECT DISTINCT conrelid::regclass::text AS name FROM pg_constraint WHERE confrelid = 'member'::regclass")
    assert {row.name for row in rows} == {*following.MOVED, *following.LEFT_BEHIND, *following.OWN}


async def test_calls_follow_and_go_back(registry: Registry) -> None:
    one, other, pair = await twice(registry)
    tasks = [uuid4(), uuid4(), uuid4()]
    async with registry.database.transaction() as session:
        for task, whose, reason in zip(tasks, (one, other, other), ("confirm", "confirm", "follow_up"), strict=True):
            await session.execute(
                text("INSERT INTO call_task (id, reason, member_id, due_at, made_at) VALUES (:id, :reason, :member, now(), now())"),
                {"id": task, "reason": reason, "member": whose.member_id},
            )
    told = "SELECT id, member_id, outcome FROM call_task WHERE id = ANY (:ids) ORDER BY id"
    before = [tuple(row) for row in await registry.rows(told, ids=tasks)]
    merged = await merge(registry, pair, one.member_id)
    rows = {row.id: (row.member_id, row.outcome) for row in await registry.rows(told, ids=tasks)}
    assert [rows[task] for task in tasks] == [(one.member_id, None), (one.member_id, "settled"), (one.member_id, None)]
    assert (await registry.ask("POST", f"/api/v1/merges/{merged['id']}/undo")).status_code == 200
    assert [tuple(row) for row in await registry.rows(told, ids=tasks)] == before


async def test_every_column_of_a_member_is_known_here(registry: Registry) -> None:
    """Undoing writes a member's row anew: a column that the model does not know would be lost."""
    for model in (Member, Contact):
        name = model.__tablename__
        rows = await registry.rows(
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:t) AND attnum > 0 AND NOT attisdropped", t=name
        )
        assert {row.attname for row in rows} == {column.name for column in model.__table__.columns}
