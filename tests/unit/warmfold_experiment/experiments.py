"""What an experiment's text resolves to, or is refused with."""

from __future__ import annotations

from typing import Any

import pytest

from warmfold_experiment.errors import ExperimentRuleError
from warmfold_experiment.load import load_experiment
from warmfold_experiment.resolve import resolve


def resolved(
    text: str | None = None,
    overrides: dict[str, Any] | None = None,
    *,
    problem: str = "classification",
    classes: int | None = 2,
) -> dict[str, Any]:
    given = load_experiment(None if text is None else text.encode(), overrides)
    return resolve(given, target="y", problem=problem, classes=None if problem == "regression" else classes)


def refused(text: str | None = None, overrides: dict[str, Any] | None = None, **facts: Any) -> list[str]:
    with pytest.raises(ExperimentRuleError) as caught:
        resolved(text, overrides, **facts)
    return str(caught.value).split("\n")
