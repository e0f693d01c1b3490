"""experiment.yaml: what it may say, what wins, and how it is refused."""

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
from sklearn.metrics import get_scorer_names

from warmfold_catalogue.domains import Interval
from warmfold_catalogue.estimators import ESTIMATORS, load_estimator
from warmfold_catalogue.metrics import METRICS
from warmfold_experiment.errors import ExperimentRuleError
from warmfold_experiment.load import load_experiment
from warmfold_experiment.resolve import resolve
from warmfold_experiment.schema import Experiment

BOMB = b"a0: &a0 [x, x]\n" + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 30))
"""A kilobyte that stands for 2^30 values."""
SCIKIT_LEARN: dict[tuple[str, str], Any] = {
    ("hist_gradient_boosting", "classification"): HistGradientBoostingClassifier,
    ("hist_gradient_boosting", "regression"): HistGradientBoostingRegressor,
    ("random_forest", "classification"): RandomForestClassifier,
    ("random_forest", "regression"): RandomForestRegressor,
    ("linear", "classification"): LogisticRegression,
    ("linear", "regression"): Ridge,
}


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


def test_without_a_file_every_key_has_its_default() -> None:
    found = resolved()
    assert found["metric"] == "roc_auc"
    assert found["cross_validation"] == {
        "n_splits": 5,
        "strategy": "stratified",
        "group_column": None,
        "time_column": None,
        "fold_column": None,
        "repeats": 1,
        "gap": 0,
        "window": None,
        "holdout": 0.2,
        "seed": 42,
    }
    assert found["compute"] == {
        "instance_type": "ml.m5.xlarge",
        "candidate_instance_type": "ml.m5.xlarge",
        "fold_placement": "auto",
        "keep_alive_seconds": "auto",
    }
    assert found["search"]["abandon"] == "forgiving"
    assert found["quality_gate"] == {
        "min_score": None,
        "beat_champion": False,
        "approval": "automatic",
        "suspicious": "hold",
    }
    assert found["budget"] == {"max_usd": None}


