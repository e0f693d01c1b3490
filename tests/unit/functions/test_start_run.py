"""One execution per object version, however often the event comes."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from moto.core import DEFAULT_ACCOUNT_ID

import start_run
from pipeline.aws.clients import stepfunctions_client


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
    assert json.loads(execution["input"]) == {"dataset": "churn", "data_version": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"}


def test_the_same_event_twice_starts_nothing_more(machine: Any, sample_event: Any, lambda_context: Any) -> None:
    start_run.lambda_handler(sample_event, lambda_context)
    start_run.lambda_handler(sample_event, lambda_context)
    assert len(machine()) == 1


def test_another_version_starts_another_run(machine: Any, sample_event: Any, lambda_context: Any) -> None:
    start_run.lambda_handler(sample_event, lambda_context)
    sample_event["detail"]["object"]["version-id"] = "another"
    start_run.lambda_handler(sample_event, lambda_context)
    assert len(machine()) == 2


def test_a_folder_that_is_no_dataset_s_name_starts_a_run_that_plan_run_refuses(
    machine: Any, sample_event: Any, lambda_context: Any
) -> None:
    sample_event["detail"]["object"]["key"] = "datasets/März 2026/data.csv"
    start_run.lambda_handler(sample_event, lambda_context)
    (execution,) = machine()
    assert json.loads(execution["input"])["dataset"] == "März 2026"


@pytest.mark.parametrize("key", ["datasets/a/b/data.csv", "datasets/data.csv"])
def test_a_key_that_is_no_dataset_is_ignored_with_the_reason(
    machine: Any, sample_event: Any, lambda_context: Any, key: str
) -> None:
    sample_event["detail"]["object"]["key"] = key
    assert key in start_run.lambda_handler(sample_event, lambda_context)["ignored"]
    assert not machine()
