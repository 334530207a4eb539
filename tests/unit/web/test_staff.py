"""The frame of the staff's pages: it leads each role to its own pages, marks where one is, and is no part of the public pages."""

import re
from pathlib import Path
from typing import get_args

import pytest
from starlette.requests import Request

from shared.identity import Identity, Role
from shared.web.pages import STAFF_STYLE, Pages
from shared.web.staff import STAFF_PAGES, is_staff_path, navigation

PAGE = '{% extends "staff.html" %}{% block title %}T{% endblock %}{% block main %}<h1>T</h1>{% endblock %}'


def request(path: str, identity: Identity | None) -> Request:
    state = {"identity": identity} if identity else {}
    return Request({"type": "http", "method": "GET", "path": path, "query_string": b"q=Palesa", "headers": [], "state": state})


def shown(folder: Path, path: str, identity: Identity | None) -> str:
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "templates" / "test.html").write_text(PAGE)
    response = Pages(folder).render(request(path, identity), "test.html")
    assert "script" not in response.headers["content-security-policy"]
    return bytes(response.body).decode()


def staff(role: Role, **more: str) -> Identity:
    return Identity(kind="staff", id="7", role=role, csrf="t0ken", **more)  # type: ignore[arg-type]  # All the rest are texts.


@pytest.mark.parametrize("role", get_args(Role))
def test_each_role_is_led_to_its_own_pages(tmp_path: Path, role: Role) -> None:
    html = shown(tmp_path, "/staff", staff(role))
    assert re.findall(r'<li><a href="(/staff/[^"]+)"', html) == [page.path for page in STAFF_PAGES if role in page.roles]


def test_present_page_is_marked_and_those_under_it_too() -> None:
    officer = staff("officer")
    assert [(entry.path, entry.current) for entry in navigation(officer, "/staff/members") if entry.current] == [("/staff/members", "page")]
    assert [(entry.path, entry.current) for entry in navigation(officer, "/staff/members/7") if entry.current] == [
        ("/staff/members", "true")
    ]
    assert not [entry for entry in navigation(officer, "/staff/membership") if entry.current]


def test_frame_says_who_is_signed_in_and_lets_them_out(tmp_path: Path) -> None:
    html = shown(tmp_path, "/staff/members", staff("officer", name="<b>Palesa</b>", organisation="IOM"))
    assert "&lt;b&gt;Palesa&lt;/b&gt;, IOM" in html
    assert 'action="/sign-out"' in html and 'name="csrf" value="t0ken"' in html
    assert STAFF_STYLE in html and 'href="?q=Palesa&amp;lang=st"' in html


@pytest.mark.parametrize("identity", [None, Identity(), Identity(kind="token", role="officer")])
def test_nobody_else_is_led_anywhere(tmp_path: Path, identity: Identity | None) -> None:
    html = shown(tmp_path, "/staff/members", identity)
    assert ("/staff/" in html, "/sign-out" in html) == (False, False)


def test_staff_paths_are_told_from_others() -> None:
    assert [is_staff_path(path) for path in ("/staff", "/staff/members", "/staffing", "/")] == [True, True, False, False]


def test_table_names_each_path_once_under_the_first_page() -> None:
    paths = [page.path for page in STAFF_PAGES]
    assert len(set(paths)) == len(paths)
    assert [path for path in paths if not re.fullmatch(r"/staff/[a-z-]+", path)] == []
