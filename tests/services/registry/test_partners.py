"""Partners: found, entered, changed, briefed; each sees itself only."""

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from pydantic import SecretStr
from pypdf import PdfReader

from shared.clock import now
from shared.contracts.gateway import BriefingAnswered
from shared.contracts.registry import PartnerBriefed
from shared.identity import HEADER, Identity, Role, sign
from shared.tokens import Link
from tests.services.registry.conftest import CSRF, KEYS, Registry
from tests.waiting import wait_until

PARTNERS = "/api/v1/partners"
WELKOM, LONDON = "LS-C-WELKOM", "LS-HC-LONDON"


def partner(**fields: Any) -> dict[str, Any]:
    """Return a partner to enter, with a name that no other test uses."""
    return {"name": f"Mokhatlo {uuid4().hex[:12]}", "kind": "association", "areas": ["ZA-FS"], **fields}


async def entered(registry: Registry, **fields: Any) -> dict[str, Any]:
    answer = await registry.ask("POST", PARTNERS, json=partner(**fields))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{PARTNERS}/{made['id']}"
    return made


async def listed(registry: Registry, who: Identity | None = None, query: str = "?limit=200") -> list[dict[str, Any]]:
    answer = await (ask_as(registry, who, "GET", PARTNERS + query) if who else registry.ask("GET", PARTNERS + query))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def ask_as(registry: Registry, who: Identity, method: str, path: str, **more: Any) -> httpx2.Response:
    """Make a request as the gateway hands it on for this caller."""
    signed = sign(who, [SecretStr(KEYS)], service="registry", method=method, path=path.partition("?")[0])
    return await registry.web.request(method, path, headers={HEADER: signed, **more.pop("headers", {})}, **more)


def mission(organisation: str, *areas: str, role: Role = "mission") -> Identity:
    return Identity(kind="staff", id="9", role=role, areas=areas, organisation=organisation, csrf=CSRF)


def holder(briefing_id: UUID) -> Identity:
    return Identity(kind="link", link=Link("briefing", briefing_id, None, now() + timedelta(days=1)))


async def test_shipped_missions_are_partners_from_the_beginning(registry: Registry) -> None:
    found = {each["code"]: each for each in await listed(registry, query="?limit=200&kind=mission")}
    assert len(found) == 13
    welkom = found[WELKOM]
    assert (welkom["name"], welkom["areas"], welkom["pack"], welkom["status"]) == (
        "Consulate in Welkom",
        ["ZA-FS", "ZA-NC"],
        "none",
        "known",
    )
    assert welkom["link"] == f"http://127.0.0.1:8080/register?partner={WELKOM}"


async def test_partner_gets_a_code_of_its_own_whatever_the_case(registry: Registry) -> None:
    given = await entered(registry, code="thaba-bosiu")
    assert given["code"] == "THABA-BOSIU"
    made = await entered(registry)
    assert len(made["code"]) == 5
    for again in (partner(code="ThabaBosiu"), partner(name=given["name"].upper())):
        answer = await registry.ask("POST", PARTNERS, json=again)
        assert (answer.status_code, len(answer.json()["errors"])) == (409, 1)
    assert [each["id"] for each in await listed(registry, query=f"?q={made['code'].lower()}")] == [made["id"]]


async def test_stale_change_is_refused_with_what_stands_now(registry: Registry) -> None:
    made = await entered(registry, contact_email="first@example.org")
    place = f"{PARTNERS}/{made['id']}"
    changed = await registry.ask("PATCH", place, json={"contact_email": "second@example.org", "note": "ask for Neo", "version": 1})
    assert (changed.status_code, changed.json()["version"], changed.json()["name"]) == (200, 2, made["name"])
    stale = {"contact_email": "third@example.org", "note": "ask for Neo"}
    for refused in (
        await registry.ask("PATCH", place, json=stale | {"version": 1}),
        await registry.ask("PATCH", place, json=stale, headers={"if-match": '"1"'}),
    ):
        assert refused.status_code == 409
        assert refused.json()["errors"] == [{"pointer": "/contact_email", "detail": "It is now: second@example.org"}]
    assert (await registry.ask("PATCH", place, json={"code": "NEW-ONE"})).status_code == 422
    assert (await registry.ask("GET", place)).json()["contact_email"] == "second@example.org"


