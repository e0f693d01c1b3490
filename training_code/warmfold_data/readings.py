"""How a column is read, decided from what its cells are; what it means is said in remarks, what is in doubt refused.

Standard library only, as `rules.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from warmfold_data.asked import Asked
from warmfold_data.cells import (
    BOOLEAN,
    DATE,
    MEANING,
    MISSING,
    NUMERIC,
    SAID_BOOLEANS,
    TEXT,
    CellError,
    folded,
    plain_reading,
    trim,
    values,
)
from warmfold_data.columns import (
    DATES,
    FIRST,
    INFINITE,
    NOTHING,
    NUMBERS,
    TEXTS,
    TRUTHS,
    WORDS,
    WRITTEN,
    Tally,
    spellings,
)
from warmfold_data.dates import ISO
from warmfold_data.notation import NOTATIONS
from warmfold_data.number_columns import numbers_as
from warmfold_data.remarks import MOST_NAMED, calls, calls_missing, cells_named, counted, quoted, remark, words_named
from warmfold_run.experiment import CLASSIFICATION, ID, IGNORE, REGRESSION
from warmfold_run.records import Kind, Reading, Remark

MOSTLY = 0.9
"""The share of a column's cells from which on they decide what the others should have been. What people mistype is
rarer than one cell in ten; a column that mixes more is a code of its own, such as ticket numbers, and is text."""
FEW_NUMBERS = 20
"""A column with no more different numbers than this may be a category with numbers among its names (cylinders: 4, 6, 8,
rotary): its other cells are no mistakes. It is also the most numbers that are taken for classes."""
FEWEST_CODES = 3
"""So many codes beside whole numbers are no slips of the keyboard."""
CATEGORIES = 1_000
"""How many different texts of a column are remembered, for rows to score to be compared with."""
LONGEST_CATEGORY = 100
"""Characters of a text that is remembered."""


class Refused(NamedTuple):
    """What is in doubt or broken, and what to do about it."""

    text: str
    line: int | None = None
    """The line where it is seen, if there is one."""


@dataclass
class Decision:
    """What a column is."""

    reading: Reading | None = None
    """None for a column that is left out."""
    left_out: str | None = None
    """Why it is."""
    remarks: list[Remark] = field(default_factory=list)
    words_as_classes: list[str] = field(default_factory=list)
    """Words for missing that stand in the target, and are taken for classes."""
    refused: Refused | None = None
    """None where nothing is in doubt."""


def decide(column: str, tally: Tally, asked: Asked, *, is_target: bool = False) -> Decision:
    """How a column is read, from all its cells and what the experiment says of it."""
    said = asked.columns.get(column)
    if said in (IGNORE, ID) and not is_target:
        why = "experiment.yaml says so" if said == IGNORE else "experiment.yaml says that it is an id"
        return Decision(left_out=why)
    return _Decider(column, tally, asked, is_target).decide(said)


class _Decider:
    def __init__(self, column: str, tally: Tally, asked: Asked, is_target: bool) -> None:
        self.column, self.tally, self.asked, self.is_target = column, tally, asked, is_target
        self.remarks: list[Remark] = []
        self.notation, self.affixes, self.doubt = numbers_as(tally, asked.dialect["decimal"])

    def decide(self, said: str | None) -> Decision:
        if said is not None and "%" in said:
            return self._asked(DATE, date_format=said)
        if said == TEXT:
            return self._text()
        if said == NUMERIC or (self.is_target and self.asked.problem == REGRESSION):
            return self._numeric(asked=True)
        if said == BOOLEAN:
            return self._asked(BOOLEAN, booleans=dict(SAID_BOOLEANS))
        if said == DATE:
            return self._dates(asked=True)
        return self._undecided()

    def _undecided(self) -> Decision:
        tally = self.tally
        numbers = tally.of(NUMBERS, WRITTEN, INFINITE)
        truths, dates, texts = tally.of(TRUTHS), tally.of(DATES), tally.of(TEXTS)
        held = numbers + truths + dates + texts
        if not held:
            return self._text() if self.is_target and tally.of(WORDS) else self._done(NUMERIC)
        if tally.of(NUMBERS, WRITTEN) and numbers >= MOSTLY * held:
            return self._numeric()
        if truths == held:
            return self._done(BOOLEAN)
        if dates >= MOSTLY * held and not self.is_target:
            return self._dates()
        return self._text()

    def _numeric(self, *, asked: bool = False) -> Decision:
        tally = self.tally
        sorts = [TRUTHS, DATES, TEXTS]
        if self.is_target and (self.asked.problem == REGRESSION or not self._few_numbers()):
            sorts.append(INFINITE)
        others = tally.of(*sorts)
        unread = tally.of(WRITTEN) if self.notation is None else 0
        first = tally.firsts(*sorts, *((WRITTEN,) if unread else ()))
        if not asked and others and not self.doubt and self._is_category():
            return self._text(mixed=True)
        if others or unread:
            return self._refused("a number", others + unread, first)
        if not asked and not self.is_target and self._is_code():
            return self._code()
        if tally.of(INFINITE) and not self.is_target:
            self._say(
                "infinite",
                f"{cells_named(tally.firsts(INFINITE), tally.of(INFINITE))}: infinity is taken for a missing value",
                None,
            )
        if tally.of(WRITTEN):
            self._say_written()
        return self._done(NUMERIC)

    def _asked(self, kind: Kind, **particulars: object) -> Decision:
        """What the experiment says, if the cells that were counted one by one can be read so."""
        decided = self._done(kind, **particulars)
        odd = [] if decided.reading is None else _unreadable(self.tally, decided.reading)
        if odd:
            text = (
                f"column {self.column!r} can't be read as {MEANING[kind]}, as experiment.yaml says: "
                f"{words_named(odd)}. Correct the cells, or say `{calls(self.column, TEXT)}`."
            )
            return Decision(refused=Refused(text))
        return decided

    def _dates(self, *, asked: bool = False) -> Decision:
        tally = self.tally
        formats = tally.date_formats
        known = {form for forms in formats for form in forms}
        totals = {form: sum(times for forms, times in formats.items() if form in forms) for form in known}
        most = max(totals.values(), default=0)
        best = sorted(form for form, times in totals.items() if times == most)
        others = tally.of(NUMBERS, WRITTEN, INFINITE, TRUTHS, TEXTS) + tally.of(DATES) - most
        if not best and not others:
            return self._done(DATE, date_format=None)
        if not best:
            return self._refused("a date (such as 2024-12-31)", others, tally.firsts(WRITTEN, INFINITE, TRUTHS, TEXTS))
        if others:
            odd = [*tally.firsts(WRITTEN, INFINITE, TRUTHS, TEXTS), *tally.first_dates(best[0], fit=False)]
            _, like = tally.first_dates(best[0], fit=True)[0]
            return self._refused(f"a date like the others (such as {like[:40]!r})", others, sorted(odd)[:FIRST])
        by_order = {_day_first(form) for form in best} - {None}
        if len(by_order) > 1:
            example = tally.firsts(DATES)
            text = (
                f"{cells_named(example, tally.of(DATES))} are dates, and no cell tells days from months, so the column "
                "is read as text"
            )
            remedy = calls(self.column, next(form for form in best if _day_first(form)))
            if asked:
                how = f"say the format of its dates in experiment.yaml, as in `{remedy}`."
                return Decision(refused=Refused(f"column {self.column!r}: {text}; {how}"))
            self._say("ambiguous_dates", text, remedy)
            return self._text()
        form = None if ISO in best else best[0]
        self._say(
            "dates",
            f"{counted(tally.of(DATES), 'cell')} {'is a date' if tally.of(DATES) == 1 else 'are dates'} "
            f"({form or ISO}); the model sees their parts",
            calls(self.column, TEXT),
        )
        return self._done(DATE, date_format=form)

    def _text(self, *, mixed: bool = False) -> Decision:
        tally = self.tally
        numbers, texts = tally.of(NUMBERS, WRITTEN), tally.of(TEXTS, TRUTHS, DATES)
        if mixed or (numbers and texts and numbers / (numbers + texts) > 1 - MOSTLY):
            first = tally.firsts(TEXTS, TRUTHS, DATES)
            self._say(
                "mixed",
                f"{counted(numbers, 'cell')} hold numbers and {texts:,} do not ({cells_named(first, texts)}); "
                "the column is read as text",
                calls_missing(dict.fromkeys(trim(cell) for _, cell in first))
                if mixed
                else calls(self.column, "ignore"),
            )
        categories = self._spellings()
        return self._done(TEXT, categories=categories)

    def _spellings(self) -> list[str] | None:
        counts = self.tally.counts
        if counts is None:
            return None
        known, alike, kept = spellings(counts), list[str](), list[str]()
        for spelling, forms in known.items():
            if len(forms) > 1 and spelling:
                alike.append(f"{words_named(forms.most_common())} are read as {quoted(spelling)}")
        cases: dict[str, list[str]] = {}
        for spelling in known:
            cases.setdefault(folded(spelling), []).append(spelling)
        for forms_ in cases.values():
            if len(forms_) > 1:
                kept.append(words_named(sorted(((one, known[one].total()) for one in forms_), key=lambda one: -one[1])))
        self._say_some("spellings", "differ in blanks or Unicode form only", alike)
        self._say_some("spellings_kept_apart", "differ in case or width only and are kept apart", kept)
        missing = self._missing(TEXT)
        found = [spelling for spelling in known if spelling and spelling not in missing]
        if len(found) > CATEGORIES or any(len(spelling) > LONGEST_CATEGORY for spelling in found):
            return None
        return sorted(found)

    def _few_numbers(self) -> bool:
        counts = self.tally.counts
        return (
            counts is not None and len({cell for cell in counts if self.tally.sort_of(cell) == NUMBERS}) <= FEW_NUMBERS
        )

    def _is_category(self) -> bool:
        if self.is_target and self.asked.problem == CLASSIFICATION:
            return True
        return self._few_numbers() or self._few_others_are_codes()

    def _few_others_are_codes(self) -> bool:
        """Whether the cells beside whole numbers are several codes such as `136A`: no typing errors."""
        counts = self.tally.counts
        if counts is None or not self.tally.integers or self.is_target:
            return False
        others = [cell for cell in counts if self.tally.sort_of(cell) in (TEXTS, TRUTHS, DATES)]
        rows = sum(counts[cell] for cell in others)
        return rows >= FEWEST_CODES and all(_CODE.fullmatch(trim(cell)) for cell in others)

    def _is_code(self) -> bool:
        return self.tally.integers and bool(self.tally.leading_zeros or self.tally.inexact)

    def _code(self) -> Decision:
        if self.tally.leading_zeros:
            evidence = f"{counted(self.tally.leading_zeros, 'cell')} with a leading zero"
        else:
            evidence = f"{counted(self.tally.inexact, 'whole number')} beyond 2^53, which no double holds exactly"
        self._say("code", f"{evidence}: these are codes, and the column is read as text", calls(self.column, NUMERIC))
        return self._text()

    def _refused(self, meant: str, others: int, first: list[tuple[int, str]]) -> Decision:
        which = ", the target," if self.is_target else ""
        total = self.tally.cells - self.tally.of(NOTHING)
        reason = f" ({self.doubt})" if self.doubt else ""
        more = f"; nor {'is' if others == 2 else 'are'} {counted(others - 1, 'other cell')}" if others > 1 else ""
        found = [one for _, one in first] or self._some_numbers()
        words = list(dict.fromkeys(map(trim, found)))
        said = f"`{calls_missing(words)}` or `{calls(self.column, TEXT)}`" if words else f"`{calls(self.column, TEXT)}`"
        text = (
            f"{quoted(found[0]) if found else 'a number'} in column {self.column!r}{which} is not {meant}{reason}, as "
            f"{total - others:,} of its {total:,} cells are{more}. Correct the cell, or say in experiment.yaml {said}."
        )
        return Decision(refused=Refused(text, first[0][0] if first else None))

    def _some_numbers(self) -> list[str]:
        """A few plain numbers, of which no lines are kept."""
        return [cell for cell in self.tally.counts or () if self.tally.sort_of(cell) == NUMBERS][:FIRST]

    def _say_written(self) -> None:
        tally, notation = self.tally, self.notation or NOTATIONS[0]
        how = [f"{affix!r} taken off" for affix in self.affixes]
        if notation.thousands and any(notation.thousands in marks for _, marks, _ in tally.notations):
            how.append(f"{notation.thousands!r} between thousands")
        if notation.decimal == ",":
            how.append("',' before decimals")
        self._say(
            "written_numbers",
            f"{cells_named(tally.firsts(WRITTEN), tally.of(WRITTEN))}: read as numbers"
            + (f" ({', '.join(how)})" if how else ""),
            calls(self.column, TEXT),
        )

    def _missing(self, kind: Kind) -> frozenset[str]:
        """Cells that hold no value: in a text target the empty one only, unless the experiment says more."""
        if self.is_target and kind == TEXT:
            return self.asked.missing | self._words_too_rare()
        return self.asked.missing | (MISSING if kind == TEXT else frozenset(plain_reading(kind)["missing"])) - {""}

    def _words_too_rare(self) -> set[str]:
        """Known words in a text target that have too few rows to be classes: they must mean that there is none."""
        splitting = self.asked.splitting
        least = splitting.n_splits / (1 - splitting.holdout)
        return {word for word, times in self.tally.words.items() if word in MISSING and times < least}

    def _done(self, kind: Kind, **particulars: object) -> Decision:
        reading = plain_reading(kind)
        missing = self._missing(kind)
        reading["missing"] = sorted(missing)
        if kind == NUMERIC and self.notation is not None:
            reading["decimal"], reading["thousands"] = self.notation
            reading["affixes"] = self.affixes
        reading.update(particulars)  # type: ignore[typeddict-item]
        words = [(word, times) for word, times in self.tally.words.most_common() if word in missing]
        kept = [(word, times) for word, times in self.tally.words.most_common() if word not in missing]
        if self.tally.blanks:
            words.append((" ", self.tally.blanks))
        if words:
            self._say("missing_words", f"{words_named(words)}: taken for missing values")
        as_classes = [word for word, _ in kept] if self.is_target else []
        if as_classes:
            text = f"{words_named(kept)}: taken for a class, as any text in the target is"
            self._say("missing_word_is_class", text, calls_missing(as_classes))
        return Decision(reading=reading, remarks=self.remarks, words_as_classes=as_classes)

    def _say_some(self, code: str, what: str, found: list[str]) -> None:
        if found:
            more = f"; {len(found) - MOST_NAMED:,} more" if len(found) > MOST_NAMED else ""
            self._say(code, f"spellings {what}: {'; '.join(found[:MOST_NAMED])}{more}")

    def _say(self, code: str, text: str, remedy: str | None = None) -> None:
        self.remarks.append(remark(code, self.column, text, remedy))


_CODE = re.compile(r"[A-Za-z]{0,3}\d+[A-Za-z]{0,3}", re.ASCII)


def _day_first(form: str) -> bool | None:
    """Whether a format has the day before the month, both as numbers; None if they can't be confused."""
    if form.startswith(("%d/%m", "%d-%m")):
        return True
    return False if form.startswith(("%m/%d", "%m-%d")) else None


def _unreadable(tally: Tally, reading: Reading) -> list[tuple[str, int]]:
    """Cells that the reading can't take, and how often each stands there."""
    read, odd = values(reading), []
    for cell, times in (tally.counts or {}).items():
        try:
            read(cell)
        except CellError:
            odd.append((cell, times))
    return odd
