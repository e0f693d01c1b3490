"""What the pipeline makes of dates, texts of many values, scales, heavy tails and what it has never seen."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import cross_val_score

from warmfold_catalogue.estimators import ESTIMATORS
from warmfold_data.cells import plain_reading
from warmfold_jobs.data.table import Schema
from warmfold_jobs.training.pipeline import build_pipeline
from warmfold_jobs.training.scales import ordered

EVERY_ESTIMATOR = pytest.mark.parametrize("estimator", list(ESTIMATORS))
SMALL: dict[str, dict[str, Any]] = {
    "hist_gradient_boosting": {"max_iter": 40, "learning_rate": 0.2},
    "random_forest": {"n_estimators": 10, "n_jobs": 1},
    "linear": {},
}


def schema_of(features: pd.DataFrame, problem: str) -> Schema:
    """The schema of a table whose dtypes say what its columns are."""
    kinds = {"M": "date", "f": "numeric", "O": "text"}
    readings = {name: plain_reading(kinds[features[name].dtype.kind]) for name in features}  # type: ignore[arg-type]
    classes = ["no", "yes"] if problem == "classification" else None
    return Schema(list(features), readings, "target", problem, classes)  # type: ignore[arg-type]


def pipeline(features: pd.DataFrame, estimator: str, problem: str = "regression", **hyperparameters: Any) -> Any:
    given = SMALL[estimator] | hyperparameters
    return build_pipeline(schema_of(features, problem), features, estimator, given, seed=1)


def score(features: pd.DataFrame, target: Any, estimator: str, problem: str = "regression", **given: Any) -> float:
    """The mean of two folds' r2 or accuracy."""
    return float(cross_val_score(pipeline(features, estimator, problem, **given), features, target, cv=2).mean())


def texts(values: Any) -> pd.Series[Any]:
    return pd.Series(values, dtype=object)


def dates(start: str, count: int, unit: str = "D") -> Any:
    return (np.datetime64(start, "s") + np.arange(count) * np.timedelta64(1, unit)).astype("datetime64[s]")


def preprocessed(unfitted: Any, features: pd.DataFrame) -> Any:
    return unfitted.named_steps["preprocessing"].fit_transform(features)


@EVERY_ESTIMATOR
def test_the_course_of_the_year_is_learned_from_a_date(estimator: str) -> None:
    rng = np.random.default_rng(0)
    order = rng.permutation(730)
    when = pd.Series(dates("2022-01-01", 730)[order])
    sold = 50 + 20 * np.sin(2 * np.pi * when.dt.dayofyear / 365.25) + rng.normal(size=730)
    assert score(pd.DataFrame({"when": when}), sold, estimator) > 0.9


@EVERY_ESTIMATOR
def test_weekday_and_hour_are_learned_from_a_date(estimator: str) -> None:
    rng = np.random.default_rng(0)
    when = pd.Series(rng.permutation(dates("2023-03-01", 24 * 42, "h")))
    busy = (when.dt.weekday >= 5) * 3 + np.cos(2 * np.pi * (when.dt.hour - 12) / 24) * 2
    assert score(pd.DataFrame({"when": when}), busy + rng.normal(scale=0.2, size=len(when)), estimator) > 0.9


@EVERY_ESTIMATOR
def test_the_time_between_two_dates_is_learned(estimator: str) -> None:
    rng = np.random.default_rng(0)
    began = rng.choice(dates("1990-01-01", 6000), 800)
    took = rng.integers(1, 60, 800)
    features = pd.DataFrame({"began": began, "ended": began + took * np.timedelta64(86_400, "s")})
    assert score(features, took + rng.normal(size=800), estimator) > 0.9


@EVERY_ESTIMATOR
def test_a_word_of_a_free_text_is_learned(estimator: str) -> None:
    rng = np.random.default_rng(0)
    vocabulary = np.array([f"word{n}" for n in range(60)])
    drawn = rng.integers(0, 60, (600, 8))
    notes = texts([" ".join(row) for row in vocabulary[drawn]])
    bad = (drawn == 7).any(axis=1)
    features = pd.DataFrame({"note": notes})
    given = {"C": 30.0} if estimator == "linear" else {}
    assert score(features, bad.astype(int), estimator, "classification", **given) > 1 - bad.mean() + 0.05


