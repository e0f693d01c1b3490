"""A model that waits for a person's approval: the run says so, and goes on with its predictions once it has it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local.runs import (
    approve,
    as_csv,
    assert_nothing_is_left,
    breast_cancer,
    clean_up_ended,
    keys,
    nothing_tried_twice,
    read_frames,
    to_the_end,
    upload,
)
from tests.waiting import until
from warmfold.cloud import local
from warmfold.stack import Stack

MANUAL = """\
cross_validation: {n_splits: 2}
search: {max_candidates: 1, max_parallel_candidates: 1, hyperparameters: {learning_rate: {min: 0.1, max: 0.2}}}
quality_gate: {min_score: 0.5, approval: manual}
"""


@pytest.fixture(scope="module")
def told(cloud: local.LocalCloud) -> Any:
    """What the stack's topic tells about a run: subjects, in order."""
    session = cloud.session()
    outputs = session.client("cloudformation").describe_stacks(StackName="warmfold")["Stacks"][0]["Outputs"]
    topic = next(one["OutputValue"] for one in outputs if one["OutputKey"] == "NotificationTopicArn")
    sqs: Any = session.client("sqs")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    session.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    heard: list[dict[str, str]] = []

    def of(run: str) -> list[dict[str, str]]:
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in received:
            heard.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [one for one in heard if f"run {run} " in one["Subject"]]

    return of


def waiting(stack: Stack, dataset: str) -> tuple[str, dict[str, Any]]:
    """A run whose model waits; gives its execution and summary."""
    execution = upload(stack, dataset, as_csv(breast_cancer(120)), experiment=MANUAL)
    progress, summary = to_the_end(stack, execution)
    assert progress.status == "SUCCEEDED", progress.cause
    assert summary is not None
    return execution, summary


def test_a_run_waits_for_approval_tells_it_and_goes_on_when_it_has_it(stack: Stack, told: Any) -> None:
    execution, summary = waiting(stack, "waits")
    run, package = summary["run"], summary["model_package"]
    assert (summary["outcome"], package["status"]) == ("awaiting approval", "PendingManualApproval")
    assert not keys(stack, f"runs/{run}/predictions/")
    (message,) = until(lambda: told(run))
    assert message["Subject"] == f"warmfold: run {run} awaiting approval"
    assert f"--model-package-arn {package['arn']} --model-approval-status Approved" in message["Message"]

    resumed = approve(stack, execution, package["arn"])
    progress, summary_of_all = to_the_end(stack, resumed)
    assert (progress.status, progress.run) == ("SUCCEEDED", run)
    assert "Split Dataset" not in progress.states
    assert summary_of_all is not None
    assert (summary_of_all["outcome"], summary_of_all["model_package"]["status"]) == ("succeeded", "Approved")
    assert summary_of_all["best"] == summary["best"]
    assert summary_of_all["seconds"]["run"] > summary["seconds"]["run"]
    assert len(read_frames(stack, f"runs/{run}/predictions/")) == summary["holdout"]["rows"]
    until(lambda: len(told(run)) == 2)
    assert told(run)[1]["Subject"] == f"warmfold: run {run} succeeded"
    assert stack.find_execution(run) == resumed != execution


def test_an_approved_run_that_fails_is_cleaned_up_under_its_own_name(stack: Stack) -> None:
    execution, summary = waiting(stack, "loses-its-model")
    bucket, _, key = summary["locations"]["model"].removeprefix("s3://").partition("/")
    stack.s3.delete_object(Bucket=bucket, Key=key)
    with nothing_tried_twice(stack):
        resumed = approve(stack, execution, summary["model_package"]["arn"])
        progress, _ = to_the_end(stack, resumed)
    assert (progress.status, progress.current_state) == ("FAILED", "Create Model")
    assert clean_up_ended(stack, resumed)["status"] == "SUCCEEDED"
    written = stack.read_json(stack.summary_uri(execution))
    assert written is not None
    assert (written["run"], written["outcome"]) == (summary["run"], "failed")
    assert_nothing_is_left(stack, summary["run"])
