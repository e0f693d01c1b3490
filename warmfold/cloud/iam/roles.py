"""Which roles a request passes to a service: members of its model that are named as roles are, however deep."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

_NAMED_ROLE = re.compile(r"(?:.*[._])?\w*role(_?arn)?", re.IGNORECASE)
_ROLE_ARN = re.compile(r"arn:[\w-]+:iam::\d{12}:role/.+")

_MODELS = {"states": "stepfunctions", "monitoring": "cloudwatch"}


def passed_roles(signing_name: str, operation: str, members: Mapping[str, Any]) -> list[str]:
    """The ARNs of the roles in a request's members, each once; what its model calls a map holds the user's own words.

    Members that no model describes count too.
    """
    model = operation_model(signing_name, operation)
    shape = model.input_shape if model else None
    payload = shape.members.get(shape.serialization.get("payload", "")) if shape else None
    body = payload if payload and payload.type_name == "structure" else shape
    return list(dict.fromkeys(_roles(body, members)))


def may_pass_one(signing_name: str, operation: str) -> bool:
    """Whether an operation's own members include a role, by their names."""
    model = operation_model(signing_name, operation)
    return any(map(_NAMED_ROLE.fullmatch, model.input_shape.members)) if model and model.input_shape else False


def operation_model(signing_name: str, operation: str) -> OperationModel | None:
    """botocore's model of an operation, or None."""
    model = service_model(signing_name)
    return model.operation_model(operation) if model and operation in model.operation_names else None


@functools.cache
def service_model(signing_name: str) -> ServiceModel | None:
    """botocore's model of the service that signs under a name, or None."""
    try:
        return botocore.session.get_session().get_service_model(_MODELS.get(signing_name, signing_name))
    except botocore.exceptions.UnknownServiceError:
        return None


def _roles(shape: Shape | None, value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, str):
        if _NAMED_ROLE.fullmatch(name) and _ROLE_ARN.fullmatch(value):
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from _roles(shape.member if isinstance(shape, ListShape) else None, item, name)
    elif isinstance(value, dict) and isinstance(shape, MapShape):
        for item in value.values():
            yield from _roles(shape.value, item)
    elif isinstance(value, dict):
        members = shape.members if isinstance(shape, StructureShape) else {}
        for key, item in value.items():
            yield from _roles(members.get(key), item, key)
