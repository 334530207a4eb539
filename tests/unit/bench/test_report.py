"""The table says what was measured."""

import json
from pathlib import Path

from bench import report
from bench.report import Row, compared, figure, median, parts, total

SAMPLES = [{"rate": 100.0, "lost": 1, "cpu_ms": {"gateway": 1.0}}, {"rate": 300.0, "lost": 2, "cpu_ms": {"gateway": 3.0}}, {"rate": 120.0}]


def test_median_is_of_the_repeats_that_have_the_figure() -> None:
    assert median(SAMPLES, "rate") == 120
    assert median(SAMPLES, "lost") == 1.5
    assert median(SAMPLES, "nothing") is None


def test_total_is_of_all_repeats() -> None:
    assert total(SAMPLES, "lost") == 3


def test_parts_have_a_median_each() -> None:
    assert parts(SAMPLES[:2], "cpu_ms") == {"gateway": 2}


def test_ratio_needs_two_figures() -> None:
    assert compared("rate", 50, 200).ratio == 0.25
    assert compared("rate", 50, None).ratio is None


def test_figures_have_the_digits_that_mean_something() -> None:
    assert [figure(value) for value in (None, "none", 0, 1234.5, 31.84, 2.738)] == ["", "none", "0", "1,234", "31.8", "2.74"]


def test_table_is_markdown_that_reads_well_raw() -> None:
    assert report.table([Row("rate", 462.0, 2892.0, 0.16), Row("lost", 0)]).splitlines() == [
        "| what | house | raw or other | ratio |",
        "|------|------:|-------------:|------:|",
        "| rate |   462 |        2,892 |  0.16 |",
        "| lost |     0 |              |       |",
    ]


def test_result_is_written_whole(tmp_path: Path) -> None:
    report.write(tmp_path / "new" / "bench.json", {"scale": "small"})
    assert json.loads((tmp_path / "new" / "bench.json").read_text()) == {"scale": "small"}
