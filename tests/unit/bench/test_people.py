"""The bench's people pass the same rules as everybody else."""

import json

from bench.people import HEADINGS, body, person, sheet_row
from services.gateway import choices, form
from services.gateway.sheets.__main__ import records
from shared.clock import new_id, now

SOME = range(1, 200)


def test_person_differs_from_the_next_one() -> None:
    people = [person(number, "b1x") for number in SOME]
    assert len({one["email"] for one in people}) == len(people)
    assert len({one["phone"] for one in people}) == len(people)
    assert len({(one["given_name"], one["family_name"]) for one in people}) > len(people) / 2


def test_person_is_the_same_each_time() -> None:
    assert body(7, "b1x") == body(7, "b1x")
    assert 300 < len(body(7, "b1x")) < 450


def test_body_is_accepted_by_the_intake() -> None:
    for number in SOME:
        said = form.submission(form.parse(body(number, "b1x"), origin="LS"), submission_id=new_id(), submitted_at=now(), way="api")
        assert (said.email, said.phone) == (person(number, "b1x")["email"], person(number, "b1x")["phone"])


def test_sheet_row_says_what_the_body_says() -> None:
    _, headings, rows = records("\n".join([HEADINGS, *(sheet_row(number, "b1x") for number in SOME)]).encode())
    known = choices.guessed(headings)
    assert known.errors("en") == []  # `khokahano import` takes it without another word.
    for number, row in zip(SOME, rows, strict=True):
        cells = known.plan().cells(row.cells)
        assert form.from_row(cells, origin="LS") == form.parse(body(number, "b1x"), origin="LS")
        assert json.loads(body(number, "b1x"))["city"] == cells["city"]
