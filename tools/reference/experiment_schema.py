"""experiment.schema.json: what an editor needs to complete and check experiment.yaml.

Draft 7, which all of them understand. It says no less than an experiment may be, and what it can't say (that `min` is
less than `max`, that a metric fits the problem, …) Plan Run refuses.
"""

from __future__ import annotations

import math
from typing import Any

from tools.reference.keys import Key, keys
from warmfold_catalogue.domains import Domain, Interval
from warmfold_catalogue.estimators import DEFAULT_ESTIMATOR, ESTIMATORS, load_estimator
from warmfold_catalogue.metrics import METRICS
from warmfold_catalogue.splitters import SPLITTERS
from warmfold_experiment.hyperparameters import MAX_CATEGORIES, MAX_CATEGORY_CHARACTERS, MAX_VALUE_CHARACTERS, SCALINGS
from warmfold_experiment.schema import SECTIONS, Experiment

_Schema = dict[str, Any]
_KNOWN_NAMES: dict[str, list[str]] = {
    "estimator": list(ESTIMATORS),
    "metric": list(METRICS),
    "cross_validation.strategy": list(SPLITTERS),
}
_PLAIN = ["null", "boolean", "number", "string"]
_BOUNDS = {"ge": "minimum", "le": "maximum"}


def schema() -> _Schema:
    """Return the JSON Schema."""
    properties = {key.path: _key(key) for key in keys()}
    top = {name: entry for name, entry in properties.items() if "." not in name}
    for section, model in SECTIONS.items():
        top[section] = {
            "description": model.__doc__,
            "type": ["object", "null"],
            "properties": {name: properties[f"{section}.{name}"] for name in model.model_fields},
            "additionalProperties": False,
        }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "experiment.yaml",
        "description": "What warmfold tunes, and how. Every key may be left out.",
        "type": "object",
        "properties": {name: top[name] for name in Experiment.model_fields},
        "additionalProperties": False,
        "allOf": [_hyperparameters_of(name) for name in ESTIMATORS],
        "definitions": {"hyperparameter": _any_form()},
    }


def _key(key: Key) -> _Schema:
    told = {"description": key.text, "default": key.default}
    if key.path == "search.hyperparameters":
        return told | {"type": ["object", "null"]}
    if key.path == "search.abandon":
        return told | {"enum": [*key.json_schema["enum"], False]}  # YAML 1.1's bare `off`
    if key.path in _KNOWN_NAMES:
        return told | {"enum": _KNOWN_NAMES[key.path] + ([None] if key.default is None else [])}
    return told | _said_by_pydantic(key.json_schema)


def _said_by_pydantic(said: _Schema) -> _Schema:
    """What pydantic says of a key, without words; bounds of a union stand beside it under names of Python's own."""
    alternatives = {"anyOf": [_said_by_pydantic(one) for one in said["anyOf"]]} if "anyOf" in said else {}
    kept = {key: said[key] for key in ("type", "enum", "const", "pattern", "minimum", "maximum") if key in said}
    return kept | alternatives | {name: said[bound] for bound, name in _BOUNDS.items() if bound in said}


def _hyperparameters_of(name: str) -> _Schema:
    """Under an estimator `search.hyperparameters` has these names, each in one of three forms."""
    estimator = load_estimator(name)
    domains: dict[str, list[Domain]] = {}
    for problem in estimator.problems:
        for hyperparameter, domain in estimator.hyperparameters(problem).items():
            domains.setdefault(hyperparameter, []).append(domain)
    forms = {hyperparameter: _forms(either) for hyperparameter, either in domains.items()}
    space = {"properties": forms, "additionalProperties": False}
    named: _Schema = {"properties": {"estimator": {"const": name}}}
    return {
        "if": named if name == DEFAULT_ESTIMATOR else named | {"required": ["estimator"]},
        "then": {"properties": {"search": {"properties": {"hyperparameters": space}}}},
    }


def _any_form() -> _Schema:
    """What every hyperparameter may be: a fixed value, a list of values, or a range."""
    listed = {"type": _PLAIN, "maxLength": MAX_CATEGORY_CHARACTERS}
    values = {"type": "array", "items": listed, "minItems": 2, "maxItems": MAX_CATEGORIES}
    ends = {
        "min": {"type": "number"},
        "max": {"type": "number"},
        "type": {"enum": ["integer", "continuous"]},
        "scaling": {"enum": list(SCALINGS), "default": SCALINGS[0]},
    }
    return {
        "anyOf": [
            {"type": _PLAIN, "maxLength": MAX_VALUE_CHARACTERS},
            {"type": "object", "properties": {"values": values}, "required": ["values"], "additionalProperties": False},
            {"type": "object", "properties": ends, "required": ["min", "max"], "additionalProperties": False},
        ]
    }


def _forms(domains: list[Domain]) -> _Schema:
    """What a hyperparameter may be that takes one of these domains."""
    value = [one for domain in domains for one in _values(domain)]
    ends = [_numbers(interval) for domain in domains for interval in (domain.whole, domain.real) if interval]
    inside: _Schema = {"type": "object", "properties": {"values": {"items": {"anyOf": value}}}}
    if ends:
        inside["properties"] |= {"min": {"anyOf": ends}, "max": {"anyOf": ends}}
    else:
        inside["required"] = ["values"]
    return {
        "description": " or ".join(dict.fromkeys(map(str, domains))),
        "allOf": [{"$ref": "#/definitions/hyperparameter"}],
        "anyOf": [*value, inside],
    }


def _values(domain: Domain) -> list[_Schema]:
    found: list[_Schema] = []
    if domain.whole:
        found.append({"type": "integer", **_numbers(domain.whole)})
    if domain.real:
        found.append({"type": "number", **_numbers(domain.real)})
    return [*found, {"enum": list(domain.words)}] if domain.words else found


def _numbers(interval: Interval) -> _Schema:
    low = {"exclusiveMinimum" if interval.low_open else "minimum": interval.low}
    if interval.high == math.inf:
        return low
    return low | {"exclusiveMaximum" if interval.high_open else "maximum": interval.high}
