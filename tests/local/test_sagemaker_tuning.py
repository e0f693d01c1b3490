"""The local SageMaker really tunes: candidates in parallel, counted, compared, stopped."""

import io
import json
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer

from tests.waiting import until
from warmfold.cloud.sagemaker import tuning
from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.sampler import Sampler
from warmfold.cloud.sagemaker.service import Service, build_service
from warmfold.cloud.sagemaker.settings import Settings
from warmfold.cloud.sagemaker.training import TrainingJobs
from warmfold.cloud.sagemaker.training_job import TrainingJob
from warmfold.cloud.sagemaker.tuning import TuningJobs

ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/candidate"
KEYS = {"AccessKeyId": "testing", "SecretAccessKey": "testing", "SessionToken": "testing"}
SCRIPTS = {
    "score.py": """
import json, os
values = json.loads(os.environ["SM_HPS"])
print("score:99;")
print(f"score:{-(values['x'] - values['centre']) ** 2!r};")
print("objective", values["_tuning_objective_metric"])
""",
    "fail.py": "raise SystemExit(1)\n",
    "silent.py": "print('nothing')\n",
    "hang.py": "import time\nprint('begun', flush=True)\ntime.sleep(600)\n",
}


class Cloud:
    """A service, its events and its log lines."""

    def __init__(self, endpoint: str, base: Path, **settings: Any) -> None:
        self.events: list[tuple[str, dict[str, Any], list[str]]] = []
        self.lines: list[str] = []
        self.lock = threading.Lock()
        self.service: Service = build_service(
            Settings(base_dir=base, account_id=DEFAULT_ACCOUNT_ID, endpoint_url=endpoint, **settings),
            credentials=lambda _: KEYS,
            log_sink=lambda _group, _stream, lines: self.lines.extend(text for _, text in lines),
            event_sink=self.event,
        )

    def event(self, kind: str, detail: dict[str, Any], resources: list[str]) -> None:
        json.dumps(detail)
        with self.lock:
            self.events.append((kind, detail, resources))

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.service.call(operation, request, None)

    def create(self, name: str, program: str = "score.py", total: int = 6, parallel: int = 2, **config: Any) -> None:
        self.call("CreateHyperParameterTuningJob", **request(name, program, total, parallel, **config))

    def describe(self, name: str) -> dict[str, Any]:
        return self.call("DescribeHyperParameterTuningJob", HyperParameterTuningJobName=name)

    def finished(self, name: str) -> dict[str, Any]:
        self.service.feature(TuningJobs).wait(name, 90)
        return self.describe(name)

    def candidates(self, name: str, **more: Any) -> list[dict[str, Any]]:
        listed = self.call(
            "ListTrainingJobsForHyperParameterTuningJob", HyperParameterTuningJobName=name, MaxResults=100, **more
        )
        summaries: list[dict[str, Any]] = listed["TrainingJobSummaries"]
        return summaries


def request(name: str, program: str, total: int, parallel: int, **config: Any) -> dict[str, Any]:
    """A CreateHyperParameterTuningJob request over one range, x from 0 to 1."""
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:score"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": total, "MaxParallelTrainingJobs": parallel},
            "ParameterRanges": {
                "ContinuousParameterRanges": [
                    {"Name": "x", "MinValue": "0", "MaxValue": "1", "ScalingType": "Linear"},
                ]
            },
            "TrainingJobEarlyStoppingType": "Off",
            "RandomSeed": 5,
            **config,
        },
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {
                "TrainingImage": "image",
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "validation:score", "Regex": "^score:([-0-9.e]+);"}],
            },
            "StaticHyperParameters": {
                "sagemaker_program": program,
                "sagemaker_submit_directory": "s3://bucket/code/sourcedir.tar.gz",
                "centre": "0.25",
            },
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/out/"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        },
        "Tags": [{"Key": "warmfold:run", "Value": "one"}],
    }


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    url = f"http://localhost:{server.get_host_and_port()[1]}"
    s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    s3.create_bucket(Bucket="bucket")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in SCRIPTS.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    s3.put_object(Bucket="bucket", Key="code/sourcedir.tar.gz", Body=packed.getvalue())
    yield url
    server.stop()


