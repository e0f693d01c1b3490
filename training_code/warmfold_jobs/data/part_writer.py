"""The parts of a dataset as files of typed rows, written by Split Dataset."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from warmfold_data.dealing import HOLDOUT
from warmfold_run import places

WRITTEN_CELLS = 4_000_000
"""How many cells are held and then written as a row group of each file: small row groups are slow to read."""
PART_NUMBER = pa.int8()
"""A further repeat's part of a row; HOLDOUT for rows of the holdout."""


class PartWriter:
    """Writes blocks of typed rows to the parts and to the holdout, each row to where it was dealt.

    Each file of the dataset has files of its own there.
    """

    def __init__(self, output_dir: Path, parts: int, schema: pa.Schema) -> None:
        """Files are below `output_dir` where `warmfold_run.places` has them; rows go to the first repeat's parts."""
        self._folder, self._schema = output_dir, schema
        self._held: dict[int, list[pa.RecordBatch]] = {placement: [] for placement in (*range(parts), HOLDOUT)}
        self._cells = 0
        self._source: int | None = None
        self._stack = ExitStack()
        self._writers: dict[int, pq.ParquetWriter] = {}

    def __enter__(self) -> PartWriter:
        return self

    def __exit__(self, *error: Any) -> None:
        with self._stack:
            self._flush()

    def write(self, rows: pa.RecordBatch, placements: np.ndarray[Any, Any], source: int = 0) -> None:
        """Write rows of a file to where each was dealt, in their order; others are left out.

        A file's rows follow one another.
        """
        if source != self._source:
            self._begin(source)
        order = np.argsort(placements, kind="stable")
        ordered, sorted_rows = placements[order], rows.take(pa.array(order))
        for placement, held in self._held.items():
            first, end = np.searchsorted(ordered, [placement, placement + 1])
            if end > first:
                held.append(sorted_rows.slice(first, end - first))
        self._cells += rows.num_rows * rows.num_columns
        if self._cells >= WRITTEN_CELLS:
            self._flush()

    def _begin(self, source: int) -> None:
        with self._stack:
            self._flush()
        self._source = source
        schema = self._schema
        few_values = [field.name for field in schema if pa.types.is_string(field.type) or field.type == PART_NUMBER]
        for placement in self._held:
            file = self._folder / (
                f"{places.HOLDOUT}/{places.holdout_file(source)}"
                if placement == HOLDOUT
                else f"{places.PARTS}/{places.part_file(placement, source)}"
            )
            file.parent.mkdir(parents=True, exist_ok=True)
            self._writers[placement] = self._stack.enter_context(
                pq.ParquetWriter(file, schema, use_dictionary=few_values, write_statistics=False)
            )

    def _flush(self) -> None:
        for placement, held in self._held.items():
            if held:
                self._writers[placement].write_table(pa.Table.from_batches(held))
                held.clear()
        self._cells = 0
