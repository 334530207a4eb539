"""The facts and wordings that are shipped."""

import pytest

from shared import consent, facts


def test_areas_are_nine_provinces_and_ten_countries() -> None:
    kinds = [area.kind for area in facts.areas()]
    assert (kinds.count("province"), kinds.count("country"), len(facts.provinces())) == (9, 10, 9)
    assert [area.planning_target for area in facts.areas()][:2] == [450, 250]


def test_area_without_a_sesotho_name_falls_back_to_english() -> None:
    by_code = {area.code: area for area in facts.areas()}
    assert (by_code["ZA-GP"].name("st"), by_code["ZA-GP"].name("en"), by_code["CA"].name("st")) == ("Khauteng", "Gauteng", "Canada")


def test_districts_are_ten() -> None:
    assert len(facts.districts()) == 10


def test_partners_cover_areas_that_exist() -> None:
    known = {area.code for area in facts.areas()}
    assert {code for partner in facts.partners() for code in partner.covers} <= known
    assert {partner.country for partner in facts.partners()} <= facts.country_codes()


def test_countries_have_names_in_order() -> None:
    names = facts.countries("en")
    assert len(names) == len(facts.country_codes()) > 240
    assert names[0] == ("AF", "Afghanistan")
    assert dict(names)["CI"] == "Côte d’Ivoire"
    assert dict(facts.countries("st"))["ZA"] == "Afrika Boroa"
    assert all(name != code for code, name in names)


def test_area_is_the_province_else_the_country() -> None:
    assert (facts.area_of("ZA", "ZA-GP"), facts.area_of("GB", None)) == ("ZA-GP", "GB")


def test_every_wording_is_there_in_both_languages() -> None:
    assert consent.versions()[0] == "2020-01"
    for version in consent.versions():
        for language in ("en", "st"):
            text = consent.text(version, language)
            assert "Diaspora Directorate" in text
            assert "IOM" in text
            assert "STOP" in text


def test_wording_names_the_missions_that_are_shared_with() -> None:
    cities = {partner.city for partner in facts.partners() if partner.covers}
    for language in ("en", "st"):
        assert [city for city in cities if city not in consent.text("2020-01", language)] == []


@pytest.mark.parametrize("version", ["2019-01", "", "../2020-01", "2020-01.en"])
def test_wording_that_was_never_shipped_is_unknown(version: str) -> None:
    with pytest.raises(consent.UnknownWording):
        consent.text(version, "en")


def test_wordings_are_listed_newest_first() -> None:
    assert [(each["version"], each["language"]) for each in consent.texts()][-2:] == [("2020-01", "en"), ("2020-01", "st")]
