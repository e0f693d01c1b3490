"""Which files of the parts a fold and the final model read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from warmfold_run import places
from warmfold_run.records import FoldParts, Profile


def parts_of_fold(profile: Path, fold: int) -> FoldParts:
    """The parts that a fold, by its number from 0, is made of, by a profile.json."""
    return _read(profile)["folds"][fold]


def final_parts(profile: Path) -> list[int]:
    """The parts that the final model is trained on, by a profile.json."""
    return _read(profile)["final_parts"]


def part_files(folder: Path, parts: Iterable[int]) -> list[Path]:
    """The files of parts below the folder of all parts, in their order."""
    return [folder / places.part_file(part) for part in parts]


def _read(profile: Path) -> Profile:
    read: Profile = json.loads(profile.read_text("utf-8"))
    return read
