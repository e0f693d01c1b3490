"""The parts of a dataset as files of typed rows, chosen from by folds; `part_writer` writes them.

Every fold's job begins by importing this.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from warmfold_jobs.data.table import Chosen, Rows
from warmfold_run import places
from warmfold_run.predictions import free_names
from warmfold_run.records import Profile


def part_files(folder: Path, parts: Collection[int]) -> list[Path]:
    """The files of parts, of those below the folder of all the parts, in their order.

    Raises FileNotFoundError when there is none.
    """
    files = sorted(folder.rglob(f"*.{places.TYPED}"))
    found = [file for file in files if places.part_of(file.relative_to(folder).as_posix()) in parts]
    if not found:
        raise FileNotFoundError(
            f"there is no file of parts {sorted(parts)} below {folder}, which holds {len(files)} files of parts"
        )
    return found


def part_columns(profile: Profile) -> list[str]:
    """The columns, called as none of the data, in which rows have their part of each repeat but the first."""
    further = max(fold["repeat"] for fold in profile["folds"])
    return free_names([f"part_of_repeat_{repeat}" for repeat in range(1, further + 1)], profile["columns"])


def fold_rows(folder: Path, profile: Path, fold: int) -> tuple[Rows, Rows]:
    """What a fold trains on and what it is scored on, of the files below the folder of all the parts.

    `profile` is profile.json, which says of which parts a fold is made. Files are parts of the first repeat; a fold of
    another one reads them all, and chooses.
    """
    read = _read(profile)
    made_of = read["folds"][fold]
    train, validation = made_of["train"], made_of["validation"]
    if not made_of["repeat"]:
        return Rows(part_files(folder, train)), Rows(part_files(folder, validation))
    column, files = part_columns(read)[made_of["repeat"] - 1], part_files(folder, [*train, *validation])
    return Rows(files, Chosen(column, train)), Rows(files, Chosen(column, validation))


def final_files(folder: Path, profile: Path) -> list[Path]:
    """The files of the parts that the final model is trained on, as `fold_rows`."""
    return part_files(folder, _read(profile)["final_parts"])


def _read(profile: Path) -> Profile:
    read: Profile = json.loads(profile.read_text("utf-8"))
    return read
