"""Each job's Python: that of the local cloud with its packages, and a place of its own for what the job installs."""

import shutil
import site
import sys
import threading
import venv
from dataclasses import dataclass
from pathlib import Path

from warmfold.cloud.sagemaker import needs

PIP = '#!/bin/sh\nexec "$(dirname "$0")/python" -m pip "$@"\n'
"""Not the pip of the local cloud's own environment, which a bare `pip` would otherwise find."""
UNUSED = ("include", "lib64")


@dataclass(frozen=True)
class JobPython:
    """A virtual environment of a job; pip installs into it and uninstalls from nowhere else."""

    folder: Path
    installed: Path
    """Where environments are whose requirements other jobs have as well."""

    @property
    def bin(self) -> Path:
        """The folder of `python` and `pip`."""
        return self.folder / "bin"

    @property
    def executable(self) -> Path:
        """The interpreter."""
        return self.bin / "python"

    @property
    def packages(self) -> Path:
        """The folder of what the job installs."""
        return _packages_of(self.folder)

    def with_needs(self, code: str, module: str, arguments: list[str]) -> list[str]:
        """The command that installs what lies in `code` (as the job sees it), then runs `python <arguments>`.

        `module` is what is run in place of the first of the arguments where the code is a package; empty: nothing is.
        """
        return [str(self.executable), needs.__file__, str(self.installed), code, module, *arguments]


class Pythons:
    """Makes them, all after one pattern that is made in `folder` when the first is asked for. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        shutil.rmtree(folder, ignore_errors=True)

    def make(self, target: Path) -> JobPython:
        """A new one in `target`, which is not there."""
        pattern = self._folder / "pattern"
        with self._lock:
            if not pattern.exists():
                _make_pattern(pattern)
        shutil.copytree(pattern, target, symlinks=True)
        return JobPython(target, self._folder)


def _make_pattern(folder: Path) -> None:
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    for name in UNUSED:
        path = folder / name
        path.unlink(missing_ok=True) if path.is_symlink() else shutil.rmtree(path, ignore_errors=True)
    for path in (folder / "bin").iterdir():
        if "activate" in path.name.lower():
            path.unlink()
    for name in ("pip", "pip3", f"pip{sys.version_info.major}.{sys.version_info.minor}"):
        (folder / "bin" / name).write_text(PIP)
        (folder / "bin" / name).chmod(0o755)
    # as a line of code, so that the .pth files there are read as well
    added = "; ".join(f"site.addsitedir({path!r})" for path in site.getsitepackages())
    (_packages_of(folder) / "of_the_local_cloud.pth").write_text(f"import site; {added}\n", "utf-8")


def _packages_of(folder: Path) -> Path:
    return folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
