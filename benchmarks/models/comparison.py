"""One dataset, four sides, the same rows to tune on and the same holdout."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TypedDict

from benchmarks.models import peers
from benchmarks.models.datasets import SEED, load
from benchmarks.models.ours import Tuning
from warmfold_jobs.training import intervals
from warmfold_jobs.training.scoring import Answers

RESULTS = Path(__file__).parent / "results.json"
DEFAULTS, TUNED, PLAIN, FLAML = SIDES = ("defaults", "tuned", "plain loop", "FLAML")
MOST_ROWS, CANDIDATES = 2_500, 10
"""The most rows to tune on and the candidates on each side, where nobody asks for others."""
FEWEST_SECONDS = 5.0
"""FLAML's budget where ours took less: it spends some seconds before its first model."""


class Scored(TypedDict):
    """How a side did on the holdout."""

    score: float
    standard_error: float | None
    seconds: float


class Comparison(TypedDict):
    """A dataset's sides by name, and tuned less each other side."""

    rows: int
    tuned_on: int
    holdout: int
    candidates: int
    fits: int
    """Folds that ours fitted; the plain loop fits all of each candidate's."""
    best: dict[str, str]
    """Ours; empty for the default hyperparameters."""
    sides: dict[str, Scored]
    gains: dict[str, tuple[float, list[float] | None]]
    """Tuned less the other side, and the paired bootstrap's 95% interval."""


def compare(name: str, most_rows: int, candidates: int) -> Comparison:
    """Tune on a dataset on every side and score all on its holdout."""
    rows = load(name, most_rows)
    metric, ours = rows.source.metric, Tuning(rows)
    seconds, models = {}, {}
    began = time.perf_counter()
    models[DEFAULTS] = ours.fit({})
    seconds[DEFAULTS] = time.perf_counter() - began
    began = time.perf_counter()
    best, fits = ours.best(candidates)
    models[TUNED] = ours.fit(best) if best else models[DEFAULTS]
    seconds[TUNED] = time.perf_counter() - began
    began = time.perf_counter()
    models[PLAIN] = peers.plain_loop(rows, candidates)
    seconds[PLAIN] = time.perf_counter() - began
    began = time.perf_counter()
    models[FLAML] = peers.flaml(rows, max(FEWEST_SECONDS, seconds[TUNED]))
    seconds[FLAML] = time.perf_counter() - began
    labels = rows.holdout_labels
    answers = [Answers(models[side], rows.holdout_features) for side in SIDES]
    resamples = dict(zip(SIDES, intervals.resampled(answers, labels, metric, SEED), strict=True))
    scores = {side: answer.score(labels, metric) for side, answer in zip(SIDES, answers, strict=True)}
    return {
        "rows": rows.rows,
        "tuned_on": len(rows.labels),
        "holdout": len(labels),
        "candidates": candidates,
        "fits": fits,
        "best": best,
        "sides": {
            side: {
                "score": scores[side],
                "standard_error": intervals.standard_error(resamples[side]),
                "seconds": seconds[side],
            }
            for side in SIDES
        },
        "gains": {
            side: (
                scores[TUNED] - scores[side],
                intervals.of_difference(resamples[TUNED], resamples[side], len(labels)).ends,
            )
            for side in SIDES
            if side != TUNED
        },
    }


def kept() -> dict[str, Comparison]:
    """What was measured, by dataset."""
    found: dict[str, Comparison] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    return found


def keep(name: str, compared: Comparison) -> None:
    """Write one dataset's comparison beside the others."""
    RESULTS.write_text(json.dumps(kept() | {name: compared}, indent=1, sort_keys=True) + "\n", "utf-8")
