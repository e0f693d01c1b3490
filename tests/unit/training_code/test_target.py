"""What is predicted and why: the guess is said, doubt is said, and the positive class can be named."""

from __future__ import annotations

import io
import random

import pytest

from tests.unit.training_code.dataset import ROWS, csv_of, labels, measured, refusal, remarks, target, understood
from warmfold_data.asked import Asked
from warmfold_data.csv_records import read_records
from warmfold_data.errors import DatasetRuleError
from warmfold_data.pieces import pieces_of
from warmfold_data.rules import sample
from warmfold_data.target import resolve_target
from warmfold_data.understanding import Understood
from warmfold_jobs.data.table import Schema


@pytest.mark.parametrize(
    ("table", "asked", "why"),
    [
        ({"a": measured(), "y": labels()}, {}, "it is the last column"),
        ({"target": labels(), "a": measured()}, {}, "it is called target"),
        ({"b": labels(), "a": measured()}, {"target": "b"}, "experiment.yaml names it"),
    ],
)
def test_why_a_column_is_the_target_is_told(table: dict[str, list[object]], asked: dict[str, str], why: str) -> None:
    assert understood(table, **asked)["target_why"] == why


@pytest.mark.parametrize(
    ("cells", "problem", "why"),
    [
        (["yes", "no"] * 60, "classification", "its cells are texts"),
        (["True", "False"] * 60, "classification", "its cells are true or false"),
        (["0", "1", "2"] * 60, "classification", "it has 3 different whole numbers"),
        (["0", "0.5", "1"] * 60, "regression", "its numbers are not all whole"),
        (measured(), "regression", "it has more than 20 different numbers"),
        (["$1,000", "$2,500", "$3,000.50"] * 60, "regression", "its numbers are not all whole"),
    ],
)
def test_why_a_problem_is_taken_is_told(cells: list[str], problem: str, why: str) -> None:
    profile = target(cells)
    assert (profile["problem"], profile["problem_why"]) == (problem, why)
    assert target(cells, problem=problem)["problem_why"] == "experiment.yaml says so"


def test_whole_numbers_without_a_gap_may_be_codes_of_classes_and_that_is_said() -> None:
    letters = [str(n % 26 + 1) for n in range(780)]
    profile = target(letters)
    assert profile["problem"] == "regression"
    (said,) = remarks(profile, "numbers_or_classes")
    assert said["remedy"] == "problem: classification"
    assert not remarks(target(letters, problem="regression"), "numbers_or_classes")
    assert not remarks(target([str(n % 26 * 2) for n in range(780)]), "numbers_or_classes")


def test_counts_whose_classes_would_have_too_few_rows_are_numbers() -> None:
    numbers = random.Random(1)
    visits = [str(min(9, int(numbers.expovariate(0.9)))) for _ in range(400)]
    profile = target([*visits, "9"])
    assert profile["problem"] == "regression"
    assert "would have" in profile["problem_why"]
    assert remarks(profile, "numbers_or_classes")[0]["remedy"] == "problem: classification"
    assert "fewer than the 3 folds" in refusal(lambda: target([*visits, "9"], problem="classification"))


def test_a_class_of_a_few_numbers_that_lacks_rows_is_refused_with_both_remedies() -> None:
    said = refusal(lambda: target(["0", "1"] * 60 + ["2"]))
    assert "set `problem: regression` if these are numbers" in said
    assert "Add rows of this class" in said


@pytest.mark.parametrize(
    ("cells", "asked", "order"),
    [
        (["legit", "fraud"], "fraud", ["legit", "fraud"]),
        (["legit", "fraud"], "legit", ["fraud", "legit"]),
        (["legit", "fraud"], None, ["fraud", "legit"]),
        (["yes", "no"], "true", ["no", "yes"]),
        (["yes", "no"], "false", ["yes", "no"]),
        (["10", "9"], None, ["9", "10"]),
        (["1", "0"], "0.0", ["1", "0"]),
        (["true", "False"], None, ["False", "true"]),
        (["A", "B"], "B ", ["A", "B"]),
    ],
)
def test_the_positive_class_is_the_last_of_two(cells: list[str], asked: str | None, order: list[str]) -> None:
    profile = target(cells * 60, positive_class=asked)
    assert list(profile["classes"] or ()) == order
    assert profile["positive_class"] == order[1]
    schema = Schema.of_profile(profile)
    assert (schema.classes, schema.positive_class) == (order, order[1])


@pytest.mark.parametrize(
    ("cells", "asked", "says"),
    [
        (["legit", "fraud"] * 60, "fraudd", "Did you mean 'fraud'?"),
        (["a", "b", "c"] * 60, "a", "is for two classes, and there are 3"),
        (measured(), "1", "the problem is regression"),
    ],
)
def test_a_positive_class_that_can_t_be_is_refused(cells: list[str], asked: str, says: str) -> None:
    assert says in refusal(lambda: target(cells, positive_class=asked))


def test_how_many_rows_have_no_target_is_said() -> None:
    profile = target([*labels(), "", " "])
    assert profile["rows_without_target"] == 2
    assert f"2 of {ROWS + 2} rows" in remarks(profile, "no_target")[0]["text"]


def test_the_target_s_and_the_features_broken_rules_are_told_together() -> None:
    table = {"a": [*measured()[1:], "odd"], "b": measured(seed=3), "y": [*measured(seed=4)[1:], "odd"]}
    assert len(refusal(lambda: understood(table)).splitlines()) == 2


def suggested(target: list[str], **asked: object) -> Understood:
    """What a sample of a table says that is larger than what is sampled."""
    body = csv_of({"text": [f'a "{n}",\nb' for n in range(len(target))], "y": target})
    pieces = pieces_of(len(body), lambda start, length: body[start : start + length])
    records = read_records(io.BytesIO(body), file="data.csv")
    return sample(records, file="data.csv", asked=Asked(**asked), pieces=pieces)  # type: ignore[arg-type]


def test_a_target_that_the_first_rows_do_not_show_is_known_from_further_down() -> None:
    rows = 200_000
    assert suggested([str(n * 50 // rows) for n in range(rows)]).problem == "regression"
    assert suggested([str(n * 10 // rows) for n in range(rows)]).problem == "classification"
    assert suggested(["ab"[n * 2 // rows] for n in range(rows)]).classes.keys() == {"a", "b"}


def test_what_is_odd_further_down_is_left_to_who_reads_all_lines() -> None:
    rows = 200_000
    assert suggested([str(n / 7) if n < rows // 2 else "odd" for n in range(rows)]).problem == "regression"


def test_a_table_without_columns_has_nothing_to_predict() -> None:
    with pytest.raises(DatasetRuleError, match=r"data\.parquet: it has no columns; give one to predict"):
        resolve_target([], Asked(), "data.parquet")
