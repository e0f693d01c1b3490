"""What the final job says of its model: intervals that hold, baselines on the same rows, gains that are no chance."""

from __future__ import annotations

import json
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import get_scorer

from tests.documents import complaints
from tests.unit.training_code.split import Split, breast_cancer, split
from warmfold_catalogue.metrics import METRICS, load_metric
from warmfold_jobs.data.table import read_table
from warmfold_jobs.training import baselines, intervals
from warmfold_jobs.training.final import train_final
from warmfold_jobs.training.pipeline import build_pipeline
from warmfold_jobs.training.scoring import Answers
from warmfold_run.records import FinalMetrics

ALPHA = {"alpha": {"min": 0.001, "max": 1000.0, "type": "continuous", "scaling": "Logarithmic"}}
C = {"C": {"min": 0.00001, "max": 10.0, "type": "continuous", "scaling": "Logarithmic"}}


def diabetes() -> pd.DataFrame:
    frame: pd.DataFrame = load_diabetes(as_frame=True).frame
    return frame


def final(ready: Split, folder: Path, given: dict[str, str]) -> FinalMetrics:
    return train_final(ready.plan, ready.schema, given, ready.files, ready.holdout, folder / "model")


def regression(folder: Path, given: str, metric: str = "r2") -> FinalMetrics:
    ready = split(folder, diabetes(), problem="regression", metric=metric, estimator="linear", space=ALPHA)
    return final(ready, folder, {"alpha": given})


def test_every_metric_has_a_name_for_sentences() -> None:
    titles = [load_metric(name).title for name in METRICS]
    assert len(set(titles)) == len(titles)
    assert not any("neg" in title or "_" in title for title in titles)


def test_a_job_without_time_for_more_fits_saves_its_model_and_says_what_it_left_out(tmp_path: Path) -> None:
    ready = split(tmp_path, diabetes(), problem="regression", metric="r2", estimator="linear", space=ALPHA)
    most = ready.plan["requests"]["final"]["StoppingCondition"]["MaxRuntimeInSeconds"]
    looks = chain([0.0], count(most))
    model = tmp_path / "model"
    metrics = train_final(
        ready.plan, ready.schema, {"alpha": "1"}, ready.files, ready.holdout, model, clock=lambda: next(looks)
    )
    defaults = metrics["baselines"]["defaults"]
    assert defaults["score"] is None
    assert "and the job has 0 left; `compute.max_fold_seconds` gives it more" in defaults["said"]
    told = json.loads((model / "diagnostics.json").read_text())
    assert {"importance", "dependence"} <= {one["what"].partition(" ")[0] for one in told["left_out"]}
    assert (model / "model.joblib").is_file()


