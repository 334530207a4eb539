"""Names, dates and headings as people and programs write them."""

import pytest

from services.registry.likeness import Birth, Person
from services.registry.likeness.columns import MEANINGS, Columns, writes_month_first
from services.registry.likeness.facts import DateStep, YearStep, compare_addresses, compare_dates, compare_texts, compare_years
from services.registry.likeness.names import Step, compare
from services.registry.likeness.spelling import sound, spelled, words


@pytest.mark.parametrize(
    ("text", "birth"),
    [
        ("1985", Birth(1985)),
        ("1985-04-08", Birth(1985, 4, 8)),
        ("1985-04-08T00:00:00", Birth(1985, 4, 8)),
        ("19850408", Birth(1985, 4, 8)),
        ("08041985", Birth(1985, 4, 8)),
        ("8.4.1985", Birth(1985, 4, 8)),
        ("08/04/85", Birth(1985, 4, 8)),
        ("04/18/1985", Birth(1985, 4, 18)),
        ("1/2/03", Birth(2003, 2, 1)),
        ("19561340", Birth(1956, 13, 40)),
        ("born in 1985", Birth(1985)),
        ("", None),
        ("unknown", None),
        ("12", Birth(2012)),
        ("99999", None),
    ],
)
def test_birth_is_read_as_people_write_it(text: str, birth: Birth | None) -> None:
    assert Birth.read(text) == birth


def test_month_first_is_read_where_the_sheet_writes_so() -> None:
    assert Birth.read("04/08/1985", month_first=True) == Birth(1985, 4, 8)
    assert writes_month_first(["04/28/1985", "01/02/1990", "12312001"])
    assert not writes_month_first(["28/04/1985", "01/02/1990"])
    assert not writes_month_first(["1985-04-28", "19850428", "1985"])


@pytest.mark.parametrize(
    ("one", "other", "step"),
    [
        ("palesa", "palesa", Step.SAME),
        ("anna maria", "maria anna", Step.SAME),
        ("mc carthy", "mccarthy", Step.SAME),
        ("elizabeth", "lizzie", Step.VARIANT),
        ("palesa anna", "palesa", Step.PART),
        ("palesa a", "palesa", Step.PART),
        ("palesa a", "palesa b", Step.PART),
        ("tsepo", "tshepo", Step.NEAR),
        ("palesa", "paelsa", Step.NEAR),
        ("p", "palesa", Step.INITIAL),
        ("p", "thabo", Step.DIFFERENT),
        ("amber j", "amelia j", Step.DIFFERENT),
        ("dina p", "fiona m", Step.DIFFERENT),
        ("mathabo", "thabo", Step.DIFFERENT),
        ("thabo", "palesa", Step.DIFFERENT),
    ],
)
def test_names_are_as_alike_as_people_find_them(one: str, other: str, step: Step) -> None:
    assert compare(tuple(one.split()), tuple(other.split())) is step
    assert compare(tuple(other.split()), tuple(one.split())) is step


def test_words_are_folded_and_in_latin_letters() -> None:
    assert words("Ntate Tšepo  'Mokoena") == ("tsepo", "mokoena")
    assert words("Иван") == ("ivan",)
    assert words("Løkke Æbelø") == ("lokke", "aebelo")
    assert words("محمد") == ("mhmd",)
    assert words("\u202eoobat\u202c") == ("oobat",)
    assert words("--") == ()


def test_one_sound_for_two_spellings() -> None:
    assert spelled("mokwena") == spelled("mokoena")
    assert sound("sekhonyana") == sound("sekonyanna")
    assert sound("phillip") == sound("filip")
    assert sound("") == ""


def test_years_of_a_generation_apart_are_no_slip() -> None:
    assert compare_years(1985, 1986) is YearStep.NEAR
    assert compare_years(1974, 1947) is YearStep.DIFFERENT
    assert compare_years(1998, 1989) is YearStep.NEAR
    assert compare_years(1960, 1980) is YearStep.DIFFERENT


def test_dates_are_compared_by_parts() -> None:
    day = Birth(1985, 4, 8)
    steps = [compare_dates(day, other) for other in (day, Birth(1985, 8, 4), Birth(1985, 4, 18), Birth(1968, 4, 8), Birth(1985, 12, 25))]
    assert steps == [DateStep.SAME, DateStep.NEAR, DateStep.NEAR, DateStep.TWO_PARTS, DateStep.YEAR_ALONE]
    assert compare_dates(day, Birth(1985, 6, 21)) is DateStep.YEAR_ALONE
    assert compare_dates(day, Birth(1990, 6, 21)) is DateStep.DIFFERENT


def test_places_are_compared_as_written() -> None:
    assert [compare_texts("welkom", other).name for other in ("welkom", "welkm", "ceres")] == ["SAME", "NEAR", "DIFFERENT"]
    house = "6 tullaroop street willaroo"
    assert compare_addresses(house, "tullaroop street 6 willaroo").name == "SAME"
    assert compare_addresses(house, "8 tullaroop street willaroo").name == "NEAR"
    assert compare_addresses(house, "221 baker road").name == "DIFFERENT"


def test_headings_are_known_in_any_order_and_writing() -> None:
    columns = Columns.of(["\ufeffState", "Date of Birth", " SURNAME ", "soc_sec_id", "given name", "address_1", "street_number", "rec_id"])
    assert columns.ignored == ["soc_sec_id"]
    row = ["wa", "1985-04-08", "Sekhonyana", "1", "Palesa", "main street", "7", "rec-1"]
    assert columns.person(row) == Person("Palesa", "Sekhonyana", Birth(1985, 4, 8), area="wa", address="7 main street")
    assert columns.identity(row, 5) == "rec-1"
    assert columns.identity(row[:3], 5) == "line 5"


def test_every_column_of_a_registration_has_a_meaning() -> None:
    asked = "given_name family_name birth_year gender country province city home_district occupation phone email"
    assert set(asked.split()) <= set(MEANINGS)


def test_birth_in_three_columns_is_one() -> None:
    columns = Columns.of(["fname_c1", "fname_c2", "lname_c1", "by", "bm", "bd"])
    assert columns.person(["PALESA", "NA", "TAU", "1985", "4", "8"]) == Person("PALESA", "TAU", Birth(1985, 4, 8))
    assert columns.person(["PALESA", "NA", "TAU", "1985"]) == Person("PALESA", "TAU", Birth(1985))


def test_name_in_one_column_is_taken() -> None:
    columns = Columns.of(["Name", "Sex", "E-mail", "WhatsApp"])
    assert columns.enough
    person = columns.person(["Palesa Tau", "F", "P.Tau@EXAMPLE.org", "+266 5000 0001"])
    assert person == Person("Palesa Tau", gender="F", emails=("p.tau@example.org",), phones=("26650000001",))
    assert not Columns.of(["city", "soc_sec_id"]).enough
