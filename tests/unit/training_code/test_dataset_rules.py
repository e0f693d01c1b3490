"""What a good dataset is: reading, profile, the rules, and where rows go."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.training_code.dataset import refusal
from tests.unit.training_code.split import in_holdout
from warmfold_data import cells
from warmfold_data.asked import Asked, Splitting
from warmfold_data.csv_records import csv_line, read_records
from warmfold_data.rows_to_score import check_rows_to_score
from warmfold_data.rules import DatasetRuleError, scan
from warmfold_run.records import Profile

CELLS = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=8) | st.sampled_from(
    ["", "\r", "\n", "\r\n", '"', '""', ",", " ", "a\rb", 'say "no", then\nleave', "é☃"]
)


def rules(text: str | bytes, **options: Any) -> Profile:
    """`scan` of a small file, by default into 2 folds."""
    dealing = {"n_splits": 2, "strategy": "stratified", "holdout": 0.3, "seed": 42}
    splitting = Splitting(**{key: options.pop(key, value) for key, value in dealing.items()})
    body = text.encode() if isinstance(text, str) else text
    return scan(io.BytesIO(body), file="data.csv", asked=Asked(**options, splitting=splitting))


def table(rows: list[tuple[object, ...]], header: str = "size,label") -> str:
    """CSV text of these rows."""
    return header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)


TWO_CLASSES = table([(number + 0.5, "yes" if number % 3 else "no") for number in range(60)])


def error(text: str | bytes, **options: Any) -> str:
    """The text of the rule that this file breaks."""
    return refusal(lambda: rules(text, **options), "data.csv")


def test_missing_is_what_pandas_takes_as_missing() -> None:
    parsers = pytest.importorskip("pandas._libs.parsers")
    assert parsers.STR_NA_VALUES == cells.PANDAS_MISSING


def test_a_profile_says_what_the_dataset_is() -> None:
    rows = [(n * 3, n / 7, "True" if n % 2 else "", f"t{n}", "", "ab"[n % 2]) for n in range(40)]
    profile = rules(table([*rows, ("x", "x", "x", "x", "x", "")], "count,share,flag,word,nothing,target"))
    assert {column: reading["kind"] for column, reading in profile["readings"].items()} == {
        "count": "numeric",
        "share": "numeric",
        "flag": "boolean",
        "word": "text",
        "target": "text",
    }
    assert profile["left_out"] == {"nothing": "it is empty"}
    missing = profile["missing"]
    assert (profile["rows"], profile["rows_without_target"], missing["flag"], missing["target"]) == (41, 1, 20, 1)
    assert (profile["target"], profile["problem"]) == ("target", "classification")
    assert profile["classes"] == {"a": 20, "b": 20}
    assert profile["development_rows"] + profile["holdout_rows"] == 40
    assert sum(profile["part_rows"]) == profile["development_rows"]
    assert Counter(profile["development_classes"]) + Counter(profile["holdout_classes"]) == {"a": 20, "b": 20}
    assert json.loads(json.dumps(profile)) == profile


@pytest.mark.parametrize(
    ("header", "named", "target"),
    [("n,target,b", None, "target"), ("n,b,c", None, "c"), ("n,b,c", "b", "b"), ("n,target,c", "c", "c")],
)
def test_the_target_is_the_named_column_else_the_one_called_target_else_the_last(
    header: str, named: str | None, target: str
) -> None:
    assert rules(table([(n + 0.5, n % 2, n % 2) for n in range(40)], header), target=named)["target"] == target


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (range(20), "classification"),
        (range(21), "regression"),
        ([0.5, 1, 2], "regression"),
        ([0.0, 1.0, 2.0], "classification"),
        (["yes", "no"], "classification"),
        (["True", "False"], "classification"),
        ([*range(15), "other"], "classification"),
        (range(3000), "regression"),
    ],
)
def test_the_problem_is_told_from_the_targets_values(values: list[object], problem: str) -> None:
    rows = [(copy, value) for value in values for copy in range(30 if len(values) < 100 else 2)]
    profile = rules(table(rows))
    assert profile["problem"] == problem
    assert (profile["classes"] is None) == (problem == "regression")


def test_a_named_problem_wins_over_the_values() -> None:
    whole = table([(n, n % 2) for n in range(40)])
    assert rules(whole, problem="regression")["problem"] == "regression"
    measured = table([(n, n % 2 + 0.5) for n in range(40)])
    assert rules(measured, problem="classification")["classes"] == {"0.5": 20, "1.5": 20}


def test_quoted_line_breaks_blank_lines_and_a_byte_order_mark_are_read() -> None:
    text = "\ufeff" + TWO_CLASSES.replace("\n", "\r\n") + '\r\n\r\n"\n61\n\n",yes\r\n'
    profile = rules(text)
    assert profile["columns"] == ["size", "label"]
    assert profile["rows"] == 61


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("", {}, "empty"),
        ("\n\n", {}, "empty"),
        ("a,b\n", {}, "a header and no rows"),
        ("a,b\n1,2\n3\n", {}, "line 3: 1 cells, and the header has 2 columns"),
        ('a,b\n"x\ny",2\n1,2,3\n', {}, "line 4: 3 cells"),
        ("a,b,a\n1,2,3\n", {}, "column name 'a' is used more than once"),
        ("a,,b\n1,2,3\n", {}, "column 2 has no name"),
        ('a,b\n1,"2\n3,4\n', {}, "line 2: not valid CSV"),
        ('a,b\n"1"2,3\n', {}, "line 2: not valid CSV"),
        ("a,b\r1,2\r", {}, "line 1: not valid CSV"),
        ("a,b\n1,\x002\n", {}, "zero byte at byte 6"),
        (b"a,b\n\x81,1\n", {}, "not UTF-8 at byte 4 (0x81), in line 2, and no western text"),
        ("b\n1\n", {}, "no feature column"),
        (TWO_CLASSES, {"target": "lable"}, "the columns are 'size', 'label'. Did you mean 'label'?"),
        (table([(n, "") for n in range(9)]), {}, "missing in all 9 rows"),
        (table([(n, "yes") for n in range(99)]), {}, "one class only, 'yes'"),
        (table([(n, "4.5") for n in range(99)]), {}, "the same value in every row"),
        (table([(n, n % 2) for n in range(4)]), {"n_splits": 5}, "fewer than the 5 folds"),
        (TWO_CLASSES + "1,rare\n", {}, "class 'rare' of column 'label' has"),
        (table([(1, n) for n in range(9)]) + "1,tall\n", {"problem": "regression"}, "line 11: 'tall'"),
        (table([(1, n) for n in range(50)]) + "1,-inf\n", {}, "line 52: '-inf'"),
        (table([(1, n) for n in range(3000)]) + "1,tall\n", {}, "line 3002: 'tall'"),
        (table([(1, f"id{n}") for n in range(150)]), {}, "150 classes in 150 rows"),
        (table([(1, f"id{n}") for n in range(5000)]), {}, "more than 1000 different values"),
        (table([(n % 2, n + 0.5) for n in range(3)]), {"problem": "regression", "strategy": None}, "the holdout has 1"),
        (table([(n, "aaaabb"[n]) for n in range(6)]), {}, "are all of one class of column 'label', 'a'"),
        (f"a,b\n{'x' * 1_300_000},2\n", {}, "line 2: the row that starts here is longer"),
        ('a,b\n1,"2\n' + "3,4\n" * 400_000, {}, "line 2: a cell of the row that starts here has more than 500000"),
    ],
)
def test_bad_data_is_refused_with_the_place_and_the_remedy(
    text: str | bytes, options: dict[str, Any], says: str
) -> None:
    assert says in error(text, **options)


def test_a_row_stays_on_its_side_when_the_data_grows_and_duplicates_share_it() -> None:
    sides = {n: in_holdout([str(n), "yes"], 7, 0.25) for n in range(4000)}
    assert 0.22 < sum(sides.values()) / 4000 < 0.28
    assert sides == {n: in_holdout([str(n), "yes"], 7, 0.25) for n in range(4000)}
    assert all(in_holdout([str(n), "yes"], 7, 0.4) for n, held in sides.items() if held)
    assert sides != {n: in_holdout([str(n), "yes"], 8, 0.25) for n in range(4000)}


@given(st.lists(st.lists(CELLS, min_size=1, max_size=1) | st.lists(CELLS, min_size=3, max_size=3), max_size=9))
@example([["", "\r", ""], ["a\rb", '"', " "]])
@example([[""], [" "]])
def test_what_is_written_reads_back_as_the_same_cells(rows: list[list[str]]) -> None:
    for width, header in ((1, ["a"]), (3, ["a", "b", "c"])):
        chosen = [row for row in rows if len(row) == width]
        text = csv_line(header) + "".join(csv_line(row) for row in chosen)
        read = [row for _, row in read_records(io.BytesIO(text.encode()), file="data.csv")]
        assert read == [header, *chosen]


def test_lines_are_those_where_rows_start() -> None:
    text = 'a,b\n\n"1\n1",2\n3,4\n'
    assert [line for line, _ in read_records(io.BytesIO(text.encode()), file="data.csv")] == [1, 3, 5]


def trained_on(kinds: dict[str, Any]) -> Any:
    """As much of a profile as rows to score are compared with: columns of these kinds, the target among them."""
    return {
        "readings": {column: cells.plain_reading(kind) for column, kind in kinds.items()},
        "target": "target",
        "facts": {},
        "missing": dict.fromkeys(kinds, 1),
    }


@pytest.mark.parametrize("header", ["a,b,target", "target,b,a", "b,a", "b,more,a"])
def test_rows_to_score_may_lack_the_target_and_have_any_order(header: str) -> None:
    text = table([tuple("x" * len(header.split(",")))] * 3, header)
    profile = trained_on(dict.fromkeys(["a", "b", "target"], "text"))
    compared = check_rows_to_score(io.BytesIO(text.encode()), file="predict.csv", profile=profile)
    assert (compared.rows, compared.remarks()) == (3, [])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,target\n1,2\n", "predict.csv: column 'b' is missing"),
        ("x\n1\n", "predict.csv: columns 'a', 'b' are missing"),
        ("a,b\n", "predict.csv has a header and no rows"),
        ("", "predict.csv is empty"),
        ("a,b\n1\n", "predict.csv, line 2: 1 cells"),
        ("a,b\n1,x\n\ntwo,y\n", "predict.csv, line 4: 'two' in column 'a' is not a number"),
        ("a,b,flag\n,x,\n2,y,1\n", "predict.csv, line 3: '1' in column 'flag' is not true or false"),
    ],
)
def test_bad_rows_to_score_are_refused(text: str, says: str) -> None:
    kinds = {"a": "numeric", "b": "text", "target": "text"} | ({"flag": "boolean"} if "flag" in text else {})
    with pytest.raises(DatasetRuleError, match=says):
        check_rows_to_score(
            io.BytesIO(text.encode()),
            file="predict.csv",
            profile=trained_on(kinds),
        )
