"""What is said of columns holds of the cells that were looked at: no more is known, and no other cell is accused."""

from __future__ import annotations

import io
import random

import pytest

from tests.unit.training_code.dataset import csv_of, feature, labels, measured, remarks, target, understood
from warmfold_data import reader as reading_rows
from warmfold_data.asked import Asked, Splitting
from warmfold_data.csv_records import read_records
from warmfold_data.errors import DatasetRuleError
from warmfold_data.reader import Reader
from warmfold_data.rules import sample
from warmfold_data.understanding import Understood, say_leaks, understand


def sampled(columns: dict[str, list[str]], classes: list[str], step: int) -> Understood:
    """What is understood of columns of which each `step`th row is looked at, leaks included."""
    reader = Reader([*columns, "y"], file="data.csv", asked=Asked(), sampled=True)
    reader.observe_target(classes, range(2, len(classes) + 2))
    for row in range(0, len(classes), step):
        reader.observe(row + 2, [*(cells[row] for cells in columns.values()), classes[row]])
    found = understand(reader)
    say_leaks(found, reader, len(classes))
    return found


def test_rows_that_nobody_looked_at_make_no_leak() -> None:
    rows, chance = 40_000, random.Random(3)
    classes = ["yes" if row == 50 or row % 700 == 51 else "no" for row in range(rows)]
    by_chance = chance.choices("abc", k=rows)
    by_chance[50] = "rare"
    found = sampled({"x": by_chance}, classes, 50)
    assert [one for one in found.remarks if one["holds"]] == []


def test_a_leak_is_told_of_the_rows_that_were_looked_at() -> None:
    classes = labels(20_000)
    found = sampled({"x": [f"{label}{row % 3}" for row, label in enumerate(classes)]}, classes, 100)
    (leak,) = [one for one in found.remarks if one["code"] == "leak"]
    assert "in all 200 rows" in leak["text"]


