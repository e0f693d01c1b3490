"""One execution per object version, however often the event comes."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends

import start_run
from pipeline.aws.clients import sns_client, stepfunctions_client
from pipeline.errors import NotificationError


@pytest.fixture(autouse=True)
def told(aws: None, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ARG001
    """What the topic has been told, as (subject, message)."""
    topic = boto3.client("sns", region_name="us-east-1").create_topic(Name="told")["TopicArn"]
    monkeypatch.setenv("NOTIFICATION_TOPIC_ARN", topic)
    sns_client.cache_clear()
    sent = sns_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].topics[topic].sent_notifications
    return lambda: [(subject, message) for _, message, subject, *_ in sent]


@pytest.fixture
def machine(aws: None, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ARG001
    client = boto3.client("stepfunctions", region_name="us-east-1")
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    arn = client.create_state_machine(
        name="wf-tuning", definition=definition, roleArn=f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/machine"
    )["stateMachineArn"]
    monkeypatch.setenv("STATE_MACHINE_ARN", arn)
    stepfunctions_client.cache_clear()
    return lambda: [
        client.describe_execution(executionArn=e["executionArn"])
        for e in client.list_executions(stateMachineArn=arn)["executions"]
    ]


def test_an_upload_starts_one_run_that_knows_its_version(machine: Any, sample_event: Any, lambda_context: Any) -> None:
    started = start_run.lambda_handler(sample_event, lambda_context)
    (execution,) = machine()
    assert execution["executionArn"] == started["execution_arn"]
    version = "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"
    assert json.loads(execution["input"]) == {"dataset": "churn", "data": "data.csv", "data_version": version}


def test_the_same_event_twice_starts_nothing_more(machine: Any, sample_event: Any, lambda_context: Any) -> None:
    start_run.lambda_handler(sample_event, lambda_context)
    start_run.lambda_handler(sample_event, lambda_context)
    assert len(machine()) == 1


def test_another_version_starts_another_run(machine: Any, sample_event: Any, lambda_context: Any) -> None:
    start_run.lambda_handler(sample_event, lambda_context)
    sample_event["detail"]["object"]["version-id"] = "another"
    start_run.lambda_handler(sample_event, lambda_context)
    assert len(machine()) == 2


@pytest.mark.parametrize("data", ["data/_SUCCESS", "data.parquet"])
def test_the_last_file_of_a_folder_and_a_table_start_a_run_that_knows_which(
    machine: Any, told: Any, sample_event: Any, lambda_context: Any, data: str
) -> None:
    sample_event["detail"]["object"]["key"] = f"datasets/churn/{data}"
    start_run.lambda_handler(sample_event, lambda_context)
    start_run.lambda_handler(sample_event, lambda_context)
    (execution,) = machine()
    version = sample_event["detail"]["object"]["version-id"]
    assert json.loads(execution["input"]) == {"dataset": "churn", "data": data, "data_version": version}
    assert told() == []


@pytest.mark.parametrize("dataset", ["März 2026", "a+b", "a%20b", "a b", "a%2Bb"])
def test_a_folder_that_is_no_dataset_s_name_starts_a_run_that_plan_run_refuses(
    machine: Any, sample_event: Any, lambda_context: Any, dataset: str
) -> None:
    sample_event["detail"]["object"]["key"] = f"datasets/{dataset}/data.csv"  # EventBridge quotes no keys
    start_run.lambda_handler(sample_event, lambda_context)
    (execution,) = machine()
    assert json.loads(execution["input"])["dataset"] == dataset


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("datasets/a/Data.csv", "datasets/a/data.csv"),
        ("datasets/a/data.CSV", "datasets/a/data.csv"),
        ("datasets/a/data.csv.gz", "datasets/a/data.csv"),
        ("datasets/a/data.xlsx", "datasets/a/data.csv"),
        ("datasets/a/b/data.csv", "datasets/a-b/data.csv"),
        ("datasets/data.csv", "datasets/<dataset>/data.csv"),
        ("datasets/.csv", "datasets/<dataset>/data.csv"),
        ("datasets/churn.csv", "datasets/churn/data.csv"),
        ("dataset/a/data.csv", "datasets/a/data.csv"),
        ("Datasets/a/data.csv", "datasets/a/data.csv"),
        ("datasets//data.csv", "datasets/<dataset>/data.csv"),
        ("datasets/a+b %2D/DATA.csv", "datasets/a+b %2D/data.csv"),
        ("datasets/a/Data.PARQUET", "datasets/a/data.parquet"),
        ("datasets/a/data.pq", "datasets/a/data.parquet"),
        ("datasets/a/_SUCCESS", "datasets/a/data/_SUCCESS"),
        ("datasets/a/data/_success", "datasets/a/data/_SUCCESS"),
        ("datasets/a/Data/_SUCCESS", "datasets/a/data/_SUCCESS"),
    ],
)
def test_a_near_miss_starts_nothing_and_is_told_with_the_name_that_was_meant(
    machine: Any, told: Any, sample_event: Any, lambda_context: Any, key: str, meant: str
) -> None:
    sample_event["detail"]["object"]["key"] = key
    ignored = start_run.lambda_handler(sample_event, lambda_context)["ignored"]
    assert not machine()
    ((subject, message),) = told()
    assert message == ignored
    assert f"s3://data-bucket/{key} has arrived and starts nothing" in message
    assert f"Upload it as s3://data-bucket/{meant}." in message
    assert subject.isascii()


@pytest.mark.parametrize(
    "key",
    [
        "datasets/a/experiment.yaml",
        "datasets/a/predict.csv",
        "datasets/a/README.md",
        "datasets/a/data.md",
        "datasets/a/",
        "datasets/",
        "datasets/a/data/part-00000.csv",
        "datasets/a/data/data.csv",
        "datasets/a/predict/data.csv",
        "datasets-old/a/data.csv",
        "dataset.csv",
    ],
)
def test_other_files_start_nothing_and_nobody_is_told(
    machine: Any, told: Any, sample_event: Any, lambda_context: Any, key: str
) -> None:
    sample_event["detail"]["object"]["key"] = key
    assert key in start_run.lambda_handler(sample_event, lambda_context)["ignored"]
    assert not machine()
    assert told() == []


def test_a_near_miss_that_nobody_can_be_told_of_is_an_error(
    machine: Any,  # noqa: ARG001
    sample_event: Any,
    lambda_context: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NOTIFICATION_TOPIC_ARN", f"arn:aws:sns:us-east-1:{DEFAULT_ACCOUNT_ID}:gone")
    sample_event["detail"]["object"]["key"] = "datasets/a/Data.csv"
    with pytest.raises(NotificationError, match=r"Data\.csv has arrived and starts nothing"):
        start_run.lambda_handler(sample_event, lambda_context)
