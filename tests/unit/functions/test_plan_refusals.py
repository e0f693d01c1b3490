"""Plan Run refuses what can't work, in words, before anything exists."""

from __future__ import annotations

from typing import Any

import pytest

import plan_run
from pipeline.errors import DatasetError, ExperimentError
from tests.unit.functions.conftest import BUCKET, event_of


def test_a_target_that_is_not_there_is_refused_however_large_the_data(
    plan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmfold_experiment.understanding.WHOLE_SCAN_BYTES", 100)
    with pytest.raises(DatasetError, match="no column is called 'targett'"):
        plan(experiment="target: targett")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "data.csv"),
        (b"x,target\n", "no rows"),
        (b"x,target\n" + b"1,a\n" * 50, "one class"),
        (b"x,target\n" + b"1,\n" * 50, "missing"),
        (b"x,target\n1,a\n2\n", "line 3"),
        (b"x,target\n\x81,a\n", "UTF-8"),
        (b"x,x,target\n1,2,a\n", "x"),
    ],
)
def test_bad_data_is_refused_in_words_before_anything_exists(plan: Any, s3: Any, data: bytes, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        plan(data=data)
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="runs/")["KeyCount"] == 0


@pytest.mark.parametrize(
    ("experiment", "words"),
    [
        ("search: {max_candidats: 3}", "did you mean max_candidates"),
        ("search: {max_candidates: many}", 'search.max_candidates is "many"'),
        ("search: {hyperparameters: {learning_rate: {min: 1, max: 0.5}}}", "min must be less than max"),
        ("search: {hyperparameters: {learning_rate: {min: 0, max: 1, scaling: Logarithmic}}}", "greater than 0"),
        ("search: {hyperparameters: {depth: {min: 1, max: 2}}}", "unknown to hist_gradient_boosting"),
        ("metric: auc", "metric auc is unknown"),
        ("estimator: xgboost", "estimator xgboost is unknown"),
        ("metric: r2", "does not fit"),
        ("search: {abandon: aggressive}", '"forgiving" or "off"'),
        ("compute: {fold_placement: in_process}", '"auto", "warm-pool" or "in-process"'),
        ("quality_gate: {approval: me}", '"automatic" or "manual"'),
        ("quality_gate: {beat_champion: maybe}", "true or false"),
        ("quality_gate: {suspicious: allow}", '"hold" or "ignore"'),
        ("budget: {max_usd: 5}", "not built yet"),
        ("cross_validation: {gap: 3}", "gap is for rows in order of time; give time_column too, or remove it"),
    ],
)
def test_a_bad_experiment_is_refused_by_key_and_remedy(plan: Any, s3: Any, experiment: str, words: str) -> None:
    with pytest.raises(ExperimentError, match=words):
        plan(experiment=experiment)
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="runs/")["KeyCount"] == 0


def test_an_unknown_target_names_the_columns(plan: Any) -> None:
    with pytest.raises(DatasetError, match="targett"):
        plan(experiment="target: targett")


@pytest.mark.parametrize("name", ["März 2026", "a" * 64, "", None, "../x"])
def test_a_dataset_name_that_can_t_be_one_is_refused(plan: Any, lambda_context: Any, name: str | None) -> None:
    plan()
    event = event_of("plan_run")
    with pytest.raises(
        ExperimentError, match=r"execution input: dataset is .*; give the folder's name.*up to 63 letters"
    ):
        plan_run.lambda_handler(
            event | {"execution_arn": f"{event['execution_arn']}1", "input": {"dataset": name}},
            lambda_context,
        )


def test_rows_to_score_without_a_feature_column_are_refused(plan: Any) -> None:
    with pytest.raises(DatasetError, match=r"predict\.csv"):
        plan(predict=b"x\n1\n")


def test_a_dataset_that_is_not_there_is_named(plan: Any) -> None:
    with pytest.raises(DatasetError, match=r"datasets/churn/data\.csv is not there"):
        plan(data=None)
