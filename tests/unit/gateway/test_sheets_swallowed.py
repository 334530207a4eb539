"""A quotation mark that is opened and never closed takes no rows with it unseen; headings are such as a database holds."""

from services.gateway.sheets.__main__ import records

HEAD = "given_name,family_name,email,country,contribution_note"


def read(text: str, encoding: str = "utf-8") -> tuple[list[str], list[tuple[int, str, list[str]]]]:
    _, headings, rows = records(text.encode(encoding))
    return headings, [(row.line, row.fault, row.cells) for row in rows]


def test_rows_inside_an_unclosed_quotation_are_told_and_not_taken_for_a_note() -> None:
    sheet = f'{HEAD}\nThabo,Letsie,t@example.org,ZA,"I teach\nLineo,Nthunya,l@example.org,ZA,\nPalesa,Mokoena,p@example.org,ZA,\n'
    _, [(line, fault, cells)] = read(sheet)
    assert (line, fault) == (2, "not_csv")
    assert "Lineo,Nthunya,l@example.org,ZA," in cells[-1]


def test_note_of_several_lines_stays_a_note() -> None:
    _, [(line, fault, cells), (after, none, _)] = read(
        f'{HEAD}\nThabo,Letsie,t@example.org,ZA,"I teach:\nmaths, physics, and more\n"\nLineo,Nthunya,l@example.org,ZA,\n'
    )
    assert (line, fault, after, none) == (2, "", 5, "")
    assert cells[-1] == "I teach:\nmaths, physics, and more\n"


def test_note_in_a_narrow_sheet_may_have_commas() -> None:
    _, [(_, fault, _)] = read('given_name,family_name,email\nThabo,Letsie,"t@example.org\na,b,c"\n')
    assert fault == ""


def test_heading_holds_no_character_that_a_database_refuses() -> None:
    headings, rows = read("given_name,family_name,Re\0marks\nThabo,Letsie,x\n", "utf-16")
    assert headings == ["given_name", "family_name", "Re\ufffdmarks"]
    assert rows == [(2, "", ["Thabo", "Letsie", "x"])]
