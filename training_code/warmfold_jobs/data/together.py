"""What several hosts have counted, each in its own files, as if one had counted it in all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from warmfold_jobs.data.array_dealing import RowArrays
from warmfold_jobs.data.counting import ColumnHeld, Counted, Labels, few_texts
from warmfold_jobs.data.file_blocks import Findings
from warmfold_jobs.data.hosts import Hosts, Told
from warmfold_jobs.data.spool import Spool


class Together(NamedTuple):
    """What all hosts have counted, and where this one's rows are in it."""

    all: Counted
    labelled_before: int
    """Rows with a target that hosts before this one have."""


def together(
    own: Counted, findings: Findings, cells: Spool, hosts: Hosts, scratch: Path
) -> tuple[Together, list[Findings], list[Spool]]:
    """Tell what this host has counted, found and put aside; returns what all have, the latter in order of the hosts."""
    if not hosts.are_several:
        return Together(own, 0), [findings], [cells]
    said = {
        "rows": own.rows,
        "labels": own.labels.names,
        "fold_values": list(own.rows_to_deal.fold_values),
        "columns": own.columns,
        "findings": findings,
    }
    told = hosts.share(said, *_spools(own, scratch), cells)
    labelled = [one.said["rows"] - _length(one.spools[1]) for one in told]
    before = sum(labelled[: hosts.place])
    return Together(_joined(told), before), [one.said["findings"] for one in told], [one.spools[2] for one in told]


def _spools(own: Counted, scratch: Path) -> tuple[Spool, Spool]:
    """What dealing wants to know of each row with a target, and the numbers of the others."""
    dealt, without = (Spool(scratch / name, packed=True) for name in ("counted", "without"))
    rows = own.rows_to_deal
    columns = {"content": rows.contents, "label": own.labels.codes}
    columns |= {"group": rows.groups} if rows.groups is not None else {}
    columns |= {"time": rows.times} if rows.times is not None else {}
    columns |= {"fold": rows.folds} if rows.folds is not None else {}
    dealt.put(pa.RecordBatch.from_pydict({name: pa.array(values) for name, values in columns.items()}))
    without.put(pa.RecordBatch.from_pydict({"row": pa.array(own.without_target, pa.int64())}))
    return dealt, without


def _joined(told: Sequence[Told]) -> Counted:
    """What one host would have counted."""
    labels, label_codes = _renamed([one.said["labels"] for one in told])
    folds, fold_codes = _renamed([one.said["fold_values"] for one in told])
    found: dict[str, list[np.ndarray[Any, Any]]] = {}
    without, rows = list[int](), 0
    for place, one in enumerate(told):
        dealt, others, _ = one.spools
        (block,) = dealt.blocks()
        for name, column in zip(block.schema.names, block.columns, strict=True):
            values = column.to_numpy()
            codes = {"label": label_codes, "fold": fold_codes}.get(name)
            found.setdefault(name, []).append(values if codes is None or not len(values) else codes[place][values])
        (block,) = others.blocks()
        without += (block["row"].to_numpy() + rows).tolist()
        rows += one.said["rows"]
    arrays = {name: np.concatenate(values) for name, values in found.items()}
    return Counted(
        rows=rows,
        rows_to_deal=RowArrays(
            arrays["content"],
            groups=arrays.get("group"),
            times=arrays.get("time"),
            folds=arrays.get("fold"),
            fold_values=folds,
        ),
        labels=Labels(labels, arrays["label"]),
        without_target=without,
        columns={
            column: reduce(_both, (one.said["columns"][column] for one in told)) for column in told[0].said["columns"]
        },
    )


def _renamed(names: Iterable[Sequence[str]]) -> tuple[list[str], list[np.ndarray[Any, Any]]]:
    """All names in the order of their first appearance, and by list of names their positions among these."""
    places: dict[str, int] = {}
    codes = [np.array([places.setdefault(name, len(places)) for name in some], np.int32) for some in names]
    return list(places), codes


def _both(one: ColumnHeld, other: ColumnHeld) -> ColumnHeld:
    held = [each["extremes"] for each in (one, other) if each["extremes"] is not None]
    texts = [each["categories"] for each in (one, other)]
    return ColumnHeld(
        missing=one["missing"] + other["missing"],
        extremes=(min(low for low, _ in held), max(high for _, high in held)) if held else None,
        categories=few_texts({text for some in texts for text in some or ()}) if None not in texts else None,
    )


def _length(spool: Spool) -> int:
    return sum(block.num_rows for block in spool.blocks())
