"""Who is likely one person, who is not, and what is said for it."""

from math import log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.registry.likeness import SLUGS, Birth, Person, Population, judge
from tests.unit.registry.likeness.people import PALESA, TOWN, judged, like, slugs

SAME = {
    "as it is": like(),
    "names exchanged": like(given_name="Sekhonyana", family_name="Palesa"),
    "given name mistyped": like(given_name="Plaesa"),
    "family name mistyped": like(family_name="Sekhonyna"),
    "heard, not read": like(family_name="Sekonyanna"),
    "capitals": like(given_name="PALESA", family_name="SEKHONYANA"),
    "second name": like(given_name="Palesa Anna"),
    "married, both names": like(family_name="Sekhonyana-Mokoena"),
    "next year": like(birth=Birth(1986)),
    "moved": like(city="Welkom", area="ZA-FS"),
    "no year": like(birth=None),
    "no gender, work or home": like(gender="", occupation="", home_district=""),
    "title": like(given_name="Mme Palesa"),
    "other script": like(given_name="Палеса", family_name="Секхоняна"),
}


@pytest.mark.parametrize("second", [pytest.param(second, id=name) for name, second in SAME.items()])
def test_second_record_with_one_slip_is_likely(second: Person) -> None:
    assert judged(PALESA, second).likely


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Tšepo", "Ntšekhe"), ("Tsepo", "Ntsekhe")),
        (("Tšepo", "Ntšekhe"), ("Tshepo", "Ntshekhe")),
        (("Likeleli", "Mokoena-Kolobe"), ("Dikeledi", "Mokwena-Kolobe")),
        (("'Mamello", "Rakhoale"), ("Mamello", "Rakgoale")),
        (("Elizabeth", "Posholi"), ("Lizzie", "Posholi")),
        (("Lehlohonolo", "Posholi"), ("Hloni", "Posholi")),
        (("Retšelisitsoe", "Posholi"), ("Retšeli", "Posholi")),
        (("Müller", "Søren"), ("Muller", "Soren")),
    ],
)
def test_spellings_and_nicknames_of_one_name_are_likely(one: tuple[str, str], other: tuple[str, str]) -> None:
    known = {"birth": Birth(1990), "city": "Ceres", "home_district": "LS-K", "gender": "female", "occupation": "teacher"}
    assert judged(Person(*one, **known), Person(*other, **known)).likely  # type: ignore[arg-type]


def test_mother_and_daughter_with_one_phone_and_one_family_name_are_not_likely() -> None:
    mother = Person("'Mathabo", "Sekhonyana", city="Germiston", area="ZA-GP", phones=("+26650000001",))
    daughter = like(mother, given_name="Palesa")
    judgement = judged(mother, daughter)
    assert not judgement.likely
    assert judgement.score < 0.1
    assert {"same_phone", "different_given_name", "shared_by_relatives"} <= slugs(judgement)


def test_mother_named_after_her_son_is_not_her_son() -> None:
    mother = Person("'Mathabo", "Sekhonyana", city="Germiston", phones=("+26650000001",))
    assert judged(mother, like(mother, given_name="Thabo")).score < 0.1


def test_family_with_one_phone_is_nobody_twice() -> None:
    house = [
        like(given_name=name, birth=Birth(year), gender=gender, occupation=work, phones=("+26650000001",))
        for name, year, gender, work in [
            ("Palesa", 1985, "female", "nurse"),
            ("Thabo", 1983, "male", "taxi owner"),
            ("Lineo", 2004, "female", "law student"),
            ("Katleho", 2006, "male", ""),
        ]
    ]
    assert [judged(one, other).likely for one in house for other in house if one is not other] == [False] * 12


@pytest.mark.parametrize("other", ["Thabiso", "Lerato", "Tšeliso", "Thabang"])
def test_twins_are_not_likely(other: str) -> None:
    twin = like(given_name="Thabo", gender="male", birth=Birth(2001, 5, 4), phones=("+26650000001",))
    judgement = judged(twin, like(twin, given_name=other))
    assert not judgement.likely


@pytest.mark.parametrize("years", [18, 20, 25, 30, 40])
def test_father_and_son_of_one_name_are_not_likely(years: int) -> None:
    father = like(given_name="Thabo", gender="male", birth=Birth(1960), occupation="", phones=("+26650000001",))
    judgement = judged(father, like(father, birth=Birth(1960 + years)))
    assert not judgement.likely
    assert {"shared_by_namesakes", "shared_by_relatives"} & slugs(judgement)


