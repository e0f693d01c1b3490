"""Plan Run on data.parquet: what its footer says is planned, and what it can't hold is refused."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import DatasetError
from tests.documents import complaints
from tests.unit.functions.conftest import stored_plan
from warmfold_run.plan import Plan

TABLE = pa.table({"x": [n * 0.5 for n in range(120)], "y": list(range(120)), "label": [n % 3 == 0 for n in range(120)]})


@pytest.fixture
def plan(s3: Any, planned: Any) -> Any:
    def run(data: pa.Table | bytes, experiment: str = "") -> dict[str, Any]:
        if isinstance(data, pa.Table):
            stream = io.BytesIO()
            pq.write_table(data, stream)
            data = stream.getvalue()
        return stored_plan(s3, planned({"data.parquet": data, "experiment.yaml": experiment}))

    return run


def test_a_table_is_planned_by_its_types(plan: Any) -> None:
    made = plan(TABLE)
    assert complaints(Plan, made) == []
    assert made["data"]["key"] == "datasets/churn/data.parquet"
    assert (made["profile"], made["data_files"]) == (None, None)
    experiment = made["experiment"]
    assert (experiment["target"], experiment["problem"], experiment["metric"]) == ("label", "classification", "roc_auc")
    assert made["understanding"]["problem_why"] == "since its values are true or false"


def test_whole_numbers_that_may_be_classes_are_said(plan: Any) -> None:
    made = plan(TABLE, "target: y")
    assert made["experiment"]["problem"] == "regression"
    (remark,) = made["understanding"]["remarks"]
    assert (remark["column"], remark["remedy"]) == ("y", "problem: classification")
    assert "taken for a number: its values are whole numbers from 0 to 119" in remark["text"]


@pytest.mark.parametrize(
    ("data", "experiment", "told"),
    [
        (TABLE.append_column("l", pa.array([[1]] * 120)), "", "'l' holds lists, which no feature can be made of"),
        (TABLE.slice(0, 0), "", "has no rows"),
        (TABLE, "target: z", "no column is called 'z'"),
        (TABLE, "dialect: {decimal: ','}", "`dialect.decimal` is for numbers that are written as text"),
        (b"x,label\n1,a\n", "", "not a whole Parquet file"),
        (TABLE.append_column("d", pa.array(range(120), pa.int32()).cast(pa.date32())), "target: d", "holds dates"),
    ],
)
def test_a_table_that_will_not_do_is_refused_before_anything_exists(
    plan: Any, data: Any, experiment: str, told: str
) -> None:
    with pytest.raises(DatasetError, match=told) as error:
        plan(data, experiment)
    assert str(error.value).startswith("datasets/churn/data.parquet")
