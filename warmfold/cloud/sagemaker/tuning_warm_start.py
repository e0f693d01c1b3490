"""WarmStartConfig: a tuning job that begins with what its parents found out."""

from collections.abc import Mapping, Sequence
from typing import Any

from warmfold.cloud.sagemaker.errors import validation_error
from warmfold.cloud.sagemaker.tuning_job import IDENTICAL, TuningJob

NAME = "HyperParameterTuningJobName"


def parents_of(request: Mapping[str, Any], jobs: Mapping[str, TuningJob]) -> list[TuningJob]:
    """The parents that a (validated) request names among `jobs` by lowercased name, none without a WarmStartConfig.

    Raises ServiceError for parents that are missing, named twice, still run, or searched for something else.
    """
    config = request.get("WarmStartConfig")
    if config is None:
        return []
    names = [parent.get(NAME, "").lower() for parent in config["ParentHyperParameterTuningJobs"]]
    missing = [name for name in names if name not in jobs]
    if missing:
        raise validation_error(f"WarmStartConfig names a tuning job that does not exist: {', '.join(missing)}.")
    if len(set(names)) != len(names):
        raise validation_error(f"WarmStartConfig names a parent more than once: {', '.join(names)}.")
    if request["HyperParameterTuningJobConfig"]["Strategy"] == "Grid":
        raise validation_error(
            "WarmStartConfig: a Grid tries every combination whatever its parents found; leave it out."
        )
    parents = [jobs[name] for name in names]
    for parent in parents:
        _check(request, parent, identical=config["WarmStartType"] == IDENTICAL)
    return parents


def teach(job: TuningJob, parents: Sequence[TuningJob]) -> None:
    """Let the job's sampler learn the scores of its parents' candidates, not those of the parents' own parents.

    A candidate whose values do not all lie in the job's ranges teaches nothing.
    """
    for parent in parents:
        static = parent.request["TrainingJobDefinition"].get("StaticHyperParameters", {})
        for candidate in parent.candidates:
            score = job.for_sampler(candidate.score)
            if score is not None:
                job.sampler.learn({**static, **candidate.tuned}, score)


def _check(request: Mapping[str, Any], parent: TuningJob, *, identical: bool) -> None:
    what = f"WarmStartConfig: parent {parent.name}"
    if not parent.is_finished:
        raise validation_error(f"{what} is in status {parent.status}; a parent must be Completed, Failed or Stopped.")
    objective = request["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    if objective != parent.objective:
        raise validation_error(
            f"{what} has the objective {parent.objective['Type']} {parent.objective['MetricName']}; it must be that of "
            f"the new tuning job, {objective['Type']} {objective['MetricName']}."
        )
    counts = [_hyperparameters(of) for of in (parent.request, request)]
    if counts[0] != counts[1]:
        raise validation_error(
            f"{what} has {counts[0]} static and tuned hyperparameters together and the new tuning job {counts[1]}; "
            "their number must be the same."
        )
    if identical:
        for name, kept in _data_and_algorithm(request).items():
            if kept != _data_and_algorithm(parent.request)[name]:
                raise validation_error(
                    f"{what} has another {name}: with {IDENTICAL} it must be the same; TransferLearning allows others."
                )


def _hyperparameters(request: Mapping[str, Any]) -> int:
    ranges = request["HyperParameterTuningJobConfig"]["ParameterRanges"]
    static = request["TrainingJobDefinition"].get("StaticHyperParameters", {})
    return len(static) + sum(len(items) for items in ranges.values())


def _data_and_algorithm(request: Mapping[str, Any]) -> dict[str, Any]:
    definition = request["TrainingJobDefinition"]
    return {
        "TrainingImage": definition["AlgorithmSpecification"].get("TrainingImage"),
        "InputDataConfig": definition.get("InputDataConfig", []),
    }
