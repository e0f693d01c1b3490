"""What will be done with a dataset, or everything that keeps it from being done: for Plan Run and the command alike."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple

from warmfold_catalogue.splitters import load_splitter
from warmfold_data import rules
from warmfold_data.asked import Asked
from warmfold_data.byte_streams import GZIP_LIKELY_RATIO, GZIP_MAGIC
from warmfold_data.csv_records import BinaryStream, CsvRecords, DatasetRuleError
from warmfold_data.files import File, read_files
from warmfold_data.parquet_columns import suggest
from warmfold_data.parquet_footer import Footer, check_columns, read_footer
from warmfold_data.pieces import pieces_of
from warmfold_data.remarks import remark
from warmfold_data.rows_to_score import check_rows_to_score
from warmfold_experiment.errors import ExperimentRuleError
from warmfold_experiment.load import Read, read_experiment
from warmfold_experiment.resolve import resolve
from warmfold_experiment.schema import NO_OVERRIDES, Experiment, Overrides
from warmfold_run.experiment import AS_IT_SHOWS, CLASSIFICATION, REGRESSION, AskedDialect, Problem
from warmfold_run.experiment import Experiment as Resolved
from warmfold_run.records import Profile, Remark
from warmfold_run.understanding import Understanding, counted, in_words, shown

WHOLE_SCAN_BYTES = 64 * 1024 * 1024
"""Data larger than this is understood from its first rows."""
SAMPLE_FILES = 10
"""How many files of such data are looked at."""
MOST_BY_ITSELF, SPLIT_BYTES = 4, 2_000_000_000
"""How many instances split data that nobody has asked several for, and how much text of it is worth one more."""
_READ_FOR_DATA = ("target", "problem", "columns", "missing_values", "positive_class", "dialect")
"""Keys without which nothing can be said of the data's rows but whether they can be read."""


@dataclass(frozen=True)
class Source:
    """A file to read: how errors call it, how many bytes it has, how it is opened, and how pieces of it are read."""

    file: str
    size: int
    open: Callable[[], BinaryStream]
    piece: Callable[[int, int], bytes]
    """Its bytes from a place on, so many."""

    @cached_property
    def text_bytes(self) -> int:
        """How much text it holds: what is packed with gzip is taken for GZIP_LIKELY_RATIO times as much."""
        packed = self.size and self.piece(0, len(GZIP_MAGIC)) == GZIP_MAGIC
        return self.size * (GZIP_LIKELY_RATIO if packed else 1)

    def records(self, asked: AskedDialect) -> CsvRecords:
        """All its records."""
        return read_files([File(self.file, self.open)], asked)

    def first_records(self, asked: AskedDialect) -> CsvRecords:
        """Those to look at where it is too large to be read as a whole."""
        return self.records(asked)

    def pieces(self) -> Iterable[bytes]:
        """Bytes from further down."""
        return pieces_of(self.size, self.piece)


