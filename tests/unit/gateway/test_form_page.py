"""The public pages: what they say, what they keep of what was typed, and that their answer tells nothing."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

import services.gateway
from services.gateway import pages
from shared import consent
from shared.contracts.gateway import RegistrationSubmitted
from shared.errors import Conflict, Unavailable
from shared.web import problems
from shared.web.pages import Pages
from tests.unit.gateway.registrations import registration

ROUND_TRIP_BYTES = 14 * 1024
"""What a server sends before it waits for the first acknowledgement."""


class Heard:
    """Stands for the intake: keeps what it was given."""

    def __init__(self) -> None:
        self.submissions: list[RegistrationSubmitted] = []
        self.keys: list[str | None] = []
        self.trouble: Exception | None = None

    def fingerprint(self, raw: bytes) -> bytes:
        return raw

    async def accept(self, submission: RegistrationSubmitted, key: str | None, fingerprint: bytes, *, scope: str) -> UUID:
        assert (scope, bool(fingerprint)) == ("/register", True)
        if self.trouble:
            raise self.trouble
        self.submissions.append(submission)
        self.keys.append(key)
        return submission.submission_id


@pytest.fixture(name="heard")
def _heard() -> Heard:
    return Heard()


NUMBERS = re.compile(r"\d{4} \d{4} \d{4}|\d{3} \d{3} \d{3}(?=\.)")
"""The code and the receipt of a registration."""


@pytest.fixture(name="client")
def _client(heard: Heard) -> Iterator[TestClient]:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    problems.install(app)
    app.include_router(pages.router)
    app.state.intake = heard
    app.state.settings = SimpleNamespace(country_of_origin="LS", link_keys=[SecretStr("k" * 32)])
    app.state.pages = Pages(Path(services.gateway.__file__).parent)
    with TestClient(app, headers={"accept": "text/html"}) as client:
        yield client


def typed(**changed: str | list[str]) -> dict[str, str | list[str]]:
    """Return what a browser sends of a filled form."""
    fields: dict[str, str | list[str]] = {name: str(value) for name, value in registration(consent=None).items()}
    fields |= {"consent_registration": "true", "idempotency_key": "k1", "city": "", "whatsapp": "", "email": "palesa@example.org"}
    return fields | changed


def test_first_page_says_who_why_what_never_and_how_to_leave(client: TestClient) -> None:
    for language, headings in (
        ("en", ["Who asks", "Why", "Who sees it", "What we never ask", "How to leave", "Whom to ask"]),
        (
            "st",
            [
                "Ke mang ea kopang",
                "Hobaneng",
                "Ke mang ea se bonang",
                "Seo re sa se botseng le ka mohla",
                "Mokhoa oa ho tsoa",
                "U ka botsa mang",
            ],
        ),
    ):
        assert re.findall("<h2>(.*?)</h2>", client.get("/", params={"lang": language}).text) == headings


@pytest.mark.parametrize("path", ["/", "/register"])
def test_first_screen_greets_in_both_languages_until_one_is_picked(client: TestClient, path: str) -> None:
    first = client.get(path).text
    assert 'lang="st-LS"><b>Lumela!</b>' in first
    assert 'lang="en"><b>Hello!</b>' in first
    assert "Lumela!" not in client.get(path, params={"lang": "en"}).text
    assert "Hello!" not in client.get(path).text  # The cookie has come.


@pytest.mark.parametrize("language", ["en", "st"])
def test_form_is_one_round_trip(client: TestClient, language: str) -> None:
    answer = client.get("/register", params={"lang": language}, headers={"accept-encoding": "gzip"})
    head = sum(len(name) + len(value) + 4 for name, value in answer.headers.items())
    assert answer.headers["content-encoding"] == "gzip"
    assert len(gzip.compress(answer.content, 6)) + head < ROUND_TRIP_BYTES
    assert not re.search(r"<script|<img|<link(?! rel=\"icon\" href=\"data:,\")|@import|url\(", answer.text)


@pytest.mark.parametrize("language", ["en", "st"])
def test_form_shows_the_wording_in_full_and_says_which(client: TestClient, language: str) -> None:
    html = client.get("/register", params={"lang": language}).text
    assert f'name="consent_text_version" value="{consent.versions()[-1]}"' in html
    shown = re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", html)).replace("&#39;", "'")
    for line in consent.text(consent.versions()[-1], language).splitlines():
        assert line.removeprefix("- ") in shown


def test_form_asks_for_nothing_the_rules_do_not_know(client: TestClient) -> None:
    names = set(re.findall(r' name="(\w+)"', client.get("/register", params={"partner": "LS-HC-LONDON"}).text)) - {"viewport"}
    extra = {"idempotency_key", "whatsapp_same", "consent_registration", "consent_information", "consent_sharing"}
    assert names == set(pages.form.RegistrationForm.model_fields) - {"consent", "phone_region"} | extra


def came_by(html: str) -> str:
    """Return the code in a form's field: whoever came by a link sees it there, and can take it away."""
    [value] = re.findall(r'<input id="partner_code" name="partner_code" type="text" value="([^"]*)"', html)
    return str(value)


def test_partner_link_is_kept(client: TestClient) -> None:
    assert came_by(client.get("/register", params={"partner": "LS-HC-LONDON"}).text) == "LS-HC-LONDON"
    assert 'href="/register?partner=LS-HC-LONDON"' in client.get("/", params={"partner": "LS-HC-LONDON"}).text
    for bad in ("a\x00b", "x" * 65, "a\u202eb"):
        assert came_by(client.get("/register", params={"partner": bad}).text) == ""
    wrong = client.post("/register", data=typed(partner_code="x" * 65))
    assert (wrong.status_code, came_by(wrong.text), 'href="#partner_code"' in wrong.text) == (422, "x" * 65, True)