@pytest.fixture
def few_distinct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns are counted cell by cell up to 50 different ones, in blocks of few rows."""
    monkeypatch.setattr(reading_rows, "DISTINCT", 50)
    monkeypatch.setattr(reading_rows, "LEAST_DISTINCT", 50)
    monkeypatch.setattr(reading_rows, "BLOCK_CELLS", 90)


def ids_of(cells: list[int]) -> dict[str, str]:
    rows = len(cells)
    table = {"customer_id": cells, "beside": measured(rows), "y": labels(rows)}
    return understood(table)["left_out"]


@pytest.mark.usefixtures("few_distinct")
def test_ids_that_repeat_far_down_name_no_rows() -> None:
    ids = random.Random(4).sample(range(10_000), 150)
    assert ids_of(ids * 3) == {}
    assert ids_of([*ids[:40], *random.Random(5).sample(range(10_000, 20_000), 300), ids[3]]) == {}
    assert ids_of([*ids, 10_001, 10_001]) == {}, "a cell twice in one block behind those that were counted"


@pytest.mark.usefixtures("few_distinct")
def test_of_ids_too_many_to_count_it_is_said_how_many_were_compared() -> None:
    ids = random.Random(4).sample(range(10_000), 450)
    assert ids_of(ids) == {"customer_id": "it names the rows: 450 whole numbers, no two of the first 50 the same"}


def refused(cells: list[str], **asked: object) -> str:
    with pytest.raises(DatasetRuleError) as caught:
        feature(cells, **asked)
    return str(caught.value)


ISO_DATES = [f"2024-01-{day % 28 + 1:02}" for day in range(190)]


def test_of_dates_in_two_formats_the_rarer_ones_are_accused() -> None:
    said = refused([*ISO_DATES, *(f"{day}.12.2024" for day in range(10, 20))])
    assert "line 192: '10.12.2024' in column 'x' is not a date like the others (such as '2024-01-01')" in said
    assert "as 190 of its 200 cells are; nor are 9 other cells. " in said
    assert 'missing_values: ["10.12.2024", "11.12.2024"' in said


def test_texts_and_dates_in_another_format_are_accused_together() -> None:
    said = refused([*ISO_DATES, "10.12.2024", "someday"])
    assert 'missing_values: ["10.12.2024", "someday"]' in said
    assert "; nor is 1 other cell. " in said


def test_of_days_and_months_in_both_orders_a_cell_of_the_other_order_is_accused() -> None:
    said = refused([*[f"{day}/01/2024" for day in range(13, 23)], *[f"01/{day}/2024" for day in range(13, 23)]] * 2)
    accused = said.partition("'")[2].partition("'")[0]
    example = said.partition("such as '")[2].partition("'")[0]
    assert (accused[:2] == "01") != (example[:2] == "01")


def test_a_column_without_any_date_can_not_be_said_to_hold_dates() -> None:
    said = refused([str(n % 50 + 0.5) for n in range(120)], columns={"x": "date"})
    assert said.startswith(
        "data.csv: '0.5' in column 'x' is not a date (such as 2024-12-31), as 0 of its 120 cells are;"
    )
    assert "`columns: {x: text}`" in said
    nothing = feature([""] * 120, columns={"x": "date"})
    assert nothing["readings"]["x"]["kind"] == "date"


def test_numbers_among_dates_are_accused_without_a_line() -> None:
    said = refused([*ISO_DATES, *(f"202402{day}" for day in range(10, 20))])
    assert said.startswith("data.csv: '20240210' in column 'x' is not a date like the others (such as '2024-01-01')")
    assert 'missing_values: ["20240210", "20240211"' in said


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%d-%m-%Y", "%d/%m/%Y %H:%M"])
@pytest.mark.parametrize("column", ["x", "date: of, birth"])
def test_the_remedy_for_ambiguous_dates_can_be_followed(form: str, column: str) -> None:
    yaml = pytest.importorskip("yaml")
    filled = form.replace("%Y", "2024").replace("%H", "10").replace("%M", "30")
    cells = [filled.replace("%d", f"{n % 12 + 1:02}").replace("%m", f"{n % 11 + 1:02}") for n in range(120)]
    table = {column: cells, "beside": measured(120), "y": labels(120)}
    (said,) = remarks(understood(table), "ambiguous_dates")
    columns = yaml.safe_load(said["remedy"] or "")["columns"]
    assert columns == {column: form}
    assert understood(table, columns=columns)["readings"][column]["kind"] == "date"
    with pytest.raises(DatasetRuleError) as caught:
        understood(table, columns={column: "date"})
    assert f"`{said['remedy']}`" in str(caught.value)


def test_no_cell_is_told_to_stand_in_line_0() -> None:
    rows = 300
    cells = ["1", "2", "3", "word"] * (rows // 4)
    table = {"a": measured(rows), "b": measured(rows, seed=5), "y": cells}
    asked = Asked(splitting=Splitting(n_splits=3), problem="regression")
    piece = b"a,b,y\n" + b"".join(f"1.5,2.5,odd{n}\n".encode() for n in range(20)) + b"1"
    with pytest.raises(DatasetRuleError) as caught:
        sample(read_records(io.BytesIO(csv_of(table)), file="data.csv"), file="data.csv", asked=asked, pieces=[piece])
    assert str(caught.value).startswith("data.csv, line 5: 'word'")
    assert "odd" not in str(caught.value)


@pytest.mark.parametrize("word", ["N/A", "\\N"])
def test_a_class_called_by_a_word_for_missing_has_its_remedy(word: str) -> None:
    cells = [*labels(120), *[word] * 6]
    profile = target(cells)
    (said,) = remarks(profile, "missing_word_is_class")
    reader = Reader(["a", "y"], file="data.csv", asked=Asked(splitting=Splitting(n_splits=3)))
    for row, (number, label) in enumerate(zip(measured(126), cells, strict=True)):
        reader.observe(row + 2, [number, label])
    assert understand(reader).remedy_for_class(word) == f"set `{said['remedy']}` if it means that there is no value, "


def test_each_of_many_classes_called_by_a_word_for_missing_has_its_remedy() -> None:
    words = ["N/A", "NULL", "None", "NaN", "n/a", "null", "?"]
    cells = [*labels(120), *[word for word in words for _ in range(6)]]
    reader = Reader(["a", "y"], file="data.csv", asked=Asked(splitting=Splitting(n_splits=3)))
    for row, (number, label) in enumerate(zip(measured(len(cells)), cells, strict=True)):
        reader.observe(row + 2, [number, label])
    found = understand(reader)
    for word in words:
        assert found.remedy_for_class(word).startswith(f'set `missing_values: ["{word}"]` if')
    assert found.remedy_for_class("yes") == ""