def test_an_experiment_of_nearly_every_key_is_understood_up_to_what_is_not_built() -> None:
    text = """
target: diagnosis
problem: classification
metric: roc_auc
estimator: hist_gradient_boosting
cross_validation: {n_splits: 5, strategy: stratified, group_column: null, time_column: null, fold_column: null,
  repeats: 1, gap: 0, window: null, holdout: 0.2, seed: 42}
search:
  strategy: Bayesian
  max_candidates: 20
  max_parallel_candidates: 2
  abandon: forgiving
  hyperparameters:
    learning_rate: {min: 0.01, max: 0.5, scaling: Logarithmic}
    max_leaf_nodes: {min: 7, max: 127, type: integer}
compute: {instance_type: ml.m5.xlarge, candidate_instance_type: ml.m5.large, fold_placement: auto,
  keep_alive_seconds: auto}
quality_gate: {min_score: null, beat_champion: true, approval: manual}
budget: {max_usd: 10}
"""
    assert refused(text) == [
        "experiment.yaml: budget.max_usd is 10, which is not built yet; use null",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("cross_validation: {strategy: group}", "strategy group needs group_column; name the column there"),
        ("cross_validation: {strategy: time_series}", "strategy time_series needs time_column; name the column there"),
        ("cross_validation: {strategy: predefined}", "strategy predefined needs fold_column; name the column there"),
        (
            "cross_validation: {strategy: kfold, group_column: id}",
            "group_column does not go with strategy kfold; use group or leave_one_group_out or stratified_group, or",
        ),
        (
            "cross_validation: {strategy: group, time_column: day}",
            "time_column does not go with strategy group; use time_series, or remove one of the two",
        ),
        (
            "cross_validation: {group_column: id, time_column: day}",
            "time_column does not go with group_column; rows are divided by one column, so remove one",
        ),
        ("cross_validation: {gap: 3}", "gap is for rows in order of time; give time_column too, or remove it"),
        ("cross_validation: {window: 300}", "window is for rows in order of time; give time_column too, or remove it"),
        ("cross_validation: {repeats: 11}", "cross_validation.repeats is 11; it must be at most 10"),
        (
            "cross_validation: {repeats: 5}",
            "cross_validation.repeats is 5, which makes 25 folds of each candidate; there may be 20: with 5 folds use "
            "at most 4",
        ),
        (
            "cross_validation: {repeats: 2, time_column: day}",
            "cross_validation.repeats is 2, and strategy time_series can't deal rows anew; use 1",
        ),
        (
            "cross_validation: {repeats: 2, fold_column: fold}",
            "cross_validation.repeats is 2, and strategy predefined can't deal rows anew; use 1",
        ),
        (
            "cross_validation: {repeats: 9, group_column: id, strategy: leave_one_group_out}",
            "cross_validation.repeats is 9, and strategy leave_one_group_out can't deal rows anew; use 1",
        ),
        ("cross_validation: {window: 0, time_column: day}", "cross_validation.window is 0; it must be at least 1"),
        ("search: {strategy: Grid}", 'search.strategy is "Grid", which is not built yet; use "Bayesian" or "Random"'),
        ("serch: {}", "serch is an unknown key; did you mean search?"),
        ("zzz: 1", "zzz is an unknown key; there is target, problem"),
        ("search: {max_candidats: 3}", "search.max_candidats is an unknown key; did you mean max_candidates?"),
        ("search: 3", "search is 3; it must be a mapping of keys"),
        ("search: {max_candidates: 0}", "search.max_candidates is 0; it must be at least 1"),
        ("search: {max_candidates: 751}", "search.max_candidates is 751; it must be at most 750"),
        ("search: {max_candidates: 3.0}", "search.max_candidates is 3.0; it must be a whole number from 1 to 750"),
        ("search: {max_candidates: true}", "search.max_candidates is true; it must be a whole number"),
        ("search: {max_candidates: null}", "search.max_candidates is null; it must be a whole number"),
        ("search: {strategy: Sideways}", 'search.strategy is "Sideways"; it must be "Bayesian" or "Random"'),
        ("search: {abandon: perhaps}", 'search.abandon is "perhaps"; it must be "forgiving" or "off"'),
        ("search: {hyperparameters: [1]}", "search.hyperparameters is [1]; it must be a mapping of hyperparameters"),
        ("cross_validation: {n_splits: 1}", "cross_validation.n_splits is 1; it must be at least 2"),
        ("cross_validation: {n_splits: '5'}", 'cross_validation.n_splits is "5"; it must be a whole number'),
        ("cross_validation: {holdout: 0.6}", "cross_validation.holdout is 0.6; it must be at most 0.5"),
        ("cross_validation: {holdout: 0}", "cross_validation.holdout is 0; it must be at least 0.05"),
        ("cross_validation: {seed: -1}", "cross_validation.seed is -1; it must be at least 0"),
        ("compute: {instance_type: m5.large}", 'compute.instance_type is "m5.large"; it must be an instance type'),
        ("compute: {fold_placement: both}", 'fold_placement is "both"; it must be "auto", "warm-pool" or "in-process"'),
        ("compute: {candidate_instance_type: m5}", 'candidate_instance_type is "m5"; it must be an instance type such'),
        ("compute: {keep_alive_seconds: 3601}", "compute.keep_alive_seconds is 3601; it must be at most 3600"),
        ("compute: {keep_alive_seconds: long}", 'keep_alive_seconds is "long"; it must be "auto" or a whole number'),
        ("quality_gate: {min_score: .nan}", "quality_gate.min_score is NaN; it must be a number or null"),
        ("quality_gate: {min_score: high}", 'quality_gate.min_score is "high"; it must be a number or null'),
        ("target: 3", "target is 3; it must be a column's name"),
        ("problem: guess", 'problem is "guess"; it must be "classification" or "regression"'),
        ("metric: auc", "metric auc is unknown; use one of accuracy"),
        (
            "estimator: xgboost",
            "estimator xgboost is unknown; use one of hist_gradient_boosting, random_forest, linear",
        ),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_remedy(text: str, line: str) -> None:
    (said,) = refused(text)
    assert said.startswith("experiment.yaml: ")
    assert line in said


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
        ("{values: []}", ".values must be a list of at least one plain value"),
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


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert len(refused("{targt: y, search: {max_candidates: 0, strategy: Grid}, budget: {max_usd: 1}}")) == 4


def test_a_key_from_the_execution_input_is_said_to_come_from_there() -> None:
    said = refused("search: {max_candidates: 0}", {"search": {"max_parallel_candidates": 0}, "metric": "auc"})
    assert "experiment.yaml: search.max_candidates is 0; it must be at least 1" in said
    assert "execution input: search.max_parallel_candidates is 0; it must be at least 1" in said
    (metric,) = refused("estimator: linear", {"metric": "auc"})
    assert metric.startswith("execution input: metric auc is unknown")


def test_overrides_win_key_by_key_down_to_a_range() -> None:
    text = "search: {max_candidates: 9, hyperparameters: {max_iter: {min: 10, max: 90}, max_bins: 64}}"
    overrides = {"search": {"hyperparameters": {"max_iter": {"max": 50}, "max_bins": {"values": [32, 64]}}}}
    search = resolved(text, overrides)["search"]
    assert search["max_candidates"] == 9
    assert search["hyperparameters"] == {
        "max_iter": {"min": 10, "max": 50, "type": "integer", "scaling": "Auto"},
        "max_bins": {"values": [32, 64]},
    }


def test_the_type_of_a_range_is_inferred_from_its_ends() -> None:
    text = "search: {hyperparameters: {max_iter: {min: 1, max: 9}, learning_rate: {min: 1e-4, max: 1}}}"
    found = resolved(text)["search"]["hyperparameters"]
    assert found["max_iter"]["type"] == "integer"
    assert found["learning_rate"] == {"min": 0.0001, "max": 1, "type": "continuous", "scaling": "Auto"}


@pytest.mark.parametrize(
    ("compute", "candidates_run_on"),
    [
        ("{fold_placement: auto, instance_type: ml.c5.xlarge}", "ml.c5.xlarge"),
        ("{fold_placement: in-process, instance_type: ml.c5.xlarge}", "ml.c5.xlarge"),
        ("{fold_placement: warm-pool, instance_type: ml.c5.xlarge}", "ml.m5.large"),
        ("{fold_placement: warm-pool, candidate_instance_type: ml.t3.medium}", "ml.t3.medium"),
        ("{fold_placement: in-process, candidate_instance_type: ml.m5.4xlarge}", "ml.m5.4xlarge"),
        ("{instance_type: ml.c5.xlarge, candidate_instance_type: null}", "ml.c5.xlarge"),
    ],
)
def test_candidates_run_on_what_they_do_needs_unless_told(compute: str, candidates_run_on: str) -> None:
    assert resolved(f"compute: {compute}")["compute"]["candidate_instance_type"] == candidates_run_on


def test_a_bare_off_and_an_empty_section_are_what_they_look_like() -> None:
    found = resolved("search: {abandon: off}\nbudget:\n")
    assert found["search"]["abandon"] == "off"
    assert found["budget"] == {"max_usd": None}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"target: [", "not valid YAML"),
        (b"- target", "it must be a mapping"),
        (b"target: \xff", "not UTF-8 at byte 8"),
        (b"#" * 262_145, "it has more than 262144 bytes"),
        (b"target: " + b"[" * 100_000, "line 1, column 28: nested deeper than 20 levels"),
        (b"target: " + b"{a: " * 50_000, "nested deeper than 20 levels"),
        (BOMB, "more than 100000 keys and values, those that aliases stand for counted each time"),
        (b"target: &t [*t]", "line 1, column 13: .t stands inside what it stands for"),
        (b"metric: r2\nmetric: r2\n", "line 2, column 1: not valid YAML: key metric is given twice"),
        (b"target: !!python/object:os.system x", "not valid YAML"),
    ],
)
def test_a_file_that_can_t_be_read_is_refused(text: bytes, words: str) -> None:
    with pytest.raises(ExperimentRuleError, match=words):
        load_experiment(text, None)


