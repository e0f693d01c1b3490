"""The local endpoint, as plain boto3 sees it."""

from __future__ import annotations

import functools
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conformance.requests import BUCKET
from tests.waiting import until
from warmfold.cloud.local import LocalCloud

TERMINAL = ("Completed", "Failed", "Stopped")
KINDS = {
    "training": "TrainingJob",
    "processing": "ProcessingJob",
    "transform": "TransformJob",
    "tuning": "HyperParameterTuningJob",
}
GROUPS = {"training": "TrainingJobs", "processing": "ProcessingJobs", "transform": "TransformJobs"}

Job = dict[str, Any]


def archive(files: Mapping[str, str | bytes]) -> bytes:
    """The files as a tar.gz."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            body = content.encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            tar.addfile(entry, io.BytesIO(body))
    return packed.getvalue()


def refusal(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """Code and message of the error that a call must answer."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


class Endpoint:
    """Clients of one local cloud, and how tests follow its jobs; a `kind` is one of KINDS."""

    def __init__(self, cloud: LocalCloud) -> None:
        session = cloud.session()
        once = Config(retries={"total_max_attempts": 1})
        self.url = cloud.endpoint
        self.sagemaker = session.client("sagemaker", config=once)
        self._session = session
        self._once = once
        self._clients: dict[str, Any] = {}

    @functools.cached_property
    def unchecked(self) -> Any:
        """A client that sends whatever it is given."""
        return self._session.client("sagemaker", config=self._once.merge(Config(parameter_validation=False)))

    @functools.cached_property
    def patient(self) -> Any:
        """A client that tries again when it is throttled."""
        retries = Config(retries={"mode": "standard", "total_max_attempts": 8})
        return self._session.client("sagemaker", config=retries)

    def client(self, service: str) -> Any:
        """The client of another service."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service)
        return self._clients[service]

    def put(self, key: str, body: bytes = b"") -> None:
        """An object of the bucket."""
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)

    def objects(self, prefix: str) -> dict[str, bytes]:
        """What lies below a prefix of the bucket, by the rest of its key."""
        s3 = self.client("s3")
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]
        return {key.removeprefix(prefix): s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def create(self, request: Mapping[str, Any]) -> str:
        """Send the Create request of a job; returns its name."""
        kind = self._kind_of(request)
        getattr(self.sagemaker, f"create_{_snake(KINDS[kind])}")(**request)
        return str(request[f"{KINDS[kind]}Name"])

    def describe(self, kind: str, name: str) -> Job:
        """The job as Describe shows it."""
        described = getattr(self.sagemaker, f"describe_{_snake(KINDS[kind])}")(**{f"{KINDS[kind]}Name": name})
        del described["ResponseMetadata"]
        return dict(described)

    def stop(self, kind: str, name: str) -> None:
        """Ask that a job be stopped."""
        getattr(self.sagemaker, f"stop_{_snake(KINDS[kind])}")(**{f"{KINDS[kind]}Name": name})

    def finished(self, kind: str, name: str) -> Job:
        """The job when it has ended."""

        def ended() -> Job | None:
            job = self.describe(kind, name)
            return job if job[f"{KINDS[kind]}Status"] in TERMINAL else None

        return dict(until(ended) or {})

    def run(self, request: Mapping[str, Any]) -> Job:
        """Create a job and wait for its end."""
        return self.finished(self._kind_of(request), self.create(request))

    def lines(self, kind: str, name: str, data_log: bool = False) -> list[str]:
        """What a job has logged."""
        logs, group = self.client("logs"), f"/aws/sagemaker/{GROUPS[kind]}"
        try:
            found = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        streams = [item["logStreamName"] for item in found if item["logStreamName"].endswith("/data-log") == data_log]
        events = [
            event
            for stream in streams
            for event in logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
        ]
        return [event["message"] for event in events]

    def says(self, kind: str, name: str, line: str) -> None:
        """Wait until a job has logged the line."""
        until(lambda: line in self.lines(kind, name))

    def pool(self, name: str) -> Job | None:
        """The WarmPoolStatus of a training job."""
        pool: Job | None = self.describe("training", name).get("WarmPoolStatus")
        return pool

    def release(self, name: str) -> None:
        """End the warm pool that a job left."""
        self.sagemaker.update_training_job(TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": 0})

    def candidates(self, name: str, **more: Any) -> list[Job]:
        """A tuning job's training jobs."""
        listed = self.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name, MaxResults=100, **more
        )
        return list(listed["TrainingJobSummaries"])

    def _kind_of(self, request: Mapping[str, Any]) -> str:
        return next(kind for kind, noun in KINDS.items() if f"{noun}Name" in request)


class Told:
    """The events about one resource, from a rule of its own to the queue."""

    def __init__(self, endpoint: Endpoint, resource: str, rule: str) -> None:
        self._sqs, self._events, self._rule = endpoint.client("sqs"), endpoint.client("events"), rule
        self._queue = self._sqs.create_queue(QueueName=rule)["QueueUrl"]
        self._seen: list[dict[str, Any]] = []
        pattern = {"source": ["aws.sagemaker"], "resources": [resource]}
        target = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        self._events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
        self._events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": target["Attributes"]["QueueArn"]}])

    def until(self, wanted: int) -> list[dict[str, Any]]:
        """The first `wanted` events, by their time, and whatever came with them."""
        until(lambda: self._received() >= wanted)
        return list(self._seen)

    def end(self) -> None:
        """Remove the rule and the queue."""
        self._events.remove_targets(Rule=self._rule, Ids=["queue"])
        self._events.delete_rule(Name=self._rule)
        self._sqs.delete_queue(QueueUrl=self._queue)

    def _received(self) -> int:
        answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        self._seen += [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        return len(self._seen)


def _snake(noun: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in noun).lstrip("_")
