"""What is said of the rows of the holdout by class: of classes that training had not, of many, and of none positive."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor

from warmfold_data.cells import NUMERIC, plain_reading
from warmfold_jobs.data.table import Schema
from warmfold_jobs.training import diagnose, intervals, outcomes
from warmfold_jobs.training.scoring import Answers


class Told:
    """A classifier that answers what it is told."""

    def __init__(self, classes: list[int], probabilities: Any) -> None:
        self.classes_, self._probabilities = np.array(classes), np.asarray(probabilities)

    def predict(self, _: Any) -> Any:
        return self.classes_[self._probabilities.argmax(axis=1)]

    def predict_proba(self, _: Any) -> Any:
        return self._probabilities


def test_a_row_of_a_class_that_training_had_not_is_predicted_worst() -> None:
    features = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
    answers = Answers(Told([0, 2], [[0.9, 0.1], [0.3, 0.7], [0.6, 0.4], [0.5, 0.5]]), features)
    schema = Schema(["x"], {}, "y", "classification", ["a", "b", "c", "d"])
    told = outcomes.worst_rows(answers, np.array([0, 1, 2, 3]), features, schema)
    assert [(row["row"], row["true"], row["error"]) for row in told] == [
        (1, "b", 1.0),
        (3, "d", 1.0),
        (2, "c", 0.6),
        (0, "a", 0.1),
    ]


def test_a_table_of_the_largest_classes_says_that_the_others_are_not_there() -> None:
    count = outcomes.MOST_TABLE_ROWS + 1
    features = pd.DataFrame({"x": np.arange(count, dtype=float)})
    model = Told(list(range(count)), np.eye(count))
    names = [f"class {number}" for number in range(count)]
    schema = Schema(["x"], {"x": plain_reading(NUMERIC)}, "y", "classification", names)
    plan: Any = {"run": "r", "experiment": {"metric": "accuracy", "cross_validation": {"seed": 1}}}
    held = diagnose.Held(features, np.arange(count), Answers(model, features))
    told = diagnose.diagnose(
        plan, schema, model, features, held, lambda: None, fit_seconds=1, seconds_left=60, clock=lambda: 0
    )
    assert told["classes"] is not None
    assert len(told["classes"]["table"]) == 200
    why = "there are 201 classes; the table is of the 200 largest"
    assert {"what": "table of the other classes", "why": why} in told["left_out"]


@pytest.mark.parametrize("residuals", [[5.0, np.nextafter(5, 6)], [0.0, 0.0], [1e300, 1e300], [0.0, 5e-324], [-1, 1]])
def test_residuals_that_hardly_differ_have_a_histogram(residuals: list[float]) -> None:
    labels = np.array(residuals * 20)
    model = DummyRegressor(strategy="constant", constant=0.0).fit(np.zeros((40, 1)), labels)
    told = outcomes.numbers_told(Answers(model, pd.DataFrame(index=range(40))), labels, 1)
    edges = told["histogram_edges"]
    assert sum(told["histogram_counts"]) == 40
    assert edges == sorted(set(edges))
    assert edges[0] <= min(residuals) <= max(residuals) <= edges[-1]


@pytest.mark.parametrize(
    ("metric", "labels", "probability", "said"),
    [
        ("recall", [0, 0, 0], 0.9, "no row is positive"),
        ("precision", [0, 1, 1], 0.1, "no row is predicted to be positive"),
    ],
)
def test_a_share_of_no_row_has_no_interval(metric: str, labels: list[int], probability: float, said: str) -> None:
    answers = Answers(Told([0, 1], [[1 - probability, probability]] * 3), pd.DataFrame(index=range(3)))
    found = intervals.of_score(0.0, np.zeros(5), answers, np.array(labels), metric)
    assert found == (None, None, said)