@dataclass(frozen=True)
class Folder:
    """Files to read one after another as one dataset; `file` is how errors call them all."""

    file: str
    files: Sequence[Source]

    @cached_property
    def text_bytes(self) -> int:
        """As of a file, where files that are not called so are packed if the first one is."""
        first = self.files[0]
        packed = first.text_bytes > first.size
        return sum(
            one.size * (GZIP_LIKELY_RATIO if packed or one.file.lower().endswith(".gz") else 1) for one in self.files
        )

    def records(self, asked: AskedDialect) -> CsvRecords:
        """All their records."""
        return read_files([File(one.file, one.open) for one in self.files], asked)

    def first_records(self, asked: AskedDialect) -> CsvRecords:
        """The first of some of the files, at equal steps: rules.SAMPLE_ROWS together."""
        some = self.files[:: -(-len(self.files) // SAMPLE_FILES)]
        most = -(-rules.SAMPLE_ROWS // len(some))
        return read_files([File(one.file, one.open) for one in some], asked, most_rows=most)

    def pieces(self) -> Iterable[bytes]:
        """None: what is further down is seen in the files looked at."""
        return ()


@dataclass(frozen=True)
class Table:
    """A Parquet file, of which only the footer is read."""

    file: str
    size: int
    piece: Callable[[int, int], bytes]
    """Its bytes from a place on, so many."""

    @property
    def text_bytes(self) -> int:
        """How much text its values would be: packed, as they are taken for."""
        return self.size * GZIP_LIKELY_RATIO

    def footer(self) -> Footer:
        """What its end says of it; raises DatasetRuleError."""
        return read_footer(self.size, self.piece, file=self.file)


Data = Source | Folder | Table
"""The data of a dataset."""


class Understood(NamedTuple):
    """What will be done; `profile` is None for data that is too large to be read before the run."""

    given: Experiment
    resolved: Resolved
    profile: Profile | None
    folds: int
    """How many a candidate has, those of all repeats."""
    understanding: Understanding


class NotUnderstoodError(ValueError):
    """Something can't be used; the text has a line for everything that is wrong with the experiment and the data."""

    def __init__(self, experiment: list[str], data: list[str]) -> None:
        """Lines about the experiment, and about the files."""
        super().__init__("\n".join([*experiment, *data]))
        # what is wrong with a file may be several things, each in a line
        self.experiment, self.data = (
            [line for said in texts for line in said.split("\n")] for texts in (experiment, data)
        )


def understand(
    text: bytes | None,
    data: Data,
    predict: Source | None = None,
    *,
    overrides: Overrides = NO_OVERRIDES,
    compute: dict[str, str] | None = None,
) -> Understood:
    """Say what will be done with a dataset; `text` is its experiment.yaml, `compute` a stack's defaults.

    Raises NotUnderstoodError for everything at once that is wrong with the experiment, the data or the rows to score.
    """
    try:
        read = read_experiment(text, overrides, compute)
    except ExperimentRuleError as error:
        raise NotUnderstoodError([str(error)], [*_unreadable(data), *_unreadable(predict)]) from error
    given, wrong = read.experiment, list(read.problems)
    if any(_is_for_data(path) for path in read.refused):
        raise NotUnderstoodError(wrong, [*_unreadable(data), *_unreadable(predict)])
    found, wrong_data = _found(data, predict, given, read.refused)
    resolved, misfits = _resolved(_mended(read), found)
    wrong += [line for line in misfits if line not in wrong]
    if found is None or resolved is None:
        raise NotUnderstoodError(wrong, wrong_data)
    if not any(path.startswith("cross_validation.") for path in read.refused):
        wrong += _unlike_the_data(given, resolved, found.profile)
    if wrong or wrong_data:
        raise NotUnderstoodError(wrong, wrong_data)
    asked = resolved["compute"]["split_instances"]
    instances = resolved["compute"]["split_instances"] = split_instances(asked, data)
    if asked not in ("auto", instances):
        found = found._replace(said=[*found.said, _fewer_instances(given, instances)])
    folds = _folds(resolved, found.profile)
    return Understood(given, resolved, found.profile, folds, _told(given, resolved, found, folds))


def split_instances(asked: int | Literal["auto"], data: Data) -> int:
    """Return how many instances split the data: as many as asked for, and no more than there are files."""
    if not isinstance(data, Folder):
        return 1
    wanted = min(MOST_BY_ITSELF, -(-data.text_bytes // SPLIT_BYTES)) if asked == "auto" else asked
    return max(1, min(wanted, len(data.files)))


class _Found(NamedTuple):
    target: str
    problem: Problem
    problem_why: str
    classes: int | None
    profile: Profile | None
    rows_to_score: int | None
    said: Sequence[Remark] = ()
    rows_by_footer: int | None = None
    """Of a Parquet file, whose own types say what it holds, not its rows."""


def _found(
    data: Data, predict: Source | None, given: Experiment, refused: list[str]
) -> tuple[_Found | None, list[str]]:
    """Return what the files hold, None where the data can't be used, and what is wrong with them."""
    asked = Asked.of(given.model_dump(), problem=given.problem)
    if "cross_validation.n_splits" in refused:
        # what the fewest folds can't do no other number can
        asked = replace(asked, splitting=replace(asked.splitting, n_splits=2))
    if "metric" in refused:
        # whichever was meant, this one can be told of every fold
        asked = replace(asked, metric="accuracy")
    try:
        if isinstance(data, Table):
            footer = data.footer()
            target, problem, why, count, said = suggest(footer, file=data.file, asked=asked)
            return _Found(target, problem, why, count, None, None, said, footer.rows), []
        if data.text_bytes > WHOLE_SCAN_BYTES:
            first = data.first_records(asked.dialect)
            suggested = rules.sample(first, file=data.file, asked=asked, pieces=data.pieces())
            return _Found(suggested.target, suggested.problem, suggested.problem_why, None, None, None), []
        profile = rules.scan_records(data.records(asked.dialect), file=data.file, asked=asked)
    except DatasetRuleError as error:
        return None, [str(error), *_unreadable(predict, asked.dialect)]
    classes, rows_to_score, wrong = profile["classes"], None, []
    if predict is not None and predict.text_bytes <= WHOLE_SCAN_BYTES:
        try:
            compared = check_rows_to_score(predict.open(), file=predict.file, profile=profile, dialect=asked.dialect)
            rows_to_score = compared.rows
            profile["remarks"] += compared.remarks()
        except DatasetRuleError as error:
            wrong.append(str(error))
    counts = len(classes) if classes else None
    return _Found(profile["target"], profile["problem"], profile["problem_why"], counts, profile, rows_to_score), wrong


def _resolved(given: Experiment, found: _Found | None) -> tuple[Resolved | None, list[str]]:
    """Return the resolved experiment, and what does not fit the problem: any problem, where it is not known."""
    if found is not None:
        return _tried(given, found.target, found.problem, found.classes)
    known: tuple[Problem, ...] = (given.problem,) if given.problem else (CLASSIFICATION, REGRESSION)
    first, *others = [_tried(given, given.target or "", problem, None)[1] for problem in known]
    return None, [line for line in first if all(line in other for other in others)]


def _tried(given: Experiment, target: str, problem: Problem, classes: int | None) -> tuple[Resolved | None, list[str]]:
    try:
        return resolve(given, target=target, problem=problem, classes=classes), []
    except ExperimentRuleError as error:
        return None, str(error).splitlines()


def _mended(read: Read) -> Experiment:
    """Return the experiment without what is only right or wrong together with a key that was refused."""
    given = read.experiment
    if "estimator" in read.refused:
        given = given.model_copy(update={"search": given.search.model_copy(update={"hyperparameters": None})})
    if "metric" in read.refused:
        given = given.model_copy(update={"quality_gate": given.quality_gate.model_copy(update={"min_score": None})})
    return given


def _is_for_data(path: str) -> bool:
    key = path.partition(".")[0]
    meant = difflib.get_close_matches(key, Experiment.model_fields, n=1)
    return (meant[0] if meant else key) in _READ_FOR_DATA


def _unreadable(source: Data | None, asked: AskedDialect = AS_IT_SHOWS) -> list[str]:
    """Return what is wrong with a file whatever its columns mean."""
    if source is None or (not isinstance(source, Table) and source.text_bytes > WHOLE_SCAN_BYTES):
        return []
    try:
        if isinstance(source, Table):
            check_columns(source.footer(), file=source.file)
            return []
        for _ in source.records(asked):
            pass
    except DatasetRuleError as error:
        return [str(error)]
    return []


def _unlike_the_data(given: Experiment, resolved: Resolved, profile: Profile | None) -> list[str]:
    """Return what is wrong with `n_splits` where the data has its own folds: not as many, or nobody knows how many."""
    asked, place = resolved["cross_validation"], given.place("cross_validation", "n_splits")
    said = "n_splits" in given.cross_validation.model_fields_set
    if not load_splitter(asked["strategy"]).data_has_folds:
        return []
    if profile is None:
        if said:
            return []
        return [
            f"{place} is missing: strategy {asked['strategy']} has a fold for each value of a column, and the rows of "
            "this data are not read before the run; say how many folds there will be"
        ]
    found = len(profile["folds"])
    if not said or found == asked["n_splits"]:
        return []
    return [
        f"{place} is {asked['n_splits']}, and strategy {asked['strategy']} finds {found} folds in the data; remove "
        "n_splits, or correct the column"
    ]


def _folds(resolved: Resolved, profile: Profile | None) -> int:
    validation = resolved["cross_validation"]
    return len(profile["folds"]) if profile else validation["n_splits"] * validation["repeats"]


def _told(given: Experiment, resolved: Resolved, found: _Found, folds: int) -> Understanding:
    told: Understanding = {
        "target": found.target,
        "target_why": _target_why(given, found.target),
        "problem": found.problem,
        "problem_why": _problem_why(given, found),
        "classes": None,
        "positive_class": None,
        "metric": resolved["metric"],
        "metric_why": _metric_why(given, found),
        "split": _split(resolved, folds),
        "rows": None,
        "rows_by_footer": found.rows_by_footer,
        "features": None,
        "columns_left_out": {},
        "rows_to_score": found.rows_to_score,
        "split_instances": int(resolved["compute"]["split_instances"]),
        "remarks": list(found.said),
    }
    return counted(told, found.profile) if found.profile else told


def _fewer_instances(given: Experiment, instances: int) -> Remark:
    place, asked = given.place("compute", "split_instances"), given.compute.split_instances
    files = "is one" if instances == 1 else f"are {instances}"
    text = f"{place} is {asked}, and {instances} will split the data: an instance reads whole files, and there {files}"
    return remark("split_instances", None, text)


def _target_why(given: Experiment, target: str) -> str:
    if given.target is not None:
        return f"named in {given.source('target')}"
    return "the column of that name" if target == "target" else "the last column; the key target names another"


def _problem_why(given: Experiment, found: _Found) -> str:
    if given.problem is not None:
        return f"as {given.source('problem')} says"
    where = "" if found.profile or found.rows_by_footer is not None else f", in the first {rules.SAMPLE_ROWS:,} rows"
    return f"since {found.problem_why}{where}"


def _metric_why(given: Experiment, found: _Found) -> str:
    if given.metric is not None:
        return f"named in {given.source('metric')}"
    if found.problem == REGRESSION:
        return "since a number is predicted"
    return f"since there are {in_words(found.classes)} classes" if found.classes else "since there may be many classes"


def _split(resolved: Resolved, folds: int) -> str:
    validation = resolved["cross_validation"]
    many = f"{folds} folds"
    if validation["repeats"] > 1:
        many = f"{validation['repeats']} repeats of {validation['n_splits']} folds"
    column = validation["group_column"] or validation["time_column"] or validation["fold_column"]
    return f"{many}, {validation['strategy']}{f' by {shown(column)}' if column else ''}"
