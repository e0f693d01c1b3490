"""Which files the training code is: SageMaker's source archive, and a model's `code/`."""

from __future__ import annotations

from pathlib import Path

PLANNING = "warmfold_experiment"
"""The package that Plan Run and the command need, and no job: a container has not got the libraries that it imports."""


def source_files(folder: Path) -> list[Path]:
    """Return the entry scripts and the modules of warmfold's packages, relative to the folder, in order."""
    files = [*folder.glob("*.py"), *folder.glob("warmfold_*/**/*.py")]
    found = (path.relative_to(folder) for path in files)
    return sorted(path for path in found if path.parts[0] != PLANNING)
