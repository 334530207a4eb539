"""What the forum's staff do with speakers and the team, over HTTP."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared.contracts.forum import SpeakerInvited, TeamChanged
from shared.identity import Role
from tests.services.forum.conftest import Forum
from tests.waiting import wait_until

SOUND = {"name": "Tšepo Ramatla", "email": "Tsepo@example.org", "language": "st", "note": "textiles"}


async def test_invited_speaker_is_shown_and_announced(forum: Forum) -> None:
    answer = await forum.ask("POST", "/api/v1/speakers", json=SOUND)
    assert answer.status_code == 201
    shown = answer.json()
    speaker = UUID(shown["id"])
    assert answer.headers["location"] == f"/api/v1/speakers/{speaker}"
    assert shown == {
        "id": str(speaker),
        "name": "Tšepo Ramatla",
        "email": "Tsepo@example.org",
        "language": "st",
        "status": "invited",
        "talk_title": None,
        "invited_at": shown["invited_at"],
        "answered_at": None,
        "deadline": "2090-03-29T00:00:00Z",
        "version": 1,
        "note": "textiles",
        "abstract": "",
        "biography": "",
        "needs": {"travel": "", "diet": "", "access": "", "equipment": ""},
    }
    assert await forum.show(speaker) == shown
    heard = await wait_until(lambda: forum.hear(SpeakerInvited))
    assert heard == [
        SpeakerInvited(
            invitation_id=speaker,
            name="Tšepo Ramatla",
            email="Tsepo@example.org",
            language="st",
            deadline=datetime(2090, 3, 29, tzinfo=UTC),
        )
    ]


async def test_address_invited_twice_is_refused_in_the_callers_language(forum: Forum) -> None:
    assert (await forum.ask("POST", "/api/v1/speakers", json=SOUND)).status_code == 201
    again = {**SOUND, "email": "TSEPO@example.org", "name": "T. Ramatla"}
    answer = await forum.ask("POST", "/api/v1/speakers?lang=st", json=again)
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert answer.json()["detail"] == "Aterese ena e se e kile ea memeloa Sebokeng sena."
    assert len(await wait_until(lambda: forum.hear(SpeakerInvited))) == 1


async def test_address_invited_at_once_by_many_is_invited_once(forum: Forum) -> None:
    answers = await asyncio.gather(*(forum.ask("POST", "/api/v1/speakers", json=SOUND) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


async def test_bad_fields_are_all_named_and_leave_nothing(forum: Forum) -> None:
    bad = {"name": "Tšepo\nRamatla", "email": "a@example.org, b@example.org", "language": "fr"}
    answer = await forum.ask("POST", "/api/v1/speakers", json=bad)
    assert answer.status_code == 422
    assert sorted(error["pointer"] for error in answer.json()["errors"]) == ["/email", "/language", "/name"]
    assert (await forum.ask("GET", "/api/v1/speakers")).json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("role", "status"),
    [("admin", 200), ("officer", 200), ("forum", 200), ("consultant", 403), ("mission", 403), ("viewer", 403), (None, 401)],
)
async def test_only_the_forums_staff_see_speakers_and_the_team(forum: Forum, role: Role | None, status: int) -> None:
    speaker = await forum.invite()
    for path in ("/api/v1/speakers", f"/api/v1/speakers/{speaker}", "/api/v1/team"):
        assert (await forum.ask("GET", path, role=role)).status_code == status
    tries = [("POST", "/api/v1/speakers", SOUND), ("PUT", "/api/v1/team", {"version": 1, "emails": []})]
    for method, path, body in tries if status > 200 else ():
        assert (await forum.ask(method, path, role=role, json=body)).status_code == status


async def test_nobody_reaches_the_forum_past_the_gateway(forum: Forum) -> None:
    speaker = await forum.invite()
    for path in ("/api/v1/speakers", f"/api/v1/speakers/{speaker}", "/api/v1/team", "/speaker/x", "/speaker/x/needs"):
        assert (await forum.web.get(path)).status_code == 401


async def test_speakers_are_listed_page_by_page_and_by_status(forum: Forum) -> None:
    speakers = [str(await forum.invite(name)) for name in ("Lerato", "Palesa", "Thabo")]
    await forum.ask("POST", f"/api/v1/speakers/{speakers[1]}/withdraw", json={"version": 1})
    first = (await forum.ask("GET", "/api/v1/speakers?limit=2")).json()
    assert [item["id"] for item in first["items"]] == speakers[:2]
    second = (await forum.ask("GET", f"/api/v1/speakers?limit=2&cursor={first['next']}")).json()
    assert ([item["id"] for item in second["items"]], second["next"]) == (speakers[2:], None)
    withdrawn = (await forum.ask("GET", "/api/v1/speakers?status=withdrawn")).json()
    assert [item["id"] for item in withdrawn["items"]] == [speakers[1]]
    assert (await forum.ask("GET", "/api/v1/speakers?status=sleeping")).status_code == 422
    assert (await forum.ask("GET", "/api/v1/speakers?cursor=WyJ4Il0")).status_code == 422


async def test_speaker_that_is_not_there_is_not_found(forum: Forum) -> None:
    assert (await forum.ask("GET", f"/api/v1/speakers/{uuid4()}")).status_code == 404
    assert (await forum.ask("GET", "/api/v1/speakers/x")).status_code == 404
    assert (await forum.ask("POST", f"/api/v1/speakers/{uuid4()}/withdraw", json={"version": 1})).status_code == 404


async def test_withdrawing_what_has_changed_is_a_conflict(forum: Forum) -> None:
    speaker = await forum.invite()
    assert (await forum.ask("POST", f"/api/v1/speakers/{speaker}/withdraw", json={"version": 2})).status_code == 409
    assert await forum.status(speaker) == "invited"


async def test_team_is_changed_whole_and_each_address_is_named_once(forum: Forum) -> None:
    first = await wait_until(lambda: forum.hear(TeamChanged))
    assert first == [TeamChanged(version=1, emails=("Desk@example.org", "lerato@example.org"))]
    wanted = {"version": 1, "emails": ["palesa@example.org", "PALESA@example.org", "thabo@example.org"]}
    answer = await forum.ask("PUT", "/api/v1/team", json=wanted)
    assert answer.json() == {"version": 2, "emails": ["palesa@example.org", "thabo@example.org"]}
    assert (await forum.ask("GET", "/api/v1/team")).json() == answer.json()
    assert await wait_until(lambda: forum.hear(TeamChanged)) == [TeamChanged(version=2, emails=("palesa@example.org", "thabo@example.org"))]
    assert (await forum.ask("PUT", "/api/v1/team", json=wanted)).status_code == 409


async def test_what_staff_do_and_read_is_written_down_without_personal_data(forum: Forum) -> None:
    speaker = await forum.invite("Mosa Lebona", "mosa@example.org")
    await forum.show(speaker)
    await forum.ask("GET", "/api/v1/speakers")
    await forum.ask("POST", f"/api/v1/speakers/{speaker}/withdraw", json={"version": 1})
    async with forum.database.transaction() as session:
        rows = (await session.execute(text("SELECT who, what, ids, detail::text FROM audit ORDER BY id"))).all()
    assert [tuple(row)[:3] for row in rows] == [
        ("staff:7", "speaker_invited", [speaker]),
        ("staff:7", "speaker_read", [speaker]),
        ("staff:7", "speakers_listed", [speaker]),
        ("staff:7", "speaker_withdrawn", [speaker]),
    ]
    assert "mosa" not in str(rows).lower()
