"""What starts a run: every version of a dataset once, however it was uploaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from tests.local.runs import as_csv, breast_cancer, keys, succeeded, summary_of, until
from warmfold.cloud.local import LocalCloud
from warmfold.stack import Stack

QUICK = """\
cross_validation: {n_splits: 2}
search:
  max_candidates: 1
  max_parallel_candidates: 1
  hyperparameters: {learning_rate: {min: 0.1, max: 0.2}, max_iter: 5}
"""


def executions(stack: Stack, dataset: str) -> list[dict[str, Any]]:
    """What Step Functions says of every execution for the dataset."""
    pages = stack.stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=stack.state_machine_arn)
    arns = [execution["executionArn"] for page in pages for execution in page["executions"]]
    described = [dict(stack.stepfunctions.describe_execution(executionArn=arn)) for arn in arns]
    return [execution for execution in described if json.loads(execution["input"])["dataset"] == dataset]


@pytest.fixture(scope="module")
def first(stack: Stack) -> dict[str, Any]:
    return succeeded(stack, "again", breast_cancer(120), experiment=QUICK)


def test_the_same_dataset_uploaded_again_in_parts_is_one_new_run_and_leaves_the_first_as_it_was(
    stack: Stack, first: dict[str, Any], tmp_path: Path
) -> None:
    place = f"runs/{first['run']}/"
    before = {key: stack.s3.head_object(Bucket=stack.bucket, Key=key)["VersionId"] for key in keys(stack, place)}
    known = {execution["executionArn"] for execution in executions(stack, "again")}
    file = tmp_path / "data.csv"
    file.write_bytes(as_csv(breast_cancer(120)) + b"\n" * (6 << 20))  # blank lines: enough for two parts of 5 MiB
    in_parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    stack.s3.upload_file(str(file), stack.bucket, "datasets/again/data.csv", Config=in_parts)
    (second,) = until(lambda: {run["executionArn"] for run in executions(stack, "again")} - known)
    summary = summary_of(stack, second)
    assert summary["run"] != first["run"]
    assert summary["best"]["scores"] == first["best"]["scores"]
    assert summary["model_package"]["arn"] != first["model_package"]["arn"]
    after = {key: stack.s3.head_object(Bucket=stack.bucket, Key=key)["VersionId"] for key in keys(stack, place)}
    assert after == before
    assert {run["executionArn"] for run in executions(stack, "again")} - known == {second}


def test_an_upload_that_nearly_is_a_dataset_s_data_is_told_of_on_the_topic(stack: Stack, cloud: LocalCloud) -> None:
    session = cloud.session()
    outputs = session.client("cloudformation").describe_stacks(StackName=stack.name)["Stacks"][0]["Outputs"]
    topic = next(one["OutputValue"] for one in outputs if one["OutputKey"] == "NotificationTopicArn")
    sqs = session.client("sqs")
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = session.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
    stack.s3.put_object(Bucket=stack.bucket, Key="datasets/near a+b/Data.csv", Body=b"a,b\n1,2\n")

    def told() -> list[str]:
        bodies = [one["Body"] for one in sqs.receive_message(QueueUrl=queue).get("Messages", [])]
        return [body for body in bodies if "near a+b" in body]

    (body,) = until(told)
    assert f"s3://{stack.bucket}/datasets/near a+b/data.csv" in json.loads(body)["Message"]
    assert not executions(stack, "near a+b")
    session.client("sns").unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=queue)
