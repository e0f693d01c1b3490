"""The search space: what may be tuned, in which ranges, and how what may not is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge

from tests.unit.warmfold_experiment.experiments import refused, resolved
from warmfold_catalogue.domains import Interval
from warmfold_catalogue.estimators import ESTIMATORS, load_estimator

SCIKIT_LEARN: dict[tuple[str, str], Any] = {
    ("hist_gradient_boosting", "classification"): HistGradientBoostingClassifier,
    ("hist_gradient_boosting", "regression"): HistGradientBoostingRegressor,
    ("random_forest", "classification"): RandomForestClassifier,
    ("random_forest", "regression"): RandomForestRegressor,
    ("linear", "classification"): LogisticRegression,
    ("linear", "regression"): Ridge,
}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{min: 0.5, max: 0.5}", ".min is 0.5 and max is 0.5; min must be less than max"),
        ("{min: 2, max: 1}", "min must be less than max"),
        ("{min: 0, max: 1, scaling: Logarithmic}", ".min is 0; on a logarithmic scale it must be greater than 0"),
        ("{min: -1.5, max: 1, scaling: Logarithmic}", "must be greater than 0"),
        ("{min: 0.1, max: 1, scaling: ReverseLogarithmic}", "a reverse logarithmic scale needs"),
        ("{min: 0.1, max: 1, scaling: log}", "use one of Auto, Linear, Logarithmic, ReverseLogarithmic"),
        ("{min: 0.5, max: 2, type: integer}", "min and max must be whole numbers"),
        ("{min: 1, max: 2, type: int}", "use integer or continuous"),
        ("{min: 1, max: 2, step: 1}", ".step is unknown; there is min, max, scaling, type"),
        ("{min: 1}", ".max is missing"),
        ("{min: small, max: 2}", '.min is "small"; it must be a number'),
        ("{min: .inf, max: 2}", ".min is Infinity; it must be a number"),
        ("{values: []}", ".values must be a list of at least two plain values"),
        ("{values: [1]}", ".values has one entry, so that there is nothing to choose; give it as a plain value"),
        ("{values: [a, a]}", ".values has an entry twice"),
        ("{values: [1], min: 1}", ".min does not go with values"),
        ("[1, 2]", "is [1, 2]; give one value"),
    ],
)
def test_a_hyperparameter_that_can_t_be_searched_is_refused(entry: str, words: str) -> None:
    said = refused(f"search: {{hyperparameters: {{learning_rate: {entry}}}}}")
    assert said[0].startswith("experiment.yaml: search.hyperparameters.learning_rate")
    assert words in said[0]


def test_sagemakers_limits_on_hyperparameters_are_checked() -> None:
    def said(hyperparameters: dict[str, Any]) -> str:
        return "\n".join(refused(json.dumps({"search": {"hyperparameters": hyperparameters}})))

    assert "300 characters long; SageMaker takes at most 256" in said({"x" * 300: {"min": 0, "max": 1}})
    assert "2501 characters long; SageMaker takes at most 2500" in said({"class_weight": "x" * 2501})
    assert "31 entries; SageMaker takes at most 30" in said({"max_iter": {"values": list(range(31))}})
    assert "more than 256 characters" in said({"class_weight": {"values": ["x" * 257]}})
    assert all(len(load_estimator(name).hyperparameters(problem)) <= 30 for name, problem in SCIKIT_LEARN), (
        "SageMaker tunes at most 30"
    )


def test_a_hyperparameter_the_estimator_does_not_have_is_named() -> None:
    (said,) = refused("search: {hyperparameters: {learning_rat: {min: 0.1, max: 1.0}}}")
    assert (
        "search.hyperparameters.learning_rat is unknown to hist_gradient_boosting; did you mean learning_rate?" in said
    )


@pytest.mark.parametrize("key", SCIKIT_LEARN)
def test_what_a_hyperparameter_may_be_scikit_learn_takes(key: tuple[str, str]) -> None:
    def takes(name: str, value: Any) -> bool:
        try:
            SCIKIT_LEARN[key](**{name: value})._validate_params()
        except ValueError:
            return False
        return True

    def ends(interval: Interval, step: float, kind: type) -> list[tuple[Any, bool]]:
        """Numbers at and beside the ends of an interval, and whether it holds them."""
        numbers = [interval.low + step * n for n in (-1, 0, 1)]
        numbers += [interval.high + step * n for n in (-1, 0, 1)] if interval.high < 1e9 else []
        return [(kind(number), interval.holds(number)) for number in numbers]

    for name, domain in load_estimator(key[0]).hyperparameters(key[1]).items():
        assert all(takes(name, word) for word in domain.words), name
        wholes = ends(domain.whole, 1, int) if domain.whole else []
        reals = ends(domain.real, 0.001, float) if domain.real else []
        for number, held in wholes + reals:
            assert takes(name, number) or not held, (name, number)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "{max_iter: {min: 10, max: 20, type: continuous}}",
            "max_iter is a range of type continuous; it must be a whole",
        ),
        ("{max_depth: {min: -5, max: 3}}", "max_depth reaches -5; it must be a whole number at least 1 or null"),
        (
            "{max_bins: {min: 16, max: 300}}",
            "max_bins reaches 300; it must be a whole number at least 2 and at most 255",
        ),
        ("{learning_rate: {min: 0, max: 1}}", "learning_rate reaches 0; it must be a number greater than 0"),
        (
            "{learning_rate: 0.1, class_weight: {values: [balanced, nope]}}",
            'class_weight is "nope"; it must be "balanced"',
        ),
        ("{max_leaf_nodes: true, max_iter: {min: 1, max: 2}}", "max_leaf_nodes is true; it must be a whole number"),
        ("{class_weight: {min: 1, max: 2}}", 'class_weight is a range of type integer; it must be "balanced" or null'),
    ],
)
def test_what_the_estimator_can_t_take_is_refused_before_a_fold_is_paid(text: str, words: str) -> None:
    assert any(words in line for line in refused(f"search: {{hyperparameters: {text}}}"))


def test_whole_ends_of_a_real_range_stay_real() -> None:
    space = resolved("{estimator: linear, search: {hyperparameters: {C: {min: 1, max: 100}}}}")["search"]
    assert space["hyperparameters"]["C"]["type"] == "continuous"


def test_something_must_be_tuned() -> None:
    (said,) = refused("search: {hyperparameters: {max_iter: 100}}")
    assert "has nothing to tune" in said


@pytest.mark.parametrize(
    ("space", "combinations"),
    [
        ("{max_leaf_nodes: {min: 7, max: 9}, max_iter: 100}", 3),
        ("{max_leaf_nodes: {min: 7, max: 9}, max_iter: {values: [50, 100]}}", 6),
    ],
)
def test_a_search_would_not_try_a_combination_twice(space: str, combinations: int) -> None:
    (said,) = refused(f"search: {{max_candidates: 7, hyperparameters: {space}}}")
    assert said == (
        f"experiment.yaml: search.max_candidates is 7, and search.hyperparameters has {combinations} combinations; "
        f"set search.max_candidates to {combinations} or less, or give wider ranges"
    )
    assert resolved(f"search: {{max_candidates: {combinations}, hyperparameters: {space}}}")
    assert resolved("search: {hyperparameters: {learning_rate: {min: 0.1, max: 0.2}, max_iter: {values: [1, 2]}}}")


def test_the_type_of_a_range_is_inferred_from_its_ends() -> None:
    text = "search: {hyperparameters: {max_iter: {min: 1, max: 9}, learning_rate: {min: 1e-4, max: 1}}}"
    found = resolved(text)["search"]["hyperparameters"]
    assert found["max_iter"]["type"] == "integer"
    assert found["learning_rate"] == {"min": 0.0001, "max": 1, "type": "continuous", "scaling": "Auto"}


@pytest.mark.parametrize("problem", ["classification", "regression"])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_has_a_search_space_of_its_own(estimator: str, problem: str) -> None:
    found = resolved(f"estimator: {estimator}", problem=problem)
    assert found["search"]["hyperparameters"]
