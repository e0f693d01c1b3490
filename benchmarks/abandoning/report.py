"""What the replays and the live tunings found, as docs/benchmarks/abandoning.md: the same text for the same code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from abandoning import can_abandon
from benchmarks.abandoning import live
from benchmarks.abandoning.replay import SAME_WINNER, SEEDS, TEST_LOSS, Replay, Summary
from benchmarks.abandoning.tuning import IN_FLIGHT, VARIATION

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "abandoning.md"
RULES = ("forgiving", "plain", "aggressive")

Found = Sequence[tuple[Summary, Sequence[Replay]]]


def missed(forgiving: Found, tuned: Sequence[live.Comparison]) -> list[str]:
    """What was promised and is not kept, a line each; a K for which the rule is off promises nothing."""
    lines = [
        f"K={one.n_splits}: same winner {_share(one.same)} of {SAME_WINNER:.0%}, mean test loss {one.mean_loss:.4f} "
        f"points of {TEST_LOSS}; set abandoning.MEASURED_SPLITS so that the rule is off there"
        for one, _ in forgiving
        if can_abandon(one.n_splits) and not one.met
    ]
    if not live.no_worse(tuned):
        every = tuned[-1]
        lines.append(
            f"live: {every.holdout:+.3f} ± {every.standard_error:.3f} points on the holdout: worse with the rule"
        )
    return lines


def text(found: Mapping[str, Found], tuned: Sequence[live.Comparison]) -> str:
    """The whole document."""
    matrices = sorted({one.matrix for _, every in found["forgiving"] for one in every})
    return f"""# Giving up candidates: is the winner kept?

Made by `python -m benchmarks.abandoning`, and its live part, which takes minutes, by
`python -m benchmarks.abandoning --live`. The rule is `training_code/abandoning.py`, the code that candidates run;
why it is as it is, is [decision 5](../decisions/0005-when-a-candidate-is-given-up.md).

## Replays

{len(matrices)} matrices of real scores: a scikit-learn model on a dataset, 100 to 120 candidates drawn from
a search space (`benchmarks/abandoning/make_matrices.py` makes them). {len(SEEDS)} replays of each: another order
of the candidates, other durations of the folds (lognormal, standard deviation {VARIATION} of the mean).
{IN_FLIGHT} candidates at a time, each with all its folds side by side; the next begins when one has ended
or is given up. The incumbent is the best complete candidate at that moment.

{_summaries(found)}

Wanted for each K: the same winner in {SAME_WINNER:.0%} of the replays or more, a mean test loss of {TEST_LOSS} points
or less.

- *same winner*: the candidate that wins without the rule, or another with the same mean.
- *test loss*: what the winner's score on rows that no candidate saw is lower by with the rule than without; below 0
  when it is higher. A point is a hundredth of a score of which 1 is perfect (accuracy, ROC AUC, R²), and for a loss a
  hundredth of what the best constant prediction loses on those rows.
- *folds run*: folds that ended; *fold time* also counts the part of a fold until it is stopped; *wall* is the time of
  the whole tuning. All are shares of the tuning without the rule.
- *plain* leaves out that most of the folds must be worse than the incumbent's; *aggressive* gives up whatever is no
  better than the incumbent's mean after two folds. Both are here for comparison.

## By matrix: replays with the same winner, rule *forgiving*

{_by_matrix(found["forgiving"], matrices)}

## Live

The local cloud's Bayesian strategy, {live.CANDIDATES} candidates of {live.N_SPLITS} folds, {IN_FLIGHT} at a time, told what
a given-up candidate reports; {len(live.SEEDS)} seeds, each with the rule on and off on the same holdout and folds.
In points, on minus off.

{_live(tuned)}

No worse was settled before the first run: on no dataset does a one-sided paired t-test find the winner's holdout score
lower with the rule (p < {live.ERROR_RATE:.0%} / {len(tuned) - 1}), and over all pairs the lower end of the one-sided 95%
interval of the mean difference is above -{live.MARGIN} points.
Found: **{"no worse" if live.no_worse(tuned) else "worse"}**.
"""


def _summaries(found: Mapping[str, Found]) -> str:
    rows = [
        (
            rule,
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
            ("met" if one.met else "**missed**")
            + ("" if rule != "forgiving" or can_abandon(one.n_splits) else ": off"),
        )
        for rule, summaries in found.items()
        for one, _ in summaries
    ]
    head = (
        "rule|K|replays|same winner|in the worst matrix|mean test loss|worst|"
        "candidates given up|folds run|fold time|wall|wanted"
    )
    return _table(head.split("|"), rows)


def _verdict(rule: str, summary: Summary) -> str:
    off = rule == "forgiving" and not can_abandon(summary.n_splits)
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
