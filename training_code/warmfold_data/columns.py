"""What the cells of a column are, counted: numbers, truth values, dates, texts, words for missing, and where the first
of each stand.

Standard library only, as `rules.py`. Linear in the cells, and of bounded memory: while a column has few different
cells, each is looked at once; then whole blocks of plain numbers are.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from warmfold_data.cells import BOOLEANS, NO_NUMBER, number, spelled, trim
from warmfold_data.dates import formats_of
from warmfold_data.notation import Notation, fitting, marks, written

NUMBERS, WRITTEN, INFINITE = "numbers", "written", "infinite"
TRUTHS, DATES, TEXTS, WORDS, NOTHING = "truths", "dates", "texts", "words", "nothing"
"""What a cell can be: a plain number, one in another notation, infinity, a truth value, a date, text, a known word for
a missing value, or nothing at all."""

FIRST = 5
"""How many different cells of each sort are kept with their lines."""
DISTINCT = 20_000
"""How many different cells of a column are counted one by one, if the file has few columns."""
ALL_DISTINCT = 1_000_000
"""How many different cells of all columns together are counted one by one."""
LONGEST_MEANT = 30
"""Characters of the longest cell that starts with a letter and is no text, such as a date with its month's name."""
LARGEST_EXACT = 2**53
"""Beyond it not every whole number is a double."""

_NOT_PLAIN = re.compile(r"[^0-9.\n+eE-]")
_LEADING_ZERO = re.compile(r"\n[+-]?0\d")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+", re.ASCII)


