"""A SageMaker of dictionaries behind a real client: requests and responses are held against botocore's model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.session
from botocore.validate import ParamValidator
from moto.core import DEFAULT_ACCOUNT_ID

from pipeline.aws import clients

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
RUNNING = ("InProgress", "Stopping")
MODEL = botocore.session.get_session().get_service_model("sagemaker")


class Refusal(Exception):
    """What the fake answers an error with."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def arn(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:us-east-1:{DEFAULT_ACCOUNT_ID}:{kind}/{name}"


def complaints(operation: str, request: dict[str, Any]) -> str:
    """What botocore's model says against a request, empty when nothing."""
    report = ParamValidator().validate(request, MODEL.operation_model(operation).input_shape)
    return report.generate_report() if report.has_errors() else ""


class FakeSageMaker:
    """Jobs, pools and model packages as tests set them up; `calls` is what was asked for, in order."""

    def __init__(self) -> None:
        self.training: dict[str, dict[str, Any]] = {}
        self.others: dict[str, dict[str, str]] = {"Processing": {}, "HyperParameterTuning": {}, "Transform": {}}
        self.groups: dict[str, dict[str, Any]] = {}
        self.packages: list[dict[str, Any]] = []
        self.refusals: list[tuple[str, str, Callable[[], None]]] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def add_training(self, name: str, status: str = "Completed", **more: Any) -> None:
        """Add a training job; `more` are fields of its description, `end` the minutes after START that it ended."""
        end = START + timedelta(minutes=more.pop("end", len(self.training) + 1))
        self.training[name] = {"TrainingJobName": name, "TrainingJobStatus": status, "CreationTime": START} | (
            {} if status in RUNNING else {"TrainingStartTime": START, "TrainingEndTime": end}
        )
        self.training[name] |= more

    def add_candidate(self, name: str, status: str = "Completed", score: float | None = None, **more: Any) -> None:
        """Add a candidate of the one tuning job there is."""
        objective = {"MetricName": "validation:score", "Value": score}
        scored = {} if score is None else {"FinalHyperParameterTuningJobObjectiveMetric": objective}
        self.add_training(name, status, **{"TunedHyperParameters": {}} | scored | more)

    def add_fold(self, name: str, pool: str | None = None, reused_by: str | None = None, **more: Any) -> None:
        """Add a fold job with the pool it left."""
        left = {"WarmPoolStatus": {"Status": pool} | ({"ReusedByJob": reused_by} if reused_by else {})} if pool else {}
        self.add_training(name, **left | more)

    def refuse(self, operation: str, code: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Refuse the next call of an operation, after something happened `meanwhile`."""
        self.refusals.append((operation, code, meanwhile))

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """The requests of an operation."""
        return [request for name, request in self.calls if name == operation]

    def answer(self, model: Any, params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        """botocore's `before-call` hook: the response instead of the network."""
        operation, request = model.name, json.loads(params["body"])
        self.calls.append((operation, request))
        try:
            for refusal in self.refusals:
                if refusal[0] == operation:
                    self.refusals.remove(refusal)
                    refusal[2]()
                    raise Refusal(refusal[1], f"{operation} is refused.")
            response = self._respond(operation, request)
        except Refusal as refused:
            error = {"Error": {"Code": refused.code, "Message": str(refused)}, "ResponseMetadata": {}}
            return SimpleNamespace(status_code=400), error
        if model.output_shape is not None:
            report = ParamValidator().validate(response, _without_required(model.output_shape))
            assert not report.has_errors(), report.generate_report()
        return SimpleNamespace(status_code=200), response

    def _respond(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        name = next((request[k] for k in request if k.endswith("JobName")), "")
        for kind in self.others:
            if operation == f"Describe{kind}Job":
                return self._other(kind, name)
            if operation == f"Stop{kind}Job":
                self._must_run(self._other(kind, name)[f"{kind}JobStatus"])
                self.others[kind][name] = "Stopping"
                return {}
        return dict(getattr(self, f"_{operation}")(request))

    def _other(self, kind: str, name: str) -> dict[str, Any]:
        if name not in self.others[kind]:
            code = "ResourceNotFound" if kind == "HyperParameterTuning" else "ValidationException"
            raise Refusal(code, f"Could not find requested job with name: {name}")
        times = {"CreationTime": START}
        if self.others[kind][name] not in RUNNING:
            end = {"HyperParameterTuning": "HyperParameterTuningEndTime"}.get(kind, f"{kind}EndTime")
            times[end] = START + timedelta(minutes=10)
        return {f"{kind}JobName": name, f"{kind}JobStatus": self.others[kind][name], **times}

    def _must_run(self, status: str) -> None:
        if status not in RUNNING:
            raise Refusal("ValidationException", f"The job is in status {status}.")

    def _job(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["TrainingJobName"] not in self.training:
            raise Refusal("ValidationException", "Requested resource not found.")
        return self.training[request["TrainingJobName"]]

    def _DescribeTrainingJob(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {
            k: v
            for k, v in self._job(request).items()
            if k not in ("FinalHyperParameterTuningJobObjectiveMetric", "TunedHyperParameters")
        }

    def _StopTrainingJob(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        self._must_run(self._job(request)["TrainingJobStatus"])
        self._job(request)["TrainingJobStatus"] = "Stopping"
        return {}

    def _UpdateTrainingJob(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        assert request["ResourceConfig"] == {"KeepAlivePeriodInSeconds": 0}
        pool = self._job(request)["WarmPoolStatus"]
        if pool["Status"] != "Available":
            raise Refusal("ValidationException", f"The warm pool is {pool['Status']}.")
        pool["Status"] = "Terminated"
        return {"TrainingJobArn": arn("training-job", request["TrainingJobName"])}

    def _ListTrainingJobs(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        jobs = [
            _summary(job, "TrainingEndTime", "WarmPoolStatus")
            for job in self.training.values()
            if request.get("NameContains", "") in job["TrainingJobName"]
            and request.get("StatusEquals") in (None, job["TrainingJobStatus"])
            and request.get("WarmPoolStatusEquals") in (None, job.get("WarmPoolStatus", {}).get("Status"))
        ]
        return _page(jobs, request, "TrainingJobSummaries")

    def _ListTrainingJobsForHyperParameterTuningJob(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name, metric = request["HyperParameterTuningJobName"], "FinalHyperParameterTuningJobObjectiveMetric"
        if name not in self.others["HyperParameterTuning"]:
            raise Refusal("ResourceNotFound", f"can't find a tuning job with name {name}")
        fields = ("TrainingStartTime", "TrainingEndTime", "TunedHyperParameters", "FailureReason", metric)
        jobs = [_summary(job, *fields) for job in self.training.values() if "TunedHyperParameters" in job]
        if request.get("SortBy") == "FinalObjectiveMetricValue":
            jobs = sorted((j for j in jobs if metric in j), key=lambda j: -j[metric]["Value"])
        return _page(jobs, request, "TrainingJobSummaries")

    def _CreateModelPackageGroup(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = request["ModelPackageGroupName"]
        if name in self.groups:
            raise Refusal("ValidationException", f"Model Package Group already exists: {name}")
        self.groups[name] = request
        return {"ModelPackageGroupArn": arn("model-package-group", name)}

    def _DescribeModelPackageGroup(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = request["ModelPackageGroupName"]
        if name not in self.groups:
            raise Refusal("ValidationException", f"ModelPackageGroup {name} does not exist.")
        return {"ModelPackageGroupName": name, "ModelPackageGroupStatus": "Completed", "CreationTime": START}

    def _ListModelPackages(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        self._DescribeModelPackageGroup(request)
        fields = ("ModelPackageArn", "ModelPackageDescription", "ModelApprovalStatus", "CreationTime")
        found = [
            {field: package[field] for field in fields} | {"ModelPackageStatus": "Completed"}
            for package in self.packages
            if package["ModelPackageGroupName"] == request["ModelPackageGroupName"]
            and request.get("ModelApprovalStatus") in (None, package["ModelApprovalStatus"])
        ]
        return _page(found[::-1], request, "ModelPackageSummaryList")

    def _DescribeModelPackage(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        for package in self.packages:
            if package["ModelPackageArn"] == request["ModelPackageName"]:
                fields = ("ModelPackageArn", "ModelApprovalStatus", "CustomerMetadataProperties", "CreationTime")
                shown = {field: package[field] for field in fields} | {"ModelPackageStatus": "Completed"}
                specification = package.get("InferenceSpecification")
                return shown | ({"InferenceSpecification": specification} if specification else {})
        raise Refusal("ValidationException", f"ModelPackage {request['ModelPackageName']} does not exist.")

    def _CreateModelPackage(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        made = arn("model-package", f"{request['ModelPackageGroupName']}/{len(self.packages) + 1}")
        self.packages.append(request | {"ModelPackageArn": made, "CreationTime": START})
        return {"ModelPackageArn": made}


def behind_the_clients() -> Iterator[FakeSageMaker]:
    """Put a fake behind every client that the functions make; the body of the tests' `sagemaker` fixture."""
    fake = FakeSageMaker()
    boto3.setup_default_session()
    assert boto3.DEFAULT_SESSION is not None
    boto3.DEFAULT_SESSION.events.register("before-call.sagemaker", fake.answer)
    made = (clients.s3_client, clients.sagemaker_client, clients.sns_client, clients.stepfunctions_client)
    for client in made:
        client.cache_clear()
    yield fake
    for client in made:
        client.cache_clear()
    boto3.DEFAULT_SESSION = None


def _summary(job: dict[str, Any], *fields: str) -> dict[str, Any]:
    own = ("TrainingJobName", "TrainingJobStatus", "CreationTime", *fields)
    return {"TrainingJobArn": arn("training-job", job["TrainingJobName"])} | {f: job[f] for f in own if f in job}


def _page(items: list[dict[str, Any]], request: dict[str, Any], field: str) -> dict[str, Any]:
    """At most two at a time, so that every list is read to its end."""
    start = int(request.get("NextToken", 0))
    more = {"NextToken": str(start + 2)} if start + 2 < len(items) else {}
    return {field: items[start : start + 2]} | more


def _without_required(shape: Any) -> Any:
    """A response shape that need not be complete: the fake keeps only the fields that matter, of the right types."""
    return SimpleNamespace(
        type_name="structure",
        members=shape.members,
        required_members=[],
        metadata={},
        is_tagged_union=False,
        name=shape.name,
        is_document_type=False,
    )
