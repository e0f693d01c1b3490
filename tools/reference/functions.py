"""The pages on places and names: the functions that make and parse them, each with what it gives for one run."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from tools.reference.markdown import item, paragraphs, prose
from warmfold_run import names, places

_ARN = "arn:aws:states:eu-central-1:123456789012:execution:warmfold-tuning:churn-0123456789abcdef"
_RUN = names.run_id(_ARN)
_TUNING_JOB = names.tuning_job("warmfold", _RUN)
_CANDIDATE = names.candidate_job(_TUNING_JOB, 7, "0a1b2c3d")
_ARGUMENTS: dict[str, Any] = {
    "bucket": "bucket",
    "candidate": _CANDIDATE,
    "chunk": 0,
    "dataset": "churn",
    "execution_arn": _ARN,
    "fold": 2,
    "job": names.fold_job(_CANDIDATE, 2),
    "key": places.data_key("churn"),
    "length": 7,
    "mean": 0.9375,
    "name": places.PLAN,
    "names": ["part-0.csv", "part-1.csv.gz", ".part-0.csv.crc", "notes.txt"],
    "number": 7,
    "part": 0,
    "prefix": "warmfold",
    "record": places.fold_record(2),
    "run": _RUN,
    "sha256": "9f86d081…",
    "state_machine_arn": "arn:aws:states:eu-central-1:123456789012:stateMachine:warmfold-tuning",
    "suffix": "0a1b2c3d",
    "text": "Churn, 2026",
    "tuning_job": _TUNING_JOB,
    "uri": places.uri("bucket", places.run_key(_RUN, places.PLAN)),
    "version": "3sL4kqtJlcpXroDTDmJ",
    "where": places.locations("bucket", _RUN),
}
_OF_ITS_OWN: dict[tuple[str, str], Any] = {
    ("execution_arn", "name"): "churn-0123456789abcdef",
    ("parse_candidate", "job"): _CANDIDATE,
    ("data_name", "key"): places.data_key("churn", places.SUCCESS),
    ("part_of", "file"): places.part_file(2),
}
"""Arguments of functions for which another value says more."""


def page(module: ModuleType, title: str) -> str:
    """Return the page on a module of `warmfold_run`; raises KeyError for a parameter that has no example."""
    constants = [item(line) for line in _constants(module)]
    functions = [
        item(_function(name, function))
        for name, function in vars(module).items()
        if isinstance(function, FunctionType) and function.__module__ == module.__name__ and not name.startswith("_")
    ]
    return paragraphs(
        f"# {title}",
        *map(prose, (module.__doc__ or "").split("\n\n")),
        prose(f"For a run of the dataset `churn` the functions of `{module.__name__}` give what follows."),
        "## Functions",
        "\n".join(functions),
        "## Constants",
        "\n".join(constants),
    )


def _function(name: str, function: FunctionType) -> str:
    parameters = inspect.signature(function).parameters
    needed = [parameter for parameter, what in parameters.items() if what.default is inspect.Parameter.empty]
    given = {one: _OF_ITS_OWN[name, one] if (name, one) in _OF_ITS_OWN else _ARGUMENTS[one] for one in needed}
    result = function(**given)
    shown = result if isinstance(result, str) else json.dumps(_plain(result), ensure_ascii=False)
    said = " ".join((inspect.getdoc(function) or "").split())
    return f"`{name}({', '.join(parameters)})`: {said} `{shown}`"


def _plain(result: Any) -> Any:
    return result._asdict() if hasattr(result, "_asdict") else result


def _constants(module: ModuleType) -> Iterator[str]:
    """A module's public constants; those that one statement sets share what is said of them."""
    body = ast.parse(inspect.getsource(module)).body
    for statement, after in zip(body, [*body[1:], ast.Pass()], strict=True):
        if not isinstance(statement, ast.Assign):
            continue
        named = [target.id for target in ast.walk(statement.targets[0]) if isinstance(target, ast.Name)]
        if public := [name for name in named if name.isupper() and not name.startswith("_")]:
            shown = [f"`{name}` = `{_value(getattr(module, name))}`" for name in public]
            said = ast.literal_eval(after.value) if isinstance(after, ast.Expr) else ""
            yield f"{', '.join(shown)}{': ' if said else ''}{said}"


def _value(constant: Any) -> Any:
    return constant.pattern if isinstance(constant, re.Pattern) else constant
