"""The final job: the plan's request with the best candidate's hyperparameters."""

from __future__ import annotations

from typing import Any

from pipeline.results.best_candidate import Best
from warmfold_run.plan import Plan


def final_training_request(plan: Plan, best: Best) -> dict[str, Any]:
    """CreateTrainingJob of the final model."""
    request: dict[str, Any] = plan["requests"]["final"]
    return {**request, "HyperParameters": {**request["HyperParameters"], **best.hyperparameters}}
