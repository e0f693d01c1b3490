"""`warmfold check`: what a run would do, or everything that is wrong, without a cloud."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from tests.documents import complaints
from warmfold.cli import app
from warmfold_run.understanding import Understanding

ROWS = "x,town,target\n" + "".join(f"{i * 37 % 1000 / 10},t{i % 4},{'no' if i % 3 else 'yes'}\n" for i in range(120))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "churn.csv"
    path.write_text(ROWS)
    return path


def check(*arguments: object, columns: str = "80") -> Any:
    return CliRunner().invoke(app, ["check", *map(str, arguments)], env={"COLUMNS": columns})


def test_the_first_lines_say_what_why_and_from_what(data: Path) -> None:
    result = check(data)
    assert result.exit_code == 0
    predicts, more, metric, rows, features = result.stdout.splitlines()
    assert predicts == "predicts  target (the column of that name), a class, since its cells are texts:"
    assert more == f"{' ' * 10}no or yes (positive)"
    assert metric == "metric    roc_auc, since there are two classes"
    assert rows.startswith("rows      120: ")
    assert "to tune on (5 folds, stratified)" in rows
    assert rows.endswith("held out; none left out")
    assert features == "features  1 numeric, 1 text"


def test_what_is_guessed_and_what_is_asked_for_are_told_apart(data: Path, tmp_path: Path) -> None:
    data.write_text(ROWS.replace("target", "churned"))
    assert "churned (the last column; the key target names another)" in " ".join(check(data).stdout.split())
    experiment = tmp_path / "mine.yaml"
    experiment.write_text("target: x\nmetric: neg_mean_absolute_error")
    told = " ".join(check(data, "--experiment", experiment, "--problem", "regression").stdout.split())
    assert "predicts x (named in experiment.yaml), a number, as command line says" in told
    assert "metric neg_mean_absolute_error, named in experiment.yaml" in told


def test_rows_that_nothing_uses_stand_in_the_first_lines(data: Path) -> None:
    data.write_text(ROWS + "1,t1,\n2,t2,\n")
    assert "2 left out: no target" in check(data, columns="200").stdout


def test_what_rows_are_divided_by_is_named(data: Path) -> None:
    rows = "".join(f"{i * 37 % 1000 / 10},c{i % 30},{i * 7 % 110 / 10}\n" for i in range(120))
    data.write_text("x,customer,target\n" + rows)
    settings = ("--set", "cross_validation={strategy: group, group_column: customer, n_splits: 3}")
    assert "(3 folds, group by customer)" in check(data, *settings, columns="200").stdout


def test_rows_to_score_are_counted(data: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("town,x\nt1,4\nt2,\n")
    assert "to score  2 rows" in check(data, "--predict", tmp_path / "new.csv").stdout


def test_everything_wrong_is_said_at_once(data: Path, tmp_path: Path) -> None:
    data.write_text("x,target\n" + "1,a\n" * 50)
    (tmp_path / "new.csv").write_text("x\n")
    settings = ("--set", "estimator=magic", "--set", "cross_validation.n_splits=1", "--set", "budget.usd=1")
    result = check(data, "--predict", tmp_path / "new.csv", *settings, "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["understanding"] is None
    for words in ("estimator magic", "n_splits is 1", "budget.usd is an unknown key", "has one class only"):
        assert sum(words in line for line in told["errors"]) == 1, words
    in_text = str(check(data, "--predict", tmp_path / "new.csv", *settings).exception)
    assert all(line in in_text for line in told["errors"])


FOLDS = "x,fold,target\n" + "".join(f"{i * 37 % 1000 / 10},{i % 3},{'no' if i % 2 else 'yes'}\n" for i in range(120))


@pytest.mark.parametrize(
    ("asked", "folds"),
    [("{fold_column: fold}", 3), ("{group_column: fold, strategy: leave_one_group_out}", 2)],
)
def test_folds_of_the_data_s_own_are_as_many_as_n_splits_says(data: Path, asked: str, folds: int) -> None:
    data.write_text(FOLDS)
    settings = "--set", f"cross_validation={asked}", "--json"
    split = json.loads(check(data, *settings).stdout)["understanding"]["split"]
    assert split.startswith(f"{folds} folds, ")
    assert check(data, *settings, "--set", f"cross_validation.n_splits={folds}").exit_code == 0
    wrong = check(data, *settings, "--set", "cross_validation.n_splits=4", "--set", "search.max_candidates=0")
    first, second = json.loads(wrong.stdout)["errors"]
    assert "max_candidates is 0" in first
    assert "n_splits is 4, and strategy" in second
    assert f"finds {folds} folds in the data; remove n_splits, or correct the column" in second


def test_folds_of_data_too_large_to_read_must_be_counted(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data.write_text(FOLDS)
    monkeypatch.setattr("warmfold_experiment.understanding.WHOLE_SCAN_BYTES", 100)
    settings = "--set", "cross_validation={fold_column: fold}", "--json"
    (error,) = json.loads(check(data, *settings).stdout)["errors"]
    assert "n_splits is missing: strategy predefined has a fold for each value of a column" in error
    told = json.loads(check(data, *settings, "--set", "cross_validation.n_splits=3").stdout)
    assert told["understanding"]["split"] == "3 folds, predefined by fold"


def test_a_fold_that_the_metric_can_t_be_told_of_is_refused(data: Path) -> None:
    rows = [line.split(",") for line in FOLDS.splitlines()]
    data.write_text("\n".join(",".join([x, f, "no" if f == "2" else t]) for x, f, t in rows))
    settings = "--set", "cross_validation={fold_column: fold}", "--json"
    (error,) = json.loads(check(data, *settings).stdout)["errors"]
    assert "rows that fold 2 ('2' in column 'fold') validates have none of class 'yes' of column 'target'" in error
    assert "roc_auc can't be told of them. Join some of the column's values, or set another `metric`" in error
    assert check(data, *settings, "--metric", "accuracy").exit_code == 0
    (error,) = json.loads(check(data, *settings, "--metric", "acuracy").stdout)["errors"]
    assert "acuracy" in error


def test_what_does_not_fit_the_problem_is_said_beside_what_is_wrong_with_the_data(data: Path) -> None:
    data.write_text("x,target\n" + "1,a\n" * 50)
    errors = json.loads(check(data, "--metric", "r2", "--problem", "classification", "--json").stdout)["errors"]
    assert any("metric r2 does not fit" in line for line in errors)
    assert any("one class only" in line for line in errors)


def test_a_key_that_is_refused_is_no_reason_to_accuse_another(data: Path) -> None:
    """The search space of an unknown estimator, and rows by a target whose name is mistyped, can't be judged."""
    settings = ("--set", "estimator=forest", "--set", "search.hyperparameters.max_depth=3", "--set", "targt=x")
    errors = json.loads(check(data, *settings, "--json").stdout)["errors"]
    assert len(errors) == 2
    assert "did you mean target?" in errors[0]
    assert "estimator forest is unknown" in errors[1]