def test_registration_is_taken_and_shown_back(client: TestClient, heard: Heard) -> None:
    answer = client.post(
        "/register?lang=st", data=typed(phone="071 000 0123", whatsapp_same="true", interests=["trade", "culture"], channels="call")
    )
    assert answer.status_code == 202
    assert "palesa@example.org" in answer.text
    assert "+27 71 000 0123" in answer.text
    assert "<h1>Rea leboha, re e amohetse</h1>" in answer.text
    (submission,) = heard.submissions
    assert (submission.way, submission.whatsapp, submission.interests) == ("web", "+27710000123", ("trade", "culture"))
    assert heard.keys == ["k1"]


def test_answer_is_the_same_for_everybody(client: TestClient) -> None:
    answers = [client.post("/register", data=typed(idempotency_key=key)) for key in ("k1", "k2")]
    assert NUMBERS.sub("", answers[0].text) == NUMBERS.sub("", answers[1].text)
    assert [len(NUMBERS.findall(answer.text)) for answer in answers] == [2, 2]
    headers = [{name: value for name, value in answer.headers.items() if name != "content-length"} for answer in answers]
    assert headers[0] == headers[1]  # Packed, other digits are a byte longer now and then.


def test_wrong_form_comes_back_with_errors_first_and_all_that_was_typed(client: TestClient, heard: Heard) -> None:
    sent = typed(
        given_name="", email="palesa", city='"><b>Soweto', interests=["culture"], birth_year="1985", country="GB", province="", key="x"
    )
    answer = client.post("/register", data=sent)
    html = answer.text
    assert (answer.status_code, heard.submissions) == (422, [])
    assert "<title>Error: Register" in html
    assert re.findall(r'<a href="#(\w+)">', html.partition("<form")[0]) == ["given_name", "email"]
    assert html.count("Write your given name.") == 2
    assert 'value="&#34;&gt;&lt;b&gt;Soweto"' in html
    assert '<option value="GB" selected>' in html
    assert 'value="culture" checked' in html
    assert 'name="idempotency_key" value="k1"' in html
    assert "<details open>" in html


def test_every_error_leads_to_a_field_that_is_there(client: TestClient) -> None:
    lists = dict.fromkeys(("needs", "interests", "contributions"), "x") | {"channels": "telegram"}
    lines = {"city": "x" * 81, "occupation": "x" * 81, "contribution_note": "x" * 1001}
    others = ("gender", "diaspora_type", "home_district", "birth_year", "whatsapp", "phone", "email", "language", "consent_information")
    sent = lists | lines | dict.fromkeys((*others, "consent_sharing"), "x") | {"country": "ZA", "consent_text_version": "2020-01"}
    html = client.post("/register", data=sent).text
    links = re.findall(r'<a href="#(\w+)">', html.partition("<form")[0])
    assert len(links) == 21
    assert [link for link in links if f' id="{link}"' not in html] == []


def test_phone_with_two_readings_is_asked_about(client: TestClient, heard: Heard) -> None:
    sent = typed(country="SZ", province="", phone="2200 0123")
    html = client.post("/register", data=sent).text
    assert re.findall(r'name="phone_region" value="(\w\w)"', html) == ["SZ", "LS"]
    assert "+266 2200 0123 (Lesotho)" in html
    assert client.post("/register", data=sent | {"phone_region": "LS"}).status_code == 202
    assert (heard.submissions[0].phone, heard.submissions[0].phone_uncertain) == ("+26622000123", False)


def test_form_comes_back_whole_when_it_cannot_be_saved(client: TestClient, heard: Heard) -> None:
    heard.trouble = Unavailable(retry_after_seconds=5)
    answer = client.post("/register", data=typed())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert 'value="Palesa"' in answer.text
    assert "nothing is lost" in answer.text
    assert 'name="idempotency_key" value="k1"' in answer.text


def test_form_sent_before_with_something_else_is_told_so(client: TestClient, heard: Heard) -> None:
    heard.trouble = Conflict()
    answer = client.post("/register", data=typed())
    assert (answer.status_code, "open an empty form" in answer.text, "Palesa" in answer.text) == (409, True, False)


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"a=b", "text/plain", 415),
        (b"&".join(b"a%d=1" % number for number in range(10_000)), "application/x-www-form-urlencoded", 422),
        (b"given_name=\xff\xfe", "application/x-www-form-urlencoded", 422),
        (b"given_name=%ff%fe%00", "application/x-www-form-urlencoded", 422),
        (b"", "application/x-www-form-urlencoded", 422),
        (b"a=" + b"x" * 2_000_000, "application/x-www-form-urlencoded", 413),
    ],
)
def test_body_that_is_no_form_of_ours_is_refused(client: TestClient, content: bytes, kind: str, status: int) -> None:
    assert client.post("/register", content=content, headers={"content-type": kind}).status_code == status


def test_wordings_are_listed_for_programs(client: TestClient) -> None:
    listed = client.get("/api/v1/consent-texts").json()["items"]
    assert {(each["version"], each["language"]) for each in listed} >= {("2020-01", "en"), ("2020-01", "st")}
    assert listed == consent.texts()


@pytest.mark.parametrize("slug", sorted(problems.KINDS))
def test_every_kind_of_problem_has_its_page(client: TestClient, slug: str) -> None:
    assert problems.KINDS[slug].title in client.get(f"/problems/{slug}").text.replace("&#39;", "'")


def test_problem_that_is_none_is_not_found(client: TestClient) -> None:
    assert client.get("/problems/none").status_code == 404