@EVERY_ESTIMATOR
def test_what_names_have_in_common_is_learned(estimator: str) -> None:
    rng = np.random.default_rng(0)
    ends = rng.choice(["ville", "stadt", "burgh"], 600)
    towns = texts([f"{''.join(rng.choice(list('abcdefghijklmnop'), 6))}{end}" for end in ends])
    assert score(pd.DataFrame({"town": towns}), (ends == "stadt").astype(int), estimator, "classification") > 0.85


@EVERY_ESTIMATOR
@pytest.mark.parametrize("kind", ["names", "texts", "returning names"])
def test_many_values_become_a_bounded_number_of_columns(estimator: str, kind: str) -> None:
    numbers = np.arange(1500) % (300 if kind == "returning names" else 800)
    words = " and {} with {}" if kind == "texts" else "{}{}"
    features = pd.DataFrame({"word": texts([f"w{n}" + words.format(n * 7, n * 13) for n in numbers])})
    made = preprocessed(pipeline(features, estimator), features)
    if estimator == "linear":
        assert made.nnz < 100 * len(features)
    else:
        assert made.shape[1] <= 150


@pytest.mark.parametrize("solver", ["svd", "cholesky", "lsqr", "saga", "sag", "sparse_cg", "auto"])
def test_every_solver_of_ridge_takes_texts(solver: str) -> None:
    rng = np.random.default_rng(0)
    notes = texts([" ".join(row) for row in rng.choice(["one", "two", "three", "four", "five"], (200, 7))])
    features = pd.DataFrame({"note": notes, "size": rng.normal(size=200)})
    assert score(features, features["size"], "linear", solver=solver) > 0.5


@pytest.mark.parametrize("solver", ["lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"])
def test_every_solver_of_logistic_regression_takes_texts(solver: str) -> None:
    rng = np.random.default_rng(0)
    notes = texts([" ".join(row) for row in rng.choice(["one", "two", "three", "four", "five"], (200, 7))])
    features = pd.DataFrame({"note": notes, "size": rng.normal(size=200)})
    label = (features["size"] > 0).astype(int)
    assert score(features, label, "linear", "classification", solver=solver, max_iter=5000) > 0.8


def test_a_heavy_tailed_number_is_no_weaker_for_a_weighted_sum_than_its_logarithm() -> None:
    rng = np.random.default_rng(0)
    logarithm = rng.normal(size=800)
    target = logarithm + rng.normal(scale=0.3, size=800)
    told = score(pd.DataFrame({"income": np.exp(2 * logarithm)}), target, "linear")
    assert told > score(pd.DataFrame({"income": logarithm}), target, "linear") - 0.02


def test_a_heavy_tailed_number_that_adds_up_as_it_is_still_does() -> None:
    rng = np.random.default_rng(0)
    size = rng.exponential(size=800) ** 1.5
    target = 3 * size + rng.normal(scale=0.3, size=800)
    assert score(pd.DataFrame({"size": size}), target, "linear") > 0.97


def test_few_rows_with_a_heavy_tail_are_fitted_without_a_warning() -> None:
    features = pd.DataFrame({"income": np.exp(np.arange(30.0) / 3)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pipeline(features, "linear").fit(features, np.arange(30.0))


def test_a_scale_is_one_number_for_trees_and_its_unknown_levels_are_missing() -> None:
    rng = np.random.default_rng(0)
    levels = ["low", "Medium", "high", "very high"]
    places = rng.integers(0, 4, 400)
    features = pd.DataFrame({"risk": texts([levels[place] for place in places])})
    for estimator in ("hist_gradient_boosting", "random_forest"):
        fitted = pipeline(features, estimator).fit(features, places)
        ascending = fitted.named_steps["preprocessing"].transform(pd.DataFrame({"risk": texts(levels)}))
        assert ascending.tolist() == [[0], [1], [2], [3]]
        assert np.isfinite(fitted.predict(pd.DataFrame({"risk": texts(["unheard of", np.nan])}))).all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"high", "Low", "medium"}, ["Low", "medium", "high"]),
        ({"XL", "S", "M"}, ["S", "M", "XL"]),
        ({"30+", "10-20", "<10", "20-30"}, ["<10", "10-20", "20-30", "30+"]),
        ({"65 and over", "18 - 34", "35–64", "under 18"}, ["under 18", "18 - 34", "35–64", "65 and over"]),
        ({"3rd", "1st", "10th"}, ["1st", "3rd", "10th"]),
        ({"Wed", "Mon", "Sunday"}, ["Mon", "Wed", "Sunday"]),
    ],
)
def test_scales_and_ranges_are_put_in_order(values: set[str], expected: list[str]) -> None:
    assert ordered(values) == expected


