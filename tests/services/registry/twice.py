"""Somebody who registers twice, with a slip of the pen, until the registry finds it; and what a merge leaves."""

from itertools import cycle
from typing import Any
from uuid import UUID

from services.registry.numbers.checking import differences
from services.registry.verifying import Counts, verify
from shared.contracts.gateway import ConsentGiven, RegistrationSubmitted
from shared.contracts.registry import MemberRegistered
from tests.services.registry.conftest import Registry, address, submission
from tests.waiting import wait_until


def _words(text: str) -> list[str]:
    return text.split()


FAMILIES = cycle(
    _words("Qhobela Nkuebe Phafoli Makhetha Ramaili Seabata Thabane Sekhonyana Letsie Mohapi Tlali Khaketla Ntsane Lehana Moshabesha")
    + _words("Putsoa Rantsoe Jankie Nthongoa Chabeli Hlalele Borotho Fothoane")
)
TOWNS = _words(
    "Welkom Carletonville Rustenburg Klerksdorp Brakpan Springs Evander Secunda Orkney Stilfontein Virginia Westonaria Barberton"
)
WORK = _words("nurse welder teacher driver tailor baker mason cook guard farmer painter")
FAMILY_NUMBERS: dict[str, int] = {}
WHOLE = ConsentGiven(registration=True, information=True, sharing=True)


def person(family: str, given: str = "Nthabeleng", **fields: Any) -> RegistrationSubmitted:
    """Return what somebody fills in who tells much of themselves: the more, the surer; people of other tests are others."""
    number = FAMILY_NUMBERS.setdefault(family, len(FAMILY_NUMBERS))
    told = {
        "birth_year": 1950 + 3 * number,
        "city": TOWNS[number % len(TOWNS)],
        "home_district": f"LS-{'ABCDEFGHJK'[number % 10]}",
        "occupation": WORK[number % len(WORK)],
        "gender": "female",
    }
    return submission(given, family, **told | {"email": address(), "consent": WHOLE} | fields)


async def twice(registry: Registry, **second: Any) -> tuple[MemberRegistered, MemberRegistered, dict[str, Any]]:
    """Register one person twice, the second time with a slip of the pen, and return the pair that is found."""
    family = next(FAMILIES)
    one, other = await registry.register(person(family), person(family, **{"given": "Nthabelleng", **second}))
    return one, other, await pair_of(registry, one.member_id)


async def pair_of(registry: Registry, member_id: UUID) -> dict[str, Any]:
    """Wait until a pair of this member is found, and return it."""

    async def found() -> dict[str, Any] | None:
        answer = await registry.ask("GET", f"/api/v1/duplicates?member={member_id}")
        items: list[dict[str, Any]] = answer.json()["items"]
        return items[0] if items else None

    pair = await wait_until(found)
    assert pair is not None
    return pair


async def merge(registry: Registry, pair: dict[str, Any], keep: UUID, **more: Any) -> dict[str, Any]:
    """Merge a pair, and return the answer."""
    answer = await registry.ask("POST", f"/api/v1/duplicates/{pair['id']}/merge", json={"keep": str(keep), **more})
    assert answer.status_code == 200, answer.text
    merged: dict[str, Any] = answer.json()
    return merged


async def settled(registry: Registry) -> None:
    """Wait until all is announced."""
    await wait_until(registry._announced)


async def figures(registry: Registry, area: str) -> tuple[int, int]:
    """Return how many are registered and confirmed in an area."""
    rows = (await registry.ask("GET", "/api/v1/coverage", role="officer")).json()["items"]
    return next((row["registered"], row["confirmed"]) for row in rows if row["area"] == area)


async def faults(registry: Registry) -> list[object]:
    """Return what is wrong with the ledger of consents, and with the figures."""
    async with registry.database.transaction() as session:
        wrong: list[object] = list(await differences(session))
    return wrong + [fault.text async for fault in verify(registry.database, Counts(), {})]


async def member_rows(registry: Registry, *ids: UUID) -> list[Any]:
    """Return these members and their contacts, whole."""
    rows = await registry.rows(
        "SELECT to_jsonb(m) - 'version' AS member, (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.id) FROM contact c WHERE member_id = m.id)"
        " FROM member m WHERE id = ANY (:ids) ORDER BY id",
        ids=list(ids),
    )
    return [tuple(row) for row in rows]
