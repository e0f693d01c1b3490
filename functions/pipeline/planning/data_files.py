"""What a run reads: which of a dataset's data it was started for, and the versions of its files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from pipeline.aws.storage import Storage
from pipeline.errors import DatasetError
from warmfold_run import places
from warmfold_run.plan import ObjectVersion
from warmfold_run.understanding import listed

MOST_FILES = 10_000
"""How many files a dataset may have: their versions are asked for one by one, within Plan Run's minutes."""
NAMED_FILES = 3
"""How many of them an error names."""
_AT_A_TIME = 10
"""As many connections as the client keeps."""


def find_data(storage: Storage, dataset: str, asked: str | None, version: str | None) -> ObjectVersion:
    """Return the version of what started the run: `asked` of `places.STARTING`, or None for the one that is there.

    Raises DatasetError.
    """
    folder = storage.uri(places.dataset_folder(dataset))
    if asked is not None or version is not None:
        name = asked or places.DATA
        data = storage.head(places.data_key(dataset, name), version)
        if data is None:
            which = f" in version {version}" if version else ""
            raise DatasetError(
                f"{folder}{name} is not there{which}; upload it, or name another dataset"
                + (" or version" if version else "")
            )
        return data
    there = [data for name in places.STARTING if (data := storage.head(places.data_key(dataset, name))) is not None]
    if not there:
        raise DatasetError(f"{folder}{places.DATA} is not there; upload it, or name another dataset")
    names = [data["key"].removeprefix(places.dataset_folder(dataset)) for data in there]
    if len(there) > 1:
        raise DatasetError(
            f"{folder} has both {' and '.join(names)}; say which it is in the execution input, as in "
            f'{{"dataset": "{dataset}", "data": "{names[-1]}"}}'
        )
    return there[0]


def find_files(storage: Storage, data: ObjectVersion) -> list[ObjectVersion] | None:
    """Return the versions of the files of a dataset of many, in the order of their keys; None for one of a single file.

    Raises DatasetError.
    """
    folder = places.data_name(data["key"])
    if folder == data["key"]:
        return None
    names = (key.removeprefix(folder) for key in storage.keys(folder))
    files, others = places.data_files(names)
    if others:
        raise DatasetError(
            f"{storage.uri(folder)} holds {listed(others, NAMED_FILES)}, which can't be read as a file of the dataset; "
            f"it takes files that end in .csv or .csv.gz, in no further folders: take out the others, and "
            "upload _SUCCESS again."
        )
    if not files:
        raise DatasetError(
            f"{storage.uri(data['key'])} is there, and no file beside it; upload the CSV files first, _SUCCESS last."
        )
    if len(files) > MOST_FILES:
        raise DatasetError(
            f"{storage.uri(folder)} has {len(files):,} files, and a run reads at most {MOST_FILES:,}; make fewer and "
            "larger ones."
        )
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        found = list(pool.map(storage.head, (folder + name for name in files)))
    gone = [name for name, version in zip(files, found, strict=True) if version is None]
    if gone:
        raise DatasetError(
            f"{storage.uri(folder)}: {listed(gone, NAMED_FILES)} went while the run was planned; upload _SUCCESS "
            "again when all files are there."
        )
    return [version for version in found if version is not None]
