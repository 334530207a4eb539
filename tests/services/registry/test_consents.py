"""A member's consents as staff see them, and what staff record for a member who told them."""

from typing import Any
from uuid import uuid4

import pytest

from shared import consent
from shared.contracts.gateway import ConsentGiven, ConsentWithdrawn, ContactConfirmed
from shared.contracts.registry import ConsentRecorded, MemberChanged, MemberRegistered
from shared.identity import Role
from tests.services.registry.conftest import AT, Registry, address, number, submission
from tests.waiting import wait_until

SPOKEN = "I told her who holds her details and why; she said: yes, write to me."


async def lerato(registry: Registry, **fields: Any) -> MemberRegistered:
    usual = {"email": address(), "phone": number(), "channels": ("email",), "language": "st"}
    [made] = await registry.register(submission(**usual | fields))
    return made


def consents(member: MemberRegistered) -> str:
    return f"/api/v1/members/{member.member_id}/consents"


def said(**fields: Any) -> dict[str, Any]:
    usual = {"purpose": "information", "channel": "call", "given": True, "way": "call", "spoken": SPOKEN}
    return {name: value for name, value in (usual | fields).items() if value is not None}


async def test_every_record_is_shown_with_its_wording_and_what_is_in_force(registry: Registry) -> None:
    member = await lerato(registry, consent=ConsentGiven(registration=True, information=True, sharing=True))
    await registry.settle(ConsentWithdrawn(member_id=member.member_id, channel="email", at=AT))
    answer = (await registry.ask("GET", consents(member))).json()
    assert answer["in_force"] == {"registration": True, "information": [], "sharing": ["mission"]}
    assert [(each["place"], each["purpose"], each["channel"], each["recipient"], each["given"]) for each in answer["items"]] == [
        (4, "information", "email", None, False),
        (3, "sharing", None, "mission", True),
        (2, "information", "email", None, True),
        (1, "registration", None, None, True),
    ]
    assert [each["wording"] for each in answer["items"]] == [None, *[consent.text("2020-01", "st")] * 3]
    assert {each["way"] for each in answer["items"]} == {"web", "link"}
    assert len({each["hash"] for each in answer["items"]}) == 4
    assert answer["next"] is None


async def test_what_was_told_in_a_call_is_recorded_holds_at_once_and_is_told_to_the_member(registry: Registry) -> None:
    member = await lerato(registry)
    await registry.settle(ContactConfirmed(member_id=member.member_id, contact_id=member.contacts[0].id, at=AT))
    made = await registry.ask("POST", consents(member), json=said(outcome="glad that we rang"))
    assert made.status_code == 201, made.text
    assert made.json()["in_force"]["information"] == ["call", "email"]
    newest = made.json()["items"][0]
    assert {name: newest[name] for name in ("place", "way", "wording_version", "language", "spoken", "outcome", "office", "scan")} == {
        "place": 3,
        "way": "call",
        "wording_version": "2020-01",
        "language": "st",
        "spoken": SPOKEN,
        "outcome": "glad that we rang",
        "office": "IOM",
        "scan": None,
    }
    assert newest["staff"]
    shown = await registry.member(member.member_id)
    assert (shown["information"], shown["channels"], shown["version"]) == (["email", "call"], ["email", "call"], 3)

    async def told() -> bool:
        return bool(await registry.about(ConsentRecorded, member.member_id))

    await wait_until(told)
    [receipt] = await registry.about(ConsentRecorded, member.member_id)
    assert (receipt.purpose, receipt.channel, receipt.given, receipt.way, receipt.office) == ("information", "call", True, "call", "IOM")
    assert [contact.value for contact in receipt.contacts] == [member.contacts[0].value]
    assert (await registry.about(MemberChanged, member.member_id))[-1].information == ("email", "call")
    [audited] = await registry.rows(
        "SELECT who, organisation, detail FROM audit WHERE what = 'consent_recorded' AND ids @> ARRAY[CAST(:id AS uuid)]",
        id=member.member_id,
    )
    assert (audited.who, audited.organisation, audited.detail["purpose"]) == ("staff:7", "IOM", "information")


async def test_withdrawal_on_behalf_holds_at_once(registry: Registry) -> None:
    member = await lerato(registry, consent=ConsentGiven(registration=True, information=True, sharing=True))
    for body in (
        said(channel="email", given=False, spoken=None),
        said(purpose="sharing", channel=None, given=False, way="visit", spoken=None),
    ):
        assert (await registry.ask("POST", consents(member), json=body)).status_code == 201
    answer = (await registry.ask("GET", consents(member))).json()
    assert answer["in_force"] == {"registration": True, "information": [], "sharing": []}
    assert (await registry.ask("GET", f"/api/v1/members/{member.member_id}", role="mission", areas=["ZA-GP"])).status_code == 404
    assert (await registry.member(member.member_id))["information"] == []


async def test_paper_is_recorded_with_its_scan(registry: Registry) -> None:
    member = await lerato(registry)
    made = await registry.ask(
        "POST", consents(member), json=said(purpose="sharing", channel=None, way="paper", spoken=None, scan="AB" * 32)
    )
    assert made.json()["items"][0]["scan"] == "ab" * 32
    assert made.json()["in_force"]["sharing"] == ["mission"]