@pytest.mark.parametrize("text", [b"", b"# nothing yet\n", None])
def test_an_empty_file_is_as_none(text: bytes | None) -> None:
    assert load_experiment(text, None) == Experiment()


@pytest.mark.parametrize(
    ("metric", "problem", "classes"),
    [("r2", "classification", 2), ("roc_auc", "regression", None), ("roc_auc", "classification", 3)],
)
def test_a_metric_that_does_not_fit_the_problem_is_refused(metric: str, problem: str, classes: int | None) -> None:
    (said,) = refused(f"metric: {metric}", problem=problem, classes=classes)
    assert f"metric {metric} does not fit {problem}" in said


@pytest.mark.parametrize(("metric", "least"), [("roc_auc", 95), ("neg_log_loss", 0.1)])
def test_a_gate_that_nothing_can_pass_is_refused(metric: str, least: float) -> None:
    (said,) = refused(f"{{metric: {metric}, quality_gate: {{min_score: {least}}}}}")
    assert f"quality_gate.min_score is {least}, and {metric} is never above" in said


def test_regression_can_t_be_stratified() -> None:
    assert resolved(problem="regression")["cross_validation"]["strategy"] == "kfold"
    (said,) = refused("cross_validation: {strategy: stratified}", problem="regression")
    assert "cross_validation.strategy stratified does not fit regression; use kfold" in said


