"""Pictures of numbers: what is drawn is what is said beneath, and it can be read without colours."""

import re
from datetime import date, timedelta
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.numbers import pictures
from shared.facts import areas, provinces

DAY = date(2020, 1, 5)


def luminance(colour: str) -> float:
    """Return relative luminance. Source: WCAG 2.2."""
    short = "".join(sign * 2 for sign in colour[1:]) if len(colour) == 4 else colour[1:]
    parts = [int(short[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_shades_get_darker_and_what_is_written_on_them_can_be_read() -> None:
    fills = [fill for _, fill, _ in pictures.SHADES]
    assert [luminance(fill) for fill in fills] == sorted((luminance(fill) for fill in fills), reverse=True)
    assert all(contrast(fill, ink) >= 4.5 for _, fill, ink in pictures.SHADES)
    assert all(contrast(one, other) >= 1.2 for one, other in pairwise(fills))


@pytest.mark.parametrize(("percent", "least"), [(0, 0), (19, 0), (20, 20), (99, 80), (100, 100), (350, 100)])
def test_shade_says_what_part_of_the_target_is_reached(percent: int, least: int) -> None:
    assert pictures.shade(percent) == next((fill, ink) for at, fill, ink in pictures.SHADES if at == least)


def test_map_holds_the_nine_provinces_and_hatches_what_is_not_told() -> None:
    [drawn] = pictures.maps({"ZA-GP": 45, "ZA-FS": None})
    shapes = {shape.code: shape for shape in drawn.shapes}
    assert set(shapes) == provinces()
    assert shapes["ZA-GP"].fill == pictures.shade(45)[0]
    assert shapes["ZA-FS"].fill == pictures.UNTOLD
    assert shapes["ZA-WC"].fill == pictures.PAPER
    assert all(re.fullmatch(r"[Mlz0-9 -]+", shape.path) for shape in drawn.shapes)
    assert all(0 < shape.x < drawn.width and 0 < shape.y < drawn.height for shape in drawn.shapes)
    assert sum(len(shape.path) for shape in drawn.shapes) < 5000


def test_maps_hold_every_country_with_a_target_once() -> None:
    drawn = pictures.maps({area.code: 45 for area in areas() if area.kind == "country"})
    assert [each.name for each in drawn] == ["neighbours", "world"]
    shapes = [shape for each in drawn for shape in each.shapes]
    assert sorted(shape.code for shape in shapes) == sorted(area.code for area in areas() if area.kind == "country")
    assert {shape.fill for shape in shapes} == {pictures.shade(45)[0]}
    assert all(re.fullmatch(r"[Mlz0-9 -]+", path) for each in drawn for path in (each.land, *(shape.path for shape in each.shapes)))
    assert sum(len(each.land) for each in drawn) + sum(len(shape.path) for shape in shapes) < 12_000


def test_labels_of_a_map_lie_on_it_and_apart() -> None:
    for drawn in pictures.maps(dict.fromkeys((area.code for area in areas()), 100))[1:]:
        boxes = [(shape.x - 34, shape.y - 22, shape.x + 34, shape.y + 30) for shape in drawn.shapes]
        assert all(left >= 0 and top >= 0 and right <= drawn.width and bottom <= drawn.height for left, top, right, bottom in boxes)
        for one, other in combinations(boxes, 2):
            assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_map_is_left_out_where_none_of_the_callers_areas_lies_on_it() -> None:
    [drawn] = pictures.maps({"GB": 10, "elsewhere": None})
    assert drawn.name == "world"
    assert {shape.code: shape.fill for shape in drawn.shapes}.items() >= {"GB": pictures.shade(10)[0], "US": pictures.LAND}.items()
    assert pictures.maps({"BE": None}) == []


def test_bar_is_as_long_as_the_part_of_the_target() -> None:
    assert pictures.bar("GB", "United Kingdom", 100, 25, 40) == ("GB", "United Kingdom", 25.0, 40.0, 25)
    assert pictures.bar("GB", "United Kingdom", 10, 25, 40)[2:] == (pictures.BAR_MOST, pictures.BAR_MOST, 250)
    assert pictures.bar("GB", "United Kingdom", 100, None, None)[2:] == (0.0, 0.0, None)


def test_curve_has_a_gap_where_nothing_is_told() -> None:
    days = [DAY + timedelta(days=7 * week) for week in range(5)]
    drawn = pictures.curves({"confirmed": list(zip(days, [10, 20, None, 30, 40], strict=True))}, [])
    assert drawn is not None
    assert re.sub(r"[\d. ]+", "", drawn.lines["confirmed"]) == "MLML"
    assert drawn.ends["confirmed"] == (pictures.CURVE_WIDTH - 12, drawn.heights[-1].at)
    assert [tick.text for tick in drawn.heights] == ["0", "10", "20", "30", "40"]


def test_targets_far_ahead_are_left_out() -> None:
    days = [DAY, DAY + timedelta(days=70)]
    targets = [(DAY + timedelta(days=100), 50), (DAY + timedelta(days=141), 100), (DAY - timedelta(days=1), 1)]
    drawn = pictures.curves({"confirmed": list(zip(days, [1, 2], strict=True))}, targets)
    assert drawn is not None
    assert [(mark.target, mark.x) for mark in drawn.targets] == [(50, pictures.CURVE_WIDTH - 12.0)]


@given(st.integers(0, 10_000_000))
def test_scale_has_few_lines_and_room(most: int) -> None:
    drawn = pictures.curves({"confirmed": [(DAY, most)]}, [])
    assert drawn is not None
    assert 2 <= len(drawn.heights) <= 6
    assert int(drawn.heights[-1].text.replace("\u202f", "")) >= most