def test_defaults_and_dummy_are_fitted_on_the_same_rows_and_scored_on_the_same_holdout(tmp_path: Path) -> None:
    ready = split(tmp_path, diabetes(), problem="regression", metric="r2", estimator="linear", space=ALPHA)
    metrics = final(ready, tmp_path, {"alpha": "900"})
    features, labels = read_table(ready.files, ready.schema)
    held, truth = read_table(ready.holdout, ready.schema)
    defaults = build_pipeline(ready.schema, features, "linear", {}, seed=7).fit(features, labels)
    assert metrics["baselines"]["defaults"]["score"] == pytest.approx(get_scorer("r2")(defaults, held, truth))
    mean = np.full(len(truth), labels.mean())
    residual = 1 - ((truth - mean) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()
    assert metrics["baselines"]["dummy"]["score"] == pytest.approx(residual)
    for baseline in metrics["baselines"].values():
        assert baseline["gain"] == pytest.approx(metrics["holdout_score"] - baseline["score"])
        low, high = baseline["gain_interval"]
        assert low <= baseline["gain"] <= high
    assert complaints(FinalMetrics, metrics) == []


def test_static_hyperparameters_are_those_of_the_defaults_too(tmp_path: Path) -> None:
    space = ALPHA | {"fit_intercept": {"value": False}}
    ready = split(tmp_path, diabetes(), problem="regression", metric="r2", estimator="linear", space=space)
    metrics = final(ready, tmp_path, {"alpha": "1.0"})  # Ridge's default
    assert metrics["baselines"]["defaults"]["gain_interval"] == [0, 0]
    assert metrics["baselines"]["defaults"]["said"] == (
        "Tuning did not help here: a model with the default hyperparameters scores the same on the holdout"
    )


def test_a_gain_beyond_chance_is_said_with_its_interval(tmp_path: Path) -> None:
    space = C | {"max_iter": {"value": 2000}}
    ready = split(tmp_path, breast_cancer(), metric="neg_log_loss", estimator="linear", space=space)
    worse = final(ready, tmp_path, {"C": "0.00001"})["baselines"]
    assert worse["defaults"]["said"].startswith(
        "Tuning did not help here: a model with the default hyperparameters is better by "
    )
    assert worse["defaults"]["gain_interval"][1] < 0
    better = final(ready, tmp_path, {"C": "1.0"})["baselines"]["dummy"]
    assert better["said"].startswith("The model lowered the log loss by 0.")
    assert better["gain_interval"][0] > 0


def test_a_difference_within_chance_is_no_gain(tmp_path: Path) -> None:
    said = regression(tmp_path, "1.3")["baselines"]["defaults"]["said"]
    assert said.startswith("Tuning did not help here: ")
    assert "which may be chance, against a model with the default hyperparameters" in said


def test_where_the_defaults_were_the_best_candidate_nothing_is_fitted_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = split(tmp_path, diabetes(), problem="regression", metric="r2", estimator="linear", space={})
    monkeypatch.setattr(baselines, "with_defaults", lambda *_: pytest.fail("the defaults are the model itself"))
    found = final(ready, tmp_path, {})["baselines"]["defaults"]
    assert found["said"] == "Tuning did not help here: the default hyperparameters were the best candidate"
    assert found["gain"] == 0


def test_the_constant_to_beat_is_the_median_for_absolute_errors(tmp_path: Path) -> None:
    metrics = regression(tmp_path, "1", metric="neg_mean_absolute_error")
    assert metrics["baselines"]["dummy"]["model"] == "DummyRegressor, which predicts the target's median"
    assert metrics["baselines"]["dummy"]["said"].startswith("The model lowered the mean absolute error by ")


def test_a_holdout_without_a_class_leaves_baselines_without_a_score_and_says_why(tmp_path: Path) -> None:
    label = ["rare" if n in (3, 50) else ("usual", "other")[n % 2] for n in range(100)]
    frame = pd.DataFrame({"x": range(100), "label": label})
    ready = split(tmp_path, frame, metric="accuracy", estimator="linear", space=C, strategy="kfold", seed=0)
    ready.plan["experiment"]["metric"] = "neg_log_loss"  # of which folds of these rows could not be told
    held = pq.read_table(ready.holdout[0])
    pq.write_table(held.filter(pc.field("label") != 1), ready.holdout[0])
    metrics = final(ready, tmp_path, {"C": "1.0"})
    assert metrics["holdout_score"] is None
    assert metrics["holdout_interval"] is None
    assert metrics["baselines"]["dummy"]["said"].endswith(f"can't be told: {metrics['holdout_note']}")
    assert complaints(FinalMetrics, metrics) == []


def test_a_perfect_score_is_bounded_by_how_few_rows_there_were() -> None:
    low, high = intervals.wilson(1.0, 40)
    assert (round(low, 2), high) == (0.91, 1.0)
    labels = np.array([0] * 30 + [1] * 10)
    features = pd.DataFrame({"x": labels * 2.0 - 1})
    answers = Answers(LogisticRegression().fit(features, labels), features)
    for metric, bound in (("accuracy", 0.912), ("roc_auc", 0.722), ("f1", 0.722), ("recall", 0.722)):
        found = intervals.of_score(1.0, intervals.resampled([answers], labels, metric, 1)[0], answers, labels, metric)
        assert found.ends == [pytest.approx(bound, abs=0.001), 1.0], metric


def test_what_can_t_be_bounded_says_so() -> None:
    features = pd.DataFrame({"x": np.arange(30.0)})
    labels = features["x"].to_numpy()
    answers = Answers(LinearRegression().fit(features, labels), features)
    answers.predicted[:] = labels
    found = intervals.of_score(1.0, intervals.resampled([answers], labels, "r2", 1)[0], answers, labels, "r2")
    assert found == (None, None, "every row is predicted exactly, which bounds no error")


def test_a_constant_s_score_is_certain() -> None:
    labels = np.array([0, 1] * 20)
    features = pd.DataFrame({"x": labels})
    answers = Answers(DummyClassifier().fit(features, labels), features)
    scores = intervals.resampled([answers], labels, "balanced_accuracy", 1)[0]
    assert intervals.of_score(0.5, scores, answers, labels, "balanced_accuracy").ends == [0.5, 0.5]


class Told:
    """A model that answers what it is told."""

    def __init__(self, predicted: Any, probabilities: Any = None) -> None:
        self._predicted, self._probabilities = predicted, probabilities
        if probabilities is not None:
            self.classes_ = np.array([0, 1])

    def predict(self, _: Any) -> Any:
        return self._predicted

    def predict_proba(self, _: Any) -> Any:
        return self._probabilities


@pytest.mark.parametrize(("rows", "right"), [(30, 0.97), (40, 0.9), (200, 0.99)])
def test_19_of_20_intervals_of_an_accuracy_hold_the_true_one(rows: int, right: float) -> None:
    rng = np.random.default_rng(4)
    within = 0
    for _ in range(2000):
        low, high = intervals.wilson(rng.binomial(rows, right) / rows, rows)
        within += low <= right <= high
    assert 0.92 <= within / 2000 <= 0.995


@pytest.mark.long
def test_intervals_of_an_auc_hold_the_true_one_about_19_times_of_20(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "RESAMPLES", 120)
    rng = np.random.default_rng(5)
    truth, within = 0.8413447, 0  # of two normals that are √2 apart
    for _ in range(80):
        labels = np.array([0] * 40 + [1] * 30)
        scores = 1 / (1 + np.exp(-rng.normal(labels * np.sqrt(2), 1)))
        answers = Answers(Told(labels, np.column_stack([1 - scores, scores])), pd.DataFrame(index=range(70)))
        resamples = intervals.resampled([answers], labels, "roc_auc", seed=1)[0]
        low, high = intervals.of_score(answers.score(labels, "roc_auc"), resamples, answers, labels, "roc_auc").ends  # type: ignore[misc]
        within += low <= truth <= high
    assert 70 <= within <= 80


def test_a_gain_of_two_equal_models_is_rarely_taken_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "RESAMPLES", 120)
    rng = np.random.default_rng(6)
    above = 0
    for _ in range(60):
        labels = rng.normal(size=60)
        pair = [Answers(Told(labels + rng.normal(size=60)), pd.DataFrame(index=range(60))) for _ in range(2)]
        scores = intervals.resampled(pair, labels, "neg_mean_squared_error", seed=1)
        low, _, _ = intervals.of_difference(scores[0], scores[1], 60)
        above += low is not None and low > 0
    assert above <= 6  # 1 or 2 are expected


def test_the_standard_error_is_the_textbook_s_for_accuracy() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(2, size=2000)
    predicted = np.where(rng.random(2000) < 0.85, labels, 1 - labels)
    answers = Answers(Told(predicted, np.column_stack([1 - predicted, predicted])), pd.DataFrame(index=range(2000)))
    right = answers.score(labels, "accuracy")
    textbook = (right * (1 - right) / 2000) ** 0.5
    found = intervals.standard_error(intervals.resampled([answers], labels, "accuracy", seed=1)[0])
    assert found == pytest.approx(textbook, rel=0.15)
