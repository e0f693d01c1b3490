"""An experiment from the text of its file and what is laid over it, with one message that lists everything wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import ValidationError

from warmfold_catalogue.entries import unknown
from warmfold_catalogue.estimators import ESTIMATORS
from warmfold_catalogue.metrics import METRICS
from warmfold_experiment.errors import ExperimentRuleError
from warmfold_experiment.file import check_bounds, parse
from warmfold_experiment.schema import NOT_BUILT, SECTIONS, CrossValidation, Experiment, Overrides
from warmfold_experiment.splitting import CONTRADICTING, contradictions
from warmfold_experiment.wording import MOST_LINES, as_name, first_lines, shown

KeyPath = tuple[str, ...]
"""The keys that lead to a value: one, or a section's and one of its own, which may have a dot in it."""


class Read(NamedTuple):
    """An experiment in which every key that is wrong has its default, what is wrong, and the dotted paths of those."""

    experiment: Experiment
    problems: list[str]
    refused: list[str]


def load_experiment(
    text: bytes | None, overrides: dict[str, Any] | None, compute: dict[str, str] | None = None
) -> Experiment:
    """Return the experiment that a file's text and the execution's overrides ask for; `compute` has a stack's defaults.

    Overrides win key by key. Raises ExperimentRuleError with one line for everything that is wrong.
    """
    read = read_experiment(text, Overrides(overrides or {}), compute)
    if read.problems:
        raise ExperimentRuleError("\n".join(first_lines(read.problems)))
    return read.experiment


def read_experiment(text: bytes | None, overrides: Overrides, compute: dict[str, str] | None = None) -> Read:
    """Return as much of the experiment as can be used, and what is wrong with the rest.

    Raises ExperimentRuleError for a text that is no mapping at all.
    """
    check_bounds(overrides.keys, overrides.source)
    overrides = overrides._replace(keys=_named(overrides.keys))
    asked = _merge({"compute": compute or {}}, merged(text, overrides.keys))
    problems, not_built = _take_out_not_built(asked, overrides)
    refused: list[KeyPath] = []
    while True:
        try:
            experiment = Experiment.model_validate(asked)
            break
        except ValidationError as error:
            lines = _said(error, overrides)
            touched = {path[0] for path in refused}
            # where a key was refused before, what is wrong now may be its default's doing
            problems += [line for path, line in lines.items() if path[0] not in touched]
            refused += lines
            asked = _without(asked, lines)
    experiment._overrides = overrides
    unknown_names = _unknown_names(experiment)
    fields = Experiment.model_fields
    experiment = experiment.model_copy(update={key: fields[key].get_default() for key in unknown_names})
    against = contradictions(experiment.cross_validation, experiment.place)
    if against:
        defaults = {key: CrossValidation.model_fields[key].get_default() for key in CONTRADICTING}
        left = experiment.cross_validation.model_copy(update=defaults)
        experiment = experiment.model_copy(update={"cross_validation": left})
    return Read(
        experiment,
        [*problems, *unknown_names.values(), *against],
        [*not_built, *map(".".join, refused), *unknown_names],
    )


def merged(text: bytes | None, overrides: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of a file's text with others over them; raises ExperimentRuleError for what is no mapping."""
    return dict(_merge(_sections_as_mappings(_named(parse(text))), _sections_as_mappings(_named(overrides))))


def _without(asked: dict[str, Any], paths: Iterable[KeyPath]) -> dict[str, Any]:
    """Return the keys that there are, but for those at some paths of one or two keys."""
    refused = set(paths)
    left = {key: value for key, value in asked.items() if key in Experiment.model_fields and (key,) not in refused}
    for section, shape in SECTIONS.items():
        if isinstance(inner := left.get(section), dict):
            left[section] = {
                key: value
                for key, value in inner.items()
                if key in shape.model_fields and (section, key) not in refused
            }
    return left


def _named(asked: dict[Any, Any]) -> dict[str, Any]:
    """Return the same with keys that YAML takes for numbers and the like as they are written, those of sections too."""
    named = {as_name(key): value for key, value in asked.items()}
    for section in SECTIONS:
        if isinstance(inner := named.get(section), dict):
            named[section] = {as_name(key): value for key, value in inner.items()}
    return named


def _sections_as_mappings(asked: dict[str, Any]) -> dict[str, Any]:
    # a section whose keys are all commented out reads as null; a bare `off` reads as false in YAML 1.1
    asked = {key: {} if key in SECTIONS and value is None else value for key, value in asked.items()}
    search = asked.get("search")
    if isinstance(search, dict) and search.get("abandon") is False:
        asked["search"] = search | {"abandon": "off"}
    return asked


def _merge(base: Any, over: Any) -> Any:
    """Merge mappings key by key; a hyperparameter that changes its form (range, values, value) is replaced whole."""
    if not isinstance(base, dict) or not isinstance(over, dict) or ("values" in base) != ("values" in over):
        return over
    return base | {key: _merge(base[key], value) if key in base else value for key, value in over.items()}


def _take_out_not_built(asked: dict[str, Any], overrides: Overrides) -> tuple[list[str], list[str]]:
    problems, paths = [], []
    for (section, key), not_built in NOT_BUILT.items():
        mapping = asked.get(section)
        if isinstance(mapping, dict) and key in mapping and not_built.holds(mapping[key]):
            place = overrides.place((section, key))
            problems.append(f"{place} is {shown(mapping[key])}, which is not built yet; use {not_built.remedy}")
            asked[section] = mapping = {k: v for k, v in mapping.items() if k != key}
            paths.append(f"{section}.{key}")
    return problems, paths


def _said(error: ValidationError, overrides: Overrides) -> dict[KeyPath, str]:
    """A line for each key that pydantic refuses, by path; a union refuses once for each of its members."""
    lines: dict[KeyPath, str] = {}
    for one in error.errors():
        location = tuple(str(part) for part in one["loc"])
        nested = location[0] in SECTIONS and len(location) > 1
        path = location[:2] if nested else location[:1]
        keys = (SECTIONS[location[0]] if nested else Experiment).model_fields
        if path[-1] not in keys:
            # what is near to a key takes long to find, and of this many only the first are said
            hint = _hint(path[-1], keys) if len(lines) < MOST_LINES else "remove it"
            lines[path] = f"{overrides.place(path)} is an unknown key; {hint}"
            continue
        limit = {"greater_than_equal": "at least {ge}", "less_than_equal": "at most {le}"}.get(one["type"])
        told = one.get("ctx", {})
        remedy = limit.format(**told) if limit else told.get("remedy", keys[path[-1]].description)
        line = f"{overrides.place(path)} is {shown(one['input'])}; it must be {remedy}"
        if limit or path not in lines:
            lines[path] = line
    return lines


def _hint(key: str, keys: Iterable[str]) -> str:
    """Return what may be meant by an unknown key where there are others."""
    section, _, inner = key.partition(".")
    if section in SECTIONS and inner in SECTIONS[section].model_fields:
        return f"give {inner} within {section}, as in {section}: {{{inner}: …}}"
    near = difflib.get_close_matches(key, keys, n=1)
    return f"did you mean {near[0]}?" if near else f"there is {', '.join(keys)}"


def _unknown_names(experiment: Experiment) -> dict[str, str]:
    """Return a line for each name that the catalogue has not got, by key."""
    asked = (("estimator", experiment.estimator, ESTIMATORS), ("metric", experiment.metric, METRICS))
    return {
        key: f"{experiment.place(key)} {unknown(name, known)}"
        for key, name, known in asked
        if name is not None and name not in known
    }