@dataclass
class Tally:
    """Takes a column's cells block by block; call `settle` before reading the counts."""

    asked_missing: frozenset[str] = frozenset()
    """Cells that the experiment says hold no value."""
    most_distinct: int = DISTINCT
    cells: int = 0
    sorts: Counter[str] = field(default_factory=Counter)
    """How many cells are of each sort."""
    first: dict[tuple[str, frozenset[str]], list[tuple[int, str]]] = field(default_factory=dict)
    """The first different cells of each sort but plain numbers and nothing, with their lines, as far as these are
    known; of dates those of each set of formats in which they can be read."""
    blanks: int = 0
    """Cells of nothing but blanks."""
    words: Counter[str] = field(default_factory=Counter)
    """Words for missing values, and how often they stand there."""
    counts: Counter[str] | None = field(default_factory=Counter)
    """How often each cell stands there; None if there are more different ones than are counted."""
    all_differ: bool = True
    """Whether no cell stood there twice; of more than are counted, not one of the first `most_distinct` did, and none
    within a block."""
    minimum: float = math.inf
    maximum: float = -math.inf
    """Of the plain numbers."""
    integers: bool = True
    """Whether all the plain numbers are whole."""
    inexact: int = 0
    """Whole numbers beyond LARGEST_EXACT."""
    leading_zeros: int = 0
    points: bool = False
    points_decimal: bool = False
    """Whether plain numbers have a point, and whether one proves that it does not group thousands."""
    notations: Counter[tuple[frozenset[Notation], frozenset[str], str]] = field(default_factory=Counter)
    """Numbers in other notations: in which they can be read, their marks and their affix."""
    date_formats: Counter[frozenset[str]] = field(default_factory=Counter)
    """Dates: the formats in which they can be read."""
    run_from: int | None = None
    """The first number, if each that followed was one more than the one before it."""
    _next: int | None = -1
    _early: frozenset[str] = frozenset()
    """The cells that were counted before they became too many, while none stood there twice."""
    _sorts_of: dict[str, str] = field(default_factory=dict)

    def observe(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        """Take the next cells; `lines` are those of their rows."""
        if not cells:
            return
        if self._next is not None:
            self._follow_run(cells)
        self.cells += len(cells)
        if self.counts is None:
            if self.all_differ and (len(set(cells)) < len(cells) or not self._early.isdisjoint(cells)):
                self.all_differ, self._early = False, frozenset()
            if not self._take_plain(cells):
                self._take(self._noted(Counter(cells), cells, lines), Counter(cells))
            return
        new = set(cells).difference(self.counts)
        if new and not _are_plain(new):
            self._sorts_of.update(self._noted(new, cells, lines))
        self.counts.update(cells)
        if len(self.counts) > self.most_distinct:
            self._take_counts()
            self._early = frozenset(self.counts) if self.all_differ else frozenset()
            self.counts = None
            self._sorts_of = {}

    def settle(self) -> Tally:
        """Bring all counts up to date, once, after the last block; returns itself."""
        if self.counts is not None:
            self._take_counts()
        return self

    def of(self, *sorts: str) -> int:
        """How many cells are of these sorts."""
        return sum(self.sorts[sort] for sort in sorts)

    def firsts(self, *sorts: str) -> list[tuple[int, str]]:
        """The first cells of these sorts, with their lines."""
        return sorted(one for (sort, _), kept in self.first.items() if sort in sorts for one in kept)[:FIRST]

    def first_dates(self, form: str, *, fit: bool) -> list[tuple[int, str]]:
        """The first dates that can be read in a format (`fit`) or can't, with their lines."""
        kept = (kept for (sort, forms), kept in self.first.items() if sort == DATES and (form in forms) == fit)
        return sorted(one for some in kept for one in some)[:FIRST]

    def sort_of(self, cell: str) -> str:
        """What a cell of the column is."""
        return self._sorts_of.get(cell) or sort_of(cell, self.asked_missing)

    def _noted(self, new: Iterable[str], cells: Sequence[str], lines: Sequence[int]) -> dict[str, str]:
        """The sorts of different cells, of which the first of each sort are kept with their lines (0: not known)."""
        sorts = {cell: self.sort_of(cell) for cell in new}
        keys = {cell: kept_under(cell, sort) for cell, sort in sorts.items() if sort not in (NUMBERS, NOTHING)}
        wanted = {key for key in set(keys.values()) if len(self.first.get(key, ())) < FIRST}
        if wanted:
            places = [place for place, cell in enumerate(cells) if keys.get(cell) in wanted and lines[place]]
            for place in places:
                kept = self.first.setdefault(keys[cells[place]], [])
                if len(kept) < FIRST and cells[place] not in (cell for _, cell in kept):
                    kept.append((lines[place], cells[place]))
        return sorts

    def _take_counts(self) -> None:
        """Count all cells that were only counted one by one."""
        counts = self.counts or Counter()
        self.all_differ = max(counts.values(), default=0) <= 1
        if not (self.all_differ and self._take_plain(list(counts))):
            self._take({cell: self.sort_of(cell) for cell in counts}, counts)

    def _take_plain(self, cells: Sequence[str]) -> bool:
        """Count cells if all are plain numbers or empty; returns whether they are."""
        held = [cell for cell in cells if cell]
        text = "\n" + "\n".join(held)
        plain = None if self.asked_missing or _NOT_PLAIN.search(text) else _floats(held)
        if plain is None:
            return False
        self.sorts[NOTHING] += len(cells) - len(held)
        if not held:
            return True
        self.sorts[NUMBERS] += len(held)
        self.minimum, self.maximum = min(self.minimum, min(plain)), max(self.maximum, max(plain))
        self.integers = self.integers and all(map(float.is_integer, plain))
        if _LEADING_ZERO.search(text):
            self.leading_zeros += len(_LEADING_ZERO.findall(text))
        if "." in text and not self.points_decimal:
            self._look_at_points(held)
        if max(plain) > LARGEST_EXACT or min(plain) < -LARGEST_EXACT:
            self.inexact += sum(map(_is_inexact, held))
        return True

    def _take(self, sorts: Mapping[str, str], counted: Mapping[str, int]) -> None:
        for cell, times in counted.items():
            sort = sorts[cell]
            self.sorts[sort] += times
            if sort == NUMBERS:
                self._take_number(trim(cell), times)
            elif sort == NOTHING:
                self.blanks += times if cell else 0
            elif sort == WORDS:
                self.words[trim(cell)] += times
            elif sort == DATES:
                self.date_formats[formats_of(trim(cell))] += times
            elif sort == WRITTEN:
                parts = written(trim(cell))
                if parts is not None:
                    self.notations[fitting(parts.digits), marks(parts.digits), parts.affix] += times

    def _take_number(self, cell: str, times: int) -> None:
        value = float(cell)
        self.minimum, self.maximum = min(self.minimum, value), max(self.maximum, value)
        self.integers = self.integers and value.is_integer()
        if _LEADING_ZERO.match("\n" + cell):
            self.leading_zeros += times
        if "." in cell and not self.points_decimal:
            self._look_at_points([cell])
        if _is_inexact(cell):
            self.inexact += times

    def _look_at_points(self, cells: Iterable[str]) -> None:
        self.points = True
        self.points_decimal = any("." in cell and not _GROUPED.fullmatch(cell) for cell in cells)

    def _follow_run(self, cells: Sequence[str]) -> None:
        """Go on as long as each cell is the next whole number, written plainly."""
        start = self._next
        if start == -1:
            start = int(cells[0]) if cells[0].isascii() and cells[0].isdigit() and len(cells[0]) < 17 else None
            self.run_from = start
        if start is None or any(map(str.__ne__, cells, map(str, count(start)))):
            self._next = self.run_from = None
        else:
            self._next = start + len(cells)


def sort_of(cell: str, asked_missing: frozenset[str] = frozenset()) -> str:
    """What a cell is, as far as it can be told from it alone."""
    trimmed = trim(cell)
    if not trimmed:
        return NOTHING
    if asked_missing and (trimmed in asked_missing or cell in asked_missing):
        return WORDS
    if len(trimmed) > LONGEST_MEANT and trimmed[0] not in "0123456789+-.":
        return TEXTS
    value = number(trimmed)
    if value is not None:
        return INFINITE if math.isinf(value) else NUMBERS
    if trimmed in NO_NUMBER:
        return WORDS
    if trimmed in BOOLEANS:
        return TRUTHS
    parts = written(trimmed)
    if parts is not None:
        return WRITTEN if fitting(parts.digits) else DATES if formats_of(trimmed) else TEXTS
    if trimmed[1:].casefold() in ("inf", "infinity", "∞") or trimmed.casefold() == "∞":
        return INFINITE
    return DATES if formats_of(trimmed) else TEXTS


def kept_under(cell: str, sort: str) -> tuple[str, frozenset[str]]:
    """Under what a cell is kept as one of the first: its sort, and the formats of a date."""
    return sort, formats_of(trim(cell)) if sort == DATES else frozenset()


def spellings(counts: Counter[str]) -> dict[str, Counter[str]]:
    """The cells of texts as written, and how often, by the one spelling that stands for them."""
    found: dict[str, Counter[str]] = {}
    for cell, times in counts.items():
        found.setdefault(spelled(cell), Counter())[cell] += times
    return found


def _are_plain(cells: Iterable[str]) -> bool:
    held = [cell for cell in cells if cell]
    return not _NOT_PLAIN.search("\n".join(held)) and _floats(held) is not None


def _floats(cells: Sequence[str]) -> list[float] | None:
    """The numbers in plain cells, none of them infinite; None if one holds no number."""
    try:
        plain = list(map(float, cells))
    except ValueError:
        return None
    return None if plain and not math.isfinite(sum(plain)) else plain


def _is_inexact(cell: str) -> bool:
    digits = cell.lstrip("+-0")
    return len(digits) > 15 and digits.isdigit() and (len(digits) > 16 or int(digits) > LARGEST_EXACT)
