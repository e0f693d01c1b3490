"""What the replays and the live tunings found, as docs/benchmarks/abandoning.md: the same text for the same code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from benchmarks.abandoning import live
from benchmarks.abandoning.replay import SAME_WINNER, SEEDS, TEST_LOSS, Replay, Summary
from benchmarks.abandoning.tuning import IN_FLIGHT, VARIATION
from warmfold_jobs.fan_out.abandoning import can_abandon

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "abandoning.md"
PROMISED = (("forgiving", True), ("forgiving", False))
VARIANTS = (*PROMISED, ("worst fold", True), ("aggressive", True))
"""Rules, and whether a candidate's folds run side by side; the promises are those of the first two."""

Variant = tuple[str, bool]
Found = Sequence[tuple[Summary, Sequence[Replay]]]


def missed(found: Mapping[Variant, Found], tuned: Sequence[live.Comparison]) -> list[str]:
    """What was promised and is not kept, a line each; a K for which the rule is off promises nothing."""
    lines = [
        f"K={one.n_splits}, folds {_way(variant)}: same winner {_share(one.same)} of {SAME_WINNER:.0%}, "
        f"mean test loss {one.mean_loss:.4f} points of {TEST_LOSS}; take it out of abandoning.MEASURED_SPLITS"
        for variant in PROMISED
        for one, _ in found[variant]
        if can_abandon(one.n_splits) and not one.met
    ]
    if not live.no_worse(tuned):
        every = tuned[-1]
        lines.append(
            f"live: {every.holdout:+.3f} ± {every.standard_error:.3f} points on the holdout: worse with the rule"
        )
    return lines


def text(found: Mapping[Variant, Found], tuned: Sequence[live.Comparison]) -> str:
    """The whole document."""
    matrices = sorted({one.matrix for _, every in found[PROMISED[0]] for one in every})
    return f"""# Giving up candidates: is the winner kept?

Made by `python -m benchmarks.abandoning`, and its live part, which takes minutes, by
`python -m benchmarks.abandoning --live`. The rule is `abandoning.py` of `warmfold_jobs/fan_out`, which candidates run;
why it is as it is, is [decision 5](../decisions/0005-when-a-candidate-is-given-up.md).

## Replays

{len(matrices)} matrices of real scores: a scikit-learn model on a dataset, 100 to 120 candidates drawn from
a search space (`benchmarks/abandoning/make_matrices.py` makes them). {len(SEEDS)} replays of each: another order
of the candidates, other durations of the folds (lognormal, standard deviation {VARIATION} of the mean).
{IN_FLIGHT} candidates at a time; the next begins when one has ended or is given up. A candidate's folds run side by
side, as jobs do, or in turn, as in a candidate that trains them itself on one core. The incumbent is the best complete
candidate at that moment.

{_summaries(found)}

Wanted for each K: the same winner in {SAME_WINNER:.0%} of the replays or more, a mean test loss of {TEST_LOSS} points
or less.

- *same winner*: the candidate that wins without the rule, or another with the same mean.
- *test loss*: what the winner's score on rows that no candidate saw is lower by with the rule than without; below 0
  when it is higher. A point is a hundredth of a score of which 1 is perfect (accuracy, ROC AUC, R²), and for a loss a
  hundredth of what the best constant prediction loses on those rows.
- *folds run*: folds that ended; *fold time* also counts the part of a fold until it is stopped; *wall* is the time of
  the whole tuning. All are shares of the tuning without the rule.
- *worst fold* gives up whatever is, after two folds, in the mean no better than the incumbent's worst fold, and
  *aggressive* what is no better than the incumbent's mean. Both are here for comparison.

## By matrix: replays with the same winner, rule *forgiving*, folds side by side

{_by_matrix(found[PROMISED[0]], matrices)}

## Live

The local cloud's Bayesian strategy, {live.CANDIDATES} candidates of {live.N_SPLITS} folds, {IN_FLIGHT} at a time,
told what a given-up candidate reports; {len(live.SEEDS)} seeds, each with the rule on and off on the same
holdout and folds. In points, on minus off.

{_live(tuned)}

No worse was settled before the first run: on no dataset does a one-sided paired t-test find the winner's holdout score
lower with the rule (p < {live.ERROR_RATE:.0%} / {len(tuned) - 1}), and over all pairs the lower end of the one-sided
95% interval of the mean difference is above -{live.MARGIN} points.
Found: **{"no worse" if live.no_worse(tuned) else "worse"}**.
"""


def _summaries(found: Mapping[Variant, Found]) -> str:
    rows = [
        (
            variant[0],
            _way(variant),
            one.n_splits,
            one.replays,
            _share(one.same),
            f"{_share(one.worst_matrix[0])} ({one.worst_matrix[1]})",
            f"{one.mean_loss:+.4f}",
            f"{one.worst_loss:+.2f}",
            _share(one.given_up),
            _share(one.folds),
            _share(one.fold_time),
            _share(one.wall),
            _verdict(variant, one),
        )
        for variant, summaries in found.items()
        for one, _ in summaries
    ]
    head = (
        "rule|folds|K|replays|same winner|in the worst matrix|mean test loss|worst|"
        "candidates given up|folds run|fold time|wall|wanted"
    )
    return _table(head.split("|"), rows)


def _way(variant: Variant) -> str:
    return "side by side" if variant[1] else "in turn"


def _verdict(variant: Variant, summary: Summary) -> str:
    off = variant in PROMISED and not can_abandon(summary.n_splits)
    return ("met" if summary.met else "**missed**") + (", off" if off else "")


def _by_matrix(forgiving: Found, matrices: Sequence[str]) -> str:
    def same(every: Sequence[Replay], matrix: str) -> str:
        return _share(fmean(one.same for one in every if one.matrix == matrix))

    head = ["matrix", *(f"K={one.n_splits}" for one, _ in forgiving)]
    return _table(head, [(matrix, *(same(every, matrix) for _, every in forgiving)) for matrix in matrices])


def _live(tuned: Sequence[live.Comparison]) -> str:
    rows = [
        (
            one.task,
            one.pairs,
            f"{one.holdout:+.3f} ± {one.standard_error:.3f}",
            f"{one.low:+.3f}",
            f"{one.p_value:.3f}",
            f"{one.validation:+.3f}",
            _share(one.folds),
            _share(one.wall),
        )
        for one in tuned
    ]
    head = "task|pairs|winner on the holdout|95% at least|p (lower)|winner's CV mean|folds run|wall"
    return _table(head.split("|"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _share(value: float) -> str:
    return f"{value:.1%}"
