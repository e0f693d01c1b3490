"""Which candidate is best: the highest objective among those with all their fold scores that were not given up."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from pydantic import BaseModel

from pipeline.aws.jobs import Jobs
from pipeline.aws.storage import Storage
from pipeline.errors import NoCompleteCandidateError, SageMakerError, ScoreMismatchError
from warmfold_run import names, places
from warmfold_run.plan import Plan
from warmfold_run.records import FoldScore

TOLERANCE = 1e-6  # relative above 1: SageMaker keeps an objective in single precision
_OF_A_SUMMARY = (
    "TrainingJobName",
    "TrainingJobStatus",
    "CreationTime",
    "TrainingStartTime",
    "TrainingEndTime",
    "FailureReason",
)
_SAGEMAKERS_OWN = ("sagemaker_", "_tuning_objective_metric")


class Best(BaseModel):
    """The best candidate: `score` is the mean of its fold `scores`, `hyperparameters` are tuned and static ones."""

    candidate: str
    score: float
    scores: list[float]
    hyperparameters: dict[str, str]


def find_best_candidate(jobs: Jobs, storage: Storage, plan: Plan, tuning_job: str) -> Best:
    """Return the best candidate of a tuning job.

    Raises
    ------
    NoCompleteCandidateError
        No Completed candidate has a score for every fold, or each was given up; the text says what became of them.
    ScoreMismatchError
        The best candidate's objective is not the mean of its fold scores.
    """
    folds = plan["folds"]
    defaults = defaults_candidate(jobs, storage, plan, tuning_job)
    for candidate in ranked_candidates(jobs, tuning_job, defaults):
        name, objective = candidate["TrainingJobName"], objective_of(candidate)
        if candidate["TrainingJobStatus"] != "Completed" or objective is None:
            continue
        scores = fold_scores(storage, plan, name, folds)
        if scores is None or not may_be_best(candidate["TrainingJobStatus"], scores, is_abandoned(storage, plan, name)):
            continue
        score = fmean(scores)
        if not math.isclose(score, objective, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            raise ScoreMismatchError(
                f"candidate {name}: its objective is {objective}, but its {folds} fold scores in "
                f"{plan['locations']['candidates']}{name}/ have the mean {score}; "
                "look in its log for what it printed last"
            )
        return Best(candidate=name, score=score, scores=scores, hyperparameters=_hyperparameters(jobs, name))
    raise NoCompleteCandidateError(_why_none(jobs.candidates(tuning_job), tuning_job, folds))


def defaults_candidate(jobs: Jobs, storage: Storage, plan: Plan, tuning_job: str) -> dict[str, Any] | None:
    """Return the candidate with the default hyperparameters as lists have the others; None when there is none.

    It is no tuning job's, so that no list has its objective: that is the mean of its fold scores.
    """
    job = jobs.describe("training", names.defaults_job(tuning_job))
    if job is None:
        return None
    scores = fold_scores(storage, plan, job["TrainingJobName"], plan["folds"])
    found = {key: job[key] for key in _OF_A_SUMMARY if key in job} | {"TunedHyperParameters": {}}
    if scores is not None:
        objective = {"MetricName": "validation:score", "Value": fmean(scores)}
        found["FinalHyperParameterTuningJobObjectiveMetric"] = objective
    return found


def ranked_candidates(jobs: Jobs, tuning_job: str, defaults: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the summaries of all candidates by objective, the best first, and those without one left out.

    The default hyperparameters come before a candidate that is only as good.
    """
    ranked = list(jobs.candidates(tuning_job, by_score=True))
    score = objective_of(defaults) if defaults else None
    if defaults is None or score is None:
        return ranked
    better = sum(objective is not None and objective > score for objective in map(objective_of, ranked))
    return [*ranked[:better], defaults, *ranked[better:]]


def may_be_best(status: str, scores: Sequence[float | None], abandoned: bool) -> bool:
    """Whether a candidate may be the best: Completed, with a score for each fold, and not given up.

    A fold may have ended between its candidate's giving up and being stopped: the objective is still an estimate.
    """
    return status == "Completed" and not abandoned and None not in scores


def objective_of(candidate: dict[str, Any]) -> float | None:
    """Return a candidate's objective, from its summary; None when it has none that is a number."""
    value = candidate.get("FinalHyperParameterTuningJobObjectiveMetric", {}).get("Value")
    return None if value is None or not math.isfinite(value) else float(value)


def fold_scores(storage: Storage, plan: Plan, candidate: str, folds: int) -> list[float] | None:
    """Return a candidate's validation scores by fold, or None when one is missing."""
    scores, folder = [], _folder(plan, candidate)
    for fold in range(folds):
        found: FoldScore | None = storage.read_json(folder + places.fold_record(fold))
        if found is None:
            return None
        scores.append(found["validation_score"])
    return scores


def is_abandoned(storage: Storage, plan: Plan, candidate: str) -> bool:
    """Return whether a candidate was given up, so that its objective is an estimate."""
    return storage.read_json(_folder(plan, candidate) + places.ABANDONED) is not None


def own_hyperparameters(hyperparameters: dict[str, str]) -> dict[str, str]:
    """Return the estimator's hyperparameters, without those that SageMaker adds."""
    return {name: value for name, value in hyperparameters.items() if not name.startswith(_SAGEMAKERS_OWN)}


def _folder(plan: Plan, candidate: str) -> str:
    return places.key_of(places.candidate_folder(plan["locations"], candidate))


def _hyperparameters(jobs: Jobs, candidate: str) -> dict[str, str]:
    job = jobs.describe("training", candidate)
    if job is None:
        raise SageMakerError(
            f"training job {candidate} is listed as a candidate and can't be described; start the run again"
        )
    return own_hyperparameters(job["HyperParameters"])


def _why_none(candidates: Iterable[dict[str, Any]], tuning_job: str, folds: int) -> str:
    found = list(candidates)
    counts = Counter(candidate["TrainingJobStatus"] for candidate in found)
    ended = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "it had no candidates"
    reasons = [f"{c['TrainingJobName']}: {c['FailureReason']}" for c in found if c.get("FailureReason")]
    return (
        f"tuning job {tuning_job}: no candidate has a score for each of its {folds} folds ({ended}). "
        + (f"{reasons[0]} " if reasons else "")
        + f"See the logs of {tuning_job}-* in /aws/sagemaker/TrainingJobs, mend the cause and start the run again"
    )
