"""The quality gate: what the holdout score must reach, whom the model must beat, and what a person should look at."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.results.holdout import Holdout
from warmfold_catalogue.metrics import load_metric
from warmfold_run.experiment import Experiment
from warmfold_run.records import Remark
from warmfold_run.understanding import about

NEARLY_PERFECT = 0.999
"""The share of the way from a model that looks at no feature to a perfect one from which a score is suspected: of a ROC
AUC that is 0.9995. Honest tables seldom come so far, and a copy of the target does at once."""


def gate(
    experiment: Experiment, holdout: Holdout, remarks: Sequence[Remark], cv_score: float | None
) -> tuple[str, str]:
    """Return the model package's approval status, and why.

    What passes waits for a person's approval where the experiment says so, and where something is suspicious: a remark
    on the data that holds, a (nearly) perfect score on the holdout or in cross-validation (`cv_score`, None where it is
    not known), a champion that can't be compared.
    """
    passed, reason = _passes_min_score(experiment, holdout)
    if not passed:
        return "Rejected", reason
    beaten, told = _beats_champion(experiment, holdout)
    reasons = [reason, told] if told else [reason]
    if beaten is False:
        return "Rejected", told or ""
    held = [] if beaten else ["whether it beats the champion is for a person to say"]
    if experiment["quality_gate"]["suspicious"] == "hold":
        held += suspicions(experiment, holdout, remarks, cv_score)
    if held:
        reasons.append(f"held for a person's approval: {'; '.join(held)}")
    manual = experiment["quality_gate"]["approval"] == "manual"
    return "PendingManualApproval" if held or manual else "Approved", "; ".join(reasons)


def suspicions(
    experiment: Experiment, holdout: Holdout, remarks: Sequence[Remark], cv_score: float | None
) -> list[str]:
    """Return what a person should look at before the model is used, each in a clause; nothing where all is usual.

    A perfect holdout alone may be luck, with few rows: it is where cross-validation's score, which is not perfect, lies
    in the interval of the holdout's.
    """
    found = [about(remark) for remark in remarks if remark["holds"]]
    scores = [(holdout.score, f"the {holdout.rows} rows of the holdout"), (cv_score, "cross-validation")]
    perfect = [
        (kind, score, where)
        for score, where in scores
        if score is not None and (kind := _perfection(experiment["metric"], score, holdout.dummy_score))
    ]
    by_cross_validation = any(where == "cross-validation" for _, _, where in perfect)
    if perfect and not by_cross_validation and cv_score is not None and holdout.interval is not None:
        perfect = [] if cv_score >= holdout.interval[0] else perfect
    return found + [
        f"a {kind} score ({experiment['metric']} {score:.6g} in {where}) is rare where no column gives the target away"
        for kind, score, where in perfect
    ]


def _perfection(metric: str, score: float, dummy: float | None) -> str | None:
    best = load_metric(metric).best_possible
    if best is None:
        return None
    if score >= best:
        return "perfect"
    if dummy is not None and dummy < best and best - score <= (1 - NEARLY_PERFECT) * (best - dummy):
        return "nearly perfect"
    return None


def _passes_min_score(experiment: Experiment, holdout: Holdout) -> tuple[bool, str]:
    metric, least = experiment["metric"], experiment["quality_gate"]["min_score"]
    if least is None:
        return True, "experiment.yaml sets no quality_gate.min_score"
    if holdout.score is None:
        why = f": {holdout.note}" if holdout.note else ""
        return False, f"quality_gate.min_score is {least}, and there is no holdout score to hold against it{why}"
    if holdout.score >= least:
        return True, f"{metric} {holdout.score:.6g} on the holdout reaches quality_gate.min_score {least}"
    return False, f"{metric} {holdout.score:.6g} on the holdout is below quality_gate.min_score {least}"


def _beats_champion(experiment: Experiment, holdout: Holdout) -> tuple[bool | None, str | None]:
    """Return whether the model is better than the champion, None where they can't be compared, and why."""
    if not experiment["quality_gate"]["beat_champion"]:
        return True, None
    passes = {"better": True, "no champion": True, "not better": False}
    return passes.get(holdout.champion or ""), holdout.champion_reason
