"""The home of the local cloud: it is the user's own, and no link in it that warmfold did not make is followed."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

LOG = "cloud.log"
LOCK = "cloud.lock"
RECORD = "cloud.json"
SDK_CONFIG = "sagemaker-sdk-config.yaml"
_NEW_RECORD = "cloud.json.new"
_JOBS = Path("sagemaker", "jobs")
_FOLDERS = ("functions", "sagemaker", _JOBS, Path("sagemaker", "code"), Path("sagemaker", "pythons"))
_OWN = (LOG, LOCK, RECORD, SDK_CONFIG, _NEW_RECORD, *_FOLDERS)
_ELSEWHERE = "warmfold-jobs-"
_OWNER_ONLY = 0o600


class HomeError(Exception):
    """A folder that can't be the home of a local cloud; the text says which, why, and what to do."""


def make(home: Path) -> None:
    """Have the folder, for nobody else to read where it is new; raises HomeError, and OSError where it can't be."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    check(home)


def check(home: Path) -> None:
    """Raise HomeError for a folder of somebody else, and for one with links that warmfold did not make."""
    if home.is_symlink():
        raise HomeError(f"{home} is a link, to {home.resolve()}; give what it leads to as --home if you trust it")
    if not home.is_dir():
        return
    owner = home.stat().st_uid
    if owner != os.geteuid():
        raise HomeError(
            f"{home.absolute()} is not yours but user {owner}'s, who could have the local cloud write elsewhere; "
            "choose another --home"
        )
    for path in _links(home):
        if path != home / _JOBS or _elsewhere(path) is None:
            raise HomeError(
                f"{path.absolute()} is a link that warmfold did not make, to {path.resolve()}; remove it, or choose "
                "another --home"
            )


def remake_jobs(wanted: Path, plain: bool) -> Path:
    """An empty folder of that name, or (where its path is not plain) the one in its place, with a link to it.

    What was there before goes with all that is in it; a link that warmfold did not make is refused with HomeError.
    """
    if wanted.is_symlink():
        before = _elsewhere(wanted)
        if before is None:
            raise HomeError(f"{wanted} is a link that warmfold did not make, to {wanted.resolve()}; remove it")
        shutil.rmtree(before, ignore_errors=True)
        wanted.unlink()
    else:
        shutil.rmtree(wanted, ignore_errors=True)
    if plain:
        return wanted
    folder = Path(tempfile.mkdtemp(prefix=_ELSEWHERE))
    wanted.parent.mkdir(parents=True, exist_ok=True)
    wanted.symlink_to(folder)
    return folder


def no_links(path: str, flags: int) -> int:
    """An opener of files: it follows no link, and what it makes is the user's alone to read."""
    return os.open(path, flags | os.O_NOFOLLOW, _OWNER_ONLY)


def remember(home: Path, text: str) -> None:
    """Write cloud.json whole or not at all."""
    new = home / _NEW_RECORD
    new.unlink(missing_ok=True)
    with open(new, "x", opener=no_links) as file:
        file.write(text)
    new.replace(home / RECORD)


def _links(home: Path) -> Iterator[Path]:
    yield from (home / name for name in _OWN if (home / name).is_symlink())
    functions = home / "functions"
    if functions.is_dir() and not functions.is_symlink():
        yield from (path for path in functions.iterdir() if path.is_symlink())


def _elsewhere(link: Path) -> Path | None:
    """The folder that a link of `remake_jobs` leads to; None for any other link."""
    target = Path(os.readlink(link))  # noqa: PTH115 - as it is written
    if target.parent != Path(tempfile.gettempdir()) or not target.name.startswith(_ELSEWHERE):
        return None
    try:
        found = target.lstat()
    except FileNotFoundError:
        return target
    return target if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() else None
