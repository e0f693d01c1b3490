"""What the requests of a run's jobs have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline.planning import limits
from pipeline.planning.instance_types import has_disks_of_its_own
from warmfold_run import names, places
from warmfold_run.encoding import encode
from warmfold_run.experiment import Experiment
from warmfold_run.places import Locations
from warmfold_run.plan import Code, InstanceTypes, Request

_FLOAT = r"([-+]?(?:[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?|inf|nan))"


@dataclass(frozen=True)
class Context:
    """What a run's requests are made of; locations are s3:// URIs that end in `/`."""

    prefix: str
    run: str
    region: str
    experiment: Experiment
    folds: int
    locations: Locations
    plan_uri: str
    code: Code
    image: str
    split_role: str
    candidate_role: str
    fold_role: str
    model_role: str
    data_bytes: int
    instance_types: InstanceTypes
    vpc: dict[str, list[str]] | None = None
    key: str | None = None

    @property
    def tags(self) -> list[dict[str, str]]:
        """The tags of every job."""
        return names.job_tags(self.prefix, self.run)

    @property
    def profile_uri(self) -> str:
        """Where Split Dataset writes the profile of all the rows."""
        return self.locations["run"] + places.PROFILE

    @property
    def network(self) -> dict[str, Any]:
        """Where every job runs, as a part of its request."""
        return {"VpcConfig": self.vpc} if self.vpc else {}

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every job."""
        return {"AWS_DEFAULT_REGION": self.region}

    @property
    def output_key(self) -> dict[str, str]:
        """The key that encrypts a job's output, as a part of its request; nothing when S3's own does."""
        return {"KmsKeyId": self.key} if self.key else {}

    def volume_key(self, instance_type: str) -> dict[str, str]:
        """Return the key that encrypts a job's volume, as a part of its request; nothing where it takes none."""
        return {"VolumeKmsKeyId": self.key} if self.key and not has_disks_of_its_own(instance_type) else {}

    def resources(self, instance_type: str) -> dict[str, Any]:
        """Return a training job's ResourceConfig."""
        size = {"InstanceType": instance_type, "InstanceCount": 1, "VolumeSizeInGB": limits.VOLUME_GB}
        return {**size, **self.volume_key(instance_type)}


def training_request(context: Context, metric_prefix: str, output: str, seconds: int) -> Request:
    """Return CreateTrainingJob of a fold, without its name and its channels, as candidates and the final job have it.

    `metric_prefix` is what stands before the scores in the lines that the job prints.
    """
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
            "sagemaker_submit_directory": context.code["uri"],
            "sagemaker_container_log_level": "20",
            "sagemaker_region": context.region,
            **{name: encode(value) for name, value in static.items()},
        },
        "Environment": context.environment,
        "OutputDataConfig": {"S3OutputPath": output, **context.output_key},
        "ResourceConfig": context.resources(context.experiment["compute"]["instance_type"]),
        **context.network,
        "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
        "ProfilerConfig": {"DisableProfiler": True},
        "Tags": context.tags,
    }


def channel(name: str, uri: str) -> dict[str, Any]:
    """Return one of a training job's channels: the objects below an s3:// URI."""
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}
