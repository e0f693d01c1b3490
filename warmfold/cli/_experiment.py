"""What a command is given of an experiment: a file, and keys on the command line, which are laid over it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from warmfold.errors import CommandError
from warmfold.stack import folder_files, is_table
from warmfold_experiment.errors import ExperimentRuleError
from warmfold_experiment.file import MAX_BYTES, parse_value, to_text
from warmfold_experiment.load import merged
from warmfold_experiment.schema import Overrides
from warmfold_experiment.understanding import Data, Folder, NotUnderstoodError, Source, Table, Understood, understand
from warmfold_run import places

DataArgument = Annotated[
    Path,
    typer.Argument(
        help="A CSV file with a header, a folder of files with the same one, or a Parquet file.", exists=True
    ),
]
ExperimentOption = Annotated[
    Path | None, typer.Option(help="experiment.yaml: what to tune and how.", exists=True, dir_okay=False)
]
PredictOption = Annotated[
    Path | None, typer.Option(help="CSV of rows to score with the final model.", exists=True, dir_okay=False)
]
TargetOption = Annotated[str | None, typer.Option(help="The column to predict.")]
MetricOption = Annotated[str | None, typer.Option(help="What to tune for, as scikit-learn calls it.")]
ProblemOption = Annotated[str | None, typer.Option(help="classification or regression.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="A key of experiment.yaml and its value as YAML, as in cross_validation.n_splits=3; as often as needed.",
        metavar="KEY=VALUE",
    ),
]
SOURCE = "command line"


@dataclass(frozen=True)
class Given:
    """The files of a dataset, and the keys that are laid over its experiment."""

    data: Path
    experiment: Path | None
    predict: Path | None
    overrides: Overrides

    def opened(self, folder: Path) -> Opened:
        """Return what is in the files; what comes from a pipe is copied to `folder`."""
        data = as_file(self.data, folder, places.DATA)
        experiment = self.experiment and as_file(self.experiment, folder, places.EXPERIMENT)
        predict = self.predict and as_file(self.predict, folder, places.PREDICT)
        return Opened(
            data_of(data, self.data),
            read_text(experiment) if experiment else None,
            source_of(predict, self.predict) if predict and self.predict else None,
            replace(self, data=data, experiment=experiment, predict=predict),
        )


class Opened(NamedTuple):
    """What is in the files that a command is given, and where each can be read twice."""

    data: Data
    text: bytes | None
    to_score: Source | None
    paths: Given


def overrides(target: str | None, metric: str | None, problem: str | None, settings: list[str] | None) -> Overrides:
    """Return the keys that the command line gives; raises CommandError for what is no key and value, or given twice."""
    keys: dict[str, Any] = {}
    for setting in settings or []:
        path, equals, text = setting.partition("=")
        if not equals or not all(path.split(".")):
            raise CommandError(f"--set {setting}: give a key and its value, as in --set cross_validation.n_splits=3")
        try:
            value = parse_value(text)
        except ExperimentRuleError as error:
            raise CommandError(f"--set {setting}: {error}") from error
        _put(keys, path.split("."), value, f"--set {path}")
    for key, given in (("target", target), ("metric", metric), ("problem", problem)):
        if given is not None:
            _put(keys, [key], given, f"--{key}")
    return Overrides(keys, SOURCE)


def text_with(text: bytes | None, given: Overrides) -> bytes:
    """Return experiment.yaml's text with the command line's keys in it; comments are lost."""
    return to_text(merged(text, given.keys))


def checked(text: bytes | None, data: Data, predict: Source | None, given: Overrides) -> Understood:
    """Return what will be done; raises CommandError with everything that is wrong."""
    try:
        return understand(text, data, predict, overrides=given)
    except NotUnderstoodError as error:
        raise refusal(error) from error


def refusal(error: NotUnderstoodError) -> CommandError:
    """Return the error that lists everything that is wrong."""
    lines = [*error.experiment, *error.data]
    if len(lines) == 1:
        return CommandError(lines[0])
    return CommandError("\n".join([f"{len(lines)} things are wrong:", *(f"  - {line}" for line in lines)]))


def data_of(path: Path, called: Path) -> Data:
    """Return a file or a folder of files on this machine, and what errors call it."""
    if path.is_dir():
        return Folder(str(called), [source_of(file, file) for file in folder_files(path)])
    source = source_of(path, called)
    return Table(source.file, source.size, source.piece) if is_table(path) else source


def source_of(path: Path, called: Path) -> Source:
    """Return a file on this machine, and what errors call it."""

    def piece(start: int, length: int) -> bytes:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(length)

    return Source(str(called), path.stat().st_size, lambda: path.open("rb"), piece)


def read_text(path: Path) -> bytes:
    """Return what an experiment's file or a pipe holds, no more than tells that it is too long; raises CommandError."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}") from error


def as_file(path: Path, folder: Path, name: str) -> Path:
    """Return the path of a file that can be read twice: a copy in `folder` of what comes from a pipe."""
    if path.is_file() or path.is_dir():
        return path
    copy = folder / name
    try:
        with path.open("rb") as pipe, copy.open("wb") as target:
            shutil.copyfileobj(pipe, target)
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}") from error
    return copy


def _put(keys: dict[str, Any], path: list[str], value: Any, said: str) -> None:
    *sections, key = path
    for section in sections:
        inner = keys.setdefault(section, {})
        if not isinstance(inner, dict):
            raise CommandError(f"{said}: {section} is given a value of its own, too; keep one of the two")
        keys = inner
    if key in keys:
        raise CommandError(f"{said}: {'.'.join(path)} is given twice; keep one")
    keys[key] = value
