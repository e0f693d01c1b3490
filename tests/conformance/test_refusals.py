"""What the local SageMaker does not have is refused by name, never passed over; tags; throttling."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.conformance.endpoint import Endpoint, refusal
from tests.conformance.requests import BUCKET, TAGS, arn, changed, channel, specification, training, tuning

GROUP = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "InstanceGroupName": "group"}
SOURCE = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/parts/"}


def channel_with(**more: Any) -> dict[str, Any]:
    return {"InputDataConfig": [channel("train", SOURCE["S3Uri"]) | more]}


def source_with(**more: Any) -> dict[str, Any]:
    return channel_with(DataSource={"S3DataSource": SOURCE | more})


TRAINING: dict[str, tuple[dict[str, Any], str]] = {
    "several instances": ({"ResourceConfig": {"InstanceCount": 2}}, "ResourceConfig.InstanceCount must be 1"),
    "heterogeneous": (
        {"ResourceConfig": {"InstanceGroups": [GROUP]}},
        "ResourceConfig.InstanceGroups is not built",
    ),
    "training plan": (
        {"ResourceConfig": {"TrainingPlanArn": arn("training-plan", "p" * 20)}},
        "ResourceConfig.TrainingPlanArn is not built",
    ),
    "built-in algorithm": (
        {"AlgorithmSpecification": {"TrainingImage": None, "AlgorithmName": "xgboost"}},
        "AlgorithmSpecification.AlgorithmName is not built",
    ),
    "pipe mode": (
        {"AlgorithmSpecification": {"TrainingInputMode": "Pipe"}},
        "TrainingInputMode must be File or FastFile",
    ),
    "pipe mode of a channel": (channel_with(InputMode="Pipe"), "InputMode must be File or FastFile"),
    "compressed channel": (channel_with(CompressionType="Gzip"), "InputDataConfig.CompressionType must be None"),
    "recordio": (channel_with(RecordWrapperType="RecordIO"), "InputDataConfig.RecordWrapperType must be None"),
    "shuffle": (channel_with(ShuffleConfig={"Seed": 1}), "InputDataConfig.ShuffleConfig is not built"),
    "file system": (
        channel_with(
            DataSource={
                "FileSystemDataSource": {
                    "FileSystemId": "fs-12345678901",
                    "FileSystemAccessMode": "ro",
                    "FileSystemType": "EFS",
                    "DirectoryPath": "/x",
                }
            }
        ),
        "FileSystemDataSource is not built in the local cloud: give an S3DataSource.",
    ),
    "augmented manifest attributes": (source_with(AttributeNames=["a"]), "AttributeNames is not built"),
    "augmented manifest": (source_with(S3DataType="AugmentedManifestFile"), "S3DataType must be S3Prefix or Manifest"),
    "conversations": (source_with(S3DataType="Converse"), "Converse is not built in the local cloud"),
    "uncompressed model": ({"OutputDataConfig": {"CompressionType": "NONE"}}, "CompressionType must be GZIP"),
    "debugger's rules": (
        {"DebugRuleConfigurations": [{"RuleConfigurationName": "r", "RuleEvaluatorImage": "i"}]},
        "DebugRuleConfigurations is not built",
    ),
    "tensorboard": ({"TensorBoardOutputConfig": {"S3OutputPath": "s3://b/t/"}}, "TensorBoardOutputConfig is not"),
    "experiment": ({"ExperimentConfig": {"ExperimentName": "e"}}, "ExperimentConfig is not built"),
    "remote debugging": ({"RemoteDebugConfig": {"EnableRemoteDebug": True}}, "EnableRemoteDebug must be False"),
    "infrastructure check": ({"InfraCheckConfig": {"EnableInfraCheck": True}}, "EnableInfraCheck must be False"),
    "session chaining": (
        {"SessionChainingConfig": {"EnableSessionTagChaining": True}},
        "EnableSessionTagChaining must be False",
    ),
    "arguments alone": (
        {"AlgorithmSpecification": {"ContainerEntrypoint": None, "ContainerArguments": ["--fast"]}},
        "AlgorithmSpecification.ContainerArguments is not built in the local cloud without a ContainerEntrypoint",
    ),
}


@pytest.mark.parametrize("what", TRAINING)
def test_a_training_job_that_would_be_run_otherwise_than_asked_is_refused(endpoint: Endpoint, what: str) -> None:
    changes, message = TRAINING[what]
    code, said = refusal(endpoint.unchecked.create_training_job, **changed(training("refused-run"), **changes))
    assert code == "ValidationException"
    assert message in said
    assert endpoint.sagemaker.list_training_jobs(NameContains="refused-run")["TrainingJobSummaries"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"EnableNetworkIsolation": False},
        {"EnableManagedSpotTraining": False},
        {"ProfilerConfig": {"DisableProfiler": True}},
        {"OutputDataConfig": {"CompressionType": "GZIP"}},
        channel_with(InputMode="File", CompressionType="None", RecordWrapperType="None", ContentType="text/csv"),
        source_with(S3DataDistributionType="FullyReplicated"),
        {"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}},
        {"ResourceConfig": {"VolumeKmsKeyId": "alias/own"}, "OutputDataConfig": {"KmsKeyId": "alias/own"}},
    ],
)
def test_what_changes_nothing_here_is_taken(endpoint: Endpoint, changes: dict[str, Any], numbers: Any) -> None:
    job = endpoint.run(training(f"taken-{next(numbers)}", **changes))
    assert job["TrainingJobStatus"] == "Completed"


@pytest.mark.parametrize(
    ("operation", "request_", "named"),
    [
        ("create_endpoint", {"EndpointName": "e", "EndpointConfigName": "c"}, "CreateEndpoint"),
        ("create_auto_ml_job_v2", {}, "CreateAutoMLJobV2"),
        ("list_pipelines", {}, "ListPipelines"),
        ("delete_hyper_parameter_tuning_job", {"HyperParameterTuningJobName": "t"}, "DeleteHyperParameterTuningJob"),
    ],
)
def test_an_operation_that_is_not_there_says_so_and_names_those_that_are(
    endpoint: Endpoint, operation: str, request_: dict[str, Any], named: str
) -> None:
    code, message = refusal(getattr(endpoint.unchecked, operation), **request_)
    assert code == "UnsupportedOperation"
    assert message.startswith(f"The local cloud's SageMaker has no operation {named}; it has AddTags, ")


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        (
            "list_training_jobs",
            {"TrainingPlanArnEquals": arn("training-plan", "p" * 20)},
            "TrainingPlanArnEquals is not built in the local cloud",
        ),
        (
            "describe_model_package",
            {"ModelPackageName": "any", "IncludedData": "MetadataOnly"},
            "IncludedData must be AllData",
        ),
        (
            "list_model_package_groups",
            {"CrossAccountFilterOption": "CrossAccount"},
            "CrossAccountFilterOption must be SameAccount",
        ),
    ],
)
def test_a_member_that_would_be_ignored_is_refused(
    endpoint: Endpoint, operation: str, request_: dict[str, Any], message: str
) -> None:
    code, said = refusal(getattr(endpoint.sagemaker, operation), **request_)
    assert code == "ValidationException"
    assert message in said


def test_only_the_keep_alive_of_a_training_job_can_be_updated(endpoint: Endpoint) -> None:
    endpoint.run(training("updated"))
    profiler = {"TrainingJobName": "updated", "ProfilerConfig": {"DisableProfiler": True}}
    assert refusal(endpoint.sagemaker.update_training_job, **profiler) == (
        "ValidationException",
        "The local cloud updates only ResourceConfig, not ProfilerConfig.",
    )


def test_a_throttled_operation_says_so_and_a_client_that_retries_gets_through(endpoint: Endpoint) -> None:
    resource = endpoint.run(training("throttled"))["TrainingJobArn"]

    def hammer() -> None:
        for _ in range(50):
            endpoint.sagemaker.delete_tags(ResourceArn=resource, TagKeys=["own"])

    assert refusal(hammer) == ("ThrottlingException", "Rate exceeded")
    for _ in range(3):
        endpoint.patient.delete_tags(ResourceArn=resource, TagKeys=["own"])
    assert endpoint.sagemaker.list_tags(ResourceArn=resource)["Tags"] == []


def test_tags_are_added_over_those_of_their_key_and_deleted(endpoint: Endpoint) -> None:
    resource = endpoint.run(training("tags"))["TrainingJobArn"]
    added = endpoint.sagemaker.add_tags(
        ResourceArn=resource, Tags=[{"Key": "own", "Value": "new"}, {"Key": "two", "Value": "2"}]
    )["Tags"]
    assert added == [{"Key": "own", "Value": "new"}, {"Key": "two", "Value": "2"}]
    endpoint.patient.delete_tags(ResourceArn=resource, TagKeys=["own", "unknown"])
    assert endpoint.sagemaker.list_tags(ResourceArn=resource)["Tags"] == [{"Key": "two", "Value": "2"}]


def test_a_resource_has_50_tags_at_most(endpoint: Endpoint) -> None:
    resource = endpoint.run(training("many-tags"))["TrainingJobArn"]
    more = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    code, message = refusal(endpoint.sagemaker.add_tags, ResourceArn=resource, Tags=more)
    assert (code, message) == ("ValidationException", "A resource may have 50 tags; this one would have 51.")
    assert endpoint.sagemaker.list_tags(ResourceArn=resource)["Tags"] == TAGS


DOUBLE = [{"Key": "own", "Value": "1"}, {"Key": "two", "Value": ""}, {"Key": "own", "Value": "2"}]


def test_a_request_gives_a_tag_key_once(endpoint: Endpoint) -> None:
    once = ("ValidationException", "Duplicate tag key")
    assert refusal(endpoint.sagemaker.create_training_job, **training("refused-tags", Tags=DOUBLE)) == once
    assert endpoint.sagemaker.list_training_jobs(NameContains="refused-tags")["TrainingJobSummaries"] == []
    resource = endpoint.run(training("tagged-once"))["TrainingJobArn"]
    assert refusal(endpoint.sagemaker.add_tags, ResourceArn=resource, Tags=DOUBLE) == once
    assert endpoint.sagemaker.list_tags(ResourceArn=resource)["Tags"] == TAGS


@pytest.mark.parametrize("key", ["aws:stack", "AWS:stack"])
def test_aws_s_own_tag_keys_are_nobody_s_to_give_or_take(endpoint: Endpoint, key: str, numbers: Any) -> None:
    own = ("ValidationException", f"System prefix 'aws:' reserved for AWS usage in tag key: {key}")
    tags = [{"Key": key, "Value": ""}]
    assert refusal(endpoint.sagemaker.create_training_job, **training("refused-tags", Tags=tags)) == own
    resource = endpoint.run(training(f"own-tags-{next(numbers)}"))["TrainingJobArn"]
    assert refusal(endpoint.sagemaker.add_tags, ResourceArn=resource, Tags=tags) == own
    assert refusal(endpoint.patient.delete_tags, ResourceArn=resource, TagKeys=[key]) == own


@pytest.mark.parametrize(
    ("service", "operation", "request_", "message"),
    [
        (
            "sagemaker-runtime",
            "invoke_endpoint",
            {"EndpointName": "nope", "Body": b"x"},
            "The local cloud has no InvokeEndpoint: endpoints are not built: predict with a transform job.",
        ),
        (
            "sagemaker-runtime",
            "invoke_endpoint_async",
            {"EndpointName": "nope", "InputLocation": "s3://b/k"},
            "The local cloud has no InvokeEndpointAsync: endpoints are not built: predict with a transform job.",
        ),
        (
            "sagemaker-metrics",
            "batch_put_metrics",
            {"TrialComponentName": "x", "MetricData": [{"MetricName": "m", "Timestamp": 1, "Value": 1.0}]},
            "The local cloud has no BatchPutMetrics: experiments are not tracked: print metrics, and name them in "
            "MetricDefinitions.",
        ),
        (
            "sagemaker-featurestore-runtime",
            "get_record",
            {"FeatureGroupName": "x", "RecordIdentifierValueAsString": "1"},
            "The local cloud has no GetRecord: feature groups are not built: read data from S3.",
        ),
        (
            "sagemaker-a2i-runtime",
            "describe_human_loop",
            {"HumanLoopName": "x"},
            "The local cloud has no DescribeHumanLoop: nothing of sagemaker-a2i-runtime is built.",
        ),
    ],
)
def test_what_sagemaker_has_beside_its_api_is_refused_by_name(
    endpoint: Endpoint, service: str, operation: str, request_: dict[str, Any], message: str
) -> None:
    assert refusal(getattr(endpoint.client(service), operation), **request_) == ("UnsupportedOperation", message)


def raw_refusal(url: str, body: bytes | None = None) -> str:
    """The message with which a request that no client made is refused as unsupported."""
    with pytest.raises(HTTPError) as caught:
        urlopen(url, body)
    with caught.value as answer:
        assert (answer.code, answer.headers["x-amzn-ErrorType"]) == (400, "UnsupportedOperation")
        return str(json.load(answer)["message"])


def test_an_endpoint_is_refused_without_a_signature_too(endpoint: Endpoint) -> None:
    message = raw_refusal(f"{endpoint.url}/endpoints/nope/invocations", b"x")
    assert message.startswith("The local cloud has no InvokeEndpoint: endpoints are not built")


def test_a_request_signed_for_sagemaker_that_aws_does_not_have_is_refused(endpoint: Endpoint) -> None:
    presigned = endpoint.client("sagemaker-a2i-runtime").generate_presigned_url(
        "list_human_loops", {"FlowDefinitionArn": arn("flow-definition", "x")}
    )
    message = raw_refusal(presigned.replace("/human-loops", "/no-such-path"))
    assert message.startswith("The local cloud has no GET /no-such-path of SageMaker")


def test_a_bucket_may_have_the_name_of_the_runtime_s_paths(endpoint: Endpoint) -> None:
    s3 = endpoint.client("s3")
    s3.create_bucket(Bucket="endpoints")
    upload = s3.create_multipart_upload(Bucket="endpoints", Key="e/invocations")
    assert upload["UploadId"]
    s3.put_object(Bucket="endpoints", Key="e/invocations", Body=b"an object")
    assert s3.get_object(Bucket="endpoints", Key="e/invocations")["Body"].read() == b"an object"


@pytest.mark.parametrize("operation", ["add_tags", "list_tags"])
def test_what_does_not_exist_has_no_tags(endpoint: Endpoint, operation: str) -> None:
    missing = arn("training-job", "nobody")
    given = {"ResourceArn": missing} | ({"Tags": TAGS} if operation == "add_tags" else {})
    code, message = refusal(getattr(endpoint.sagemaker, operation), **given)
    assert (code, message) == ("ValidationException", f"The resource {missing} does not exist.")


def test_a_tuning_job_s_tags_can_be_listed(endpoint: Endpoint) -> None:
    job = endpoint.run(tuning("tagged-tuning", total=1, parallel=1))
    assert endpoint.sagemaker.list_tags(ResourceArn=job["HyperParameterTuningJobArn"])["Tags"] == TAGS


def test_metadata_of_a_model_package_is_kept_and_shown(endpoint: Endpoint) -> None:
    more = {"Domain": "MACHINE_LEARNING", "Task": "CLASSIFICATION", "SkipModelValidation": "All"}
    endpoint.sagemaker.create_model_package(ModelPackageName="metadata", InferenceSpecification=specification(), **more)
    shown = endpoint.sagemaker.describe_model_package(ModelPackageName="metadata")
    assert {name: shown[name] for name in more} == more
