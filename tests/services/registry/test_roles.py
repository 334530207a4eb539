"""Every route, by everybody: nobody, whoever has a link, each role by session and token, for all areas, the own one, another, none."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from itertools import product
from typing import Any, get_args

import pytest
from fastapi.routing import APIRoute
from pydantic import SecretStr
from sqlalchemy import true

from services.registry import marking
from services.registry.outreach.printing import printer
from services.registry.routes import routers
from services.registry.scope import Scope, scope_of
from shared.database import Database
from shared.identity import Identity, Role
from tests.services.registry.conftest import application
from tests.services.registry.populating import populate
from tests.services.registry.rights import RIGHTS, Right
from tests.services.registry.world import ELSEWHERE, HOME, Answer, Person, Rehearsal, World, holder, staff

ROUTES = {
    (method, route.path): route for router in routers for route in router.routes if isinstance(route, APIRoute) for method in route.methods
}
ROLES: tuple[Role, ...] = get_args(Role)
SCOPES: tuple[tuple[str, ...], ...] = ((), (HOME,), (ELSEWHERE,), ("IE", "US"))
STAFF = [
    *(staff(role, areas) for role, areas in product(ROLES, SCOPES)),
    *(staff(role, (HOME,), kind="token") for role in ROLES),
]
UNKNOWN = "00000000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
async def world(settings: dict[str, str]) -> AsyncIterator[World]:
    """The registry's application without its broker, and people in its database."""
    app = application(settings)
    marking.use(SecretStr(settings["SUPPRESSION_KEY"]))
    url = settings["REGISTRY_DATABASE_URL"].replace("postgresql:", "postgresql+asyncpg:")
    real, rehearsal = Database(url, name="registry"), Rehearsal(url, name="registry")
    world = World(app, rehearsal)
    await populate(real, world)
    await real.close()
    app.state.database = rehearsal
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(printer, "print", _printed)  # Whoever may print a document may, whatever is on it.
        yield world
    await rehearsal.close()


async def _printed(*_: object) -> bytes:
    return b"%PDF-1.7"


def test_table_names_every_route() -> None:
    named = {(method, path.partition("?")[0]) for method, path in (key.split(" ", 1) for key in RIGHTS)}
    missing, gone = set(ROUTES) - named, named - set(ROUTES)
    assert not missing, f"say in tests/services/registry/rights.py who may use: {', '.join(' '.join(each) for each in sorted(missing))}"
    assert not gone, f"take out of tests/services/registry/rights.py, for these routes are gone: {sorted(gone)}"


@pytest.mark.parametrize("key", RIGHTS)
async def test_route_does_what_it_may_for_everybody(world: World, key: str) -> None:
    right, (method, path) = RIGHTS[key], key.split(" ", 1)
    for where, filled, person in places(world, right, path):
        for who in [Identity(), *STAFF, *(holder(purpose, each) for purpose in ("manage", "confirm") for each in world.people[:1])]:
            answer = await world.ask(method, filled, who, body=said(world, right.sent, person), form=said(world, right.form, person))
            expected = wanted(right, who, where, person)
            told = f"{method} {filled} by {who.kind} {who.role or (who.link and who.link.purpose) or ''} of {who.areas or 'all areas'}"
            assert answer.status in expected, f"{told}: {answer.status} instead of {expected}: {answer.body[:300]}"
            check_persons(world, right, who, answer, told)


BY_KEY = ["GET /api/v1/members/{member_id}", "GET /api/v1/members/{member_id}/consents", "GET /staff/members/{member_id}"]


