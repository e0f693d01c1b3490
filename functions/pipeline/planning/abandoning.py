"""Whether a run's candidates may be given up; when one is, `warmfold_jobs.fan_out.abandoning` decides."""

from __future__ import annotations

from warmfold_jobs.fan_out.abandoning import can_abandon
from warmfold_run.experiment import Experiment
from warmfold_run.plan import Abandoning


def abandoning(experiment: Experiment, folds: int) -> Abandoning:
    """Return whether candidates of so many folds that can't win are given up, and why not."""
    note = None
    if experiment["search"]["abandon"] == "off":
        note = "search.abandon is off"
    elif not can_abandon(folds):
        note = f"the rule has not met its numbers with {folds} folds, so it is off for them"
    return {"used": note is None, "note": note}
