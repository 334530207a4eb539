"""The journal of erasures, and the marks by which an erased person is known again."""

import threading
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr

from services.registry import journal, marking
from services.registry.matching import name_key
from tests.unit.registry.people import AT, submission


def test_journal_holds_each_member_once_in_order(tmp_path: Path) -> None:
    path, first, second = tmp_path / "kept" / "journal", uuid4(), uuid4()
    journal.append(path, [first], at=AT)
    journal.append(path, [second, first], at=AT)
    assert journal.read(path) == [first, second]
    assert path.read_text().splitlines()[0] == f"{first} 2020-01-20T09:00:00+00:00"
    assert path.stat().st_mode & 0o777 == 0o600


def test_line_that_was_cut_off_is_passed_over(tmp_path: Path) -> None:
    path, whole = tmp_path / "journal", uuid4()
    journal.append(path, [whole], at=AT)
    with path.open("ab") as file:
        file.write(str(uuid4()).encode()[:20])
    assert journal.read(path) == [whole]


def test_many_at_once_do_not_mix_their_lines(tmp_path: Path) -> None:
    path, ids = tmp_path / "journal", [[uuid4() for _ in range(20)] for _ in range(8)]
    threads = [threading.Thread(target=journal.append, args=(path, each), kwargs={"at": AT}) for each in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(journal.read(path)) == {identifier for each in ids for identifier in each}


def test_journal_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    with pytest.raises(OSError, match="journal"):
        journal.append(tmp_path / "journal", [uuid4()], at=AT)


def test_mark_is_of_contact_and_name_and_key() -> None:
    marking.use(SecretStr("a" * 32))
    mother = submission("Lerato", "Mokoena", email="Home@example.org", phone="+27710000001")
    same = submission("mokoena", "LERATO", email="home@EXAMPLE.org")
    assert marking.marks_of(same) < marking.marks_of(mother)
    assert marking.marks_of(submission("Palesa", "Mokoena", email="home@example.org")).isdisjoint(marking.marks_of(mother))
    assert marking.person_mark("home@example.org", name_key("Lerato", "Mokoena")) in marking.marks_of(mother)
    before = marking.marks_of(mother)
    marking.use(SecretStr("b" * 32))
    assert marking.marks_of(mother).isdisjoint(before)
