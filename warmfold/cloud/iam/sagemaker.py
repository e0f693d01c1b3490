"""What SageMaker's operations need: actions, ARNs, the right to pass roles and to tag."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from warmfold.cloud.iam import roles
from warmfold.cloud.iam.policy import ANY, UNKNOWN, Call

SERVICE = "sagemaker.amazonaws.com"
KINDS = {
    "TrainingJob": "training-job",
    "ProcessingJob": "processing-job",
    "TransformJob": "transform-job",
    "HyperParameterTuningJob": "hyper-parameter-tuning-job",
    "Model": "model",
    "ModelPackageGroup": "model-package-group",
    "ModelPackage": "model-package",
    "Endpoint": "endpoint",
    "EndpointConfig": "endpoint-config",
}
_OF_ONE = re.compile(rf"(Create|Describe|Stop|Update|Delete)({'|'.join(KINDS)})")


def calls(operation: str, request: Mapping[str, Any], account_id: str, region: str) -> list[Call]:
    """Every action that a request needs, in the order in which AWS refuses them; members may be missing or null."""
    tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or () if tag.get("Key") and "Value" in tag}
    context: dict[str, Any] = {f"aws:requesttag/{key.lower()}": value for key, value in tags.items()}
    if tags:
        context["aws:tagkeys"] = tuple(tags)
    resources = _resources(operation, request, f"arn:aws:sagemaker:{region}:{account_id}:")
    needed = [Call(f"sagemaker:{operation}", resource, context) for resource in resources]
    passed = passed_roles(operation, request)
    needed += [Call("iam:PassRole", role, {"iam:passedtoservice": SERVICE}) for role in passed]
    if tags and operation.startswith("Create"):
        needed.append(Call("sagemaker:AddTags", resources[0], context))
    return needed


def passed_roles(operation: str, request: Mapping[str, Any]) -> list[str]:
    """The roles that a request hands to SageMaker, each once."""
    return roles.passed_roles("sagemaker", operation, request)


def _resources(operation: str, request: Mapping[str, Any], prefix: str) -> list[str]:
    if operation == "ListTrainingJobsForHyperParameterTuningJob" and request.get("HyperParameterTuningJobName"):
        return [_arn(prefix, "HyperParameterTuningJob", request["HyperParameterTuningJobName"])]
    if request.get("ResourceArn"):
        return [request["ResourceArn"]]
    about = _OF_ONE.fullmatch(operation)
    if about is None:
        return [ANY if operation.startswith("List") or operation == "Search" else UNKNOWN]
    kind = about[2]
    group = request.get("ModelPackageGroupName")
    if operation == "CreateModelPackage" and group:
        # AWS's tables name both kinds and say of neither that it is the one; a right to both is right either way
        return [_arn(prefix, "ModelPackageGroup", group), _arn(prefix, kind, f"{group}/*")]
    name = request.get(f"{kind}Name") or request.get(f"{kind}Arn")
    return [_arn(prefix, kind, name)] if name else [UNKNOWN]


def _arn(prefix: str, kind: str, name: str) -> str:
    if not name.startswith("arn:"):
        return f"{prefix}{KINDS[kind]}/{name.rpartition('/')[2] if kind == 'ModelPackageGroup' else name}".lower()
    return name
