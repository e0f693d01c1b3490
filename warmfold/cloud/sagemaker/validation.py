"""Requests checked against botocore's own model of SageMaker, refused in AWS's words."""

import re
from datetime import UTC, datetime
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from warmfold.cloud.sagemaker.errors import ServiceError

_PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
}
# What SageMaker's patterns (Java's) say inside brackets and Python's re does not know; and two of them end in a slip.
_JAVA_TO_PYTHON = {
    r"\p{L}": "a-zA-Zª-\U0010ffff",
    r"\p{N}": "0-9",
    r"\p{Z}": " \u00a0",
    r"\p{P}": r"!-/:-@\[-`{-~",
    r"\p{S}": r"$+<=>\^`|~",
    r"\p{M}": "\u0300-\u036f",
    r"\p{Alnum}": "a-zA-Z0-9",
    r"\uD800\uDC00-\uDBFF\uDFFF": "\U00010000-\U0010ffff",
    "${1,128}": "",
    "${1,256}": "",
}


@cache
def service_model() -> ServiceModel:
    """botocore's model of SageMaker."""
    return botocore.session.Session().get_service_model("sagemaker")


def validated(operation: str, request: dict[str, Any], model: ServiceModel | None = None) -> dict[str, Any]:
    """The request with its timestamps as aware datetimes; `model` is another than botocore's own of SageMaker.

    Raises ServiceError: `ValidationException` naming every member that breaks a constraint, and
    `SerializationException` for a value of the wrong type.
    """
    shape = (model or service_model()).operation_model(operation).input_shape
    if shape is None:
        return {}
    problems: list[str] = []
    clean: dict[str, Any] = _check(shape, request, "", problems)
    if problems:
        many = "error" if len(problems) == 1 else "errors"
        raise ServiceError("ValidationException", f"{len(problems)} validation {many} detected: {'; '.join(problems)}")
    return clean


def _check(shape: Shape, value: Any, path: str, problems: list[str]) -> Any:
    kind = shape.type_name
    if kind == "timestamp":
        return _timestamp(value, path)
    expected = _PYTHON_TYPES.get(kind)
    if expected and (not isinstance(value, expected) or (isinstance(value, bool) and kind != "boolean")):
        raise ServiceError("SerializationException", f"{path or 'The request'} is {value!r}; it must be a {kind}")
    _check_constraints(shape, value, path, problems)
    if isinstance(shape, StructureShape):
        return _check_structure(shape, value, path, problems)
    if isinstance(shape, ListShape):
        return [_check(shape.member, item, f"{path}.{i}.member", problems) for i, item in enumerate(value, 1)]
    if isinstance(shape, MapShape):
        for key in value:
            _check(shape.key, key, f"{path}.key", problems)
        return {key: _check(shape.value, item, f"{path}.{key}.member", problems) for key, item in value.items()}
    return value


def _check_structure(shape: StructureShape, value: dict[str, Any], path: str, problems: list[str]) -> dict[str, Any]:
    clean: dict[str, Any] = {}
    for name in shape.required_members:
        if value.get(name) is None:
            problems.append(_problem("null", _join(path, name), "Member must not be null", quote=False))
    for name, item in value.items():
        if name not in shape.members:
            known = ", ".join(shape.members)
            problems.append(_problem(item, _join(path, name), f"Unknown member; {shape.name} has {known}"))
        elif item is not None:
            clean[name] = _check(shape.members[name], item, _join(path, name), problems)
    return clean


def _check_constraints(shape: Shape, value: Any, path: str, problems: list[str]) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    sized = isinstance(value, str | list | dict)
    size = len(value) if sized else value
    measure = "length" if sized else "value"
    if low is not None and not isinstance(value, bool) and size < low:
        problems.append(_problem(value, path, f"Member must have {measure} greater than or equal to {low}"))
    if high is not None and not isinstance(value, bool) and size > high:
        problems.append(_problem(value, path, f"Member must have {measure} less than or equal to {high}"))
    pattern = shape.metadata.get("pattern")
    if pattern and isinstance(value, str) and not compiled_pattern(pattern).fullmatch(value):
        problems.append(_problem(value, path, f"Member must satisfy regular expression pattern: {pattern}"))
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        problems.append(_problem(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]"))


@cache
def compiled_pattern(pattern: str) -> re.Pattern[str]:
    """One of the model's patterns, as Python has it."""
    for java, python in _JAVA_TO_PYTHON.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern, re.DOTALL)


def _timestamp(value: Any, path: str) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    raise ServiceError("SerializationException", f"{path} is {value!r}; it must be a time in epoch seconds")


def _problem(value: Any, path: str, constraint: str, quote: bool = True) -> str:
    shown = f"'{value}'" if quote else str(value)
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _join(path: str, name: str) -> str:
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member
