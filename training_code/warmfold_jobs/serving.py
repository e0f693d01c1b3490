"""Serves the final model in SageMaker's scikit-learn container: CSV with a header in, the same and its prediction out.

The container calls the four functions in turn. Cells come back as they came in; the columns `prediction` and, for
classification, `probability_<class>` follow them, under the names that model.json gives them: where the training data
or the request has a column of that name, another.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import pandas as pd

from warmfold_data.csv_records import csv_line, read_own_records
from warmfold_jobs.data.table import Schema, feature_frame
from warmfold_run import places
from warmfold_run.predictions import free_names
from warmfold_run.records import ModelDescription


class ContentTypeError(ValueError):
    """Neither requests nor answers are other than text/csv."""


@dataclass(frozen=True)
class Model:
    """The fitted pipeline and what model.json says of it."""

    pipeline: Any
    schema: Schema
    prediction_columns: list[str]


@dataclass(frozen=True)
class Records:
    """A CSV file's header and rows, cells as written."""

    header: list[str]
    rows: list[list[str]]


def model_fn(model_dir: str) -> Model:
    """The model of an unpacked archive."""
    folder = Path(model_dir)
    told: ModelDescription = json.loads((folder / places.MODEL_DESCRIPTION).read_text("utf-8"))
    schema = Schema(told["features"], told["readings"], told["target"], told["problem"], told["classes"])
    return Model(joblib.load(folder / places.MODEL), schema, told["prediction_columns"])


def input_fn(body: str | bytes, content_type: str) -> Records:
    """The records of a request; raises DatasetRuleError for a body that is not CSV with a header."""
    _check_type("Content-Type", content_type)
    stream = io.BytesIO(body.encode() if isinstance(body, str) else body)
    header, *rows = read_own_records(stream, file="request")
    return Records(header, rows)


def predict_fn(records: Records, model: Model) -> Records:
    """The records with predictions; raises TableError for a cell that the model can't take."""
    header = [*records.header, *free_names(model.prediction_columns, records.header)]
    if not records.rows:
        return Records(header, [])
    features = feature_frame(records.rows, records.header, model.schema)
    added = _predictions(model, features)
    return Records(header, [[*row, *cells] for row, cells in zip(records.rows, added, strict=True)])


def output_fn(records: Records, accept: str) -> tuple[str, str]:
    """The records as CSV, and their content type."""
    _check_type("Accept", accept)
    return "".join(map(csv_line, [records.header, *records.rows])), "text/csv"


def _predictions(model: Model, features: pd.DataFrame) -> list[list[str]]:
    predicted = model.pipeline.predict(features)
    classes = model.schema.classes
    if classes is None:
        return [[repr(float(value))] for value in predicted]
    probabilities = model.pipeline.predict_proba(features)
    # a class that is in no training row has no column of its own
    places = {int(label): place for place, label in enumerate(model.pipeline.classes_)}
    return [
        [classes[int(label)], *(repr(float(row[places[i]])) if i in places else "0.0" for i in range(len(classes)))]
        for label, row in zip(predicted, probabilities, strict=True)
    ]


def _check_type(header: str, value: str) -> None:
    kind = value.partition(";")[0].strip().lower()
    if kind not in ("text/csv", "*/*"):
        raise ContentTypeError(f"{header} is {value!r}; the model takes and gives text/csv with a header line")