def test_a_file_that_can_t_be_read_is_named_beside_an_experiment_that_can_t(data: Path, tmp_path: Path) -> None:
    data.write_text('x,target\n1,"a\n')
    experiment = tmp_path / "experiment.yaml"
    experiment.write_text("target: [")
    errors = json.loads(check(data, "--experiment", experiment, "--json").stdout)["errors"]
    assert [error.split(":")[0].rpartition("/")[2].split(",")[0] for error in errors] == [
        "experiment.yaml",
        "churn.csv",
    ]


def test_scripts_get_the_understanding_and_the_whole_experiment(data: Path) -> None:
    told = json.loads(check(data, "--json").stdout)
    assert complaints(Understanding, told["understanding"]) == []
    assert told["errors"] == []
    assert told["experiment"]["metric"] == "roc_auc"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("metric", "give a key and its value"),
        ("=3", "give a key and its value"),
        ("search={", "not valid YAML"),
        ("metric=f1", "metric is given twice"),
    ],
)
def test_a_setting_that_is_none_is_refused(data: Path, setting: str, words: str) -> None:
    assert words in str(check(data, "--metric", "roc_auc", "--set", setting).exception)


def test_a_pipe_is_read_as_a_file_is() -> None:
    output, end = os.pipe()
    os.write(end, ROWS.encode())
    os.close(end)
    result = check(f"/dev/fd/{output}")
    os.close(output)
    assert "120: " in result.stdout


def test_nothing_of_the_data_controls_the_terminal(data: Path) -> None:
    data.write_text(ROWS.replace("target", "[red]\x1b[31mx\u202ey").replace("yes", "[/b]\x07"))
    told = " ".join(check(data, columns="200").stdout.split())
    assert "[red]\\x1b[31mx\\u202ey (the last column" in told
    assert "since its cells are texts: [/b]\\x07 or no (positive)" in told
    assert not {"\x1b", "\x07", "\u202e"} & set(told)


def test_a_long_name_is_cut_short(data: Path) -> None:
    data.write_text(ROWS.replace("target", "n" * 500))
    assert f"{'n' * 39}… (the last" in check(data, columns="200").stdout


def test_rows_of_a_table_are_those_of_its_footer(tmp_path: Path) -> None:
    table = tmp_path / "churn.parquet"
    pq.write_table(pa.table({"x": range(1200), "label": [n % 3 == 0 for n in range(1200)]}), table)
    told = " ".join(check(table, columns="200").stdout.split())
    assert "rows 1,200 by the file's footer; a Parquet file's rows are read in the run (5 folds, stratified)" in told


def test_things_that_are_wrong_are_counted_one_by_one(data: Path) -> None:
    data.write_text(ROWS)
    settings = ("--set", "columns={nix: ignore, nought: ignore}", "--metric", "acuracy")
    told = str(check(data, *settings).exception).splitlines()
    assert told[0] == f"{len(told) - 1} things are wrong:"
    assert all(line.startswith("  - ") for line in told[1:])


def test_lines_fit_the_terminal(data: Path) -> None:
    data.write_text(ROWS.replace("yes", "a class with a name of many words").replace("no", "and another one"))
    assert all(len(line) <= 60 for line in check(data, columns="60").stdout.splitlines())


def test_a_folder_of_files_is_one_dataset(tmp_path: Path) -> None:
    header, *rows = ROWS.splitlines(keepends=True)
    for place in range(3):
        (tmp_path / f"{place}.csv").write_text(header + "".join(rows[place * 40 : place * 40 + 40]))
    result = check(tmp_path, columns="200")
    assert result.exit_code == 0
    assert "rows      120: " in result.stdout
    (tmp_path / "1.csv").write_text("x,city,target\n1,t1,no\n")
    result = check(tmp_path, columns="200")
    assert result.exit_code == 1
    told = "1.csv, line 1: the header is not that of the dataset's first file: it lacks 'town' and has 'city' besides"
    assert told in str(result.exception)
