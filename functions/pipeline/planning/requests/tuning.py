"""Tune Hyperparameters' tuning job."""

from __future__ import annotations

from typing import Any

from pipeline.planning.requests.candidate import candidate_request
from pipeline.planning.requests.common import Context
from warmfold_run import names
from warmfold_run.encoding import encode
from warmfold_run.experiment import Range
from warmfold_run.plan import Request


def tuning_request(context: Context) -> Request:
    """CreateHyperParameterTuningJob; each of its training jobs is a candidate."""
    search = context.experiment["search"]
    definition = candidate_request(context)
    static = definition.pop("HyperParameters")
    del definition["Tags"], definition["ProfilerConfig"]
    return {
        "HyperParameterTuningJobName": names.tuning_job(context.prefix, context.run),
        "HyperParameterTuningJobConfig": {
            "Strategy": search["strategy"],
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:score"},
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": search["max_candidates"],
                "MaxParallelTrainingJobs": min(search["max_parallel_candidates"], search["max_candidates"]),
            },
            "ParameterRanges": parameter_ranges(search["hyperparameters"]),
            "TrainingJobEarlyStoppingType": "Off",
            "RandomSeed": context.experiment["cross_validation"]["seed"],
        },
        "TrainingJobDefinition": {
            **definition,
            "StaticHyperParameters": static,
        },
        "Tags": context.tags,
    }


def parameter_ranges(space: dict[str, Range]) -> dict[str, list[dict[str, Any]]]:
    """Return a search space as SageMaker has it."""
    ranges: dict[str, list[dict[str, Any]]] = {
        "ContinuousParameterRanges": [],
        "IntegerParameterRanges": [],
        "CategoricalParameterRanges": [],
    }
    for name, asked in space.items():
        if "values" in asked:
            values = [encode(value) for value in asked["values"]]
            ranges["CategoricalParameterRanges"].append({"Name": name, "Values": values})
        elif "min" in asked:
            kind = "IntegerParameterRanges" if asked["type"] == "integer" else "ContinuousParameterRanges"
            bounds = {"MinValue": str(asked["min"]), "MaxValue": str(asked["max"]), "ScalingType": asked["scaling"]}
            ranges[kind].append({"Name": name, **bounds})
    return {kind: some for kind, some in ranges.items() if some}
