"""`khokahano likely-pairs`: any sheet, said as lines or as JSON."""

import json
from pathlib import Path

import pytest

from ops import output
from ops.commands import likely_pairs

PEOPLE = """id;surname;given_name;date_of_birth;suburb;person
a;Sekhonyana;Palesa;28.04.1985;Orkney;1
b;Sekhonyana;Plaesa;28.04.1985;Orkney;1
c;Ramaili;Thuso;03.12.1970;Kathu;2
"""


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE, "utf-8-sig")
    return path


def test_pairs_are_lines_and_what_is_not_used_is_said(sheet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    likely_pairs.run([sheet])
    said = capsys.readouterr()
    assert said.out.split("\t")[:2] == ["a", "b"]
    assert said.out.count("\n") == 1
    assert said.err == "people.csv: not used: person\n3 rows, 1 likely pairs\n"


def test_pairs_are_json_for_programs(sheet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output.choose(as_json=True)
    try:
        likely_pairs.run([sheet])
    finally:
        output.choose(as_json=False)
    said = json.loads(capsys.readouterr().out)
    assert (said["one"], said["other"], said["likely"]) == ("a", "b", True)
    assert {"slug", "weight"} == set(said["reasons"][0])


def test_truth_says_how_right_and_complete_it_is(sheet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    likely_pairs.run([sheet], truth="person")
    assert "1 of them right (precision 1.0000) of 1 there are (recall 1.0000)" in capsys.readouterr().err


def test_two_files_are_read_as_one_list(sheet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "others.csv"
    other.write_bytes(
        "First Name\tLast Name\tYear of birth\tTown\nThuso\tRamaili\t1970\tKathu\n\n  \nRené\tTšita\t1999\n".encode("cp1252", "replace")
    )
    likely_pairs.run([sheet, other], least=0.2)
    pairs = [line.split("\t")[:2] for line in capsys.readouterr().out.splitlines()]
    assert pairs == [["a", "b"], ["c", "line 2"]]


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "is empty"), ("city,person\nCeres,1\n", "no column is headed given_name"), ("given_name\nThuso\n", "no column is headed truth")],
)
def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, why: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text(text)
    with pytest.raises(SystemExit):
        likely_pairs.run([path], truth="truth")
    assert why in capsys.readouterr().err
