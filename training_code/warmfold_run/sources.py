"""Which files the training code is: what the layer holds, SageMaker's source archive, and a model's `code/`."""

from __future__ import annotations

from pathlib import Path


def source_files(folder: Path) -> list[Path]:
    """Return the entry scripts and the modules of warmfold's packages, relative to the folder, in order."""
    files = [*folder.glob("*.py"), *folder.glob("warmfold_*/**/*.py")]
    return sorted(path.relative_to(folder) for path in files)
