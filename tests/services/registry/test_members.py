"""Finding, showing and exporting people."""

import csv
import io
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.registry import files
from shared.contracts.gateway import ConsentGiven
from shared.contracts.registry import MemberRegistered
from shared.identity import Role
from tests.services.registry.conftest import AT, Registry, address, number, submission

MEMBERS = "/api/v1/members"
AGREED = ConsentGiven(registration=True, information=True, sharing=True)


async def found(registry: Registry, query: str, *, role: Role = "consultant", areas: tuple[str, ...] = ()) -> list[str]:
    """Return the given names on the first page."""
    answer = await registry.ask("GET", f"{MEMBERS}?{query}", role=role, areas=areas)
    assert answer.status_code == 200, answer.text
    return [member["given_name"] for member in answer.json()["items"]]


@pytest.fixture(scope="module")
async def people(registry: Registry) -> dict[str, MemberRegistered]:
    """Five people, who registered in this order."""
    submissions = [
        submission("Lerato", "Mokoena", email="lerato.m@example.org", phone="+27710000301", consent=AGREED, interests=("trade",)),
        submission("Tšepo", "Ramoea", email=address(), province="ZA-FS", language="st", contributions=("health",), consent=AGREED),
        submission("Palesa", "Thabane", email=address(), country="GB", province=None, partner_code="LS-HC-LONDON", consent=AGREED),
        submission("Neo", "Likotsi", phone=number(), channels=("call", "sms"), needs=("legal",)),
        submission("'Mampho", "Mokoteli", email=address(), country="BE", province=None),
    ]
    timed = [each.model_copy(update={"submitted_at": AT + timedelta(days=day)}) for day, each in enumerate(submissions)]
    return {registered.given_name: registered for registered in await registry.register(*timed)}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["'Mampho", "Neo", "Palesa", "Tšepo", "Lerato"]),
        ("q=moko", ["'Mampho", "Lerato"]),
        ("q=mokoena+LER", ["Lerato"]),
        ("q=ts%27epo", ["Tšepo"]),
        ("q=Mmampho", ["'Mampho"]),
        ("q=Dikotsi", ["Neo"]),
        ("q=okoena", []),
        ("q=%25", []),
        ("q=LERATO.M@example.org", ["Lerato"]),
        ("q=071+000+0301", ["Lerato"]),
        ("q=%2B27710000301", ["Lerato"]),
        ("q=%00", []),
        ("country=ZA", ["Neo", "Tšepo", "Lerato"]),
        ("country=GB", ["Palesa"]),
        ("province=ZA-FS", ["Tšepo"]),
        ("language=st", ["Tšepo"]),
        ("interest=trade", ["Lerato"]),
        ("contribution=health", ["Tšepo"]),
        ("channel=sms", ["Neo"]),
        ("status=confirmed", []),
        ("status=registered&country=ZA&language=en", ["Neo", "Lerato"]),
        ("partner=LS-HC-LONDON", ["Palesa"]),
        ("since=2020-01-23T09:00:00Z", ["'Mampho", "Neo"]),
    ],
)
async def test_filters_find_whom_they_mean_the_newest_first(registry: Registry, query: str, names: list[str]) -> None:
    assert await found(registry, query) == names


@pytest.mark.usefixtures("people")
async def test_pages_follow_one_another_without_gap_or_repeat(registry: Registry) -> None:
    names, cursor = [], ""
    while cursor is not None:
        page = (await registry.ask("GET", f"{MEMBERS}?limit=2&cursor={cursor}")).json()
        names.append([member["given_name"] for member in page["items"]])
        cursor = page["next"]
    assert names == [["'Mampho", "Neo"], ["Palesa", "Tšepo"], ["Lerato"]]


@pytest.mark.parametrize(
    "query",
    [
        "limit=201",
        "limit=0",
        "cursor=x",
        "cursor=WzEsMl0",
        "country=zaf",
        "status=x",
        "since=2020-01-01T00:00:00",
        "format=pdf",
        "channel=fax",
    ],
)
async def test_wrong_filters_are_named(registry: Registry, query: str) -> None:
    answer = await registry.ask("GET", f"{MEMBERS}?{query}")
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [f"/query/{query.partition('=')[0]}"])


@pytest.mark.usefixtures("people")
async def test_mission_finds_only_its_areas_people_who_agreed_to_sharing(registry: Registry) -> None:
    assert await found(registry, "", role="mission", areas=("ZA-GP", "ZA-FS")) == ["Tšepo", "Lerato"]
    assert await found(registry, "", role="mission", areas=("ZA",)) == ["Tšepo", "Lerato"]
    assert await found(registry, "country=GB", role="mission", areas=("ZA-GP",)) == []
    assert await found(registry, "", role="mission", areas=("BE",)) == []
    assert await found(registry, "", role="mission") == []
    assert await found(registry, "", role="consultant", areas=("GB",)) == ["Palesa"]


