"""Serving: the same cells and the model's own predictions, row by row, in order."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from tests.unit.training_code.split import Split, mixed, split
from warmfold_data.csv_records import DatasetRuleError
from warmfold_jobs import serving as inference
from warmfold_jobs.data.table import TableError, feature_frame
from warmfold_jobs.training import final

GIVEN = {"learning_rate": "0.2"}


def trained(ready: Split) -> Path:
    final.train_final(ready.plan, ready.schema, GIVEN, ready.files, ready.holdout, ready.folder / "model")
    return ready.folder / "model"


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(split(tmp_path_factory.mktemp("classifier"), mixed()))


def served(model_dir: Path, body: str | bytes) -> list[list[str]]:
    """The answer to a request, as the container makes it of the four functions, read by Python's csv module."""
    model = inference.model_fn(str(model_dir))
    answer, kind = inference.output_fn(inference.predict_fn(inference.input_fn(body, "text/csv"), model), "text/csv")
    assert kind == "text/csv"
    return list(csv.reader(io.StringIO(answer, newline="")))


def as_csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue()


HEADER = ["colour", "size", "flag", "empty"]
ROWS = [
    ["red", "0.5", "True", ""],
    ['green, "or" blue', "NA", "", "1e3"],
    ["li\nne", "-1", "false", ""],
    ["new", "", "", ""],
]


def test_the_answer_is_the_input_and_the_artifact_s_own_prediction(classifier: Path) -> None:
    header, *rows = served(classifier, as_csv([HEADER, *ROWS]))
    assert header == [*HEADER, "prediction", "probability_no", "probability_yes"]
    assert [row[:4] for row in rows] == ROWS
    model = joblib.load(classifier / "model.joblib")
    features = feature_frame(ROWS, HEADER, inference.model_fn(str(classifier)).schema)
    assert [row[4] for row in rows] == [["no", "yes"][i] for i in model.predict(features)]
    np.testing.assert_array_equal(np.array([row[5:] for row in rows], dtype=float), model.predict_proba(features))


def test_the_names_of_predictions_give_way_to_columns_of_the_request(classifier: Path) -> None:
    more = [[*row, "old", "older"] for row in ROWS]
    header, *rows = served(classifier, as_csv([[*HEADER, "prediction", "probability_yes"], *more]))
    assert header == [*HEADER, "prediction", "probability_yes", "prediction_1", "probability_no", "probability_yes_1"]
    assert [row[4:6] for row in rows] == [["old", "older"]] * 4
    assert [row[6:] for row in rows] == [row[4:] for row in served(classifier, as_csv([HEADER, *ROWS]))[1:]]


def test_the_names_of_predictions_give_way_to_columns_of_the_training_data_and_model_json_says_so(
    tmp_path: Path,
) -> None:
    table = mixed().rename(columns={"size": "prediction", "colour": "probability_yes"})
    ready = split(tmp_path, table)
    model_dir = trained(ready)
    told = json.loads((model_dir / "model.json").read_text())
    assert told["prediction_columns"] == ["prediction_1", "probability_no", "probability_yes_1"]
    header, *_ = served(model_dir, as_csv([["flag", "empty", "prediction", "probability_yes"], ["", "", "1", "red"]]))
    assert header[4:] == told["prediction_columns"]
    remarks = json.loads((ready.folder / "profile.json").read_text())["remarks"]
    assert [one["column"] for one in remarks if one["code"] == "prediction_columns"] == [
        "prediction",
        "probability_yes",
    ]


def test_in_a_request_of_one_column_a_blank_line_is_a_row(tmp_path: Path) -> None:
    model_dir = trained(split(tmp_path, mixed()[["size", "label"]]))
    assert [row[0] for row in served(model_dir, "size\n1\n\n2\n")] == ["size", "1", "", "2"]


def test_other_columns_and_another_order_change_no_prediction(classifier: Path) -> None:
    expected = [row[4:] for row in served(classifier, as_csv([HEADER, *ROWS]))[1:]]
    order = [3, 1, 0, 2]
    shuffled = [[*(row[i] for i in order), "yes", str(n)] for n, row in enumerate([HEADER, *ROWS])]
    shuffled[0][-2:] = ["label", "id"]
    answer = served(classifier, as_csv(shuffled).encode())
    assert answer[0][:6] == ["empty", "size", "colour", "flag", "label", "id"]
    assert [row[6:] for row in answer[1:]] == expected


def test_a_regression_predicts_numbers_and_no_probabilities(tmp_path: Path) -> None:
    frame = load_diabetes(as_frame=True).frame
    model_dir = trained(split(tmp_path, frame, problem="regression", metric="r2"))
    rows = frame.drop(columns="target").head(5)
    header, *answer = served(model_dir, rows.to_csv(index=False))
    assert header[-1] == "prediction"
    expected = joblib.load(model_dir / "model.joblib").predict(rows)
    np.testing.assert_array_equal([float(row[-1]) for row in answer], expected)


def test_a_header_alone_is_answered_with_a_header(classifier: Path) -> None:
    assert len(served(classifier, as_csv([HEADER]))) == 1


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        (as_csv([HEADER[1:], ["1", "", ""]]), TableError, "column 'colour' is missing"),
        (as_csv([HEADER, ["red", "x", "", ""]]), TableError, "column 'size', row 1: 'x' is not a number"),
        ("colour,size\nred\n", DatasetRuleError, "request, line 2: 1 cells"),
        (b"\xff\xfe", DatasetRuleError, "not UTF-8"),
    ],
)
def test_a_request_that_can_t_be_answered_says_why(
    classifier: Path, body: str | bytes, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        served(classifier, body)


def test_only_csv_is_taken_and_given() -> None:
    with pytest.raises(inference.ContentTypeError, match="Content-Type is 'application/json'"):
        inference.input_fn("{}", "application/json")
    records = inference.input_fn(as_csv([HEADER]), "text/csv; charset=utf-8")
    with pytest.raises(inference.ContentTypeError, match="Accept is 'application/json'"):
        inference.output_fn(records, "application/json")
    assert inference.output_fn(records, "*/*")[1] == "text/csv"