def test_every_metric_is_one_of_scikit_learns_scorers() -> None:
    assert set(get_scorer_names()) >= set(METRICS)


@pytest.mark.parametrize("problem", ["classification", "regression"])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_has_a_search_space_of_its_own(estimator: str, problem: str) -> None:
    found = resolved(f"estimator: {estimator}", problem=problem)
    assert found["search"]["hyperparameters"]


def test_an_anchor_that_is_used_as_people_use_it_is_read() -> None:
    text = "search: {hyperparameters: {max_iter: &few {min: 5, max: 9}, min_samples_leaf: *few}}\n"
    space = resolved(text)["search"]["hyperparameters"]
    assert space["max_iter"]["max"] == space["min_samples_leaf"]["max"] == 9


def test_an_execution_s_input_is_not_nested_for_ever() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = {"a": deep}
    assert refused(None, {"target": deep}) == ["execution input: nested deeper than 20 levels; no key needs that"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dialect: {delimiter: ;;}", 'dialect.delimiter is ";;"; it must be one character'),
        ("dialect: {delimiter: '\"'}", "it must be one character"),
        ("dialect: {encoding: utf-99}", 'dialect.encoding is "utf-99"; it must be one of utf-8'),
        ("dialect: {encoding: base64}", "it must be one of utf-8"),
        ("dialect: {decimal: ;}", 'it must be "." or ","'),
        ("dialect: {header: 'yes'}", "it must be true or false"),
        ("dialect: {separator: ;}", "dialect.separator is an unknown key"),
    ],
)
def test_a_dialect_that_can_t_be_is_refused_by_key(text: str, says: str) -> None:
    (line,) = refused(text)
    assert says in line


def test_a_dialect_is_resolved_key_by_key() -> None:
    assert resolved('dialect: {delimiter: "\\t", encoding: iso8859-1, header: false}')["dialect"] == {
        "delimiter": "\t",
        "decimal": None,
        "encoding": "iso8859-1",
        "header": False,
    }
    assert resolved()["dialect"] == dict.fromkeys(["delimiter", "decimal", "encoding", "header"])


@pytest.mark.parametrize(
    ("keys", "problem", "strategy"),
    [
        ("group_column: id", "classification", "stratified_group"),
        ("group_column: id", "regression", "group"),
        ("group_column: id, strategy: leave_one_group_out", "regression", "leave_one_group_out"),
        ("time_column: day, gap: 3, window: 90", "classification", "time_series"),
        ("time_column: day", "regression", "time_series"),
        ("fold_column: fold", "regression", "predefined"),
    ],
)
def test_a_column_that_divides_the_rows_decides_the_strategy(keys: str, problem: str, strategy: str) -> None:
    found = resolved(f"cross_validation: {{{keys}}}", problem=problem)
    assert found["cross_validation"]["strategy"] == strategy


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("columns: {id: ignore, zip: text}", {"id": "ignore", "zip": "text"}),
        ("columns: [id, Unnamed]", {"id": "ignore", "Unnamed": "ignore"}),
        ('columns: {day: "%d/%m/%Y"}', {"day": "%d/%m/%Y"}),
        ("columns:", {}),
    ],
)
def test_what_columns_are_can_be_said_one_by_one_or_as_a_list_to_ignore(text: str, columns: dict[str, str]) -> None:
    assert resolved(text)["columns"] == columns


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("columns: {id: skip}", "columns is"),
        ("columns: id", "a list of columns to ignore"),
        ("columns: [1]", "columns is [1]"),
        ("missing_values: '?'", "missing_values is"),
        ("positive_class: [yes]", "positive_class is"),
    ],
)
def test_what_columns_can_t_be_is_refused(text: str, says: str) -> None:
    (line,) = refused(text)
    assert says in line


@pytest.mark.parametrize(
    ("text", "cells"), [("['?', -999, 0.5]", ["?", "-999", "0.5"]), ("[no, true]", ["false", "true"]), ("", [])]
)
def test_cells_that_yaml_reads_as_numbers_or_truth_values_are_cells(text: str, cells: list[str]) -> None:
    assert resolved(f"missing_values: {text}")["missing_values"] == cells


@pytest.mark.parametrize(("text", "called"), [("yes", "true"), ("1", "1"), ("legit", "legit"), ("null", None)])
def test_the_positive_class_is_a_cell_however_yaml_reads_it(text: str, called: str | None) -> None:
    assert resolved(f"positive_class: {text}")["positive_class"] == called