def test_two_common_names_that_are_alike_speak_against() -> None:
    known = {reason.slug: reason.weight for reason in judged(like(given_name="Thabo"), like(given_name="Thato")).reasons}
    slip = {reason.slug: reason.weight for reason in judged(like(given_name="Thabo"), like(given_name="Thsbo")).reasons}
    assert slip["similar_given_name"] > 4 > 2 > known["similar_given_name"]


def test_rare_name_says_more_than_a_common_one() -> None:
    common, rare = (like(given_name="Lerato", family_name=name) for name in ("Mokoena", "Tšehlana"))
    weights = [dict(judged(one, one).reasons)["same_name"] for one in (common, rare)]
    assert weights[1] > weights[0] + 2


def test_namesakes_with_common_names_and_nothing_else_are_not_likely() -> None:
    one = Person("Lerato", "Mokoena")
    assert judged(one, one).score < 0.1


def test_initial_fits_but_says_little() -> None:
    fits, conflicts = (dict(judged(PALESA, like(given_name=letter)).reasons) for letter in ("P.", "T."))
    assert fits["initial_of_given_name"] < 2
    assert conflicts["different_given_name"] < 0


def test_reasons_add_up_to_the_score() -> None:
    judgement = judged(PALESA, like(given_name="Plaesa", city="Welkom"))
    bits = sum(reason.weight for reason in judgement.reasons)
    assert bits == pytest.approx(log2(judgement.score / (1 - judgement.score)), abs=0.06)
    sizes = [abs(reason.weight) for reason in judgement.reasons]
    assert sizes == sorted(sizes, reverse=True)


def test_names_exchanged_are_said_so() -> None:
    assert "names_swapped" in slugs(judged(PALESA, like(given_name="Sekhonyana", family_name="Palesa")))


def test_nothing_known_is_not_likely() -> None:
    assert judged(Person(), Person()).score < 0.01
    assert judged(Person(), PALESA).score < 0.01


def test_first_members_are_judged_by_the_shipped_names() -> None:
    nobody = Population.of([])
    assert nobody.share_of_name(("mokoena",)) > 100 * nobody.share_of_name(("tšehlana-that-nobody-has",))
    assert judge(PALESA, like(given_name="Plaesa"), nobody).likely
    assert not judge(PALESA, like(given_name="Thabo"), nobody).likely


WRITTEN = ("Palesa", "Thabo", "Mokoena", "M.", "Anna Maria", "Ткач", "محمد", "李小龙", "'M'e", "--", "Ó Briain")
names = st.one_of(st.sampled_from(WRITTEN), st.text(max_size=12))
births = st.one_of(
    st.none(),
    st.builds(Birth, st.integers(1900, 2010)),
    st.builds(Birth, st.integers(1900, 2010), st.integers(0, 99), st.integers(0, 99)),
)
anybody = st.builds(
    Person,
    given_name=names,
    family_name=names,
    birth=births,
    gender=st.sampled_from(["", "female", "male", "x"]),
    city=st.one_of(st.sampled_from(["", "Welkom", "Ceres"]), st.text(max_size=9)),
    address=st.text(max_size=9),
    phones=st.lists(st.sampled_from(["+26650000001", "+26650000002"]), max_size=2).map(tuple),
    emails=st.lists(st.sampled_from(["a@example.org", "b@example.org"]), max_size=1).map(tuple),
)


@settings(max_examples=300, deadline=None)
@given(one=anybody, other=anybody)
def test_order_of_two_does_not_matter_and_every_reason_has_a_name(one: Person, other: Person) -> None:
    here, there = judge(one, other, TOWN), judge(other, one, TOWN)
    assert here.score == pytest.approx(there.score, rel=1e-9)
    assert (here.likely, here.other) == (there.likely, there.other)
    assert [reason.slug for reason in here.reasons] == [reason.slug for reason in there.reasons]
    assert 0 <= here.score <= 1
    assert slugs(here) <= set(SLUGS)


@settings(max_examples=100, deadline=None)
@given(person=anybody)
def test_nobody_is_less_like_themselves_than_like_palesa(person: Person) -> None:
    assert judged(person, person).score >= judged(person, PALESA).score or not judged(person, PALESA).likely
