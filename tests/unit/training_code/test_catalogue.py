"""The catalogue: what every entry declares holds, and needs nothing but Python; what is not there is named."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from tests.unit.training_code.split import mixed, split
from warmfold_catalogue.entries import EntryError, UnknownNameError
from warmfold_catalogue.estimators import ESTIMATORS, load_estimator
from warmfold_catalogue.metrics import METRICS, fitting_metrics, load_metric
from warmfold_catalogue.splitters import SPLITTERS, load_splitter
from warmfold_jobs.training.pipeline import build_pipeline

TRAINING_CODE = Path(__file__).parents[3] / "training_code"
DECLARATIONS = """
import json, sys
sys.path.insert(0, sys.argv[1])
from warmfold_catalogue.estimators import ESTIMATORS, load_estimator
from warmfold_catalogue.metrics import METRICS, load_metric
from warmfold_catalogue.splitters import SPLITTERS, Kind, load_splitter
told = {name: load_metric(name).summary for name in METRICS}
for name in SPLITTERS:
    told[name] = load_splitter(name).summary
    splitter = load_splitter(name)
    if hasattr(splitter, "shares"):
        splitter.shares([Kind(((0, 1),), 9)], 2)
for name in ESTIMATORS:
    entry = load_estimator(name)
    told[name] = entry.summary
    for problem in entry.problems:
        domains = entry.hyperparameters(problem)
        assert all(map(str, domains.values()))
        assert entry.default_search_space(problem).keys() <= domains.keys()
print(json.dumps(told))
"""


def test_declarations_are_read_with_the_standard_library_alone() -> None:
    # -S: without site-packages, as in a function that has no scikit-learn
    command = [sys.executable, "-I", "-S", "-c", DECLARATIONS, str(TRAINING_CODE)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert told.keys() == {*ESTIMATORS, *METRICS, *SPLITTERS}
    assert all(summary[0].isupper() and summary.endswith(".") for summary in told.values())


class Perfect(BaseEstimator):  # type: ignore[misc]
    """Knows the target, which is its only feature."""

    classes_: Any

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, features: Any) -> Any:
        return np.asarray(features)[:, 0]


class PerfectRegressor(RegressorMixin, Perfect):  # type: ignore[misc]
    pass


class PerfectClassifier(ClassifierMixin, Perfect):  # type: ignore[misc]
    def __init__(self, classes: int) -> None:
        self.classes = classes
        self.classes_ = np.arange(classes)

    def predict_proba(self, features: Any) -> Any:
        return np.eye(self.classes)[self.predict(features)]


@pytest.mark.parametrize("classes", [2, 3, None])
def test_a_perfect_model_has_the_best_possible_score(classes: int | None) -> None:
    labels = np.arange(1, 31) if classes is None else np.arange(30) % classes
    model: Perfect = PerfectRegressor() if classes is None else PerfectClassifier(classes)
    for name in fitting_metrics("regression" if classes is None else "classification", classes):
        metric = load_metric(name)
        assert metric.scorer()(model, labels.reshape(-1, 1), labels) == pytest.approx(metric.best_possible), name


@pytest.mark.parametrize(
    ("metric", "bounds"), [("roc_auc", [2, 2]), ("accuracy", [2, None]), ("roc_auc_ovr", [3, None]), ("r2", None)]
)
def test_a_metric_says_for_how_many_classes_it_is(metric: str, bounds: list[int | None] | None) -> None:
    assert load_metric(metric).class_bounds == bounds


def test_each_problem_has_one_default() -> None:
    metrics = [task for name in METRICS for task in load_metric(name).default_for]
    assert sorted(metrics) == ["binary", "multiclass", "regression"]
    loaded = [load_splitter(name) for name in SPLITTERS]
    splitters = [(one.needs or "", problem) for one in loaded for problem in one.default_for]
    assert sorted(splitters) == [
        (needs, problem)
        for needs in ("", "fold_column", "group_column", "time_column")
        for problem in ("classification", "regression")
    ]


def test_an_unknown_name_is_told_with_what_there_is(tmp_path: Path) -> None:
    schema = split(tmp_path, mixed()).schema
    with pytest.raises(UnknownNameError, match="estimator xgboost is unknown; use one of hist_gradient_boosting, rand"):
        build_pipeline(schema, pd.DataFrame(), "xgboost", {}, seed=0)
    with pytest.raises(UnknownNameError, match="metric auc is unknown; use one of accuracy, average_precision"):
        load_metric("auc")
    with pytest.raises(UnknownNameError, match="splitter groups is unknown; use one of stratified, kfold"):
        load_splitter("groups")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nowhere:Linear", "nowhere:Linear can't be had: No module named 'nowhere'"),
        ("warmfold_catalogue.estimators.linear:Line", "can't be had: .* has no attribute 'Line'"),
        ("warmfold_catalogue.estimators.linear:Linear", "calls itself linear; the table and the entry must agree"),
        ("warmfold_catalogue.estimators:Estimator", "can't be had: Can't instantiate abstract class"),
    ],
)
def test_a_line_that_leads_to_no_entry_is_told(line: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ESTIMATORS, "mine", line)
    with pytest.raises(EntryError, match=f"estimator mine: .*{words}"):
        load_estimator("mine")


def test_the_bins_of_boosting_bound_its_categories(tmp_path: Path) -> None:
    words = pd.DataFrame({"word": [f"w{n % 40}" for n in range(400)], "label": ["a", "b"] * 200})
    schema = split(tmp_path, words).schema
    steps = build_pipeline(schema, words, "hist_gradient_boosting", {"max_bins": 16}, seed=0).fit(
        words[["word"]], [0, 1] * 200
    )
    categories = steps.named_steps["preprocessing"].named_transformers_["text"].transform(words[["word"]])
    assert categories.max() == 15
