"""summary.json: what a person or a script wants to know of a run that has ended. Every key is always there."""

from __future__ import annotations

from typing import Annotated, TypedDict

from warmfold_run.records import Baselines, Champion, Remark
from warmfold_run.understanding import Understanding

SCHEMA = 2
AWAITING_APPROVAL = "awaiting approval"


class Data(TypedDict):
    """What the run was about."""

    key: Annotated[str, "the data's key"]
    version_id: Annotated[str | None, "which version of it"]
    size: Annotated[int, "bytes"]
    rows: Annotated[int | None, "all rows of it"]
    columns: Annotated[int | None, "all columns of it"]


class Best(TypedDict):
    """The candidate that Find Best Candidate chose."""

    candidate: Annotated[str, "its name"]
    number: Annotated[int | None, "its number in the tuning job, from 1; 0 for the default hyperparameters"]
    hyperparameters: Annotated[dict[str, str], "tuned and static, as SageMaker's strings"]
    scores: Annotated[list[float], "validation scores by fold"]
    score_mean: Annotated[float, "of those"]
    score_std: Annotated[float, "their sample deviation (ddof 1)"]


class Holdout(TypedDict):
    """The final model on the rows that no candidate saw."""

    score: Annotated[float, "on those rows"]
    standard_error: Annotated[float | None, "of the score; null where it can't be told"]
    interval: Annotated[list[float] | None, "the score's 95% interval: low, high; null where it can't be told"]
    interval_method: Annotated[str | None, "how the interval was found, or why there is none"]
    rows: Annotated[int, "how many there were"]
    positive_class: Annotated[str | None, "of two classes, what f1 and the like are about"]


class CandidateCounts(TypedDict):
    """How many candidates the tuning job had: the default hyperparameters are none of them."""

    planned: Annotated[int, "asked for"]
    total: Annotated[int, "created"]
    completed: Annotated[int, "as SageMaker has it, those abandoned too"]
    abandoned: Annotated[int, "given up because they could not win"]
    failed: Annotated[int, "as SageMaker has it"]
    stopped: Annotated[int, "as SageMaker has it"]


class CandidateResult(TypedDict):
    """One candidate."""

    candidate: Annotated[str, "its name"]
    number: Annotated[int | None, "its number in the tuning job, from 1; 0 for the default hyperparameters"]
    status: Annotated[str, "SageMaker's"]
    score: Annotated[float | None, "mean of its fold scores; of an abandoned one the estimate that it reported"]
    abandoned: Annotated[bool, "whether it was given up"]
    fold_scores: Annotated[list[float | None], "by fold; null where a fold has none"]
    folds_here: Annotated[int, "folds that it trained itself"]
    hyperparameters: Annotated[dict[str, str], "the tuned ones"]
    seconds: Annotated[float | None, "of its training job"]
    failure_reason: Annotated[str | None, "SageMaker's"]


class PlacementCounts(TypedDict):
    """Where folds were trained."""

    asked: Annotated[str | None, "`compute.fold_placement`"]
    folds_here: Annotated[int, "folds that candidates trained themselves"]
    fold_jobs: Annotated[int, "training jobs of folds"]
    choices: Annotated[dict[str, int], "candidates by choice"]
    reasons: Annotated[dict[str, int], "candidates by reason"]


class AbandoningResult(TypedDict):
    """What giving up saved."""

    asked: Annotated[str | None, "`search.abandon`"]
    used: Annotated[bool | None, "whether candidates could be given up"]
    note: Annotated[str | None, "why not"]
    abandoned: Annotated[int | None, "candidates given up"]
    folds_saved: Annotated[int | None, "folds without a result"]
    seconds_saved: Annotated[
        float | None,
        "an estimate of instance seconds: for each of those folds the mean of all the folds' `seconds`, less what its "
        "job had run, and nothing where that is not known; a fold without a job counts half",
    ]


class StartSeconds(TypedDict):
    """Median seconds from a fold job's creation to its start on an instance."""

    cold: Annotated[float | None, "without a pool"]
    warm: Annotated[float | None, "in a pool"]


class MissedPool(TypedDict):
    """Folds that started cold although a pool was there."""

    candidate: Annotated[str, "whose folds"]
    folds: Annotated[list[int], "which"]
    cause: Annotated[str, "why"]


class ColdCost(TypedDict):
    """What the cold starts cost beyond those expected."""

    starts: Annotated[int, "how many"]
    seconds_each: Annotated[float, "the median cold start less the median warm one"]
    seconds: Annotated[float, "both together"]
    warm_assumed: Annotated[bool, "whether there was no warm start to measure, so that 10 s are assumed"]


