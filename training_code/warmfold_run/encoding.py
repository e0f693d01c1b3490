"""Hyperparameters as SageMaker's strings, both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from warmfold_run.experiment import Range


class HyperparameterError(ValueError):
    """A job's hyperparameters are not those that the plan's experiment asks for."""


def encode(value: Any) -> str:
    """Return a value as a job takes it: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def decode(space: Mapping[str, Range], given: Mapping[str, str]) -> dict[str, Any]:
    """Return the estimator's hyperparameters as Python values, from SageMaker's strings and the plan's search space.

    The space decides how a string is meant: `1` of a continuous range is 1.0, `true` of a list is the entry it stands
    for. Given none of those that are tuned, these are the static ones alone, beside the estimator's own defaults.
    Raises HyperparameterError for one that is missing while others are there, or means nothing.
    """
    if not tuned(space, given):
        return {name: entry["value"] for name, entry in space.items() if "value" in entry}
    return {name: _decoded(name, entry, given) for name, entry in space.items()}


def tuned(space: Mapping[str, Range], given: Mapping[str, str]) -> dict[str, str]:
    """Return those strings that the tuning job chose, without the static ones and SageMaker's own."""
    return {name: given[name] for name, entry in space.items() if "value" not in entry and name in given}


def _decoded(name: str, entry: Range, given: Mapping[str, str]) -> Any:
    if "value" in entry:
        return entry["value"]
    if name not in given:
        raise HyperparameterError(f"hyperparameter {name} is missing; the plan's search space has it")
    text = given[name]
    if "values" in entry:
        for value in entry["values"]:
            if text == encode(value):
                return value
        raise HyperparameterError(f"hyperparameter {name} is {text!r}, which is not among {entry['values']}")
    try:
        number = float(text)
    except ValueError as error:
        raise HyperparameterError(f"hyperparameter {name} is {text!r}; its range is of numbers") from error
    return round(number) if entry["type"] == "integer" else number
