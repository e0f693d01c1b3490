"""The JSON Schema that editors get takes what Plan Run takes, and refuses what it refuses where a schema can say it."""

from __future__ import annotations

import contextlib
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, validators

from tests.unit.warmfold_experiment import test_experiment as examples
from tests.unit.warmfold_experiment import test_hyperparameters as ranges
from tools.reference.experiment_schema import schema
from warmfold_catalogue.estimators import ESTIMATORS, load_estimator
from warmfold_catalogue.metrics import METRICS
from warmfold_experiment.errors import ExperimentRuleError
from warmfold_experiment.file import parse
from warmfold_experiment.load import load_experiment
from warmfold_experiment.resolve import resolve
from warmfold_experiment.schema import SECTIONS, Experiment

SCHEMA = schema()
_TYPES = Draft7Validator.TYPE_CHECKER.redefine("string", lambda _, given: isinstance(given, str | date))
EDITOR = validators.extend(Draft7Validator, type_checker=_TYPES)(SCHEMA)
"""An editor reads YAML 1.2, to which a date is a string."""
BEYOND_A_SCHEMA = (
    "is 3.0;",  # to JSON that is a whole number
    "is NaN;",
    "is Infinity;",
    "min must be less than max",
    "on a logarithmic scale",
    "a reverse logarithmic scale needs",
    "min and max must be whole numbers",
    "is a range of type continuous",
    "has an entry twice",
    "has nothing to tune",
    "combinations; set search.max_candidates to",
    "does not fit",
    "is never above",
    "_column does not go with",
    "; name the column there",
    "is for rows in order of time",
    "can't deal rows anew",
    "folds of each candidate; there may be",
)
"""What Plan Run says of experiments that a schema can't refuse."""


def refusal(asked: dict[str, Any]) -> str:
    """What Plan Run says of an experiment; nothing when it takes it, for whichever problem."""
    said = []
    for problem, classes in (("classification", 2), ("classification", 3), ("regression", None)):
        try:
            resolve(load_experiment(None, asked), target="y", problem=problem, classes=classes)
        except ExperimentRuleError as error:
            said.append(str(error))
        else:
            return ""
    return "\n".join(said)


def texts(test: Any) -> list[str]:
    """The experiments that a test of Plan Run is parametrized with."""
    return [values[0] for values in test.pytestmark[0].args[1]]


def in_a_space(texts: list[str]) -> list[str]:
    return [f"search: {{hyperparameters: {text}}}" for text in texts]


REFUSED = [
    *texts(examples.test_a_wrong_key_or_value_is_named_with_its_remedy),
    *in_a_space(
        [f"{{learning_rate: {text}}}" for text in texts(ranges.test_a_hyperparameter_that_can_t_be_searched_is_refused)]
    ),
    *in_a_space(texts(ranges.test_what_the_estimator_can_t_take_is_refused_before_a_fold_is_paid)),
]
TAKEN = [
    "{}",
    "search:\nbudget:\n",
    "search: {abandon: off}",
    "{missing_values: [1900-01-01, -1, true, NA], positive_class: 2024-01-31}",
    "search: {hyperparameters: {max_iter: {min: 1, max: 9}, learning_rate: {min: 1e-4, max: 1}, max_bins: 64}}",
    "{estimator: linear, search: {hyperparameters: {C: {min: 1, max: 100}, solver: {values: [lbfgs, sag]}}}}",
    "{estimator: random_forest, search: {max_candidates: 4, hyperparameters:"
    " {max_features: {values: [1, 1.0, sqrt, null]}}}}",
    "{estimator: random_forest, search: {max_candidates: 3, hyperparameters:"
    " {bootstrap: true, max_depth: {min: 1, max: 3}}}}",
    *(f"compute: {text}" for text in texts(examples.test_candidates_run_on_what_they_do_needs_unless_told)),
]


