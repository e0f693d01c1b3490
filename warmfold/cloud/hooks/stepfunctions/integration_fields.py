"""Which members of a request Step Functions' integration of SageMaker knows."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from warmfold.cloud.sagemaker.validation import service_model


def unsupported_fields(operation: str, parameters: dict[str, Any], refused: Collection[str]) -> list[str]:
    """Names of members, of structures at any depth, that SageMaker's model of the operation lacks or that are refused.

    Integrations lag behind the services; which members of SageMaker's are lacking is documented nowhere, so that
    `refused` has to say it.
    """
    shape = service_model().operation_model(operation).input_shape
    return [] if shape is None else list(dict.fromkeys(_unknown(parameters, shape, refused)))


def _unknown(value: Any, shape: Shape, refused: Collection[str]) -> Iterator[str]:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, member in value.items():
            if name in shape.members and name not in refused:
                yield from _unknown(member, shape.members[name], refused)
            else:
                yield name
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for item in value:
            yield from _unknown(item, shape.member, refused)
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for item in value.values():
            yield from _unknown(item, shape.value, refused)
