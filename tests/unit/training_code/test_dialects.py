"""The same records in every delimiter and encoding, or a name for what is in doubt."""

from __future__ import annotations

import gzip
import io
import unicodedata

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.unit.training_code.csv_text import HEADER, ROWS, SUMS, asked, codes, read, refused, written

NAMES = st.lists(st.text("abcdefgh_ é", min_size=1, max_size=6), min_size=2, max_size=5, unique=True)
CELL = st.one_of(
    st.integers(-999, 10**6).map(str),
    st.floats(-1e6, 1e6).map(lambda value: f"{value:.2f}"),
    st.text("abcxyz ,;|\t\"'éß-", max_size=8),
    st.just(""),
)


@settings(max_examples=60)
@given(st.data(), NAMES, st.sampled_from(";\t|,"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.booleans())
def test_rows_are_the_same_in_every_delimiter_encoding_and_compression(
    data: st.DataObject, names: list[str], delimiter: str, encoding: str, packed: bool
) -> None:
    names = [name.strip() for name in names]
    assume(all(names) and len(set(names)) == len(names))
    rows = data.draw(st.lists(st.lists(CELL, min_size=len(names), max_size=len(names)), min_size=2, max_size=9))
    assume(all(any(cell.strip() for cell in row) for row in rows))
    rows = [[f"{place}" if not place else cell for place, cell in enumerate(row)] for row in rows]
    text = written([names, *rows], delimiter)
    raw = text.encode(encoding)
    found, records = read(gzip.compress(raw) if packed else raw, asked=asked(delimiter=delimiter))
    assert found == [[unicodedata.normalize("NFC", name) for name in names], *rows]
    assert records.dialect["compression"] == ("gzip" if packed else None)


@pytest.mark.parametrize("delimiter", list(",;\t|"))
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_delimiter_that_cuts_every_line_alike_is_taken_and_said(delimiter: str, ending: str) -> None:
    found, records = read(written([HEADER, *ROWS], delimiter).replace("\n", ending))
    assert found == [HEADER, *ROWS]
    assert records.dialect["delimiter"] == delimiter
    assert codes(records) == ([] if delimiter == "," else ["delimiter"])


@pytest.mark.parametrize("first", ["income, EUR", "income", '"income, EUR"'])
def test_semicolons_with_decimal_commas_are_read_whatever_the_header_holds(first: str) -> None:
    lines = [f"{first};age;city;churn", *(f"{row[0].replace('.', ',')};{row[1]};{row[2]};{row[3]}" for row in ROWS)]
    found, _ = read("\n".join(lines))
    assert found[0] == [first.strip('"'), "age", "city", "churn"]
    assert found[1][0] == "1000,0"
    assert {len(row) for row in found} == {4}


@pytest.mark.parametrize(
    "lines",
    [
        ["id,lat;lon,label", "17,1;2,yes", "18,3;4,no", "19,5;6,yes"],
        ["id,a|b|c,label", "17,x|y|z,yes", "18,u|v|w,no"],
        ["name,text", '1,"a;b;c"', '2,"d;e"'],
        ["a b,c,d", "w\tx,1,yes", "y\tz,2,no", "u\tv,3,no"],
        ["a,b\t", "1,2\t", "3,4\t"],
        ["when;what,who", "1;x,2", "2;y,3"],
        ["x;y,z|w", "1;2,3|4", "5;6,7|8"],
    ],
)
def test_another_mark_inside_one_column_s_cells_does_not_cut_a_comma_file(lines: list[str]) -> None:
    found, records = read("\n".join(lines))
    assert records.dialect["delimiter"] == ","
    assert len(found[0]) == lines[0].count(",") + 1


def test_two_marks_that_both_may_be_meant_are_refused_until_one_is_named() -> None:
    lines = ["a, EUR;b, EUR", "1,5;2,5", "2,5;3,5"]
    text = "\n".join(lines)
    assert 'dialect: {delimiter: ";"}' in refused(text)
    assert read(text, asked=asked(delimiter=";"))[0] == [line.split(";") for line in lines]
    assert read(text, asked=asked(delimiter=","))[0][1] == ["1", "5;2", "5"]


def test_a_line_that_does_not_fit_is_named_in_the_file_s_own_delimiter() -> None:
    lines = written([HEADER, *ROWS], ";").splitlines()
    lines[20] = "1;2"
    assert "line 21: 2 cells, and the header has 4 columns" in refused("\n".join(lines))


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_excel_s_line_that_names_the_delimiter_is_no_header(mark: str) -> None:
    found, records = read(f"sep={mark}\n" + written([HEADER, *ROWS], mark))
    assert found == [HEADER, *ROWS]
    assert codes(records) == ["separator_line"]
    assert records.dialect["first_line"] == 3


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_by_its_mark_and_named_without(encoding: str) -> None:
    table = [["größe", "label"], ["1", "é"], ["2", "☃"]]
    raw = written(table).encode(encoding)
    if encoding != "utf-16":
        assert f"dialect: {{encoding: {encoding}}}" in refused(raw)
        assert read(raw, asked=asked(encoding=encoding))[0] == table
        raw = "\ufeff".encode(encoding) + raw
    found, records = read(raw)
    assert found == table
    assert codes(records) == ["encoding"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_several_byte_order_marks_are_no_part_of_the_first_title(encoding: str) -> None:
    text = "a,label\n" + "".join(f"{row},{'yn'[row % 2]}\n" for row in range(40))
    assert read(("\ufeff\ufeff\ufeff" + text).encode(encoding))[0] == read(text.encode())[0]


WESTERN = ["Köln", "Málaga", "señor", "Füße", "Łódź"[1:], "français", "Ærø", "naïve", "L’Été", "Škoda", "œuvre", "5 €"]


@given(
    st.lists(st.sampled_from([word for word in WESTERN if word.encode("cp1252", "ignore").decode("cp1252") == word]))
)
@example(["Köln"])
def test_western_text_in_cp1252_is_read_with_words_to_check_it_by(words: list[str]) -> None:
    assume(words)
    table = [["city", "label"], *([word, "1"] for word in words)]
    found, records = read(written(table).encode("cp1252"))
    assert found == table
    assert records.dialect["encoding"] == "cp1252"
    (remark,) = records.remarks
    assert "cp1252, for example" in remark["text"]


@pytest.mark.parametrize(
    ("word", "encoding"),
    [("Москва", "cp1251"), ("東京都", "shift-jis"), ("北京市", "gbk"), ("Málaga", "mac-roman"), ("Köln", "cp437")],
)
def test_other_encodings_are_refused_and_read_once_they_are_named(word: str, encoding: str) -> None:
    table = [["city", "label"], [word, "1"], ["Oslo", "2"]]
    raw = written(table).encode(encoding)
    assert "dialect: {encoding: …}" in refused(raw)
    assert read(raw, asked=asked(encoding=encoding))[0] == table


def test_one_broken_byte_in_utf_8_is_not_another_encoding() -> None:
    raw = "city,label\nKöln,1\n".encode() + b"K\xf6ln,2\n"
    assert "not UTF-8 at byte 20 (0xf6), in line 3, and UTF-8 elsewhere" in refused(raw)


def test_utf_8_cut_where_the_sample_ends_is_utf_8() -> None:
    text = "a,b\n" + "é,1\n" * 300_000
    assert len(read(text)[0]) == 300_001


def test_the_dialect_is_all_that_pyarrow_needs_to_read_the_same_rows() -> None:
    from pyarrow import csv as arrow

    title, totals = "Sales 2024\n\n", ["Total", SUMS[1], "", ""]
    table = [HEADER, ["EUR", "years", "", ""], *ROWS[:20], HEADER, *ROWS[20:], totals]
    raw = (title + written(table, ";")).encode("utf-16")
    found, records = read(gzip.compress(raw))
    dialect = records.dialect
    assert dialect["compression"] == "gzip"
    options = {"skip_rows": dialect["first_line"] - 1, "column_names": found[0], "encoding": dialect["encoding"]}
    second = arrow.read_csv(
        io.BytesIO(raw),
        read_options=arrow.ReadOptions(**options),
        parse_options=arrow.ParseOptions(delimiter=dialect["delimiter"], newlines_in_values=True),
        convert_options=arrow.ConvertOptions(column_types=dict.fromkeys(found[0], "string")),
    ).to_pylist()
    skipped = {one["row"] for one in dialect["skipped"]}
    assert [list(row.values()) for place, row in enumerate(second) if place not in skipped] == found[1:]
