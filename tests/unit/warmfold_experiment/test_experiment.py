"""experiment.yaml: what it may say, what wins, and how it is refused."""

from __future__ import annotations

import pytest
from sklearn.metrics import get_scorer_names

from tests.unit.warmfold_experiment.experiments import refused, resolved
from warmfold_catalogue.metrics import METRICS


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
        "max_fold_seconds": "auto",
        "split_instances": "auto",
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
  keep_alive_seconds: auto, max_fold_seconds: 7200, split_instances: 4}
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
        ("compute: {split_instances: 21}", "compute.split_instances is 21; it must be at most 20"),
        ("compute: {split_instances: 0}", "compute.split_instances is 0; it must be at least 1"),
        ("compute: {split_instances: many}", 'split_instances is "many"; it must be "auto" or a whole number'),
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
