"""Source archives, unpacked and compiled once for all the jobs that use them."""

import compileall
import hashlib
import shutil
import threading
from pathlib import Path

from warmfold.cloud.sagemaker.data import unpack

KEPT = 4


class CodeCache:
    """The archives that were used last, in `folder`. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._unpacked: dict[str, Path] = {}
        shutil.rmtree(folder, ignore_errors=True)

    def unpack(self, archive: Path, target: Path) -> None:
        """Fill `target` with what is in a tar.gz, and its modules' bytecode; raises DataError."""
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        with self._lock:
            known = self._unpacked.pop(digest, None) or self._compiled(archive, digest)
            self._unpacked[digest] = known
            shutil.copytree(known, target, symlinks=True, dirs_exist_ok=True)
            while len(self._unpacked) > KEPT:
                shutil.rmtree(self._unpacked.pop(next(iter(self._unpacked))), ignore_errors=True)

    def _compiled(self, archive: Path, digest: str) -> Path:
        folder = self._folder / digest
        shutil.rmtree(folder, ignore_errors=True)
        unpack(archive, folder)
        compileall.compile_dir(folder, quiet=2)  # what does not compile tells so in its own job
        return folder