async def test_mission_sees_what_the_wording_names_and_looks_for_no_more(registry: Registry, people: dict[str, MemberRegistered]) -> None:
    told = {"id", "given_name", "family_name", "email", "phone", "whatsapp", "country", "province", "area", "status", "registered_at"}
    listed = (await registry.ask("GET", MEMBERS, role="mission", areas=("ZA-GP",))).json()["items"]
    assert [set(member) for member in listed] == [told]
    answer = await registry.ask("GET", f"{MEMBERS}/{people['Lerato'].member_id}", role="mission", areas=("ZA-GP",))
    assert set(answer.json()) == told
    for query in ("interest=trade", "contribution=health", "language=en", "channel=email", "partner=LS-X"):
        assert (await registry.ask("GET", f"{MEMBERS}?{query}", role="mission", areas=("ZA-GP",))).status_code == 403


async def test_member_outside_the_callers_areas_is_not_there(registry: Registry, people: dict[str, MemberRegistered]) -> None:
    for name, role, areas, status in [
        ("Palesa", "mission", ("ZA-GP",), 404),
        ("Neo", "mission", ("ZA-GP",), 404),
        ("Lerato", "mission", ("ZA-GP",), 200),
        ("Lerato", "officer", ("GB",), 404),
        ("Lerato", "admin", (), 200),
    ]:
        answer = await registry.ask("GET", f"{MEMBERS}/{people[name].member_id}", role=role, areas=areas)  # type: ignore[arg-type]
        assert answer.status_code == status, (name, role)
    assert (await registry.ask("GET", f"{MEMBERS}/{uuid4()}")).status_code == 404
    assert (await registry.ask("GET", f"{MEMBERS}/nobody")).status_code == 404


@pytest.mark.parametrize(("role", "status"), [(None, 401), ("viewer", 403), ("forum", 403)])
async def test_others_see_nobody(registry: Registry, role: Role | None, status: int) -> None:
    for path in (MEMBERS, f"{MEMBERS}/{uuid4()}", f"{MEMBERS}?format=csv&reason=x"):
        assert (await registry.ask("GET", path, role=role)).status_code == status


async def test_every_look_is_audited_with_whom_it_showed(registry: Registry, people: dict[str, MemberRegistered]) -> None:
    last = (await registry.rows("SELECT coalesce(max(id), 0) AS id FROM audit"))[0].id
    await found(registry, "q=moko&limit=1")
    await registry.ask("GET", f"{MEMBERS}/{people['Neo'].member_id}", role="officer")
    await registry.ask("GET", f"{MEMBERS}/{uuid4()}")
    written = await registry.rows("SELECT who, role, organisation, what, ids, why FROM audit WHERE id > :last ORDER BY id", last=last)
    assert [tuple(row) for row in written] == [
        ("staff:7", "consultant", "IOM", "members_listed", [people["'Mampho"].member_id], None),
        ("staff:7", "officer", "IOM", "member_read", [people["Neo"].member_id], None),
    ]


async def test_export_is_guarded_paged_and_audited(
    registry: Registry, people: dict[str, MemberRegistered], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PAGE", 2)
    last = (await registry.rows("SELECT coalesce(max(id), 0) AS id FROM audit"))[0].id
    answer = await registry.ask("GET", f"{MEMBERS}?reason=Weekly+calls", headers={"accept": "text/csv"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.content.startswith(b"\xef\xbb\xbfgiven_name,")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["given_name"] for row in rows] == ["'Mampho", "Neo", "Palesa", "Tšepo", "Lerato"]
    assert (rows[-1]["phone"], rows[-1]["interests"], rows[-1]["consent_sharing"]) == ("'+27710000301", "trade", "true")
    assert (rows[1]["needs"], rows[1]["channels"], rows[1]["consent_sharing"]) == ("legal", "call;sms", "false")
    written = await registry.rows("SELECT what, ids, why FROM audit WHERE id > :last ORDER BY id", last=last)
    assert [(row.what, row.why, len(row.ids)) for row in written] == [("members_exported", "Weekly calls", count) for count in (2, 2, 1)]
    shown: list[UUID] = [member_id for row in written for member_id in row.ids]
    assert set(shown) == {member.member_id for member in people.values()}


async def test_export_needs_a_reason_and_a_role(registry: Registry) -> None:
    answer = await registry.ask("GET", f"{MEMBERS}?format=csv&reason=+")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/reason")
    assert (await registry.ask("GET", f"{MEMBERS}?format=csv&reason=x", role="mission", areas=("ZA-GP",))).status_code == 403
    assert (await registry.ask("GET", f"{MEMBERS}?format=csv&reason=x&province=ZA-NC")).text.startswith("\ufeffgiven_name")
