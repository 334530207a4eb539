"""The page frame: escaping, languages, the policy, packing, and forms that keep what was typed."""

import base64
import gzip
import hashlib
import re
from pathlib import Path

from starlette.requests import Request

from shared.errors import FieldError
from shared.identity import Identity
from shared.web.pages import Filled, Pages, paragraphs

TEMPLATE = """{% extends "base.html" %}{% from "form.html" import token, title_error, summary, field, choices with context %}
{% block title %}{{ title_error(form) }}Test{% endblock %}
{% block main %}{{ summary(form) }}<form>{{ token() }}{{ field(form, "name", "Name", hint="As in the passport", required=true) }}
{{ choices(form, "interests", "Interests", [("trade", "Trade"), ("culture", "Culture")]) }}</form>{% endblock %}
"""


def request(query: str = "", *, headers: dict[str, str] | None = None, identity: Identity | None = None) -> Request:
    listed = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    state = {"identity": identity} if identity else {}
    return Request({"type": "http", "method": "GET", "path": "/x", "query_string": query.encode(), "headers": listed, "state": state})


def pages(folder: Path) -> Pages:
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "templates" / "test.html").write_text(TEMPLATE)
    return Pages(folder)


def test_page_escapes_what_was_typed(tmp_path: Path) -> None:
    html = bytes(pages(tmp_path).render(request(), "test.html", form=Filled({"name": ['"><script>alert(1)</script>']})).body).decode()
    assert "<script" not in html
    assert "&#34;&gt;&lt;script&gt;" in html


def test_page_says_its_language(tmp_path: Path) -> None:
    response = pages(tmp_path).render(request("lang=st&partner=A%26B"), "test.html", form=Filled())
    html = bytes(response.body).decode()
    assert '<html lang="st-LS">' in html
    assert 'href="?lang=en&amp;partner=A%26B"' in html
    assert response.headers["content-language"] == "st"
    assert response.headers["set-cookie"] == "lang=st; HttpOnly; Max-Age=31536000; Path=/; SameSite=lax"


def test_page_sets_no_cookie_unless_a_language_is_picked(tmp_path: Path) -> None:
    assert "set-cookie" not in pages(tmp_path).render(request(), "test.html", form=Filled()).headers


def test_policy_allows_the_one_style_and_no_script(tmp_path: Path) -> None:
    response = pages(tmp_path).render(request(), "test.html", form=Filled())
    styles = re.findall("<style>(.*?)</style>", bytes(response.body).decode(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(styles[0].encode()).digest()).decode()
    assert len(styles) == 1
    assert f"style-src 'sha256-{digest}'" in response.headers["content-security-policy"]
    assert "script-src" not in response.headers["content-security-policy"]
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_page_is_packed_unless_it_carries_a_form_token(tmp_path: Path) -> None:
    made, accepts = pages(tmp_path), {"accept-encoding": "gzip, br"}
    packed = made.render(request(headers=accepts), "test.html", form=Filled())
    plain = made.render(request(headers=accepts, identity=Identity(kind="staff", csrf="t0ken")), "test.html", form=Filled())
    assert packed.headers["content-encoding"] == "gzip"
    assert b"<h2" not in gzip.decompress(bytes(packed.body))
    assert "content-encoding" not in plain.headers
    assert b'<input type="hidden" name="csrf" value="t0ken">' in bytes(plain.body)


def test_error_comes_first_and_leads_to_its_field(tmp_path: Path) -> None:
    form = Filled({"name": ["Thabo"]}, [FieldError("/name", "Write the name with letters."), FieldError("/interests/0", "Choose.")])
    html = bytes(pages(tmp_path).render(request(), "test.html", form=form, status=422).body).decode()
    assert "<title>Error: Test" in html
    assert html.index('role="alert" tabindex="-1" autofocus') < html.index("<form>")
    assert '<a href="#name">Write the name with letters.</a>' in html
    assert '<a href="#interests">Choose.</a>' in html
    assert re.search(r'<input id="name" [^>]*value="Thabo" aria-describedby="name-hint name-error"\s*aria-invalid="true"', html)


def test_choices_made_stay_made(tmp_path: Path) -> None:
    html = bytes(pages(tmp_path).render(request(), "test.html", form=Filled({"interests": ["culture"]})).body).decode()
    assert re.findall(r'value="(\w+)" checked', html) == ["culture"]


def test_pointer_means_a_form_field() -> None:
    assert [Filled.field(pointer) for pointer in ("/phone", "/consent/sharing", "/interests/0", "")] == [
        "phone",
        "consent_sharing",
        "interests",
        "",
    ]


def test_plain_text_becomes_paragraphs_and_lists() -> None:
    assert paragraphs("One\ntwo\n\nThree:\n- a\n- b\n\nFour\n") == ["One two", "Three:", ["a", "b"], "Four"]
