"""A receipt for everybody: whom no mail reaches hears it from the staff, in their own language, and finds its number on their page."""

import re

from shared.codes import registration_receipt
from shared.contracts.gateway import ConsentGiven
from tests.services.registry.conftest import Registry, address, number, submission
from tests.services.registry.test_me import ask

SAID = {"purpose": "information", "channel": "call", "given": True, "way": "call", "spoken": "Yes, ring me."}


async def test_whom_no_mail_reaches_is_read_the_receipt_in_their_language(registry: Registry) -> None:
    [member] = await registry.register(submission(phone=number(), channels=(), language="st", consent=ConsentGiven(registration=True)))
    answer = (await registry.ask("POST", f"/api/v1/members/{member.member_id}/consents", json=SAID)).json()
    receipt = answer["receipt"]
    assert (receipt["mailed"], receipt["number"]) == (False, answer["items"][0]["receipt"])
    assert re.fullmatch(r"\d{3} \d{3} \d{3}", receipt["number"])
    assert receipt["text"].startswith("U lumetse ho fumana litaba ka mohala. IOM e e ngotse ka la ")
    assert receipt["text"].count(receipt["number"]) == 2
    page = (await ask(registry, "GET", "", member.member_id)).text
    assert f"recorded by IOM; receipt {receipt['number']}" in page
    withdrawn = {"purpose": "information", "channel": "call", "given": False, "way": "call"}
    again = (await registry.ask("POST", f"/api/v1/members/{member.member_id}/consents", json=withdrawn)).json()["receipt"]
    assert again["text"].startswith("Ha u sa batla litaba ka mohala.")
    assert again["number"] != receipt["number"]


async def test_who_has_an_address_is_sent_it_as_well(registry: Registry) -> None:
    [member] = await registry.register(submission(email=address(), phone=number()))
    receipt = (await registry.ask("POST", f"/api/v1/members/{member.member_id}/consents", json=SAID)).json()["receipt"]
    assert receipt["mailed"] is True
    assert receipt["text"].startswith("You agreed to receive information by phone call. IOM recorded it on ")


async def test_all_that_was_agreed_to_in_one_registration_has_one_receipt(registry: Registry) -> None:
    agreed = ConsentGiven(registration=True, information=True, sharing=True)
    [member] = await registry.register(submission(email=address(), phone=number(), channels=("email", "call"), consent=agreed))
    shown = (await registry.ask("GET", f"/api/v1/members/{member.member_id}/consents")).json()
    assert [each["receipt"] for each in shown["items"]] == [registration_receipt(member.submission_id)] * 4
    assert shown["receipt"] is None
    own = (await ask(registry, "GET", "/export", member.member_id)).json()["consents"]
    assert {each["receipt"] for each in own} == {registration_receipt(member.submission_id)}