async def test_mission_sees_itself_and_not_what_is_noted_of_it(registry: Registry) -> None:
    [welkom] = await listed(registry, query=f"?q={WELKOM}")
    await registry.ask("PATCH", f"{PARTNERS}/{welkom['id']}", json={"note": "slow to answer", "contact_name": "Neo Likotsi"})
    for organisation in (WELKOM, "consulate IN welkom"):
        [own] = await listed(registry, mission(organisation, "ZA-FS", "ZA-NC"))
        assert (own["id"], own["contact_name"], own["figures"]["registered"], "note" in own) == (welkom["id"], "Neo Likotsi", None, False)
    for who in (mission("", "ZA-FS"), mission("Consulate", "ZA-FS"), mission("-", "ZA-FS"), mission(WELKOM), mission(WELKOM, "GB")):
        assert await listed(registry, who) == []
        for path in ("", "/qr.svg", "/poster.pdf", "/pack.pdf", "/promises"):
            assert (await ask_as(registry, who, "GET", f"{PARTNERS}/{welkom['id']}{path}")).status_code == 404
    own_mission = mission(WELKOM, "ZA-FS")
    assert (await ask_as(registry, own_mission, "GET", f"{PARTNERS}/{welkom['id']}/promises")).json() == {"items": [], "next": None}
    assert (await ask_as(registry, own_mission, "PATCH", f"{PARTNERS}/{welkom['id']}", json={"note": "x"})).status_code == 403


async def test_viewer_sees_figures_only_and_scoped_staff_their_areas(registry: Registry) -> None:
    made = await entered(registry, areas=["DE"], contact_email="secret@example.org", note="secret")
    [shown] = [each for each in await listed(registry, mission("IOM", role="viewer")) if each["id"] == made["id"]]
    assert set(shown) == {"id", "name", "kind", "areas", "figures"}
    assert shown["figures"] | {"day": None} == {"registered": None, "confirmed": None, "small": True, "day": None}
    scoped = mission("IOM", "GB", role="consultant")
    assert [each["code"] for each in await listed(registry, scoped)] == [LONDON]
    assert (await ask_as(registry, scoped, "GET", f"{PARTNERS}/{made['id']}")).status_code == 404
    refused = await ask_as(registry, scoped, "POST", PARTNERS, json=partner(areas=["GB", "DE"]))
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/areas")


async def test_pages_of_the_list_follow_one_another_by_name(registry: Registry) -> None:
    await entered(registry, name="aa first of all")
    seen, cursor = [], ""
    while True:
        answer = (await registry.ask("GET", f"{PARTNERS}?limit=5{cursor}")).json()
        seen += [each["name"].lower() for each in answer["items"]]
        if not answer["next"]:
            break
        cursor = f"&cursor={answer['next']}"
    assert seen == sorted(seen)
    assert len(seen) == len(await listed(registry))
    assert (await registry.ask("GET", f"{PARTNERS}?cursor=WyJhIl0")).status_code == 422


async def test_list_is_a_table_too_with_the_columns_that_the_caller_sees(registry: Registry) -> None:
    made = await entered(registry, name=f'=cmd|"{uuid4().hex}', contact_email="secret@example.org")
    whole = await registry.ask("GET", f"{PARTNERS}?format=csv&limit=1")
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(whole.text.removeprefix("\ufeff")))}
    assert len(rows) == len(await listed(registry))
    row = rows[made["id"]]
    assert (row["name"], row["areas"], row["contact_email"], row["registered"]) == (f"'{made['name']}", "ZA-FS", "secret@example.org", "0")
    seen = await ask_as(registry, mission("IOM", role="viewer"), "GET", PARTNERS, headers={"accept": "text/csv"})
    assert seen.headers["content-type"].startswith("text/csv")
    assert "secret" not in seen.text


