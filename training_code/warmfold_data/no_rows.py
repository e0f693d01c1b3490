"""Records below the header that are no rows: units under it, the header once more, totals at the end.

Standard library only, as `rules.py`. What is beyond doubt is left out and said:

- the header once more, cell by cell, in a file of two or more columns (from `cat`);
- under the header, a record that has no number in any column of numbers, and a unit or a type in one of them;
- at the end, up to MOST_TOTALS records whose first cell with a value is a word for totals and stands in a column of
  numbers, or which have the sum or the mean of a column.

A last record with a word for totals and no such evidence is a row, with a remark. Of rows to score none is left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from warmfold_data.cells import NUMERIC, CellError, plain_reading, values
from warmfold_data.columns import Tally
from warmfold_data.errors import DatasetRuleError
from warmfold_data.first_lines import Record, numeric_columns
from warmfold_data.notation import NOTATIONS, Decimal, written
from warmfold_data.number_columns import numbers_as
from warmfold_data.remarks import MOST_NAMED, remark
from warmfold_run.records import Remark, SkippedRecord
from warmfold_run.understanding import listed

UNITS = "units_line"
"""The code of the remark on a line of units."""
MOST_TOTALS = 3
"""How many records at the end may be totals: sum, mean and count, say."""
SUMMED_COLUMNS = 2
"""Columns of numbers whose sums are kept, to tell a record of totals by."""
_BLOCK_RECORDS = 500
"""How many records are looked at together."""
LEAST_ROWS = 3
"""Fewer rows than this say nothing about a column."""
# fmt: off
TOTALS = frozenset({
    "total", "totals", "grand total", "sub total", "subtotal", "sum", "sums", "average", "avg", "mean",
    "summe", "gesamt", "gesamtsumme", "insgesamt", "mittelwert", "durchschnitt", "totaal", "totale", "totali", "media",
    "somme", "sous-total", "moyenne", "suma", "promedio", "soma", "summa", "итого", "всего", "合計", "合计", "总计",
})
# fmt: on
"""Words that a line of totals begins with."""
_UNIT = re.compile(
    r"\(.*\)|\[.*\]|[-–]|[%‰°€$£¥]|°[CFK]|"
    r"(?:[pnµμumckMGTh]?(?:m|g|s|A|V|W|Wh|Hz|Pa|J|N|l|L|bar|eV|mol|B|bit|Ω|ohm)|kg|t|lb|lbs|oz|in|inch|ft|yd|mi|miles?|"
    r"min|h|hr|hrs|hours?|d|days?|weeks?|months?|y|yr|yrs|years?|sec|seconds?|minutes?|ms|K|deg|degrees?|rad|rpm|kn|mph|"
    r"kph|dB|ha|sqm|sqft|cc|ppm|ppb|bpm|mmHg|USD|EUR|GBP|CHF|JPY|CNY|percent|pct|count|pieces|pcs)"
    r"(?:[²³]|\^?-?[23])?(?:[/·*.](?:[a-zA-Zµμ]{1,4}|100 ?km)(?:[²³]|\^?-?[23])?)?|"
    r"numeric|number|continuous|discrete|float\d*|double|int\d*|integer|real|decimal|bigint|smallint"
)


class Sieve:
    """Lets the rows of a file through and keeps what is none, as `skipped` and `remarks` say in the end."""

    def __init__(
        self,
        names: Sequence[str],
        sampled: Sequence[list[str]],
        *,
        file: str,
        header: Sequence[str] | None,
        to_score: bool,
        decimal: Decimal | None = None,
    ) -> None:
        """`header` is the header as written, None where there is none; `sampled` are the first records below it.

        `decimal` is what the experiment says stands before decimals.
        """
        self.skipped: list[SkippedRecord] = []
        self.remarks: list[Remark] = []
        self._names, self._file, self._to_score = list(names), file, to_score
        self._headers = (self._names, list(header)) if header and len(header) > 1 else (None, None)
        rows = [row for row in sampled if row not in self._headers]
        self._numeric = numeric_columns(rows[1:], len(names)) if len(rows) > LEAST_ROWS else [False] * len(names)
        self._has_units = header is not None and bool(rows) and self._are_units(rows[0])
        if not self._has_units and len(rows) > LEAST_ROWS:
            # the last one sampled may be of totals
            self._numeric = numeric_columns(
                rows[:-MOST_TOTALS] if len(rows) > 2 * MOST_TOTALS else rows[:-1], len(names)
            )
        summed = [place for place, is_numeric in enumerate(self._numeric) if is_numeric][:SUMMED_COLUMNS]
        self._sums = dict.fromkeys(summed, 0.0)
        whole = [row for row in rows if len(row) == len(names)]
        self._read = {place: _number_reader([row[place] for row in whole], decimal) for place in summed}
        self._rows = 0

    def sift(self, records: Iterator[Record]) -> Iterator[Record]:
        """The rows among these records, and the line of each."""
        names, written = self._headers
        if self._has_units and (first := next(records, None)) is not None:
            self._skip(first[0], 0, "units")
            self._say_units(*first)
        seen, last, places = len(self.skipped), list[Record](), list[int]()
        while block := list(islice(records, _BLOCK_RECORDS)):
            there = list(range(seen, seen + len(block)))
            seen += len(block)
            repeats = [at for at, (_, row) in enumerate(block) if row in (written, names)]
            for at in reversed(repeats):
                self._skip(block.pop(at)[0], there.pop(at), "repeated header")
            if self._to_score:
                yield from block
                continue
            last += block
            through, last, places = last[:-MOST_TOTALS], last[-MOST_TOTALS:], (places + there)[-MOST_TOTALS:]
            self._add([row for _, row in through])
            yield from through
        self.skipped.sort(key=lambda skipped: skipped["line"])
        yield from self._end(list(zip(places, last, strict=True)))
        self._say_repeats()

    def _end(self, last: Sequence[tuple[int, Record]]) -> Iterator[Record]:
        """The rows among the last records, without those of totals at their end."""
        kept = 0
        while not all(self._are_totals(row, [row for _, (_, row) in last[:kept]]) for _, (_, row) in last[kept:]):
            kept += 1
        rows = [record for _, record in last[:kept]]
        yield from rows
        for place, (line, row) in last[kept:]:
            self._skip(line, place, "totals")
            text = f"line {line} ({_shown(row)}) holds totals, not a row; it is left out"
            self.remarks.append(remark("totals_line", None, text))
        if rows and kept == len(last) and (word := word_for_totals(rows[-1][1])) is not None:
            text = f"line {rows[-1][0]}, the last, says {word!r}; it is taken for a row. Delete it if it holds totals"
            self.remarks.append(remark("possible_totals", None, text))

    def _are_units(self, row: Sequence[str]) -> bool:
        if len(row) != len(self._names):
            return False
        measured = [cell.strip() for cell, is_numeric in zip(row, self._numeric, strict=True) if is_numeric]
        known = [cell for cell in measured if cell]
        return bool(known) and all(_UNIT.fullmatch(cell) for cell in known) and any(cell not in "-–" for cell in known)

    def _are_totals(self, row: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
        """Whether a record holds totals of the rows that went through and of these, the last ones."""
        word = word_for_totals(row)
        if word is None or self._rows + len(rows) < LEAST_ROWS:
            return False
        place = next(place for place, cell in enumerate(row) if cell.strip())
        return self._numeric[place] or any(self._is_total(row[place], place, rows) for place in self._sums)

    def _is_total(self, cell: str, place: int, rows: Sequence[Sequence[str]]) -> bool:
        read, parts = self._read[place], written(cell.strip())
        value = read(cell)
        if not value:
            return False
        whole = self._sums[place] + sum(read(row[place]) for row in rows)
        decimals = len(parts.digits.rpartition(".")[2]) if parts is not None and "." in parts.digits else 0
        allowed = 0.5 * 10.0**-decimals + 1e-6 * abs(whole)
        return abs(value - whole) <= allowed or abs(value - whole / (self._rows + len(rows))) <= allowed * 1e-3

    def _add(self, rows: Sequence[Sequence[str]]) -> None:
        self._rows += len(rows)
        for place in self._sums:
            cells = [row[place] for row in rows]
            try:
                whole = sum(map(float, cells))
            except ValueError:
                whole = math.nan
            self._sums[place] += whole if math.isfinite(whole) else sum(map(self._read[place], cells))

    def _skip(self, line: int, place: int, why: str) -> None:
        if self._to_score:
            what = "the header once more" if why == "repeated header" else f"a line of {why}"
            raise DatasetRuleError(f"{self._file}, line {line}: this is {what}, not a row to score; delete the line.")
        self.skipped.append(SkippedRecord(line=line, row=place, why=why))  # type: ignore[typeddict-item]

    def _say_units(self, line: int, row: Sequence[str]) -> None:
        self.remarks.append(remark(UNITS, None, f"line {line} ({_shown(row)}) holds units, not a row; it is left out"))

    def _say_repeats(self) -> None:
        lines = [str(skipped["line"]) for skipped in self.skipped if skipped["why"] == "repeated header"]
        if lines:
            shown = listed(lines, MOST_NAMED)
            text = f"the header stands once more on line{'s' * (len(lines) > 1)} {shown}; it is left out there"
            self.remarks.append(remark("repeated_header", None, text))


def word_for_totals(row: Sequence[str]) -> str | None:
    """The word for totals that a record begins with, if it does."""
    first = next((cell.strip() for cell in row if cell.strip()), "")
    return first if first.rstrip(" :").casefold() in TOTALS and len(row) > 1 else None


def _number_reader(cells: Sequence[str], decimal: Decimal | None) -> Callable[[str], float]:
    """What reads the numbers of a column that begins with these cells; 0 for any other cell."""
    tally = Tally()
    tally.observe(cells, [0] * len(cells))
    found = numbers_as(tally.settle(), decimal)
    reading = plain_reading(NUMERIC)
    reading["decimal"], reading["thousands"] = found.notation or NOTATIONS[0]
    reading["affixes"] = found.affixes
    value_in = values(reading)

    def read(cell: str) -> float:
        try:
            value = value_in(cell)
        except CellError:
            return 0.0
        return value if isinstance(value, float) else 0.0

    return read


def _shown(row: Sequence[str]) -> str:
    text = ",".join(row)
    return text if len(text) <= 60 else f"{text[:57]}..."
