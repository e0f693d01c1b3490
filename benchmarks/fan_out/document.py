"""docs/benchmarks/fan_out.md and .svg: the same bytes for the same code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.fan_out import tables
from benchmarks.fan_out.chart import chart
from benchmarks.fan_out.checks import HEADLINE, Check, name, ratios
from benchmarks.fan_out.runs import Cell, Means

_INTRODUCTION = """# The fan-out, on a virtual clock

Written by `make benchmark`; change the code, not this page.

`cross_validation.py` runs unchanged; its clock and its clients are those of an engine that starts jobs cold or warm,
matches, keeps and ends warm pools, throttles, and bills instance-seconds. What the engine assumes is in
`virtual/assumptions.py`. {candidates} candidates, means of {seeds} seeds; every side of a seed sees the same
fold durations and the same scores, which are those of real models on real datasets (`benchmarks/abandoning/data`).

- *S1* is the published recipe: warm pools, 5 s between creations, a look at each job every 30 s, pools left to expire.
- *in-process* trains all folds in the candidate's own instance, with no fan-out; *4 at a time* and *4 lanes* are an
  instance with four cores and single-threaded fits. The other sides train one fold at a time in a candidate.
- *× S1* is how many times as fast as S1, *bill / S1* the share of its bill. *late cold* are the fold jobs that started
  cold though they are of no slot's first candidate.
- *candidate s* is how long a candidate's script runs, the first one in each slot left out, and *slowest fold s* how
  long its slowest fold trains: what lies between is starting, pacing and noticing.
- *physical* is all fold seconds over M·K instances, *barrier* what it takes when each candidate lasts as long as its
  slowest fold, with its own start, upload and the gap after it.
"""


def write_documents(folder: Path, found: Sequence[tuple[Cell, Means]], results: Sequence[Check], seeds: int) -> None:
    """Write the page and the chart of the main cells."""
    folder.mkdir(parents=True, exist_ok=True)
    candidates = found[0][0].case.candidates
    overview = [("", "S1 h", "warmfold h", "× S1", "bill / S1", "no abandoning × S1", "bill / S1", "in-process × S1")]
    for cell, means in found:
        (speed, bill), (speed_off, bill_off) = ratios(means, "default"), ratios(means, "off")
        headline = " (the headline)" if cell.case == HEADLINE else ""
        overview.append(
            (
                name(cell) + headline,
                f"{means['recipe'].wall:.2f}",
                f"{means['default'].wall:.2f}",
                f"{speed:.2f}",
                f"{bill:.2f}",
                f"{speed_off:.2f}",
                f"{bill_off:.2f}",
                f"{ratios(means, 'loop')[0]:.2f}",
            )
        )
    parts = [
        _INTRODUCTION.format(candidates=candidates, seeds=seeds),
        "![Speed-up and bill against the published recipe](fan_out.svg)\n",
        tables.markdown_table(overview) + "\n",
        "## Promises\n",
        tables.checks_as_markdown(results) + "\n",
        "## All sides\n",
        *(tables.as_markdown(cell, means) for cell, means in found),
    ]
    (folder / "fan_out.md").write_text("\n".join(parts).rstrip() + "\n", "utf-8")
    (folder / "fan_out.svg").write_text(chart([one for one in found if one[0].case != HEADLINE]), "utf-8")
