"""The report's small square charts of the holdout, as inline SVG: curves, predicted against true, residuals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from markupsafe import Markup

from pipeline.reporting.formats import score
from warmfold_run.diagnostics import Curve, Numbers
from warmfold_run.understanding import shown

MOST_CURVES = 5
"""Curves in one chart; more can't be told apart."""
_SIDE, _EDGE = 240, 8


def curve_chart(curves: Sequence[Curve], title: str, *, diagonal: bool) -> Markup | None:
    """Return curves from 0 to 1 on both axes, the first one strong; None without any. `diagonal` draws chance."""
    drawn = curves[:MOST_CURVES]
    if not drawn:
        return None
    place = _placed(0, 1, 0, 1)
    body = _line("grid", place(0, 0), place(1, 1)) if diagonal else Markup()
    for number, curve in enumerate(drawn):
        points = " ".join(f"{x},{y}" for x, y in map(place, curve["x"], curve["y"]))
        body += Markup('<polyline class="curve{}" points="{}"><title>{}</title></polyline>').format(
            "" if number else " first", points, _named(curve)
        )
    return _svg(body, f"{title}: {'; '.join(map(_named, drawn))}")


def scatter_chart(numbers: Numbers, target: str) -> Markup | None:
    """Return true numbers across and predicted ones up, with the line where they agree; None without any."""
    true, predicted = numbers["true"], numbers["predicted"]
    if not true:
        return None
    low, high = min(*true, *predicted), max(*true, *predicted)
    place = _placed(low, high, low, high)
    body = _line("grid", place(low, low), place(high, high))
    for x, y in map(place, true, predicted):
        body += Markup('<circle class="fold" cx="{}" cy="{}" r="2.5"/>').format(x, y)
    return _svg(
        body, f"{shown(target)} of {len(true)} rows from {score(low)} to {score(high)}, true across, predicted up"
    )


def histogram_chart(numbers: Numbers) -> Markup | None:
    """Return how many rows have which residual; None without any."""
    edges, counts = numbers["histogram_edges"], numbers["histogram_counts"]
    if not counts or not max(counts):
        return None
    place = _placed(edges[0], edges[-1], 0, max(counts))
    body = Markup()
    for (start, end), count in zip(pairwise(edges), counts, strict=True):
        (x, y), (right, base) = place(start, count), place(end, 0)
        body += Markup('<rect class="bar" x="{}" y="{}" width="{}" height="{}"><title>{} rows</title></rect>').format(
            x, y, round(max(1, right - x - 1), 1), round(base - y, 1), count
        )
    return _svg(body, f"residuals from {score(edges[0])} to {score(edges[-1])}, at most {max(counts)} rows in one bar")


def _named(curve: Curve) -> str:
    return shown(curve["name"]) + ("" if curve["area"] is None else f" {score(curve['area'])}")


def _placed(left: float, right: float, bottom: float, top: float) -> Callable[[float, float], tuple[float, float]]:
    """Return what places a point in the square; a range of no width is in its middle."""

    def along(value: float, low: float, high: float) -> float:
        share = (value - low) / (high - low) if high > low else 0.5
        return _EDGE + share * (_SIDE - 2 * _EDGE)

    return lambda x, y: (round(along(x, left, right), 1), round(_SIDE - along(y, bottom, top), 1))


def _line(kind: str, start: tuple[float, float], end: tuple[float, float]) -> Markup:
    return Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(kind, *start, *end)


def _svg(body: Markup, described: str) -> Markup:
    return Markup('<svg role="img" class="square" viewBox="0 0 {s} {s}" aria-label="{}">{}</svg>').format(
        described, body, s=_SIDE
    )
