"""Charts of diagnostics.json, drawn as those of `charts.py`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from markupsafe import Markup

from pipeline.reporting.charts import Scale, domain, horizontal_grid, label_left, line, svg, vertical_grid
from warmfold_run.diagnostics import Curve, Dependence, Importance, Numbers

HEIGHT = 240
_TOP = 8
_SHARES = [(value, f"{value:g}") for value in (0.0, 0.25, 0.5, 0.75, 1.0)]
_ROW = 22


def curve_chart(curves: Sequence[Curve], described: str, *, diagonal: bool, dots: bool = False) -> Markup | None:
    """Return curves of shares by shares, from 0 to 1; None without any. The first is drawn strongly."""
    if not curves:
        return None
    across, down = Scale(0, 1, 0, 100), Scale(0, 1, HEIGHT, _TOP)
    body = horizontal_grid(_SHARES, down) + vertical_grid(_SHARES, across, HEIGHT)
    if diagonal:
        body += line("spread", (across(0), down(0)), (across(1), down(1)))
    for place, curve in enumerate(curves):
        points = [(across(x), down(y)) for x, y in zip(curve["x"], curve["y"], strict=True)]
        kind = "so-far" if place == 0 else "interval"
        body += Markup().join(line(kind, *pair) for pair in itertools.pairwise(points))
        if dots:
            body += Markup().join(_dot(point, curve["name"]) for point in points)
    return svg(body, HEIGHT + 24, described)


def scatter_chart(numbers: Numbers, target: str) -> Markup:
    """Return predicted by true numbers, with the line on which both are equal."""
    low, high, ticks = domain([*numbers["true"], *numbers["predicted"]])
    across, down = Scale(low, high, 0, 100), Scale(low, high, HEIGHT, _TOP)
    body = horizontal_grid(ticks, down) + vertical_grid(ticks, across, HEIGHT)
    body += line("spread", (across(low), down(low)), (across(high), down(high)))
    pairs = zip(numbers["true"], numbers["predicted"], strict=True)
    body += Markup().join(_dot((across(x), down(y)), f"true {x:.4g}, predicted {y:.4g}") for x, y in pairs)
    return svg(body, HEIGHT + 24, f"{target}: predicted (upward) by true (to the right), {len(numbers['true'])} rows")


def histogram(numbers: Numbers) -> Markup:
    """Return how many rows have which residual."""
    edges, counts = numbers["histogram_edges"], numbers["histogram_counts"]
    low, high, ticks = domain(edges)
    across, down = Scale(low, high, 0, 100), Scale(0, max(counts), HEIGHT / 2, _TOP)
    body = vertical_grid(ticks, across, HEIGHT // 2)
    for start, end, count in zip(edges, edges[1:], counts, strict=False):
        title = f"{start:.4g} to {end:.4g}: {count} rows"
        body += _bar(across(start), down(count), across(end) - across(start), HEIGHT / 2 - down(count), title)
    return svg(body, HEIGHT // 2 + 24, "rows by residual, the true number less the predicted one")


def importance_chart(importance: Sequence[Importance], metric: str) -> Markup | None:
    """Return the score lost by shuffling each group of features; None without any."""
    if not importance:
        return None
    low, high, ticks = domain([0.0, *(one["drop"] for one in importance)])
    across, height = Scale(low, high, 0, 100), _ROW * len(importance) + 8
    body = vertical_grid(ticks, across, height)
    for place, one in enumerate(importance):
        y = 8 + _ROW * place
        start, end = sorted((across(0), across(one["drop"])))
        title = f"{', '.join(one['features'])}: {metric} {one['drop']:.4g} less"
        body += label_left(y + 8, f"№ {place + 1}", strong=place == 0) + _bar(
            start, y, max(end - start, 0.3), 14, title
        )
    return svg(body, height + 24, f"{metric} lost when features are shuffled, the most important first")


def dependence_chart(one: Dependence) -> Markup | None:
    """Return the mean prediction by a feature's values, in order; None for a feature without two values."""
    if len(one["values"]) < 2:
        return None
    low, high, ticks = domain(one["predicted"])
    across, down = Scale(0, len(one["values"]) - 1, 2, 98), Scale(low, high, HEIGHT / 2, _TOP)
    points = [(across(place), down(value)) for place, value in enumerate(one["predicted"])]
    body = horizontal_grid(ticks, down)
    body += Markup().join(line("so-far", *pair) for pair in itertools.pairwise(points))
    titles = [f"{value}: {predicted:.4g}" for value, predicted in zip(one["values"], one["predicted"], strict=True)]
    body += Markup().join(_dot(point, title) for point, title in zip(points, titles, strict=True))
    return svg(body, HEIGHT // 2 + 12, f"{one['what']} by {one['feature']}")


def _dot(point: tuple[float, float], title: str) -> Markup:
    return Markup('<circle class="dot" cx="{}%" cy="{}" r="3"><title>{}</title></circle>').format(*point, title)


def _bar(x: float, y: float, width: float, height: float, title: str) -> Markup:
    return Markup('<rect class="cold" x="{}%" y="{}" width="{}%" height="{}"><title>{}</title></rect>').format(
        x, y, round(width, 2), round(height, 2), title
    )
