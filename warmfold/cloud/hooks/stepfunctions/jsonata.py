"""Step Functions: JSONata."""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jsonata
from moto.stepfunctions.parser.asl.component.intrinsic import jsonata as interpreter_functions
from moto.stepfunctions.parser.asl.jsonata import jsonata as interpreter_jsonata

from warmfold.cloud.hooks.stepfunctions.rebind import rebind


def install() -> None:
    """Mend moto's JSONata; each function below says what."""
    _evaluate()
    _own_functions()


def evaluate(expression: str) -> Any:
    """The value of a JSONata expression, as plain JSON values."""
    try:
        parsed = jsonata.Jsonata(expression)
        for name, function in FUNCTIONS.items():
            parsed.register_lambda(name, function)
        value = parsed.evaluate(None)
        return json.loads(json.dumps(value, default=_plain))
    except Exception as error:
        raise interpreter_jsonata.JSONataException("States.QueryEvaluationError", str(error)) from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError("its value is a function, which JSON has no form for")


def _evaluate() -> None:
    """moto has no JSONata evaluator, and its declarations break on a string with a quote or a backslash."""

    def declarations(bindings: Mapping[str, Any]) -> str:
        return "".join(f"{name}:={json.dumps(value)};" for name, value in bindings.items())

    original = interpreter_jsonata.encode_jsonata_variable_declarations
    interpreter_jsonata._eval_jsonata = evaluate
    rebind("encode_jsonata_variable_declarations", original, declarations)


def _own_functions() -> None:
    """moto's $uuid and $hash give a sentence that says that they do nothing, and its $parse evaluates code."""
    original = interpreter_functions.get_intrinsic_functions_declarations
    rebind("get_intrinsic_functions_declarations", original, lambda variable_references: "")


def _uuid() -> str:
    return str(uuid.uuid4())


def _hash(text: str, algorithm: str) -> str:
    names = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
    if algorithm not in names or not isinstance(text, str):
        raise ValueError(f"$hash takes a string and one of {', '.join(names)}, not {text!r} and {algorithm!r}")
    return hashlib.new(names[algorithm], text.encode()).hexdigest()


def _random(seed: int | None = None) -> float:
    return random.Random(seed).random()


def _parse(text: str) -> Any:
    return json.loads(text)


def _partition(array: Sequence[Any], size: int) -> list[Any]:
    if not isinstance(array, list) or size < 1:
        raise ValueError(f"$partition takes an array and a size of at least 1, not {array!r} and {size!r}")
    return [array[start : start + int(size)] for start in range(0, len(array), int(size))]


def _range(first: int, last: int, step: int) -> list[int] | int:
    if step == 0:
        raise ValueError("$range takes a step other than 0")
    numbers = list(range(int(first), int(last) + (1 if step > 0 else -1), int(step)))
    return numbers[0] if len(numbers) == 1 else numbers  # as a sequence of one in JSONata


def _eval(*_: object) -> None:
    raise ValueError("Step Functions has no $eval; $parse reads JSON")


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "uuid": _uuid,
    "hash": _hash,
    "random": _random,
    "parse": _parse,
    "partition": _partition,
    "range": _range,
    "eval": _eval,
}
"""What Step Functions has beside, or otherwise than, JSONata's own functions."""