@pytest.mark.parametrize(("picture", "kind"), [("svg", "image/svg+xml"), ("png", "image/png")])
async def test_link_is_drawn(registry: Registry, picture: str, kind: str) -> None:
    made = await entered(registry)
    answer = await registry.ask("GET", f"{PARTNERS}/{made['id']}/qr.{picture}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert (await registry.ask("GET", f"{PARTNERS}/{made['id']}/qr.gif")).status_code in (404, 422)


async def test_poster_is_printed_once_and_kept(registry: Registry) -> None:
    made = await entered(registry, language="st")
    answers = [await registry.ask("GET", f"{PARTNERS}/{made['id']}/poster.pdf{query}") for query in ("", "?language=st", "?language=en")]
    assert [answer.headers["content-type"] for answer in answers] == ["application/pdf"] * 3
    assert answers[0].content == answers[1].content != answers[2].content
    [text] = [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(answers[0].content)).pages]
    assert "Na u Mosotho ea lulang kantle ho Lesotho?" in text
    assert made["name"] in text


async def test_pack_is_sent_read_and_agreed_to(registry: Registry) -> None:
    made = await entered(registry, contact_email="secretary@example.org", language="st")
    place = f"{PARTNERS}/{made['id']}"
    sent = await registry.ask("POST", f"{place}/briefings")
    assert (sent.status_code, sent.json()["status"]) == (201, "sent")
    assert (await registry.ask("POST", f"{place}/briefings")).status_code == 409
    briefing_id = UUID(sent.json()["id"])

    async def announced() -> list[PartnerBriefed]:
        return [each for each in await registry.heard(PartnerBriefed) if each.briefing_id == briefing_id]

    assert await wait_until(announced) == [PartnerBriefed(briefing_id=briefing_id, email="secretary@example.org", language="st")]

    async def state() -> tuple[str, str]:
        shown = (await registry.ask("GET", place)).json()
        return shown["pack"], shown["status"]

    page = await ask_as(registry, holder(briefing_id), "GET", "/briefing/token")
    assert (page.status_code, page.headers["content-language"]) == (200, "st")
    assert made["code"] in page.text
    assert await state() == ("read", "known")  # Whatever a scanner opens, it agrees to nothing.
    pack = await ask_as(registry, holder(briefing_id), "GET", "/briefing/token/pack.pdf?language=en")
    assert (pack.headers["content-type"], pack.content[:5]) == ("application/pdf", b"%PDF-")
    await registry.settle(BriefingAnswered(briefing_id=briefing_id, answer="agree", at=now()))
    assert await state() == ("agreed", "active")
    await registry.settle(BriefingAnswered(briefing_id=briefing_id, answer="decline", at=now()))
    assert await state() == ("declined", "active")


async def test_answer_to_no_briefing_is_dead_lettered(registry: Registry) -> None:
    [message_id] = await registry.deliver(BriefingAnswered(briefing_id=uuid4(), answer="agree", at=now()))
    assert "no such briefing" in (await registry.buried(BriefingAnswered, message_id)).reason
    assert (await ask_as(registry, holder(uuid4()), "GET", "/briefing/token")).status_code == 404


async def test_pack_needs_an_address(registry: Registry) -> None:
    made = await entered(registry)
    refused = await registry.ask("POST", f"{PARTNERS}/{made['id']}/briefings")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/contact_email")


async def test_promise_is_kept_track_of(registry: Registry) -> None:
    made = await entered(registry)
    place = f"{PARTNERS}/{made['id']}/promises"
    for what, due in (("Announce it in church", "2020-03-01"), ("Put up the poster", "2020-02-01")):
        assert (await registry.ask("POST", place, json={"what": what, "due_on": due})).status_code == 201
    first, second = (await registry.ask("GET", place)).json()["items"]
    assert (first["what"], second["what"]) == ("Put up the poster", "Announce it in church")
    done = await registry.ask("PATCH", f"{place}/{first['id']}", json={"done_on": "2020-01-31", "delivered": "12 posters", "version": 1})
    assert (done.json()["delivered"], done.json()["version"]) == ("12 posters", 2)
    assert (await registry.ask("PATCH", f"{place}/{first['id']}", json={"done_on": None, "version": 1})).status_code == 409
    assert [each["what"] for each in (await registry.ask("GET", place)).json()["items"]] == ["Announce it in church", "Put up the poster"]
    other = await entered(registry)
    assert (await registry.ask("PATCH", f"{PARTNERS}/{other['id']}/promises/{first['id']}", json={})).status_code == 404
