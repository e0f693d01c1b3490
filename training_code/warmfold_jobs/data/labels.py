"""The target's cells as labels: the class's position for classification, the number for regression."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from warmfold_data.cells import NUMERIC, plain_reading
from warmfold_jobs.data.table import Schema
from warmfold_jobs.data.typed import ColumnReader


class LabelReader:
    """Reads the target's cells, none of which is missing, block after block."""

    def __init__(self, schema: Schema) -> None:
        self.type = pa.float64() if schema.classes is None else pa.int32()
        self._numbers = ColumnReader(schema.target, plain_reading(NUMERIC))
        self._classes = None if schema.classes is None else pa.array(schema.classes, pa.string())

    def read(self, cells: pa.Array) -> pa.Array:
        """The labels; raises ValueError for a class that the profile does not have."""
        if self._classes is None:
            return self._numbers.read(cells)
        codes = pc.index_in(cells, value_set=self._classes)
        if codes.null_count:
            raise ValueError(f"class {cells.filter(pc.is_null(codes))[0].as_py()!r} is not in the dataset's profile")
        return codes
