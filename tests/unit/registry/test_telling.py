"""Parts of a number that everybody knows."""

from hypothesis import given
from hypothesis import strategies as st

from services.registry.numbers.telling import hide_rests_of_codes, told_of_any, told_of_whole

parts = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 30))


@given(parts, st.integers(0, 9))
def test_what_is_not_told_is_nobody_or_five_and_more(counts: dict[str, int], rest: int) -> None:
    told = told_of_whole(counts, rest)
    untold = rest + sum(counts.values()) - sum(told.values())
    assert told.items() <= counts.items()
    assert all(count >= 5 for count in told.values())
    assert untold == 0 or untold >= 5 or not told


def test_one_small_part_takes_the_next_smallest_with_it() -> None:
    assert told_of_whole({"web": 40, "import": 9, "bot": 2}) == {"web": 40}
    assert told_of_whole({"web": 40, "import": 9, "bot": 2, "ussd": 3}) == {"web": 40, "import": 9}
    assert told_of_whole({"web": 40, "import": 9}) == {"web": 40, "import": 9}
    assert told_of_whole({"web": 40}, rest=1) == {}


@given(parts, st.integers(30, 60))
def test_neither_those_of_a_part_nor_the_others_are_few(counts: dict[str, int], whole: int) -> None:
    for count in told_of_any(counts, whole).values():
        assert count >= 5
        assert whole - count == 0 or whole - count >= 5


def test_code_is_not_told_in_an_area_if_few_are_left_of_it_elsewhere() -> None:
    told = {"ZA-GP": {"CHURCH": 8, "UNION": 9, "": 40}, "GB": {"": 30}}
    hide_rests_of_codes(told, {"CHURCH": 12, "UNION": 9})
    assert told == {"ZA-GP": {"UNION": 9}, "GB": {"": 30}}
    told = {"ZA-GP": {"CHURCH": 8, "UNION": 9}}
    hide_rests_of_codes(told, {"CHURCH": 12, "UNION": 9})
    assert told == {"ZA-GP": {}}
    told = {"ZA-GP": {"Church": 8, "": 9}, "GB": {"church": 5}}
    hide_rests_of_codes(told, {"CHURCH": 13})
    assert told == {"ZA-GP": {"Church": 8, "": 9}, "GB": {"church": 5}}