@pytest.mark.parametrize(
    ("role", "status"),
    [("admin", 200), ("consultant", 200), ("officer", 200), ("mission", 403), ("forum", 403), ("viewer", 403), (None, 401)],
)
async def test_only_those_who_look_after_people_see_and_record_consents(registry: Registry, role: Role | None, status: int) -> None:
    member = await lerato(registry, consent=ConsentGiven(registration=True, sharing=True), channels=())
    areas = ["ZA-GP"] if role == "mission" else []
    assert (await registry.ask("GET", consents(member), role=role, areas=areas)).status_code == status
    made = await registry.ask("POST", consents(member), role=role, areas=areas, json=said())
    assert made.status_code == (201 if status == 200 else status)
    held = await registry.rows("SELECT 1 FROM consent WHERE member_id = :id", id=member.member_id)
    assert len(held) == (3 if status == 200 else 2)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_member_of_another_area_is_not_there(registry: Registry, method: str) -> None:
    member = await lerato(registry)
    body: dict[str, Any] = {"json": said()} if method == "POST" else {}
    elsewhere = await registry.ask(method, consents(member), role="consultant", areas=["GB"], **body)
    nobody = await registry.ask(method, f"/api/v1/members/{uuid4()}/consents", role="consultant", areas=["GB"], **body)
    assert (elsewhere.status_code, nobody.status_code) == (404, 404)
    assert {**elsewhere.json(), "instance": ""} == {**nobody.json(), "instance": ""}
    assert len(await registry.rows("SELECT 1 FROM consent WHERE member_id = :id", id=member.member_id)) == 2


@pytest.mark.parametrize("seen", [{"json": said(version=1)}, {"json": said(), "headers": {"If-Match": '"1"'}}])
async def test_stale_version_is_refused_with_the_present_one(registry: Registry, seen: dict[str, Any]) -> None:
    member = await lerato(registry)
    assert (await registry.ask("POST", consents(member), json=said(version=1))).status_code == 201
    stale = await registry.ask("POST", consents(member), **seen)
    assert (stale.status_code, stale.json()["detail"]) == (409, "The member is in version 2 now.")


@pytest.mark.parametrize("name", ["given_at", "at", "id", "member_id", "role", "status", "area", "staff", "office", "hash", "approved_by"])
async def test_case_32_what_is_not_the_callers_to_say_is_refused(registry: Registry, name: str) -> None:
    member = await lerato(registry)
    refused = await registry.ask("POST", consents(member), json=said() | {name: "2020-01-01T00:00:00Z"})
    assert (refused.status_code, [error["pointer"] for error in refused.json()["errors"]]) == (422, [f"/{name}"])
    assert len(await registry.rows("SELECT 1 FROM consent WHERE member_id = :id", id=member.member_id)) == 2


async def test_all_that_does_not_fit_is_told_in_the_callers_language(registry: Registry) -> None:
    member = await lerato(registry, phone=None)
    body = said(channel="whatsapp", spoken=None, scan="ab" * 32)
    refused = await registry.ask("POST", f"{consents(member)}?lang=st", json=body)
    assert refused.status_code == 422
    assert {error["pointer"]: error["detail"] for error in refused.json()["errors"]} == {
        "/channel": "Ha re na aterese kapa nomoro ea tsela ena ea puisano.",
        "/scan": "Ke pampiri feela e skenoang.",
        "/spoken": "Ngola se builoeng.",
    }


async def test_withdrawal_by_link_holds_here_within_a_second(registry: Registry) -> None:
    member = await lerato(registry)

    async def withdrawn() -> bool:
        return (await registry.ask("GET", consents(member))).json()["in_force"]["information"] == []

    await registry.deliver(ConsentWithdrawn(member_id=member.member_id, at=AT))
    await wait_until(withdrawn, seconds=1)


async def test_reading_consents_is_audited(registry: Registry) -> None:
    member = await lerato(registry)
    await registry.ask("GET", consents(member))
    audited = await registry.rows("SELECT what FROM audit WHERE ids @> ARRAY[CAST(:id AS uuid)]", id=member.member_id)
    assert [row.what for row in audited] == ["consents_read"]


async def test_roots_are_made_by_the_service_itself_and_shown_for_print(registry: Registry) -> None:
    async def shown() -> Any:
        return (await registry.ask("GET", "/api/v1/consent-roots", role="viewer")).json()["items"]

    [root] = await wait_until(shown)
    [kept] = await registry.rows("SELECT day, root, (now() AT TIME ZONE 'UTC')::date - day AS age FROM consent_root")
    assert (root["number"], root["day"], root["root"], kept.age) == (1, kept.day.isoformat(), kept.root.hex(), 1)
    assert (await registry.ask("GET", "/api/v1/consent-roots", role="mission", areas=["ZA-GP"])).status_code == 403
    for cursor in ("WyJ4Il0", "WzEsMl0", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTld"):
        assert (await registry.ask("GET", f"/api/v1/consent-roots?cursor={cursor}")).status_code == 422