@pytest.fixture(scope="module")
def cloud(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    cloud = Cloud(endpoint, tmp_path_factory.mktemp("jobs"), cores=1)
    yield cloud
    cloud.service.shutdown()


def most_at_once(candidates: list[dict[str, Any]]) -> int:
    """How many of the jobs existed at the same time, from their creation and end times."""
    return max(
        sum(a["CreationTime"] <= b["CreationTime"] < a["TrainingEndTime"] for a in candidates) for b in candidates
    )


def test_a_tuning_job_runs_its_candidates_and_names_the_best(cloud: Cloud) -> None:
    cloud.create("whole", total=8, parallel=2)
    job = cloud.finished("whole")
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    assert job["TrainingJobStatusCounters"] == {
        "Completed": 8,
        "InProgress": 0,
        "RetryableError": 0,
        "NonRetryableError": 0,
        "Stopped": 0,
    }
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 8, "Pending": 0, "Failed": 0}
    candidates = cloud.candidates("whole")
    assert [item["TrainingJobName"][:10] for item in candidates] == [f"whole-{n:03d}-" for n in range(1, 9)]
    assert all(len(item["TrainingJobName"]) == len("whole-001-") + 8 for item in candidates)
    assert most_at_once(candidates) == 2
    for item in candidates:
        x = float(item["TunedHyperParameters"]["x"])
        assert item["FinalHyperParameterTuningJobObjectiveMetric"] == {
            "Type": "Maximize",
            "MetricName": "validation:score",
            "Value": -((x - 0.25) ** 2),
        }, "the objective is the value printed last"
    by_score = cloud.candidates("whole", SortBy="FinalObjectiveMetricValue", SortOrder="Descending")
    best = job["BestTrainingJob"]
    assert by_score[0] == best
    scores = [item["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for item in by_score]
    assert scores == sorted(scores, reverse=True)
    assert set(best["TunedHyperParameters"]) == {"x"}
    child = cloud.call("DescribeTrainingJob", TrainingJobName=best["TrainingJobName"])
    assert child["TuningJobArn"] == job["HyperParameterTuningJobArn"]
    assert child["HyperParameters"]["_tuning_objective_metric"] == "validation:score"
    assert child["HyperParameters"]["centre"] == "0.25"
    assert "WarmPoolStatus" not in child
    tags = cloud.call("ListTags", ResourceArn=child["TrainingJobArn"])["Tags"]
    assert tags == [{"Key": "warmfold:run", "Value": "one"}]
    assert "objective validation:score" in cloud.lines
    events = [(d["HyperParameterTuningJobStatus"], d["Tags"]) for kind, d, _ in cloud.events if "HyperParam" in kind]
    assert events == [("InProgress", {"warmfold:run": "one"}), ("Completed", {"warmfold:run": "one"})]


def test_one_at_a_time_the_same_seed_tries_the_same_values(cloud: Cloud) -> None:
    tried = []
    for name in ("seed-a", "seed-b"):
        cloud.create(name, total=3, parallel=1)
        assert cloud.finished(name)["HyperParameterTuningJobStatus"] == "Completed"
        tried.append([item["TunedHyperParameters"] for item in cloud.candidates(name)])
    assert tried[0] == tried[1]


def test_minimize_names_the_lowest_score(cloud: Cloud) -> None:
    objective = {"Type": "Minimize", "MetricName": "validation:score"}
    cloud.create("lowest", total=4, parallel=1, HyperParameterTuningJobObjective=objective, Strategy="Random")
    job = cloud.finished("lowest")
    scores = [c["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for c in cloud.candidates("lowest")]
    assert job["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == min(scores)


def test_a_grid_runs_every_combination_without_being_told_how_many(cloud: Cloud) -> None:
    cloud.create(
        "grid",
        Strategy="Grid",
        ParameterRanges={"CategoricalParameterRanges": [{"Name": "x", "Values": ["0", "0.5", "1"]}]},
        ResourceLimits={"MaxParallelTrainingJobs": 1},
    )
    job = cloud.finished("grid")
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert sorted(c["TunedHyperParameters"]["x"] for c in cloud.candidates("grid")) == ["0", "0.5", "1"]
    assert job["BestTrainingJob"]["TunedHyperParameters"] in ({"x": "0"}, {"x": "0.5"})


def test_five_failures_without_a_success_end_the_tuning_job(cloud: Cloud) -> None:
    cloud.create("fails", "fail.py", total=9, parallel=1)
    job = cloud.finished("fails")
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("No training job succeeded after 5 attempts.")
    assert job["TrainingJobStatusCounters"]["NonRetryableError"] == 5
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 0, "Pending": 0, "Failed": 5}
    assert "BestTrainingJob" not in job
    assert cloud.candidates("fails", SortBy="FinalObjectiveMetricValue") == []
    assert cloud.candidates("fails")[0]["FailureReason"] == "AlgorithmError: , exit code: 1"


def test_all_of_fewer_than_five_failing_is_a_failure_too(cloud: Cloud) -> None:
    cloud.create("all-fail", "fail.py", total=2, parallel=1)
    assert cloud.finished("all-fail")["FailureReason"].startswith("All training jobs failed.")


def test_candidates_that_print_no_objective_fail_the_tuning_job(cloud: Cloud) -> None:
    cloud.create("silent", "silent.py", total=2, parallel=1)
    job = cloud.finished("silent")
    assert job["FailureReason"].startswith("No objective metrics found after running 2 training jobs.")
    assert job["TrainingJobStatusCounters"]["Completed"] == 2
    assert job["ObjectiveStatusCounters"]["Failed"] == 2


def test_a_stopped_tuning_job_stops_its_candidates_and_starts_no_more(cloud: Cloud) -> None:
    cloud.create("stops", "hang.py", total=5, parallel=2)
    until(lambda: len(cloud.candidates("stops")) == 2)
    assert cloud.describe("stops")["ObjectiveStatusCounters"]["Pending"] == 2
    cloud.call("StopHyperParameterTuningJob", HyperParameterTuningJobName="stops")
    job = cloud.finished("stops")
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert [c["TrainingJobStatus"] for c in cloud.candidates("stops")] == ["Stopped", "Stopped"]
    assert job["TrainingJobStatusCounters"]["Stopped"] == 2
    statuses = [d["HyperParameterTuningJobStatus"] for _, d, arns in cloud.events if arns == [f"{_arn('stops')}"]]
    assert statuses == ["InProgress", "Stopping", "Stopped"]
    with pytest.raises(ServiceError, match="is in status Stopped"):
        cloud.call("StopHyperParameterTuningJob", HyperParameterTuningJobName="stops")


def test_candidates_hold_no_core(cloud: Cloud) -> None:
    cloud.create("waiting", "hang.py", total=2, parallel=2)
    until(lambda: all(_secondary(cloud, c) == "Training" for c in cloud.candidates("waiting")) and _two(cloud))
    cloud.call("StopHyperParameterTuningJob", HyperParameterTuningJobName="waiting")
    cloud.finished("waiting")


def test_a_full_quota_is_waited_out(endpoint: str, tmp_path: Path) -> None:
    cloud = Cloud(endpoint, tmp_path, instance_quota=1)
    try:
        cloud.create("narrow", total=3, parallel=2)
        job = cloud.finished("narrow")
        assert job["TrainingJobStatusCounters"]["Completed"] == 3
        assert most_at_once(cloud.candidates("narrow")) == 1
    finally:
        cloud.service.shutdown()


def test_a_pool_that_no_candidate_takes_counts_against_the_quota(endpoint: str, tmp_path: Path) -> None:
    cloud = Cloud(endpoint, tmp_path, instance_quota=1)
    definition = request("any", "silent.py", 1, 1)["TrainingJobDefinition"]
    given = {key: value for key, value in definition.items() if key != "StaticHyperParameters"}
    given["HyperParameters"] = definition["StaticHyperParameters"]
    given["ResourceConfig"] = definition["ResourceConfig"] | {"KeepAlivePeriodInSeconds": 600}
    try:
        cloud.call("CreateTrainingJob", TrainingJobName="fold", **given)
        cloud.service.feature(TrainingJobs).wait("fold", 60)
        with pytest.raises(ServiceError, match="current utilization of 1 Instances"):
            cloud.service.feature(TrainingJobs).create({**given, "TrainingJobName": "candidate"}, pool_key="tuning")
        cloud.call("CreateTrainingJob", TrainingJobName="takes-it", **given)
        assert cloud.service.feature(TrainingJobs).wait("takes-it", 60).status == "Completed"
    finally:
        cloud.service.shutdown()


def test_a_refused_candidate_is_tried_again_with_its_values(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    training = cloud.service.feature(TrainingJobs)
    create, refusals = training.create, iter([True, True, False, True])
    monkeypatch.setattr(tuning, "QUOTA_RETRY_SECONDS", 0.01)

    def sometimes(*given: Any, **more: Any) -> TrainingJob:
        if next(refusals, False):
            raise ServiceError("ResourceLimitExceeded", "no instance left")
        return create(*given, **more)

    tried = []
    for name in ("refused-a", "refused-b"):
        cloud.create(name, total=3, parallel=1, Strategy="Random")
        assert cloud.finished(name)["TrainingJobStatusCounters"]["Completed"] == 3
        tried.append([item["TunedHyperParameters"] for item in cloud.candidates(name)])
        monkeypatch.setattr(training, "create", sometimes)
    assert tried[0] == tried[1]
    assert next(refusals, None) is None


def test_a_candidate_that_cannot_be_created_fails_the_tuning_job(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> TrainingJob:
        raise ValueError("no such thing")

    monkeypatch.setattr(cloud.service.feature(TrainingJobs), "create", broken)
    cloud.create("uncreated", total=2, parallel=1)
    cloud.service.feature(TuningJobs).wait("uncreated", 5)
    job = cloud.describe("uncreated")
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"] == "InternalServerError: ValueError: no such thing"


def test_a_candidate_without_a_thread_has_failed(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    start = cloud.service.core.start_thread

    def full(work: Callable[[], None], name: str) -> None:
        if name.startswith("training-"):
            raise RuntimeError("can't start new thread")
        start(work, name)

    monkeypatch.setattr(cloud.service.core, "start_thread", full)
    cloud.create("threadless", total=1, parallel=1)
    cloud.service.feature(TuningJobs).wait("threadless", 5)
    (candidate,) = cloud.candidates("threadless")
    assert candidate["FailureReason"] == "InternalServerError: can't start new thread"


def test_a_candidate_that_cannot_be_stopped_hinders_nobody(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    training = cloud.service.feature(TrainingJobs)
    stop = training.stop

    def harsh(name: str) -> None:
        stop(name)
        raise OSError(9, "Bad file descriptor")

    cloud.create("harsh", "hang.py", total=4, parallel=2)
    until(lambda: len(cloud.candidates("harsh")) == 2)
    monkeypatch.setattr(training, "stop", harsh)
    cloud.call("StopHyperParameterTuningJob", HyperParameterTuningJobName="harsh")
    cloud.service.feature(TuningJobs).wait("harsh", 10)
    assert cloud.describe("harsh")["TrainingJobStatusCounters"]["Stopped"] == 2


def test_a_sampler_that_breaks_fails_the_tuning_job(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ValueError("no such trial")

    monkeypatch.setattr(Sampler, "tell", broken)
    cloud.create("untold", total=3, parallel=2)
    cloud.service.feature(TuningJobs).wait("untold", 30)
    job = cloud.describe("untold")
    assert (job["HyperParameterTuningJobStatus"], job["FailureReason"]) == (
        "Failed",
        "InternalServerError: ValueError: no such trial",
    )


def test_a_name_is_used_once_and_an_unknown_one_is_not_found(cloud: Cloud) -> None:
    cloud.create("twice", total=1, parallel=1)
    with pytest.raises(ServiceError, match="names must be unique") as caught:
        cloud.create("twice")
    assert caught.value.code == "ResourceInUse"
    cloud.finished("twice")
    with pytest.raises(ServiceError) as caught:
        cloud.describe("missing")
    assert caught.value.code == "ResourceNotFound"
    listed = cloud.call("ListHyperParameterTuningJobs", NameContains="twice")["HyperParameterTuningJobSummaries"]
    assert [(item["HyperParameterTuningJobName"], item["Strategy"]) for item in listed] == [("twice", "Bayesian")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"HyperParameterTuningJobName": "a" * 33}, "length less than or equal to 32"),
        ({"Autotune": {"Mode": "Enabled"}}, "Autotune is not built in the local cloud"),
        ({"TrainingJobDefinition": None}, "TrainingJobDefinition is missing"),
        ({"HyperParameterTuningJobConfig": {"Strategy": "Hyperband"}}, "no strategy Hyperband"),
        ({"HyperParameterTuningJobConfig": {"TrainingJobEarlyStoppingType": "Auto"}}, "must be Off"),
        ({"HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxParallelTrainingJobs": 1}}}, "MaxNumberOfTrainingJ"),
        (
            {
                "HyperParameterTuningJobConfig": {
                    "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "other"}
                }
            },
            "other, is not among the MetricDefinitions of its TrainingJobDefinition: validation:score",
        ),
        (
            {
                "TrainingJobDefinition": {
                    "AlgorithmSpecification": {
                        "TrainingImage": "image",
                        "TrainingInputMode": "File",
                        "MetricDefinitions": [{"Name": "validation:score", "Regex": "("}],
                    }
                }
            },
            "Regex of metric validation:score is no regular expression",
        ),
        ({"TrainingJobDefinition": {"StaticHyperParameters": {"x": "1"}}}, "ParameterRanges both give x"),
    ],
)
def test_what_cannot_be_tuned_is_refused_before_anything_runs(
    cloud: Cloud, change: dict[str, Any], message: str
) -> None:
    whole = request("refused", "score.py", 2, 1)
    for key, value in change.items():
        whole[key] = {**whole[key], **value} if isinstance(value, dict) and key in whole else value
    with pytest.raises(ServiceError, match=message) as caught:
        cloud.call("CreateHyperParameterTuningJob", **whole)
    assert caught.value.code == "ValidationException"


def _arn(name: str) -> str:
    return f"arn:aws:sagemaker:us-east-1:{DEFAULT_ACCOUNT_ID}:hyper-parameter-tuning-job/{name}"


def _secondary(cloud: Cloud, candidate: dict[str, Any]) -> str:
    job = cloud.call("DescribeTrainingJob", TrainingJobName=candidate["TrainingJobName"])
    return str(job["SecondaryStatus"])


def _two(cloud: Cloud) -> bool:
    return len(cloud.candidates("waiting")) == 2
