"""What the benchmark of tuned models concludes from scores."""

from __future__ import annotations

import pytest

from benchmarks.models import report
from benchmarks.models.comparison import CANDIDATES, DEFAULTS, MOST_ROWS, SIDES, TUNED, Comparison, kept
from benchmarks.models.datasets import SOURCES


def comparison(gain: float, interval: list[float] | None, best: dict[str, str]) -> Comparison:
    scores = {side: 0.8 + (gain if side == TUNED else 0) for side in SIDES}
    return {
        "rows": 1000,
        "tuned_on": 700,
        "holdout": 250,
        "candidates": 12,
        "fits": 30,
        "best": best,
        "sides": {side: {"score": score, "standard_error": 0.01, "seconds": 2} for side, score in scores.items()},
        "gains": {side: (gain, interval) for side in SIDES if side != TUNED},
    }


CHOSEN = {"learning_rate": "0.1"}


@pytest.mark.parametrize(
    ("gain", "interval", "best", "said", "is_missed"),
    [
        (0.02, [0.005, 0.03], CHOSEN, "better: +0.0200 (+0.0050 to +0.0300)", False),
        (0.002, [-0.005, 0.01], CHOSEN, "no gain that the holdout shows: +0.0020 (-0.0050 to +0.0100)", False),
        (-0.009, [-0.02, -0.001], CHOSEN, "no gain that the holdout shows: -0.0090 (-0.0200 to -0.0010)", False),
        (-0.011, [-0.02, 0.001], CHOSEN, "worse: -0.0110 (-0.0200 to +0.0010)", True),
        (0.0, [0.0, 0.0], {}, "the defaults were the best candidate", False),
    ],
)
def test_tuning_is_worse_where_it_loses_more_than_a_standard_error(
    gain: float, interval: list[float], best: dict[str, str], said: str, is_missed: bool
) -> None:
    found = {"diamonds": comparison(gain, interval, best)}
    assert report.verdict(found["diamonds"]) == said
    assert bool(report.missed(found)) == is_missed


def test_the_page_has_a_line_for_each_dataset_and_counts_who_is_better() -> None:
    found = {"diamonds": comparison(0.02, [0.005, 0.03], CHOSEN), "penguins": comparison(0, [-0.01, 0.01], CHOSEN)}
    page = report.text(found)
    assert "| diamonds, r2, hist_gradient_boosting | 0.8000 ± 0.0100, 2 s | 0.8200 ± 0.0100, 2 s |" in page
    assert f"against {DEFAULTS}: {TUNED} is better on 1 of 2 datasets, worse on 0" in page


def test_the_page_is_what_the_make_target_writes_of_what_it_measures() -> None:
    found = kept()
    assert set(found) == set(SOURCES)
    assert {one["candidates"] for one in found.values()} == {CANDIDATES}
    assert max(one["tuned_on"] for one in found.values()) == MOST_ROWS
    assert report.DOCUMENT.read_text("utf-8") == report.text(found)
