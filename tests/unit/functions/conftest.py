"""A data bucket, a state machine and the environment that template.yaml gives the functions."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID

from tests.unit.functions.fake_sagemaker import START, FakeSageMaker, behind_the_clients
from warmfold_run.places import split_uri

# Powertools reads these when a handler module is imported.
os.environ |= {
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "warmfold",
    "POWERTOOLS_METRICS_NAMESPACE": "warmfold",
}

ROOT = Path(__file__).resolve().parents[3]
BUCKET = "data-bucket"
DATA = "".join(["x,y,target\n", *(f"{i}.5,{i % 7},{'yes' if i % 3 else 'no'}\n" for i in range(120))]).encode()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    role = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/"
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NAME_PREFIX": "wf",
        "DATA_BUCKET": BUCKET,
        "CANDIDATE_ROLE_ARN": role + "candidate",
        "FOLD_ROLE_ARN": role + "fold",
        "SPLIT_ROLE_ARN": role + "split",
        "MODEL_ROLE_ARN": role + "model",
        "TRAINING_IMAGE": "image:1.9-0-cpu-py3",
        "TRAINING_CODE_DIR": str(ROOT / "training_code"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def s3(aws: None) -> Any:  # noqa: ARG001
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return client


def stored_json(s3: Any, uri: str) -> dict[str, Any]:
    """What a JSON file of the bucket says."""
    bucket, key = split_uri(uri)
    return dict(json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))


def stored_plan(s3: Any, answer: dict[str, Any]) -> dict[str, Any]:
    """The plan that an answer of Plan Run names."""
    return stored_json(s3, answer["plan_uri"])


@pytest.fixture
def sagemaker(aws: None) -> Iterator[FakeSageMaker]:  # noqa: ARG001
    yield from behind_the_clients()


@pytest.fixture
def run(s3: Any, sagemaker: FakeSageMaker, tmp_path: Path) -> Any:
    """A run that has been planned, for 3 folds."""
    from tests.unit.functions.runs import Run

    return Run(s3, sagemaker, tmp_path)


@pytest.fixture
def planned(s3: Any, sagemaker: FakeSageMaker, lambda_context: Any) -> Any:  # noqa: ARG001
    """Uploads files of the dataset churn, runs Plan Run on it, and returns its answer."""
    import plan_run
    from pipeline.aws.clients import s3_client

    s3_client.cache_clear()

    def answered(
        files: Mapping[str, bytes | str | None], *, execution: str | None = None, **asked: Any
    ) -> dict[str, Any]:
        for name, body in files.items():
            if body is not None:
                s3.put_object(Bucket=BUCKET, Key=f"datasets/churn/{name}", Body=body)
        event = event_of("plan_run") | {"input": {"dataset": "churn", **asked}}
        if execution is not None:
            event["execution_arn"] = f"{event['execution_arn'].rpartition(':')[0]}:{execution}"
        return dict(plan_run.lambda_handler(event, lambda_context))

    return answered


@pytest.fixture
def plan(planned: Any) -> Any:
    """Runs Plan Run on a dataset of 120 rows, or on what it is given; returns its answer."""

    def run(data: bytes | None = DATA, experiment: str | None = None, predict: bytes | None = None) -> Any:
        return planned({"data.csv": data, "experiment.yaml": experiment, "predict.csv": predict})

    return run


@pytest.fixture
def topic(aws: None, monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: ARG001
    made: str = boto3.client("sns", region_name="us-east-1").create_topic(Name="ends")["TopicArn"]
    monkeypatch.setenv("NOTIFICATION_TOPIC_ARN", made)
    return made


@pytest.fixture
def report(sagemaker: FakeSageMaker, s3: Any, topic: str, lambda_context: Any) -> Any:  # noqa: ARG001
    """Runs the function; returns summary and page."""

    import write_report
    from tests.unit.functions.runs import ARN

    def stored(uri: str) -> bytes:
        return bytes(s3.get_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"))["Body"].read())

    def reported(
        status: str = "SUCCEEDED", error: str | None = None, cause: Any = None, execution_arn: str = ARN
    ) -> tuple[dict[str, Any], str]:
        text = cause if cause is None or isinstance(cause, str) else json.dumps(cause)
        event = {"execution_arn": execution_arn, "status": status, "error": error, "cause": text}
        answer = write_report.lambda_handler(event, lambda_context)
        files = [stored(answer[name]) for name in ("summary_uri", "report_uri")]
        summary = json.loads(files[0], parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        assert summary["run"] == answer["run"]
        assert summary["locations"]["report"] == answer["report_uri"]
        return summary, files[1].decode()

    return reported


@pytest.fixture
def succeeded(run: Any, sagemaker: FakeSageMaker, s3: Any) -> Any:
    """A run with three candidates, the second best, the third failed; four of its fold jobs warm, two cold."""
    from tests.unit.functions.runs import register

    end = {"TrainingStartTime": START, "TrainingEndTime": START + timedelta(seconds=90)}
    run.candidate(1, [0.6, 0.7, 0.8], **end)
    run.candidate(2, [0.7, 0.8, 0.9], **end)
    run.candidate(3, [0.5], status="Failed", objective=float("nan"), FailureReason="AlgorithmError: no memory")
    folds = [f"{run.candidate_name(number)}-f{fold}" for number in (1, 2) for fold in range(3)]
    for position, name in enumerate(folds):
        reuser = folds[position + 2] if position < 4 else None
        began = START + timedelta(seconds=180 if position < 2 else 6)
        times = {"TrainingStartTime": began, "TrainingEndTime": began + timedelta(seconds=30)}
        sagemaker.add_fold(name, "Reused" if reuser else "Terminated", reuser, BillableTimeInSeconds=30, **times)
        sagemaker.training[name]["WarmPoolStatus"]["ResourceRetainedBillableTimeInSeconds"] = 4
    sagemaker.training[folds[5]]["WarmPoolStatus"] = {"Status": "Reused", "ReusedByJob": run.final_job}
    run.final(BillableTimeInSeconds=75)
    register(sagemaker, run)
    s3.put_object(Bucket=BUCKET, Key=f"runs/{run.id}/predictions/chunk-00000.csv.out", Body=b"x")
    return run


@pytest.fixture
def notified(topic: str) -> Any:
    """What the next notification says."""
    queue = boto3.client("sqs", region_name="us-east-1")
    url = queue.create_queue(QueueName="ends")["QueueUrl"]
    boto3.client("sns", region_name="us-east-1").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{DEFAULT_ACCOUNT_ID}:ends"
    )

    def next_message() -> dict[str, Any]:
        (sent,) = queue.receive_message(QueueUrl=url)["Messages"]
        return dict(json.loads(sent["Body"]))

    return next_message


@pytest.fixture
def lambda_context() -> Any:
    class Context:
        function_name = "function"
        memory_limit_in_mb = 512
        invoked_function_arn = f"arn:aws:lambda:us-east-1:{DEFAULT_ACCOUNT_ID}:function:function"
        aws_request_id = "00000000-0000-0000-0000-000000000000"
        milliseconds_left = 300_000

        def get_remaining_time_in_millis(self) -> int:
            return self.milliseconds_left

    return Context()


@pytest.fixture
def sample_event(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The event of the function whose test asks for it."""
    return event_of(Path(str(request.node.path)).stem.removeprefix("test_"))


def event_of(function: str) -> dict[str, Any]:
    """A function's sample event."""
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{function}.json").read_text())
    return event
