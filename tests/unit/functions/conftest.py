"""A data bucket, a state machine and the environment that template.yaml gives the functions."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID

from tests.unit.functions.fake_sagemaker import FakeSageMaker, behind_the_clients

# Powertools reads these when a handler module is imported.
os.environ |= {
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "warmfold",
    "POWERTOOLS_METRICS_NAMESPACE": "warmfold",
}

ROOT = Path(__file__).resolve().parents[3]
BUCKET = "data-bucket"


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


@pytest.fixture
def sagemaker(aws: None) -> Iterator[FakeSageMaker]:  # noqa: ARG001
    yield from behind_the_clients()


@pytest.fixture
def run(s3: Any, sagemaker: FakeSageMaker, tmp_path: Path) -> Any:
    """A run that has been planned, for 3 folds."""
    from tests.unit.functions.runs import Run

    return Run(s3, sagemaker, tmp_path)


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
    name = Path(str(request.node.path)).stem.removeprefix("test_")
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return event