@pytest.mark.parametrize(
    "values",
    [
        {"low", "high"},
        {"red", "green", "blue"},
        {"low", "medium", "blue"},
        {"555-1234", "555-2345", "555-9999"},
        {"12-3", "9-4", "30-40"},
        {"A", "B", "C"},
        set(),
    ],
)
def test_what_has_no_order_beyond_doubt_stays_without(values: set[str]) -> None:
    assert ordered(values) is None


def everything(rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    number = rng.normal(size=rows) ** 5
    number[:9] = [np.inf, -np.inf, np.nan, 1e300, -1e300, 0, 0, 0, 0]
    when = dates("2020-01-01T05:00", rows * 6, "h")[::6].copy()
    when[:5] = np.datetime64("NaT", "s")
    sentences = [" ".join(row) for row in rng.choice(["good", "late", "angry", "calm", "paid"], (rows, 9))]
    return pd.DataFrame(
        {
            "number": number,
            "plain": rng.normal(size=rows),
            "colour": texts(rng.choice(["red", "blue"], rows)).where(rng.random(rows) > 0.1),
            "risk": texts(rng.choice(["low", "medium", "high"], rows)).where(rng.random(rows) > 0.1),
            "a__b": texts([f"street {n}" for n in range(rows)]).where(rng.random(rows) > 0.1),
            "town": texts([f"t{n % 120}" for n in range(rows)]),
            "note": texts(sentences).where(rng.random(rows) > 0.1),
            "began": when,
            "ended": when + rng.integers(0, 10_000_000, rows).astype("timedelta64[s]"),
        }
    )


def strange() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": [np.inf, np.nan, -1e308],
            "plain": [np.nan, np.nan, np.nan],
            "colour": texts(["never seen", np.nan, ""]),
            "risk": texts(["never seen", np.nan, "low"]),
            "a__b": texts(["", np.nan, "x"]),
            "town": texts(["t1", np.nan, "…"]),
            "note": texts(["!!!", np.nan, "novel words only"]),
            "began": np.array(["NaT", "0001-01-01", "9999-12-31"], dtype="datetime64[s]"),
            "ended": np.array(["NaT", "NaT", "NaT"], dtype="datetime64[s]"),
        }
    )


@EVERY_ESTIMATOR
@pytest.mark.parametrize("problem", ["classification", "regression"])
def test_values_never_seen_are_predicted_without_a_warning(estimator: str, problem: str) -> None:
    features = everything()
    fitted = pipeline(features, estimator, problem).fit(features, np.arange(len(features)) % 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predicted = fitted.predict(strange())
    assert np.isfinite(predicted).all()


def test_an_infinite_number_is_a_missing_one() -> None:
    rng = np.random.default_rng(0)
    features = pd.DataFrame({"x": rng.normal(size=300)})
    fitted = pipeline(features, "linear").fit(features, features["x"])
    infinite, missing = (fitted.predict(pd.DataFrame({"x": [value]})) for value in (np.inf, np.nan))
    assert infinite == missing


@EVERY_ESTIMATOR
def test_a_saved_pipeline_predicts_the_same_in_a_process_without_this_code(estimator: str, tmp_path: Path) -> None:
    features = everything()
    fitted = pipeline(features, estimator, "classification").fit(features, np.arange(len(features)) % 2)
    joblib.dump(fitted, tmp_path / "model.joblib")
    strange().to_pickle(tmp_path / "rows")
    script = (
        "import joblib, json, pandas, sys; model = joblib.load('model.joblib');"
        "assert not any(name.startswith('warmfold') for name in sys.modules);"
        "print(json.dumps(model.predict_proba(pandas.read_pickle('rows')).tolist()))"
    )
    command = [sys.executable, "-P", "-c", script]
    told = subprocess.run(command, cwd=tmp_path, env={}, check=True, capture_output=True, text=True).stdout
    np.testing.assert_allclose(json.loads(told), fitted.predict_proba(strange()), atol=1e-12)


def test_only_training_rows_decide_what_is_done() -> None:
    many, few = texts([f"town {n}" for n in range(400)]), texts(["town 1", "town 2"] * 200)
    schema = schema_of(pd.DataFrame({"town": few}), "regression")

    def columns(values: pd.Series[Any]) -> int:
        features = pd.DataFrame({"town": values})
        return int(preprocessed(build_pipeline(schema, features, "random_forest", {}, 0), features).shape[1])

    assert columns(few) == 2
    assert columns(many) > 2
