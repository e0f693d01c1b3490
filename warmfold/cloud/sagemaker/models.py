"""Models: a container's script, archive and environment under a name, as batch transform takes them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from warmfold.cloud.sagemaker.core import Core
from warmfold.cloud.sagemaker.data import DataError, split_uri
from warmfold.cloud.sagemaker.errors import validation_error
from warmfold.cloud.sagemaker.listing import page_of
from warmfold.cloud.sagemaker.registry import ModelRegistry
from warmfold.cloud.sagemaker.tags import tag_map

SHOWN_OF_REQUEST = ("PrimaryContainer", "Containers", "ExecutionRoleArn", "VpcConfig")
OWN_MEMBERS = frozenset({"Image", "ModelDataUrl", "Environment", "ContainerHostname", "Mode"})
PACKAGE_MEMBERS = frozenset({"ModelPackageName", "Environment", "ContainerHostname", "Mode"})
UNSERVED_MEMBERS = frozenset({"ModelDataSource", "AdditionalModelDataSources", "AdditionalS3DataSource"})
"""Where else a model package may keep a model."""


@dataclass(frozen=True)
class Container:
    """What is served: the archive and the environment that names its script."""

    image: str
    model_data: str
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Model:
    """One model; its container is resolved when it is created, whatever becomes of its model package."""

    name: str
    arn: str
    request: Mapping[str, Any]
    container: Container
    role_arn: str
    created_at: datetime

    def describe(self) -> dict[str, Any]:
        """The DescribeModel response."""
        return {
            "ModelName": self.name,
            "ModelArn": self.arn,
            "CreationTime": self.created_at,
            "EnableNetworkIsolation": bool(self.request.get("EnableNetworkIsolation", False)),
            **{name: self.request[name] for name in SHOWN_OF_REQUEST if name in self.request},
        }

    def summary(self) -> dict[str, Any]:
        """Its entry in the List response."""
        return {"ModelName": self.name, "ModelArn": self.arn, "CreationTime": self.created_at}


class Models:
    """All models."""

    def __init__(self, core: Core, registry: ModelRegistry) -> None:
        self._core = core
        self._registry = registry
        self._models: dict[str, Model] = {}  # by lowercased name

    def operations(self) -> Mapping[str, Callable[[dict[str, Any], object], dict[str, Any]]]:
        """Operation name to its handler."""
        return {
            "CreateModel": lambda request, _: self.create(request),
            "DescribeModel": lambda request, _: self.get(request["ModelName"]).describe(),
            "ListModels": lambda request, _: self.list(request),
            "DeleteModel": lambda request, _: self.delete(request["ModelName"]),
        }

    def shutdown(self) -> None:
        """Nothing runs on its own."""

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """The CreateModel response; raises ServiceError for a name in use and for what cannot be served here."""
        name = request["ModelName"]
        arn = self._core.arn("model", name)
        self._refuse_existing(name)
        tags = tag_map(request.get("Tags", ()))
        role = request.get("ExecutionRoleArn")
        if role is None:
            raise validation_error("ExecutionRoleArn is missing: the model's archive is read with that role.")
        container = self._resolved(_only_container(request))
        self._find_data(container.model_data, role)
        with self._core.lock:
            self._refuse_existing(name)
            self._models[name.lower()] = Model(name, arn, request, container, role, self._core.now())
            self._core.tags[arn] = tags
        return {"ModelArn": arn}

    def get(self, name: str) -> Model:
        """The model of that name, whatever its case; raises ServiceError when there is none."""
        with self._core.lock:
            model = self._models.get(name.lower())
        if model is None:
            raise validation_error(f'Could not find model "{self._core.arn("model", name)}".')
        return model

    def list(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The ListModels response."""
        with self._core.lock:
            return page_of(self._models.values(), request, result="Models", summarize=Model.summary)

    def delete(self, name: str) -> dict[str, Any]:
        """DeleteModel; jobs that run with it are not touched."""
        with self._core.lock:
            model = self.get(name)
            del self._models[name.lower()]
            del self._core.tags[model.arn]
        return {}

    def _refuse_existing(self, name: str) -> None:
        with self._core.lock:
            if name.lower() in self._models:
                raise validation_error(f'Cannot create already existing model "{self._core.arn("model", name)}".')

    def _resolved(self, definition: Mapping[str, Any]) -> Container:
        package = definition.get("ModelPackageName")
        allowed = OWN_MEMBERS if package is None else PACKAGE_MEMBERS
        if unknown := sorted(definition.keys() - allowed):
            beside = "" if package is None else " beside ModelPackageName"
            raise validation_error(
                f"The local cloud knows no {', '.join(unknown)} in a container definition{beside}; it knows "
                f"{', '.join(sorted(allowed))}."
            )
        if definition.get("Mode", "SingleModel") != "SingleModel":
            raise validation_error("Mode must be SingleModel: the local cloud serves one model per container.")
        given = definition if package is None else self._of_package(package)
        for name in ("Image", "ModelDataUrl"):
            if not given.get(name):
                where = "the container definition" if package is None else f"the container of model package {package}"
                raise validation_error(
                    f"{name} is missing in {where}: the local cloud serves script and model from it."
                )
        environment = {**given.get("Environment", {}), **definition.get("Environment", {})}
        return Container(given["Image"], given["ModelDataUrl"], environment)

    def _of_package(self, name_or_arn: str) -> Mapping[str, Any]:
        """The one container of a model package that may be deployed."""
        package = self._registry.describe_package(name_or_arn)
        arn = package["ModelPackageArn"]
        approval = package.get("ModelApprovalStatus")
        if "ModelPackageVersion" in package and approval != "Approved":
            raise validation_error(
                f"Model package {arn} cannot be deployed: its ModelApprovalStatus is {approval}, and must be Approved."
            )
        containers = package.get("InferenceSpecification", {}).get("Containers", [])
        if len(containers) != 1:
            raise validation_error(
                f"Model package {arn} has {len(containers)} containers in its InferenceSpecification; the local cloud "
                "serves exactly one."
            )
        container: dict[str, Any] = containers[0]
        if unknown := sorted(container.keys() & UNSERVED_MEMBERS):
            raise validation_error(
                f"The local cloud knows no {', '.join(unknown)} in a container of model package {arn}."
            )
        return container

    def _find_data(self, uri: str, role: str) -> None:
        """AWS looks for the archive when the model is created."""
        try:
            bucket, key = split_uri(uri)
            self._core.s3.of_role(role).head_object(Bucket=bucket, Key=key)
        except (DataError, ClientError, BotoCoreError) as error:
            raise validation_error(f"Could not find model data at {uri}.") from error


def _only_container(request: Mapping[str, Any]) -> Mapping[str, Any]:
    if ("PrimaryContainer" in request) == ("Containers" in request):
        raise validation_error("Give either PrimaryContainer or Containers.")
    containers = request.get("Containers") or [request.get("PrimaryContainer")]
    if len(containers) != 1 or containers[0] is None:
        count = len(request.get("Containers", ()))
        raise validation_error(f"Containers holds {count} definitions; the local cloud serves exactly one container.")
    container: Mapping[str, Any] = containers[0]
    return container
