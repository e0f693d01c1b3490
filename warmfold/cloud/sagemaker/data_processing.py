"""A transform job's DataProcessing over CSV: the columns that are sent, and those of input and answer that are kept."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from warmfold.cloud.sagemaker.errors import validation_error

CSV = "text/csv"
WHOLE = "$"
_COLUMNS = re.compile(r"\$\[(?:(-?\d*):(-?\d*)|(-?\d+(?:\s*,\s*-?\d+)*))\]")


class RecordsDiffer(Exception):
    """An answer cannot be joined with its request; the text says why."""


@dataclass(frozen=True)
class DataProcessing:
    """What becomes of a request's records before they are sent, and of an answer's after."""

    input_filter: str = WHOLE
    output_filter: str = WHOLE
    joins: bool = False

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> "DataProcessing":
        """The (validated) CreateTransformJob request's; raises ServiceError for what is not built here."""
        given = request.get("DataProcessing", {})
        made = cls(
            given.get("InputFilter", WHOLE), given.get("OutputFilter", WHOLE), given.get("JoinSource") == "Input"
        )
        source, output = request["TransformInput"], request["TransformOutput"]
        for name, path in (("InputFilter", made.input_filter), ("OutputFilter", made.output_filter)):
            if path != WHOLE and not _COLUMNS.fullmatch(path):
                raise validation_error(
                    f"DataProcessing.{name} is {path}; the local cloud knows columns of CSV only: $[0], $[1:], $[0,2]."
                )
        if (made.input_filter != WHOLE or made.joins) and source.get("ContentType") != CSV:
            raise validation_error(f"DataProcessing needs TransformInput.ContentType {CSV} in the local cloud.")
        if (made.output_filter != WHOLE or made.joins) and output.get("Accept") != CSV:
            raise validation_error(f"DataProcessing needs TransformOutput.Accept {CSV} in the local cloud.")
        if made.joins and (source.get("SplitType"), output.get("AssembleWith")) != ("Line", "Line"):
            raise validation_error(
                "DataProcessing.JoinSource Input needs TransformInput.SplitType Line and "
                "TransformOutput.AssembleWith Line."
            )
        return made

    def sent(self, body: bytes) -> bytes:
        """What the container gets of a request's body."""
        if self.input_filter == WHOLE:
            return body
        return _written([_selected(row, self.input_filter) for row in _rows(body)])

    def kept(self, body: bytes, answer: bytes) -> bytes:
        """What the output gets of the answer to a request; raises RecordsDiffer."""
        if self.output_filter == WHOLE and not self.joins:
            return answer
        rows = _rows(answer)
        if self.joins:
            asked = _rows(body)
            if len(asked) != len(rows):
                raise RecordsDiffer(
                    f"JoinSource is Input, and the answer has {len(rows)} records where the request had {len(asked)}"
                )
            rows = [[*before, *after] for before, after in zip(asked, rows, strict=True)]
        written = _written([_selected(row, self.output_filter) for row in rows])
        return written.removesuffix(b"\n") if self.joins else written


def _selected(row: list[str], path: str) -> list[str]:
    """The columns of a row that a path such as `$[1:]` or `$[0,2]` names; those it does not have are left out."""
    match = _COLUMNS.fullmatch(path)
    if match is None:
        return row
    start, stop, listed = match.groups()
    if listed is None:
        return row[int(start) if start else None : int(stop) if stop else None]
    return [row[at] for at in map(int, listed.split(",")) if -len(row) <= at < len(row)]


def _rows(body: bytes) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(body.decode("utf-8"), newline="")) if row]


def _written(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