class Pools(TypedDict):
    """How fold jobs found their pools."""

    cold_starts: Annotated[int, "fold jobs that found none"]
    expected_cold_starts: Annotated[int | None, "the most fold jobs at a time; null where there are too many to ask"]
    missed: Annotated[list[MissedPool], "folds that should have found one"]
    note: Annotated[str | None, "the one sentence that `missed` does not say"]
    cold_cost: Annotated[ColdCost | None, "null where nothing is known to have been lost"]


class FinalJob(TypedDict):
    """The training job of the final model."""

    name: Annotated[str, "its name"]
    status: Annotated[str, "SageMaker's"]
    warm_start: Annotated[bool, "whether it ran in a fold's pool"]


class ModelPackage(TypedDict):
    """The registered model."""

    arn: Annotated[str, "the model package's"]
    status: Annotated[str, "its approval status"]


class Seconds(TypedDict):
    """Wall-clock seconds."""

    run: Annotated[float | None, "of its executions; waiting for an approval does not count"]
    split: Annotated[float | None, "of the processing job"]
    tuning: Annotated[float | None, "of the tuning job"]
    final: Annotated[float | None, "of the final job"]
    transform: Annotated[float | None, "of the transform job"]


class BillableSeconds(TypedDict):
    """Instance seconds."""

    candidates: Annotated[float, "of candidates"]
    folds: Annotated[float | None, "of fold jobs; null where there are over 300 to ask"]
    retained: Annotated[float, "of pools that waited"]
    final: Annotated[float | None, "of the final job"]


class ResultLocations(TypedDict):
    """Where results are, as s3:// URIs; null for what there is none of."""

    report: Annotated[str, "report.html"]
    predictions: Annotated[str | None, "the folder of predictions"]
    model: Annotated[str | None, "model.tar.gz"]
    plan: Annotated[str | None, "plan.json"]


class Summary(TypedDict):
    """summary.json: the whole of it; null stands where the run did not get so far."""

    schema: Annotated[int, "the version of this shape"]
    run: Annotated[str, "the run's id"]
    dataset: Annotated[str | None, "the dataset's name"]
    execution_arn: Annotated[str, "the execution that ended"]
    outcome: Annotated[str, "`succeeded`, `rejected`, `awaiting approval`, `failed`, `aborted` or `timed out`"]
    status: Annotated[str, "the execution's"]
    reason: Annotated[str | None, "the gate's reason, or what went wrong"]
    approve: Annotated[str | None, "the command that approves a model that waits for it"]
    error: Annotated[str | None, "the execution's error name"]
    metric: Annotated[str | None, "the metric; greater is better"]
    problem: Annotated[str | None, "classification or regression"]
    estimator: Annotated[str | None, "the estimator"]
    target: Annotated[str | None, "the column to predict"]
    n_splits: Annotated[int | None, "the number of folds"]
    data: Annotated[Data | None, "what the run was about"]
    understanding: Annotated[Understanding | None, "what was done with it, and why"]
    remarks: Annotated[list[Remark], "what a person should know of the data and of the result"]
    best: Annotated[Best | None, "the best candidate"]
    holdout: Annotated[Holdout | None, "the final model on the holdout"]
    holdout_note: Annotated[str | None, "why there is no holdout score"]
    baselines: Annotated[Baselines | None, "what the final model was held against, on the same holdout"]
    champion: Annotated[Champion | None, "the model that it had to beat; null without `quality_gate.beat_champion`"]
    candidates: Annotated[CandidateCounts, "how many there were"]
    candidate_results: Annotated[list[CandidateResult], "all of them, in order of creation"]
    placement: Annotated[PlacementCounts, "where folds were trained"]
    abandoning: Annotated[AbandoningResult, "what giving up saved"]
    cold_starts: Annotated[int, "fold jobs that found no pool; one stopped before it started is neither"]
    warm_starts: Annotated[int, "fold jobs that some job's pool went to"]
    start_seconds: Annotated[StartSeconds, "how long starts took"]
    pools: Annotated[Pools, "how fold jobs found their pools"]
    final_job: Annotated[FinalJob | None, "the job of the final model"]
    pools_left: Annotated[list[str], "jobs whose pool is still Available"]
    jobs_left: Annotated[list[str], "jobs that still run, of every kind"]
    model_package: Annotated[ModelPackage | None, "the registered model"]
    bound: Annotated[str | None, "what tuning could have taken at most"]
    seconds: Annotated[Seconds, "wall-clock seconds"]
    billable_seconds: Annotated[BillableSeconds, "instance seconds"]
    locations: Annotated[ResultLocations, "where results are"]
    created_at: Annotated[str, "when the summary was written, ISO 8601"]
