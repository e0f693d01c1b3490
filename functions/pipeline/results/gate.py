"""The quality gate on the holdout score."""

from __future__ import annotations

from pipeline.results.holdout import Holdout
from warmfold_run.experiment import Experiment


def gate(experiment: Experiment, holdout: Holdout) -> tuple[str, str]:
    """Return the model package's approval status, and why: what passes may wait for a person's approval."""
    passed, reason = _judge(experiment, holdout)
    if not passed:
        return "Rejected", reason
    return ("Approved" if experiment["quality_gate"]["approval"] == "automatic" else "PendingManualApproval"), reason


def _judge(experiment: Experiment, holdout: Holdout) -> tuple[bool, str]:
    metric, least = experiment["metric"], experiment["quality_gate"]["min_score"]
    if least is None:
        return True, "experiment.yaml sets no quality_gate.min_score"
    if holdout.score is None:
        why = f": {holdout.note}" if holdout.note else ""
        return False, f"quality_gate.min_score is {least}, and there is no holdout score to hold against it{why}"
    if holdout.score >= least:
        return True, f"{metric} {holdout.score:.6g} on the holdout reaches quality_gate.min_score {least}"
    return False, f"{metric} {holdout.score:.6g} on the holdout is below quality_gate.min_score {least}"
