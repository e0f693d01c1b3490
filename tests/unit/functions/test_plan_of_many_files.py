"""Plan Run on a dataset of many files: all of them pinned and understood as one, or refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import DatasetError, ExperimentError
from pipeline.planning import data_files
from tests.documents import complaints
from tests.unit.functions.conftest import BUCKET, stored_json, stored_plan
from warmfold_experiment import understanding
from warmfold_run.plan import FileList, Plan
from warmfold_run.understanding import sentences, told

HEADER = "x,y,target\n"
ROWS = [f"{i}.5,{i % 7},{'yes' if i % 3 else 'no'}\n" for i in range(120)]
FILES = {f"data/part-{n}.csv": HEADER + "".join(ROWS[n * 40 : n * 40 + 40]) for n in range(3)}
FOLDER = f"s3://{BUCKET}/datasets/churn/data/"


@pytest.fixture
def plan(s3: Any, planned: Any) -> Any:
    def run(files: dict[str, str], execution: str = "churn-0123", **asked: Any) -> dict[str, Any]:
        return stored_plan(s3, planned(files, execution=execution, **asked))

    return run


def test_the_files_are_one_dataset_and_each_is_read_in_its_version_of_now(plan: Any, s3: Any) -> None:
    made = plan({**FILES, "data/_SUCCESS": "", "data/.part-0.crc": "x", "data/_committed_1": "x"})
    assert complaints(Plan, made) == []
    assert made["profile"]["rows"] == 120
    assert made["profile"]["file"] == "datasets/churn/data/"
    assert made["data"]["key"] == "datasets/churn/data/_SUCCESS"
    assert (made["data_files"]["files"], made["data_files"]["size"]) == (3, sum(map(len, FILES.values())))
    assert made["data_files"]["uri"].startswith(made["locations"]["run"])
    listed = stored_json(s3, made["data_files"]["uri"])
    assert complaints(FileList, listed) == []
    assert [one["key"] for one in listed["files"]] == [f"datasets/churn/{name}" for name in FILES]
    heads = [s3.head_object(Bucket=BUCKET, Key=one["key"]) for one in listed["files"]]
    assert [one["version_id"] for one in listed["files"]] == [head["VersionId"] for head in heads]


def test_rows_go_where_those_of_one_file_would(plan: Any) -> None:
    one = plan({"data.csv": HEADER + "".join(ROWS)}, "one-0123")["profile"]
    many = plan({**FILES, "data/_SUCCESS": ""}, "many-0123", data="data/_SUCCESS")["profile"]
    assert {**many, "file": one["file"]} == one


def test_where_both_are_the_execution_must_say_which(plan: Any) -> None:
    with pytest.raises(DatasetError, match=r'both data\.csv and data/_SUCCESS; say which.*"data": "data/_SUCCESS"'):
        plan({**FILES, "data/_SUCCESS": "", "data.csv": HEADER + "".join(ROWS)})
    assert plan({}, data="data.csv")["data_files"] is None


def test_what_starts_no_run_is_no_data(plan: Any) -> None:
    with pytest.raises(
        ExperimentError, match=r'data is "x\.csv"; it must be one of data\.csv, data\.parquet, data/_SUCCESS'
    ):
        plan(FILES, data="x.csv")


@pytest.mark.parametrize("name", ["part-9.parquet", "year=2026/part-0.csv", "notes.txt"])
def test_a_file_that_can_t_be_read_is_refused_by_name(plan: Any, name: str) -> None:
    with pytest.raises(DatasetError) as error:
        plan({**FILES, f"data/{name}": "x", "data/_SUCCESS": ""})
    assert str(error.value).startswith(f"{FOLDER} holds {name}, which can't be read as a file of the dataset")


def test_no_file_at_all_is_refused(plan: Any) -> None:
    with pytest.raises(DatasetError, match=r"no file beside it; upload the CSV files first, _SUCCESS last"):
        plan({"data/_SUCCESS": ""})


def test_more_files_than_can_be_pinned_are_refused(plan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_files, "MOST_FILES", 2)
    with pytest.raises(DatasetError, match=r"has 3 files, and a run reads at most 2"):
        plan({**FILES, "data/_SUCCESS": ""})


def test_another_header_is_refused_by_file_and_line(plan: Any) -> None:
    with pytest.raises(DatasetError) as error:
        plan({**FILES, "data/part-1.csv": "x,z,target\n" + ROWS[0], "data/_SUCCESS": ""})
    assert str(error.value) == (
        "datasets/churn/data/part-1.csv, line 1: the header is not that of the dataset's first file: it lacks 'y' and "
        "has 'z' besides; give all files of the folder the same columns."
    )


def test_a_bad_cell_is_told_with_its_file_and_line(plan: Any) -> None:
    with pytest.raises(DatasetError, match=r"^datasets/churn/data/, line 42 of part-1\.csv: 'oops' in column 'x'"):
        plan({**FILES, "data/part-1.csv": FILES["data/part-1.csv"] + "oops,1,no\n", "data/_SUCCESS": ""})


def test_data_too_large_together_is_understood_from_some_rows_of_some_files(
    plan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(understanding, "WHOLE_SCAN_BYTES", max(map(len, FILES.values())))
    sorted_rows = sorted(ROWS, key=lambda row: row.rsplit(",", 1)[1])
    files = {f"data/part-{n}.csv": HEADER + "".join(sorted_rows[n * 40 : n * 40 + 40]) for n in range(3)}
    made = plan({**files, "data/_SUCCESS": ""})  # the first file has one class only
    assert made["profile"] is None
    assert made["experiment"]["problem"] == "classification"


def instances(made: dict[str, Any]) -> set[int]:
    """How many instances split the data, wherever the plan says so."""
    return {
        made["experiment"]["compute"]["split_instances"],
        made["understanding"]["split_instances"],
        made["requests"]["processing"]["ProcessingResources"]["ClusterConfig"]["InstanceCount"],
    }


def test_little_data_is_split_by_one_instance(plan: Any) -> None:
    assert instances(plan({**FILES, "data/_SUCCESS": ""})) == {1}


@pytest.mark.parametrize(("text_bytes", "count"), [(1, 1), (1000, 1), (1001, 2), (2500, 3), (9999, 3)])
def test_much_data_in_files_is_split_by_several_and_no_more_than_there_are_files(
    plan: Any, monkeypatch: pytest.MonkeyPatch, text_bytes: int, count: int
) -> None:
    monkeypatch.setattr(understanding, "SPLIT_BYTES", 1000)
    monkeypatch.setattr(understanding.Folder, "text_bytes", text_bytes)
    assert instances(plan({**FILES, "data/_SUCCESS": ""})) == {count}


def test_no_more_than_four_are_taken_that_nobody_asked_for(plan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(understanding, "SPLIT_BYTES", 10)
    files = {f"data/part-{n}.csv": HEADER + "".join(ROWS[n * 20 : n * 20 + 20]) for n in range(6)}
    assert instances(plan({**files, "data/_SUCCESS": ""})) == {4}


@pytest.mark.parametrize(("asked", "count"), [(1, 1), (2, 2), (20, 3)])
def test_an_experiment_says_how_many_instances_split_the_data(plan: Any, asked: int, count: int) -> None:
    experiment = f"compute: {{split_instances: {asked}}}"
    made = plan({**FILES, "data/_SUCCESS": "", "experiment.yaml": experiment})
    assert instances(made) == {count}
    said = dict(sentences(made["understanding"])).get("split by")
    assert said == (None if count == 1 else f"{count} instances, each a share of the files")
    remarks = [told(one) for one in made["understanding"]["remarks"] if one["code"] == "split_instances"]
    fewer = (
        "experiment.yaml: compute.split_instances is 20, and 3 will split the data: an instance reads whole files, and "
        "there are 3."
    )
    assert remarks == ([fewer] if asked == 20 else [])


def test_one_file_is_split_by_one_instance_whatever_is_asked(plan: Any) -> None:
    experiment = "compute: {split_instances: 4}"
    made = plan({"data.csv": HEADER + "".join(ROWS), "experiment.yaml": experiment})
    assert instances(made) == {1}
    (remark,) = [one for one in made["understanding"]["remarks"] if one["code"] == "split_instances"]
    assert remark["text"].endswith("is 4, and 1 will split the data: an instance reads whole files, and there is one")


def test_the_job_is_told_where_its_instances_are_named(plan: Any) -> None:
    request = plan({**FILES, "data/_SUCCESS": ""})["requests"]["processing"]
    assert request["Environment"]["WARMFOLD_HOSTS"] == "/opt/ml/config/resourceconfig.json"
