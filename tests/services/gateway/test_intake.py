"""A registration answered 202 is on disk; whatever is killed beside this process, it reaches the registry, once."""

import asyncio
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest

from services.gateway.intake import Intake
from services.gateway.settings import GatewaySettings
from shared.clock import new_id, now
from shared.contracts.gateway import ConsentGiven, RegistrationSubmitted
from shared.contracts.registry import MemberErased, RegistrationsProcessed
from shared.errors import Unavailable
from tests.faults.proxy import DOWN
from tests.services.gateway.running import KEY, REGISTRATIONS, Gateway, registration
from tests.waiting import wait_until


def submission(**fields: Any) -> RegistrationSubmitted:
    usual: dict[str, Any] = {
        "submission_id": new_id(),
        "submitted_at": now(),
        "way": "api",
        "given_name": "Thabo",
        "family_name": "Letsie",
        "email": f"{uuid4().hex}@example.org",
        "country": "BW",
        "consent": ConsentGiven(registration=True),
        "consent_text_version": "2020-01",
    }
    return RegistrationSubmitted.model_construct(**usual | fields)


async def test_registration_is_answered_202_and_announced_once(gateway: Gateway) -> None:
    body = registration(phone="071 000 0123", whatsapp=True, interests=["trade"])
    answer = await gateway.register(body)
    assert answer.status_code == 202
    identifier = answer.json()["id"]
    assert answer.json() == {"id": identifier, "status": "received"}
    assert answer.headers["location"] == f"{REGISTRATIONS}/{identifier}"
    assert (await gateway.web.get(answer.headers["location"])).json() == {"id": identifier, "status": "received"}
    assert await gateway.announced(identifier) == 1
    said = next(each for each in await gateway.heard(RegistrationSubmitted) if str(each.submission_id) == identifier)
    assert (said.way, said.email, said.interests) == ("api", body["email"], ("trade",))
    assert (said.phone, said.whatsapp) == ("+27710000123", "+27710000123")


async def test_processed_submission_is_blanked(gateway: Gateway) -> None:
    first, second = [(await gateway.register()).json()["id"] for _ in range(2)]
    await gateway.deliver(RegistrationsProcessed(submission_ids=(first, second, uuid4())))

    async def processed() -> bool:
        return (await gateway.web.get(f"{REGISTRATIONS}/{second}")).json()["status"] == "processed"

    await wait_until(processed)
    assert await gateway.rows("SELECT DISTINCT event FROM submission WHERE id IN (:a, :b)", a=first, b=second) == [(None,)]


async def test_erased_members_submissions_are_blanked(gateway: Gateway) -> None:
    identifier = (await gateway.register()).json()["id"]
    await gateway.deliver(MemberErased(member_id=uuid4(), submission_ids=(identifier,)))

    async def blank() -> bool:
        return await gateway.rows("SELECT event FROM submission WHERE id = :id", id=identifier) == [(None,)]

    await wait_until(blank)


@pytest.mark.parametrize("identifier", ["00000000-0000-7000-8000-000000000000", "7", "%00", "..%2f"])
async def test_unknown_registration_is_not_found(gateway: Gateway, identifier: str) -> None:
    answer = await gateway.web.get(f"{REGISTRATIONS}/{identifier}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_broker_away_refuses_nobody(gateway: Gateway) -> None:
    gateway.broker.refuse()
    try:
        answers = [await gateway.register() for _ in range(3)]
        assert [answer.status_code for answer in answers] == [202, 202, 202]
        assert len(await gateway.rows("SELECT 1 FROM outbox")) >= 3
    finally:
        gateway.broker.accept()
    for answer in answers:
        assert await gateway.announced(answer.json()["id"]) == 1
    await wait_until(gateway.ready)


async def test_database_away_is_503_with_retry_after_and_mends_by_itself(gateway: Gateway) -> None:
    gateway.postgresql.refuse()
    try:
        started = monotonic()
        answer = await gateway.register()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert monotonic() - started < 4
    finally:
        gateway.postgresql.accept()

    async def taken() -> bool:
        return (await gateway.register()).status_code == 202

    await wait_until(taken, 20)
    await wait_until(gateway.ready, 20)


async def test_case_06_database_that_says_nothing_is_503_within_the_deadline(gateway: Gateway) -> None:
    gateway.postgresql.drop()
    try:
        started = monotonic()
        answers = await asyncio.gather(*(gateway.register() for _ in range(20)))
        assert {answer.status_code for answer in answers} == {503}
        assert monotonic() - started < 4
    finally:
        gateway.postgresql.heal()

    async def taken() -> bool:
        return (await gateway.register()).status_code == 202

    await wait_until(taken, 20)
    assert {answer.status_code for answer in await asyncio.gather(*(gateway.register() for _ in range(50)))} == {202}
    await wait_until(gateway.ready, 20)


async def test_commit_whose_answer_is_lost_is_tried_again_and_happens_once(gateway: Gateway) -> None:
    body = registration()
    hold = gateway.postgresql.hold(DOWN, after=[body["email"], "COMMIT"])
    asking = asyncio.create_task(gateway.register(body, key=uuid4().hex))
    await hold.moment()
    gateway.postgresql.cut()
    hold.release()
    answer = await asking
    assert answer.status_code == 202
    assert await gateway.rows("SELECT count(*) FROM submission WHERE event LIKE :like", like=f"%{body['email']}%") == [(1,)]
    assert await gateway.announced(answer.json()["id"]) == 1


async def test_row_that_cannot_be_written_spoils_no_other(gateway: Gateway) -> None:
    good, bad = [submission() for _ in range(30)], submission(way=None)
    every = [*good[:15], bad, *good[15:]]
    outcomes = await asyncio.gather(*(gateway.intake.accept(each, None, b"") for each in every), return_exceptions=True)
    assert [outcome for outcome in outcomes if not isinstance(outcome, BaseException)] == [each.submission_id for each in good]
    assert isinstance(outcomes[15], Exception)


async def test_full_memory_is_503_at_once() -> None:
    keys = {name: [KEY] for name in ("link_keys", "registry_identity_keys", "notifier_identity_keys", "forum_identity_keys")}
    settings = GatewaySettings(gateway_database_url="postgresql://nobody@127.0.0.1/none", intake_queue=2, intake_wait_seconds=0.3, **keys)
    intake = Intake(settings)  # Nothing flushes it.
    waiting = [asyncio.create_task(intake.accept(submission(), None, b"")) for _ in range(2)]
    await asyncio.sleep(0)
    started = monotonic()
    with pytest.raises(Unavailable) as full:
        await intake.accept(submission(), None, b"")
    assert full.value.retry_after_seconds == 5
    assert monotonic() - started < 0.1
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable]


async def test_journey_begins_with_the_request(gateway: Gateway) -> None:
    answer = await gateway.web.post(REGISTRATIONS, json=registration(), headers={"x-correlation-id": "caller-journey-7"})
    assert answer.headers["x-correlation-id"] == "caller-journey-7"
