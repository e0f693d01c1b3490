"""plan.json: everything about a run that can be known before money is spent, and what the state machine gets of it."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from warmfold_run.experiment import Experiment
from warmfold_run.places import Locations
from warmfold_run.records import Profile
from warmfold_run.understanding import Understanding

SCHEMA = 6
"""Goes up when a key that something reads is added, renamed or means something else."""
Request = dict[str, Any]
"""A request to SageMaker, as boto3 takes it."""


class ObjectVersion(TypedDict):
    """One version of an object in the data bucket."""

    key: Annotated[str, "its key"]
    version_id: Annotated[str | None, "null in a bucket without versioning"]
    etag: Annotated[str, "S3's hash of the content"]
    size: Annotated[int, "bytes"]


class DataFiles(TypedDict):
    """The files of a dataset of many."""

    uri: Annotated[str, "the list of their versions, a FileList"]
    files: Annotated[int, "how many there are"]
    size: Annotated[int, "bytes of all of them"]


class FileList(TypedDict):
    """data_files.json: the files of a dataset of many, each as the run reads it."""

    files: Annotated[list[ObjectVersion], "in the order in which they are read: that of their keys"]


class Code(TypedDict):
    """The training code that the run's jobs run."""

    sha256: Annotated[str, "of the source archive"]
    uri: Annotated[str, "where the archive is"]


class ChampionPackage(TypedDict):
    """The approved model package that the final model must beat."""

    model_package_arn: Annotated[str, "which one"]
    run: Annotated[str, "the run that made it"]
    model_data_url: Annotated[str, "its model archive"]


class Abandoning(TypedDict):
    """Whether candidates that can't win are given up."""

    used: Annotated[bool, "whether they are"]
    note: Annotated[str | None, "why not"]


class Bound(TypedDict):
    """The most instance time that tuning can take, however folds are placed."""

    instance_seconds: Annotated[int, "of candidates and fold jobs together"]
    usd: Annotated[float | None, "not built yet"]
    text: Annotated[str, "the same in a sentence"]


class InstanceTypes(TypedDict):
    """What jobs run on that can't have every type."""

    processing: Annotated[str, "the processing job's"]
    transform: Annotated[str, "the transform job's"]


class Timeouts(TypedDict):
    """How long the state machine waits for a job, in seconds."""

    processing: Annotated[int, "for Split Dataset"]
    tuning: Annotated[int, "for Tune Hyperparameters"]
    defaults: Annotated[int, "for Score Default Hyperparameters"]
    final: Annotated[int, "for Train Final Model"]
    transform: Annotated[int, "for Transform"]


class Requests(TypedDict):
    """The requests of a run's jobs, complete but for what is known later."""

    processing: Annotated[Request, "CreateProcessingJob of Split Dataset"]
    tuning: Annotated[Request, "CreateHyperParameterTuningJob"]
    defaults: Annotated[Request, "CreateTrainingJob of the candidate that has the default hyperparameters"]
    fold: Annotated[Request, "CreateTrainingJob of a fold; lacks its name and the tuned hyperparameters"]
    final: Annotated[Request, "CreateTrainingJob of the final model; lacks the best candidate's hyperparameters"]
    model: Annotated[Request, "CreateModel; lacks its Containers, the registered model package"]
    transform: Annotated[Request, "CreateTransformJob of the rows to score"]


class Plan(TypedDict):
    """plan.json: the record of a run, which every part of it reads."""

    schema: Annotated[int, "the version of this shape"]
    run: Annotated[str, "the run's id"]
    prefix: Annotated[str, "the stack's name prefix"]
    dataset: Annotated[str, "the dataset's name"]
    execution_arn: Annotated[str, "the execution that the run is; whoever finds a plan by name compares it"]
    region: Annotated[str, "where the run is"]
    bucket: Annotated[str, "the data bucket"]
    created_at: Annotated[str, "when the plan was made, ISO 8601"]
    data: Annotated[ObjectVersion, "the data; of many files the `_SUCCESS` that started the run"]
    data_files: Annotated[DataFiles | None, "the files of a dataset of many; null where `data` is the data"]
    experiment_file: Annotated[ObjectVersion | None, "experiment.yaml; null where there was none"]
    predict: Annotated[ObjectVersion | None, "the rows to score; null: the holdout is scored"]
    code: Annotated[Code, "the training code"]
    image: Annotated[str, "the image of every job"]
    experiment: Annotated[Experiment, "the resolved experiment"]
    profile: Annotated[
        Profile | None, "what the data is; null for data over 64 MiB, which Split Dataset checks instead"
    ]
    understanding: Annotated[Understanding, "what will be done with it, and why"]
    problem_sampled: Annotated[bool, "whether the problem was taken from the first rows only"]
    metric_classes: Annotated[
        list[int | None] | None,
        "the fewest and the most classes that the metric is for (null: no bound), for Split Dataset to check",
    ]
    champion: Annotated[
        ChampionPackage | None,
        "what `quality_gate.beat_champion` is about; null without, and where no model of the dataset is approved",
    ]
    locations: Annotated[Locations, "the run's places as s3:// URIs, all of which end in `/`"]
    folds: Annotated[int, "how many folds each candidate has"]
    abandoning: Annotated[Abandoning, "whether candidates are given up"]
    fold_retries: Annotated[int, "how often a fold that failed is tried again"]
    quota_patience_seconds: Annotated[
        int, "how long a candidate without an instance waits until it trains folds itself"
    ]
    instance_types: Annotated[InstanceTypes, "what jobs run on that can't have every type"]
    bound: Annotated[Bound, "what tuning can take at most"]
    timeouts: Annotated[Timeouts, "how long the state machine waits for each job"]
    requests: Annotated[Requests, "what is asked of SageMaker"]


class Approval(TypedDict):
    """approval.json: the execution that goes on with a run whose model was approved by hand."""

    execution_arn: Annotated[str, "the execution; whoever is about to act for the run compares it"]
    model_package_arn: Annotated[str, "the package, as the registry named it"]


class Planned(TypedDict):
    """What the state machine gets of a plan: the result of Plan Run."""

    run: Annotated[str, "the run's id"]
    plan_uri: Annotated[str, "where plan.json is"]
    processing: Annotated[Request, "CreateProcessingJob"]
    tuning: Annotated[Request, "CreateHyperParameterTuningJob"]
    defaults: Annotated[Request, "CreateTrainingJob of the default hyperparameters' candidate"]
    final: Annotated[Request, "CreateTrainingJob, to which Train Final Model adds the best hyperparameters"]
    model: Annotated[Request, "CreateModel, to which Create Model adds the model package"]
    transform: Annotated[Request, "CreateTransformJob"]
    timeouts: Annotated[Timeouts, "how long it waits for each job"]
    approved: Annotated[
        str | None, "the model package with which an execution goes on after an approval; null in a run's first one"
    ]


def data_bytes(plan: Plan) -> int:
    """Return how many bytes the data has, packed or not."""
    files = plan["data_files"]
    return files["size"] if files else plan["data"]["size"]