def test_it_is_a_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("text", REFUSED)
def test_what_plan_run_refuses_it_refuses_where_it_can(text: str) -> None:
    asked = parse(text.encode())
    said = refusal(asked)
    assert said
    assert any(words in said for words in BEYOND_A_SCHEMA) or not EDITOR.is_valid(asked)


@pytest.mark.parametrize("text", TAKEN)
def test_what_plan_run_takes_it_takes(text: str) -> None:
    asked = parse(text.encode())
    assert refusal(asked) == ""
    EDITOR.validate(asked)


def test_all_defaults_written_out_are_taken() -> None:
    EDITOR.validate(Experiment().model_dump())


WRONG = st.sampled_from(
    [None, True, False, -1, 0, 1, 2, 5, 10**10, 0.3, 0.7, "", "auto", "group", "ml.m5.large", [], {}]
)
OFFERED: dict[str, list[Any]] = {
    "problem": ["classification", "regression"],
    "metric": list(METRICS),
    "estimator": list(ESTIMATORS),
    "strategy": ["stratified", "kfold", "Bayesian", "Random", "Grid"],
    "fold_placement": ["warm-pool", "in-process"],
    "abandon": ["forgiving", "off", False],
    "approval": ["automatic", "manual"],
}
NUMBERS = st.sampled_from([-1, 0, 1, 2, 5, 100, 300, 0.0, 0.001, 0.5, 0.999, 1.0, 1.5])
VALUES = NUMBERS | st.sampled_from([None, True, False, "sqrt", "balanced", "gini", "x"])
FORMS = (
    VALUES
    | st.fixed_dictionaries({"values": st.lists(VALUES, max_size=3)})
    | st.fixed_dictionaries(
        {"min": NUMBERS, "max": NUMBERS},
        optional={
            "type": st.sampled_from(["integer", "continuous", "int"]),
            "scaling": st.sampled_from(["Auto", "Linear", "Logarithmic", "ReverseLogarithmic", "log"]),
            "step": NUMBERS,
        },
    )
)


@st.composite
def experiments(draw: st.DrawFn, *, right: bool) -> dict[str, Any]:
    """Some keys with values that may do, and one in five that may not; mostly right ones when `right`."""

    def section(model: Any) -> dict[str, Any]:
        names = [name for name in model.model_fields if name not in SECTIONS]
        chosen = draw(st.lists(st.sampled_from([*names, *([] if right else ["unknown"])]), unique=True, max_size=3))
        return {name: value(name, model) for name in chosen}

    def value(name: str, model: Any) -> Any:
        if name == "hyperparameters":
            return hyperparameters()
        if name in OFFERED and draw(st.integers(0, 4)):
            return draw(st.sampled_from(OFFERED[name]))
        if right and name in model.model_fields:
            return model.model_fields[name].get_default()
        return draw(WRONG)

    def hyperparameters() -> Any:
        estimator = load_estimator(
            name if isinstance(name := asked.get("estimator"), str) and name in ESTIMATORS else "random_forest"
        )
        names = st.sampled_from(
            [*estimator.hyperparameters("classification"), *estimator.hyperparameters("regression")]
        )
        return draw(st.dictionaries(names, FORMS, max_size=2)) or None

    asked = section(Experiment)
    for name in draw(st.lists(st.sampled_from(list(SECTIONS)), unique=True, max_size=3)):
        asked[name] = section(SECTIONS[name])
    return asked


@given(experiments(right=True) | experiments(right=False))
def test_no_experiment_that_plan_run_takes_is_refused(asked: dict[str, Any]) -> None:
    if refusal(asked) == "":
        EDITOR.validate(asked)


@given(experiments(right=False))
def test_what_the_schema_of_the_functions_refuses_is_refused(asked: dict[str, Any]) -> None:
    with contextlib.suppress(ExperimentRuleError):
        load_experiment(None, asked)
        return
    assert not EDITOR.is_valid(asked)
