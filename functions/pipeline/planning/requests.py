"""The requests of a run's jobs, complete but for what only a candidate knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from pipeline.experiment.hyperparameters import encoded
from warmfold_run import names

FOLD_SECONDS = 3600
FINAL_SECONDS = 7200
PROCESSING_SECONDS = 3600
MAX_PROCESSING_SECONDS = 432000
TRANSFORM_SECONDS = 7200
FOLD_RETRIES = 1
START_SECONDS = 900  # what a start may take, cold, with a retry
FIRST_KEEP_ALIVE_SECONDS = 1800
"""What folds ask for under `keep_alive_seconds: auto` before any fold's length is known: pools that end too early cost
one cold start after another, and those that could last too long are released when tuning ends."""
LONGEST_KEEP_ALIVE_SECONDS = 3600
"""What candidates ask for at most once they have measured folds."""
VOLUME_GB = 30
ANYWHERE = "ml.m5.xlarge"  # every kind of job runs on it
MAX_CANDIDATE_SECONDS = 432000
_OWN_DISKS = re.compile(r"ml\.([a-z]+[0-9]+[a-z]*d[a-z]*|g[5-9][a-z]*|p[5-9][a-z]*|trn[0-9][a-z]*)\.")
_FLOAT = r"([-+]?(?:[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?|inf|nan))"


@dataclass(frozen=True)
class Context:
    """What the requests of a run have in common; locations are s3:// URIs that end in `/`."""

    prefix: str
    run: str
    region: str
    experiment: dict[str, Any]
    locations: dict[str, str]
    plan_uri: str
    code_uri: str
    image: str
    candidate_role: str
    fold_role: str
    data_bytes: int
    instance_types: dict[str, str]
    vpc: dict[str, list[str]] | None = None
    key: str | None = None

    @property
    def tags(self) -> list[dict[str, str]]:
        """The tags of every job."""
        return names.job_tags(self.prefix, self.run)

    @property
    def profile_uri(self) -> str:
        """Where Split Dataset writes the profile of all the rows."""
        return self.locations["run"] + "profile.json"

    @property
    def network(self) -> dict[str, Any]:
        """Where every job runs, as a part of its request."""
        return {"VpcConfig": self.vpc} if self.vpc else {}

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every job."""
        return {"AWS_DEFAULT_REGION": self.region}

    @property
    def candidate_seconds(self) -> int:
        """The longest a candidate may take: its folds one after another, here or as jobs, each retried."""
        folds = int(self.experiment["cross_validation"]["n_splits"])
        return min(MAX_CANDIDATE_SECONDS, (FOLD_SECONDS + START_SECONDS) * folds * (1 + FOLD_RETRIES))


def splitting_seconds(data_bytes: int) -> int:
    """Return the longest that splitting so much data may take: an hour, and a second for each half megabyte."""
    return min(MAX_PROCESSING_SECONDS, PROCESSING_SECONDS + data_bytes // 500_000)


def splitting_gigabytes(data_bytes: int) -> int:
    """Return the room that parts, holdout and rows to score need, which together hold the data up to twice."""
    return VOLUME_GB + 3 * data_bytes // 1_000_000_000


def instance_types(wanted: str, known: Callable[[str], Collection[str]]) -> dict[str, str]:
    """Return which instance types processing and transform run on: the one wanted, where such jobs can have it.

    SageMaker trains on more types than it transforms on; `known` gives those of `ProcessingInstanceType` and
    `TransformInstanceType`. A type that is in none of its lists is left for SageMaker to judge.
    """
    lists = {kind: known(f"{kind.capitalize()}InstanceType") for kind in ("training", "processing", "transform")}
    return {
        kind: ANYWHERE if wanted in lists["training"] and wanted not in lists[kind] else wanted
        for kind in ("processing", "transform")
    }


def output_key(key: str | None) -> dict[str, str]:
    """Return what a request says of the key that encrypts a job's output, nothing when S3's own does."""
    return {"KmsKeyId": key} if key else {}


def volume_key(key: str | None, instance_type: str) -> dict[str, str]:
    """Return what a request says of the key that encrypts a job's volume.

    SageMaker refuses one for instances with disks of their own, which their hardware encrypts.
    """
    return {"VolumeKmsKeyId": key} if key and not _OWN_DISKS.match(instance_type) else {}


def processing_request(context: Context) -> dict[str, Any]:
    """CreateProcessingJob of Split Dataset."""
    base = "/opt/ml/processing"
    unpack = f"mkdir -p {base}/code && tar -xzf {base}/input/code/sourcedir.tar.gz -C {base}/code"
    return {
        "ProcessingJobName": f"{context.prefix}-{context.run}-split",
        "RoleArn": context.fold_role,
        "AppSpecification": {
            "ImageUri": context.image,
            "ContainerEntrypoint": ["/bin/sh", "-c", f"{unpack} && exec python3 {base}/code/processing.py"],
        },
        "Environment": {
            **context.environment,
            "AWS_REGION": context.region,
            "WARMFOLD_INPUT": f"{base}/input",
            "WARMFOLD_OUTPUT": f"{base}/output",
            "WARMFOLD_MESSAGE": "/opt/ml/output/message",
        },
        "ProcessingInputs": [
            _processing_input("code", context.code_uri, f"{base}/input/code"),
            _processing_input("config", context.plan_uri, f"{base}/input/config"),
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "run",
                    "S3Output": {
                        "S3Uri": context.locations["run"],
                        "LocalPath": f"{base}/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ],
            **output_key(context.key),
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": context.instance_types["processing"],
                "InstanceCount": 1,
                "VolumeSizeInGB": splitting_gigabytes(context.data_bytes),
                **volume_key(context.key, context.instance_types["processing"]),
            }
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": splitting_seconds(context.data_bytes)},
        **({"NetworkConfig": context.network} if context.network else {}),
        "Tags": context.tags,
    }


def fold_request(context: Context) -> dict[str, Any]:
    """CreateTrainingJob of a fold, without its name; `{fold}` in a location stands for the fold's number.

    Its keep-alive is the first folds'; under `keep_alive_seconds: auto` candidates replace it by what they measure.
    """
    keep_alive = context.experiment["compute"]["keep_alive_seconds"]
    folds, parts = context.locations["folds"], context.locations["parts"]
    request = _training_request(context, "model", context.locations["run"] + "fold-output/", FOLD_SECONDS)
    if keep_alive != 0:  # AWS's guide knows 0 for UpdateTrainingJob only
        request["ResourceConfig"]["KeepAlivePeriodInSeconds"] = (
            FIRST_KEEP_ALIVE_SECONDS if keep_alive == "auto" else keep_alive
        )
    request["InputDataConfig"] = [
        _channel("config", context.plan_uri),
        _channel("profile", context.profile_uri),
        _channel("train", f"{folds}{{fold}}/train.manifest", "ManifestFile"),
        _channel("validation", f"{parts}{{fold}}/"),
    ]
    return request


def final_request(context: Context) -> dict[str, Any]:
    """CreateTrainingJob of the final model; it matches a fold's warm pool and leaves none."""
    request = _training_request(context, "model", context.locations["model"], FINAL_SECONDS)
    request["TrainingJobName"] = f"{context.prefix}-{context.run}-final"
    request["InputDataConfig"] = [
        _channel("config", context.plan_uri),
        _channel("profile", context.profile_uri),
        _channel("train", context.locations["parts"]),
        _channel("holdout", context.locations["holdout"]),
    ]
    return request


