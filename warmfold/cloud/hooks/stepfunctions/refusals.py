"""Step Functions' refusals: each with the code by which AWS's clients know it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from moto.core.exceptions import AWSError
from moto.stepfunctions.models import StepFunctionBackend
from moto.stepfunctions.parser import api

MESSAGES = {
    "InvalidToken": "Invalid Token: 'Invalid token'",
    "TaskDoesNotExist": "Task Timed Out: 'Provided task does not exist anymore'",
    "TaskTimedOut": "Task Timed Out: 'Provided task does not exist anymore'",
    "ResourceNotFound": "Request references a resource that does not exist.",
}
"""What AWS says where the interpreter says nothing."""

_ARN = re.compile(r"arn:[\w-]+:states:[\w-]+:\d{12}:[\w-]+:.+")


class Refusal(AWSError):  # type: ignore[misc]
    """A refusal of Step Functions with its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, exception_type=code)


def install() -> None:
    """Mend moto's refusals; each function below says what."""
    _codes()
    _arns()


def _codes() -> None:
    """moto's interpreter has refusals without a code, and some that can't be made without a message."""
    kinds: dict[str, Any] = {name: kind for name, kind in vars(api).items() if isinstance(kind, type)}
    for name, kind in kinds.items():
        if issubclass(kind, AWSError) and kind is not AWSError:
            kind.TYPE = kind.TYPE or name
            kind.__init__ = _with_message(MESSAGES.get(name, name))


def _with_message(default: str) -> Any:
    def made(self: Any, message: str = default, *more: Any, **options: Any) -> None:
        AWSError.__init__(self, message, *more, **options)

    return made


def _arns() -> None:
    """moto has its own words for what is not an ARN."""

    def validate(_: Any, arn: str, regex: re.Pattern[str], invalid_msg: str) -> None:
        if not arn.startswith("arn:"):
            raise Refusal("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
        if not regex.match(arn) and not _ARN.fullmatch(arn):
            raise Refusal("InvalidArn", invalid_msg)

    StepFunctionBackend._validate_arn = validate


def invalid(problems: Iterable[str]) -> Refusal:
    """The refusal of members that break constraints, each told as AWS does."""
    told = list(problems)
    word = "error" if len(told) == 1 else "errors"
    return Refusal("ValidationException", f"{len(told)} validation {word} detected: {'; '.join(told)}")


def breaks(member: str, value: Any, constraint: str) -> str:
    """How AWS tells that a member breaks a constraint."""
    return f"Value '{value}' at '{member}' failed to satisfy constraint: Member must {constraint}"
