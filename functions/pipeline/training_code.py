"""The training code that travels as a layer: packed the same way every time, uploaded once per content."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import io
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import PlanError
from pipeline.storage import Storage

if TYPE_CHECKING:
    from types import ModuleType


def pack(folder: Path) -> bytes:
    """Return the folder's Python files as a tar.gz that is the same, byte for byte, for the same content."""
    tar_bytes = io.BytesIO()
    with tarfile.open(fileobj=tar_bytes, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(folder.glob("*.py")):
            entry = tarfile.TarInfo(path.name)
            body = path.read_bytes()
            entry.size, entry.mode = len(body), 0o644
            tar.addfile(entry, io.BytesIO(body))
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="") as stream:
        stream.write(tar_bytes.getvalue())
    return packed.getvalue()


def upload(storage: Storage, folder: Path) -> dict[str, str]:
    """Upload the training code unless it is there, and return its `sha256` and `uri`."""
    if not (folder / "training.py").is_file():
        raise PlanError(
            f"{folder} holds no training.py; TRAINING_CODE_DIR must say where the training-code layer is: deploy again"
        )
    body = pack(folder)
    digest = hashlib.sha256(body).hexdigest()
    key = f"code/{digest}/sourcedir.tar.gz"
    if storage.head(key) is None:
        storage.write(key, body, "application/gzip")
    return {"sha256": digest, "uri": storage.uri(key)}


def load_dataset_rules(folder: Path) -> ModuleType:
    """Return the layer's `dataset_rules`: the rules that Split Dataset follows (docs/decisions/0001)."""
    return _load(folder, "dataset_rules")


def load_abandoning(folder: Path) -> ModuleType:
    """Return the layer's `abandoning`: the rule by which candidates give up (docs/decisions/0001)."""
    return _load(folder, "abandoning")


def _load(folder: Path, name: str) -> ModuleType:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    return importlib.import_module(name)
