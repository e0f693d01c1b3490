"""The target's cells as labels: the class's position for classification, the number for regression."""

from __future__ import annotations

import pyarrow as pa

from warmfold_data.cells import NUMERIC, plain_reading
from warmfold_data.target import class_reader
from warmfold_jobs.data.table import Schema
from warmfold_jobs.data.typed import ColumnReader


class LabelReader:
    """Reads the target's cells, none of which is missing, block after block."""

    def __init__(self, schema: Schema) -> None:
        self.type = pa.float64() if schema.classes is None else pa.int32()
        reading = schema.target_reading or plain_reading(NUMERIC)
        self._numbers = ColumnReader(schema.target, reading)
        self._of_class = None if schema.classes is None else class_reader(schema.classes, reading)
        self._places = {name: place for place, name in enumerate(schema.classes or ())}

    def read(self, cells: pa.Array) -> pa.Array:
        """The labels; raises CellError for a cell that is of no class of the profile."""
        if self._of_class is None:
            return self._numbers.read(cells)
        encoded = cells.dictionary_encode()
        places = [self._places[str(self._of_class(text))] for text in encoded.dictionary.to_pylist()]
        return pa.array(places, self.type).take(encoded.indices)
