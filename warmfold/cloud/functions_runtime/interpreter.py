"""Which Python a function runs under: the local cloud's own, unless its package was built for another."""

from __future__ import annotations

import functools
import logging
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

logger = logging.getLogger(__name__)


class Interpreter(NamedTuple):
    """An executable, and the folders after the function's own that it imports from."""

    executable: str
    libraries: tuple[str, ...] = ()


def interpreter_for(runtime: str, task: Path) -> Interpreter:
    """The interpreter of a function of a runtime such as `python3.12` whose package is unpacked in `task`.

    A package that carries its dependencies, as `sam build` makes it, may hold compiled ones, which only the runtime's
    own version of Python can import. Such a function has the AWS SDK from here, as AWS's runtimes bring it along.
    """
    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if runtime in ("", own) or not any(task.glob("*.dist-info")):
        return Interpreter(sys.executable)
    found = find_python(runtime.removeprefix("python"))
    if found is None:
        logger.warning(
            "%s was built for %s, which is neither on PATH nor in ~/.pyenv/versions; it runs under %s, and what is "
            "compiled in it can't be imported",
            task.parent.name,
            runtime,
            own,
        )
        return Interpreter(sys.executable)
    return Interpreter(str(found), (sysconfig.get_path("purelib"),))


@functools.cache
def find_python(version: str) -> Path | None:
    """A Python of a version such as `3.12` that runs, which a pyenv shim may not; None when there is none."""
    for path in _candidates(f"python{version}"):
        try:
            asked = subprocess.run([path, "-c", "print('runs')"], capture_output=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if asked.stdout == b"runs\n":
            return path
    return None


def _candidates(name: str) -> Iterator[Path]:
    folders = [Path(folder) for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    version = name.removeprefix("python")
    folders = [folder for folder in folders if folder.name != "shims"]
    for folder in (*folders, *sorted(pyenv.glob(f"{version}*/bin"), reverse=True)):
        if (folder / name).is_file():
            yield folder / name
