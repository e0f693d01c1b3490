"""The training code that travels as a layer: packed the same way every time, uploaded once per content."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

from pipeline.aws.storage import Storage
from pipeline.errors import PlanError
from warmfold_run import places
from warmfold_run.plan import Code
from warmfold_run.sources import source_files


def pack(folder: Path) -> bytes:
    """Return the folder's Python files as a tar.gz that is the same, byte for byte, for the same content."""
    tar_bytes = io.BytesIO()
    with tarfile.open(fileobj=tar_bytes, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in source_files(folder):
            entry = tarfile.TarInfo(name.as_posix())
            body = (folder / name).read_bytes()
            entry.size, entry.mode = len(body), 0o644
            tar.addfile(entry, io.BytesIO(body))
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="") as stream:
        stream.write(tar_bytes.getvalue())
    return packed.getvalue()


def upload(storage: Storage, folder: Path) -> Code:
    """Upload the training code unless just that is there, and return its `sha256` and `uri`.

    What lies under its key is compared, for jobs run it: the key alone is a claim.
    """
    if not (folder / "training.py").is_file():
        raise PlanError(
            f"{folder} holds no training.py; TRAINING_CODE_DIR must say where the training-code layer is: deploy again"
        )
    body = pack(folder)
    digest = hashlib.sha256(body).hexdigest()
    key = places.code_key(digest)
    if storage.read(key) != body:
        storage.write(key, body, "application/gzip")
    return {"sha256": digest, "uri": storage.uri(key)}