def tuning_request(context: Context) -> dict[str, Any]:
    """CreateHyperParameterTuningJob; each of its training jobs is a candidate."""
    search = context.experiment["search"]
    definition = _training_request(
        context, "average model", context.locations["run"] + "candidate-output/", context.candidate_seconds
    )
    compute = context.experiment["compute"]
    definition["ResourceConfig"] = _resources(context, compute["candidate_instance_type"])
    definition["RoleArn"] = context.candidate_role
    static = definition.pop("HyperParameters") | {"sagemaker_program": "cross_validation.py"}
    del definition["Tags"], definition["ProfilerConfig"]
    specification = definition["AlgorithmSpecification"]
    return {
        "HyperParameterTuningJobName": names.tuning_job(context.prefix, context.run),
        "HyperParameterTuningJobConfig": {
            "Strategy": search["strategy"],
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:score"},
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": search["max_candidates"],
                "MaxParallelTrainingJobs": min(search["max_parallel_candidates"], search["max_candidates"]),
            },
            "ParameterRanges": _parameter_ranges(search["hyperparameters"]),
            "TrainingJobEarlyStoppingType": "Off",
            "RandomSeed": context.experiment["cross_validation"]["seed"],
        },
        "TrainingJobDefinition": {
            **definition,
            "AlgorithmSpecification": specification,
            "StaticHyperParameters": static,
            "InputDataConfig": [_channel("config", context.plan_uri)],
        },
        "Tags": context.tags,
    }


def _training_request(context: Context, metric_prefix: str, output: str, seconds: int) -> dict[str, Any]:
    static = {n: v["value"] for n, v in context.experiment["search"]["hyperparameters"].items() if "value" in v}
    return {
        "RoleArn": context.fold_role,
        "AlgorithmSpecification": {
            "TrainingImage": context.image,
            "TrainingInputMode": "File",
            "MetricDefinitions": [
                {"Name": "train:score", "Regex": f"{metric_prefix} training score:{_FLOAT};"},
                {"Name": "validation:score", "Regex": f"{metric_prefix} validation score:{_FLOAT};"},
            ],
        },
        "HyperParameters": {
            "sagemaker_program": "training.py",
            "sagemaker_submit_directory": context.code_uri,
            "sagemaker_container_log_level": "20",
            "sagemaker_region": context.region,
            **{name: encoded(value) for name, value in static.items()},
        },
        "Environment": context.environment,
        "OutputDataConfig": {"S3OutputPath": output, **output_key(context.key)},
        "ResourceConfig": _resources(context, context.experiment["compute"]["instance_type"]),
        **context.network,
        "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
        "ProfilerConfig": {"DisableProfiler": True},
        "Tags": context.tags,
    }


def _resources(context: Context, instance_type: str) -> dict[str, Any]:
    size = {"InstanceType": instance_type, "InstanceCount": 1, "VolumeSizeInGB": VOLUME_GB}
    return {**size, **volume_key(context.key, instance_type)}


def _parameter_ranges(space: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    ranges: dict[str, list[dict[str, Any]]] = {
        "ContinuousParameterRanges": [],
        "IntegerParameterRanges": [],
        "CategoricalParameterRanges": [],
    }
    for name, asked in space.items():
        if "values" in asked:
            values = [encoded(value) for value in asked["values"]]
            ranges["CategoricalParameterRanges"].append({"Name": name, "Values": values})
        elif "min" in asked:
            kind = "IntegerParameterRanges" if asked["type"] == "integer" else "ContinuousParameterRanges"
            bounds = {"MinValue": str(asked["min"]), "MaxValue": str(asked["max"]), "ScalingType": asked["scaling"]}
            ranges[kind].append({"Name": name, **bounds})
    return {kind: some for kind, some in ranges.items() if some}


def _channel(name: str, uri: str, kind: str = "S3Prefix") -> dict[str, Any]:
    source = {"S3DataType": kind, "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def _processing_input(name: str, uri: str, path: str) -> dict[str, Any]:
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": source}
