"""Paths: what a name from outside may become below a folder of this machine."""

from __future__ import annotations

from pathlib import Path


class OutsideError(ValueError):
    """A name from outside is that of no file below the folder it was to go to."""


def inside(folder: Path, name: str) -> Path:
    """Return where a file of that name goes below a folder, links followed; raises OutsideError where it would leave.

    The names of objects in S3 and of members of archives are anybody's words: `../x`, `/x` and, where a link lies in
    the folder, `link/x` lead elsewhere.
    """
    root = folder.resolve()
    try:
        path = (root / name).resolve()
    except (ValueError, OSError, RuntimeError) as error:
        raise OutsideError(f"{name[:200]!r} can't become a file below {folder}: {error}") from error
    if path == root or not path.is_relative_to(root):
        raise OutsideError(f"{name[:200]!r} leads out of {folder}, so that nothing is written there")
    return path
