"""The people of the small registry on which every route is tried, and what belongs to them: calls, pairs, merges, partners, readings."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Uuid, bindparam, text

from services.registry.handlers import register_members
from shared.contracts.gateway import ConsentGiven
from shared.database import Database
from tests.services.registry.conftest import submission
from tests.services.registry.world import ELSEWHERE, HOME, Person, World, staff

PHONE = text("SELECT member.id, contact.id FROM member JOIN contact ON member_id = member.id WHERE submission_id = :id AND kind = 'phone'")
CALL = text(
    "INSERT INTO call_task (id, reason, member_id, about, due_at, made_at)"
    " VALUES (:id, :reason, :member_id, :about, now() - interval '1 hour', now() - interval '1 hour')"
)
KEY_PERSON = text(
    "INSERT INTO key_person (id, version, status, name, name_key, contact_kind, contact, contact_key, area, language, source, reason,"
    " added_at, gone_at) VALUES (:id, 1, 'new', :name, :name, 'email', :email, :email, :area, 'en', 'a friend', 'knows many', now(),"
    " now() + interval '30 days')"
)
PARTNER = text("UPDATE partner SET areas = ARRAY[:area], contact_email = :email WHERE code = :code RETURNING id")
PROMISE = text("INSERT INTO promise (id, partner_id, version, what, due_on, created_at) VALUES (:id, :partner, 1, 'Posters', now(), now())")
VIEW = text("INSERT INTO saved_view (id, owner, office, shared, name, query) VALUES (:id, 'staff:7', 'IOM', false, :name, 'q=')")
READING = text(
    "INSERT INTO audit (who, role, organisation, what, ids, detail) VALUES ('staff:1', 'admin', 'IOM', 'members_listed', :ids, '{}')"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())))
PARTNERS = {HOME: "LS-HC-PRETORIA", ELSEWHERE: "LS-HC-LONDON"}


async def register(database: Database, name: str, number: int, area: str, *, shares: bool) -> Person:
    """Have somebody registered as people usually are."""
    given, family = name.split()
    country, _, province = area.partition("-")
    submitted = submission(
        given,
        family,
        email=f"person{number}@example.org",
        phone=f"+2771000040{number}",
        country=country,
        province=area if province else None,
        consent=ConsentGiven(registration=True, information=True, sharing=shares),
    )
    async with database.transaction() as session:
        await register_members([submitted], session)
        [(member_id, contact_id)] = (await session.execute(PHONE, {"id": submitted.submission_id})).all()
    marks = (str(member_id), family, rf"person{number}@example\.org", f"71000040{number}")
    return Person(member_id, contact_id, area, shares, marks)


async def populate(database: Database, world: World) -> None:
    """Put people into each of the two areas, one who agreed to sharing and one who did not, and what belongs to them."""
    names = ("Lerato Seabata", "Palesa Thabane", "Neo Likotsi", "Tšepo Ramoea")
    for number, (area, shares) in enumerate([(HOME, True), (HOME, False), (ELSEWHERE, True), (ELSEWHERE, False)]):
        world.people.append(await register(database, names[number], number, area, shares=shares))
    for number, area, family in ((4, HOME, "Mokoteli"), (6, ELSEWHERE, "Letsie")):
        one = await register(database, f"Mpho {family}", number, area, shares=False)
        other = await register(database, f"Mpho {family}", number + 1, area, shares=False)
        merge = await _merged(database, world, one, other)
        world.things.setdefault("merge_id", {})[area] = merge["id"]
        kept = one if merge["kept"]["id"] == str(one.id) else other
        world.people.append(replace(kept, marks=(*kept.marks, *(one if kept is other else other).marks)))
    for area, (first, second) in {HOME: world.people[:2], ELSEWHERE: world.people[2:4]}.items():
        await _furnish(database, world, area, first, second)
    async with database.transaction() as session:
        for person in world.people:
            await session.execute(READING, {"ids": [person.id]})


async def _merged(database: Database, world: World, one: Person, other: Person) -> dict[str, Any]:
    pair_id = await _pair(database, one, other)
    world.app.state.database = database
    return json.loads((await world.ask("POST", f"/api/v1/duplicates/{pair_id}/merge", staff("admin"), body={})).body)


async def _pair(database: Database, one: Person, other: Person) -> UUID:
    async with database.transaction() as session:
        await session.execute(
            text("INSERT INTO likeness_pair (id, one, other, score, reasons) VALUES (:id, :one, :other, 0.9, '[]')"),
            {"id": (pair_id := uuid4()), "one": min(one.id, other.id), "other": max(one.id, other.id)},
        )
    return pair_id


async def _furnish(database: Database, world: World, area: str, first: Person, second: Person) -> None:
    """Give an area a call, a follow-up, a pair, a partner with a promise, a key person, and a few readings."""
    made = {name: uuid4() for name in ("call_id", "follow_up_id", "key_person_id", "promise_id", "view_id")}
    made["pair_id"] = await _pair(database, first, second)
    family = {HOME: "Qhobela", ELSEWHERE: "Khaketla"}[area]
    email = f"{family.lower()}@example.net"
    async with database.transaction() as session:
        put = session.execute
        await put(CALL, {"id": made["call_id"], "reason": "confirm", "member_id": first.id, "about": None})
        await put(CALL, {"id": made["follow_up_id"], "reason": "follow_up", "member_id": second.id, "about": "The form"})
        await put(KEY_PERSON, {"id": made["key_person_id"], "name": f"Ntate {family}", "email": email, "area": area})
        partner = {"area": area, "email": "office@example.org", "code": PARTNERS[area]}
        made["partner_id"] = await session.scalar(PARTNER, partner)
        await put(PROMISE, {"id": made["promise_id"], "partner": made["partner_id"]})
        await put(VIEW, {"id": made["view_id"], "name": f"View {area}"})
        await put(READING, {"ids": [person.id for person in world.people]})
    world.others.append(Person(made["key_person_id"], first.contact_id, area, False, (str(made["key_person_id"]), family, email)))
    for name, value in made.items():
        world.things.setdefault(name, {})[area] = value