@pytest.mark.parametrize("key", BY_KEY)
async def test_query_that_forgets_its_scope_changes_no_answer(world: World, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setattr(Scope, "condition", lambda _: true())
    await test_route_does_what_it_may_for_everybody(world, key)


def places(world: World, right: Right, path: str) -> Iterator[tuple[str, str, Person | None]]:
    """Give each thing to try a path on: the area it is in, the path, and whose it is."""
    names = set(re.findall(r"{(\w+)}", path))
    if right.about == "member":
        for person in world.people[:3]:
            yield person.area, fill(world, path, person.area, member_id=person.id, contact_id=person.contact_id), person
        yield "nowhere", fill(world, path, HOME, member_id=UNKNOWN, contact_id=UNKNOWN), None
    elif right.about == "area":
        for area in (HOME, ELSEWHERE, "nowhere"):
            yield area, fill(world, path, area, area=area), None
    elif right.about in ("thing", "partner"):
        for area in (HOME, ELSEWHERE):
            yield area, fill(world, path, area), None
        yield "nowhere", fill(world, path, HOME, **dict.fromkeys(names, UNKNOWN)), None
    elif right.about == "own":
        yield HOME, fill(world, path, HOME, token="token"), world.people[0]
    else:
        where = HOME if right.about == "home" else ""
        yield where, fill(world, path, HOME, token="token", number="000000000000"), None


def said(world: World, value: Any, person: Person | None) -> Any:
    """Return what is sent, with the member that it is about."""
    whose = person or world.people[0]
    if isinstance(value, dict):
        return {name: said(world, each, person) for name, each in value.items()}
    if isinstance(value, str):
        return value.replace("{member_id}", str(whose.id)).replace("{contact_id}", str(whose.contact_id))
    return value


def fill(world: World, path: str, where: str, /, **values: object) -> str:
    """Return the path with its parameters, the given ones or the world's."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name in values:
            return str(values[name])
        things = world.things.get(name)
        assert things, f"add {name!r} to World.things in tests/services/registry/populating.py: area → value"
        return str(things.get(where, things.get("*")))

    return re.sub(r"{(\w+)}", value, path)


def wanted(right: Right, who: Identity, where: str, person: Person | None) -> tuple[int, ...]:
    """Return what is right for this caller, by the table."""
    if right.about == "public":
        return (*right.answers, 404)
    if right.about == "own":
        return right.answers if who.link and who.link.purpose == right.link else (404,)
    if who.role is None:
        return (401,)
    if who.role not in right.roles.split() or (right.form is not None and who.kind == "token"):
        return (403,)
    if right.about in ("people", "figures", "open"):
        return right.answers
    scope = scope_of(who)
    inside = scope.covers(where) and where != "nowhere"
    if right.about == "partner" and who.role == "mission":
        inside = inside and where == HOME  # The mission's own partner; the other area's is another mission.
    if right.about == "member" and scope.sharing_only:
        inside = inside and person is not None and person.shares
    return right.answers if inside else right.outside


def sees(scope: Scope, person: Person) -> bool:
    return scope.covers(person.area) and (person.shares or not scope.sharing_only)


def check_persons(world: World, right: Right, who: Identity, answer: Answer, told: str) -> None:
    """See to it that nobody is told of whom the caller may not know, and that of everybody else who is, it was noted before."""
    shown = [person for person in (*world.people, *world.others) if answer.tells_of(person)]
    if who.link:
        assert all(person.id == who.link.subject for person in shown), f"{told}: told of somebody else"
        return
    named = right.about in ("people", "member", "thing", "home")
    scope = scope_of(who)
    for person in shown:
        assert named and who.role in right.roles.split() and sees(scope, person), f"{told}: told of {person.marks[1]}"
        assert person.id in answer.noted, f"{told}: {person.marks[1]} was shown, and the audit does not say so"
    if right.about == "figures" and answer.status == 200:
        areas = set(areas_in(answer.body))
        assert all(scope.covers(area) for area in areas - {"elsewhere"}), f"{told}: told of {sorted(areas)}"


def areas_in(body: str) -> Iterator[str]:
    """Give each value of a field `area` anywhere in an answer that is JSON."""

    def walk(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("area"), str):
                yield value["area"]
            value = list(value.values())
        if isinstance(value, list):
            for each in value:
                yield from walk(each)

    return walk(json.loads(body)) if body.startswith(("{", "[")) else iter(())


@pytest.mark.parametrize("key", [key for key, right in RIGHTS.items() if right.about == "people" and right.whole])
async def test_list_shows_everybody_of_the_scope(world: World, key: str) -> None:
    """The other half of the promise above, which a route that shows nobody would keep, too: whom an administrator sees, those are shown."""
    right, (method, path) = RIGHTS[key], key.split(" ", 1)
    everybody = [*world.people, *world.others]

    async def shown(who: Identity) -> list[str]:
        answer = await world.ask(method, path, who, form=right.form)
        return [person.marks[1] for person in everybody if answer.tells_of(person)]

    there = [person for person in everybody if person.marks[1] in await shown(staff("admin"))]
    assert bool(there) != right.empty, "World has nobody for this list: put somebody there, or write empty=True"
    for role, areas in product(right.roles.split(), SCOPES):
        who = staff(role, areas)
        assert await shown(who) == [each.marks[1] for each in there if sees(scope_of(who), each)], (role, areas)
