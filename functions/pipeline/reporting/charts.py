"""The report's charts, as inline SVG that is as wide as the page: x in percent, y in pixels, colours by class."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple, TypeAlias

from markupsafe import Markup

from pipeline.reporting.formats import score
from warmfold_run.records import Baselines
from warmfold_run.summary import Best, CandidateResult, Holdout

MOST_ROWS = 30
"""Candidates in the chart of fold scores."""
_EDGE = 2.0  # percent of the width kept free on both sides, so that marks are whole
_ROW = 22  # pixels
_LABEL = Markup('<text class="label" x="{x}" y="{y}" dy=".32em" text-anchor="{anchor}">{text}</text>')


class _Estimate(NamedTuple):
    """A score and the ends of its bar, if it has any."""

    name: str
    value: float
    ends: list[float] | None
    what: str
    """What the bar is."""

    @property
    def said(self) -> str:
        ends = f", {self.what} {score(self.ends[0])} to {score(self.ends[1])}" if self.ends else ", interval unknown"
        return f"{self.name} {score(self.value)}{ends}"


Ticks: TypeAlias = list[tuple[float, str]]


@dataclass(frozen=True)
class Scale:
    """Where a value is between two positions."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return a value's position."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)


def score_chart(results: Sequence[CandidateResult], best: int | None, metric: str) -> Markup | None:
    """Return every candidate's score in order of creation, with the best score so far; None when there is no score.

    `results` are a summary's candidate_results, `best` the best candidate's number. A candidate that was given up is a
    ring at its estimate, one without a score a cross below.
    """
    scored = [result["score"] for result in results if result["score"] is not None]
    if not scored:
        return None
    low, high, ticks = domain(scored)
    across = Scale(0, max(1, len(results) - 1), _EDGE + 1, 100 - _EDGE)
    down = Scale(low, high, 232, 12)
    marks, so_far_line = [], Markup()
    so_far: float | None = None
    for position, result in enumerate(results):
        x, value = across(position), result["score"]
        if so_far is not None:
            so_far_line += line("so-far", (across(position - 1), down(so_far)), (x, down(so_far)))
        if value is None:
            marks.append(_cross(x, 254, f"candidate {result['number']}: {result['status']}, no score"))
            continue
        if result["abandoned"]:
            title = f"candidate {result['number']}: given up, {metric} estimated at {score(value)}"
            marks.append(_dot(x, down(value), title, kind="dot abandoned", best=False))
            continue
        if so_far is None or value > so_far:
            if so_far is not None:
                so_far_line += line("so-far", (x, down(so_far)), (x, down(value)))
            so_far = value
        chosen = result["number"] == best
        marks.append(_dot(x, down(value), f"candidate {result['number']}: {metric} {score(value)}", best=chosen))
    body = horizontal_grid(ticks, down) + so_far_line + Markup().join(marks)
    step = max(1, math.ceil(len(results) / 10))
    body += Markup().join(
        _LABEL.format(x=f"{across(i)}%", y=276, anchor="middle", text=results[i]["number"])
        for i in range(0, len(results), step)
    )
    missing = len(results) - len(scored)
    abandoned = sum(result["abandoned"] for result in results)
    described = (
        f"{metric} of {len(scored)} candidates in order of creation, from {score(min(scored))} to {score(max(scored))}"
        + (f"; {abandoned} of them given up, with an estimate" if abandoned else "")
        + (f"; {missing} without a score" if missing else "")
    )
    return svg(body, 288, described)


def fold_chart(results: Iterable[CandidateResult], best: int | None, metric: str) -> Markup | None:
    """Return each candidate's fold scores on a line of its own, its mean marked; None without any.

    The best comes first, those that lack a fold or were given up come last.
    """
    rows = [result for result in results if _known(result)]
    rows.sort(key=lambda row: (row["abandoned"] or None in row["fold_scores"], -fmean(_known(row))))
    rows = rows[:MOST_ROWS]
    if not rows:
        return None
    low, high, ticks = domain([value for row in rows for value in _known(row)])
    across = Scale(low, high, _EDGE, 100 - _EDGE)
    height = 14 + _ROW * len(rows)
    body = vertical_grid(ticks, across, height)
    for position, row in enumerate(rows):
        y = 14 + _ROW * position + _ROW // 2
        values, chosen = _known(row), row["number"] == best
        name = f"candidate {row['number']}"
        mark = " ○" if row["abandoned"] else " ×" if None in row["fold_scores"] else ""
        body += label_left(y, f"№ {row['number']}{mark}", strong=chosen)
        body += line("spread", (across(min(values)), y), (across(max(values)), y))
        body += Markup().join(
            _dot(
                across(value),
                y,
                f"{name}, fold {fold}: {metric} {score(value)}",
                kind="fold abandoned" if row["abandoned"] else "fold",
                best=chosen,
            )
            for fold, value in enumerate(row["fold_scores"])
            if value is not None
        )
        mean = fmean(values)
        title = f"{name}: mean of {len(values)} folds {score(mean)}"
        body += _tick(across(mean), y, title, best=chosen)
    return svg(body, height + 24, f"{metric} of each fold of {len(rows)} candidates, the best mean first")


def estimate_chart(best: Best, holdout: Holdout | None, baselines: Baselines | None, metric: str) -> Markup:
    """Return the folds' scores from the worst to the best, the holdout score and those of baselines in their intervals.

    The model that looks at no feature is left out: it is so far away that nothing else could be told apart.
    """
    rows = [_Estimate("CV", best["score_mean"], [min(best["scores"]), max(best["scores"])], "worst to best fold")]
    if holdout:
        rows.append(_Estimate("Holdout", holdout["score"], holdout["interval"], "95% interval"))
    if baselines and (score_of_defaults := baselines["defaults"]["score"]) is not None:
        rows.append(_Estimate("Defaults", score_of_defaults, baselines["defaults"]["interval"], "95% interval"))
    low, high, ticks = domain([end for row in rows for end in (row.value, *(row.ends or ()))])
    across = Scale(low, high, _EDGE, 100 - _EDGE)
    height = 12 + 40 * len(rows)
    body = vertical_grid(ticks, across, height)
    for position, row in enumerate(rows):
        y, is_holdout = 32 + 40 * position, row.name == "Holdout"
        body += label_left(y, row.name, strong=is_holdout)
        if row.ends:
            start, end = map(across, row.ends)
            body += line("interval best" if is_holdout else "interval", (start, y), (end, y))
        body += _dot(across(row.value), y, f"{metric}: {row.said}", best=is_holdout)
    return svg(body, height + 24, f"{metric}: {'; '.join(row.said for row in rows)}")


def starts_chart(cold: int, warm: int) -> Markup | None:
    """Return the shares of fold jobs that started warm and cold; None when there were no fold jobs."""
    total = cold + warm
    if not total:
        return None
    share = round(100 * warm / total, 2)
    body = Markup('<rect class="warm" x="0" y="4" width="{}%" height="20"><title>{} warm</title></rect>').format(
        share, warm
    )
    body += Markup('<rect class="cold" x="{}%" y="4" width="{}%" height="20"><title>{} cold</title></rect>').format(
        share, round(100 - share, 2), cold
    )
    return svg(body, 28, f"{warm} of {total} fold jobs started in a warm pool", wide=True)


def svg(body: Markup, height: int, described: str, *, wide: bool = False) -> Markup:
    """Return a chart of this height in pixels, described for those who do not see it."""
    return Markup('<svg role="img" class="{}" height="{}" aria-label="{}">{}</svg>').format(
        "wide" if wide else "plot", height, described, body
    )


def _dot(x: float, y: float, title: str, *, kind: str = "dot", best: bool) -> Markup:
    small = kind.startswith("fold")
    radius = (4 if small else 4.5) + best * (0.5 if small else 2)
    return Markup('<circle class="{}{}" cx="{}%" cy="{}" r="{}"><title>{}</title></circle>').format(
        kind, " best" if best else "", x, y, radius, title
    )


def _tick(x: float, y: float, title: str, *, best: bool) -> Markup:
    return Markup('<line class="mean{}" x1="{x}%" x2="{x}%" y1="{}" y2="{}"><title>{}</title></line>').format(
        " best" if best else "", y - 8, y + 8, title, x=x
    )


def _cross(x: float, y: float, title: str) -> Markup:
    return Markup(
        '<text class="cross" x="{}%" y="{}" dy=".32em" text-anchor="middle">×<title>{}</title></text>'
    ).format(x, y, title)


def line(kind: str, start: tuple[float, float], end: tuple[float, float]) -> Markup:
    """Return a line between two points."""
    return Markup('<line class="{}" x1="{}%" y1="{}" x2="{}%" y2="{}"/>').format(kind, *start, *end)


def label_left(y: float, text: str, *, strong: bool) -> Markup:
    """Return a label left of the plot."""
    return Markup('<text class="label{}" x="-10" y="{}" dy=".32em" text-anchor="end">{}</text>').format(
        " strong" if strong else "", y, text
    )


def horizontal_grid(ticks: Ticks, down: Scale) -> Markup:
    """Return lines across the plot, with their values left of it."""
    body = Markup()
    for value, text in ticks:
        y = down(value)
        body += line("grid", (0, y), (100, y)) + _LABEL.format(x=-10, y=y, anchor="end", text=text)
    return body


def vertical_grid(ticks: Ticks, across: Scale, height: int) -> Markup:
    """Return lines down the plot, with their values below it."""
    body = Markup()
    for value, text in ticks:
        x = across(value)
        body += line("grid", (x, 6), (x, height)) + _LABEL.format(x=f"{x}%", y=height + 14, anchor="middle", text=text)
    return body


def domain(values: Sequence[float]) -> tuple[float, float, Ticks]:
    """Return the ends of an axis that holds the values, and its ticks, 1, 2 or 5 times a power of ten apart."""
    low, high = min(values), max(values)
    margin = (high - low) * 0.06 or abs(high) * 0.05 or 0.1
    low, high = low - margin, high + margin
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    decimals = max(0, -math.floor(math.log10(step)))
    first, last = math.ceil(low / step), math.floor(high / step)
    form = ".3g" if max(abs(low), abs(high)) >= 1e5 else f".{decimals}f"
    return low, high, [(index * step, f"{index * step:{form}}") for index in range(first, last + 1)]


def _known(result: CandidateResult) -> list[float]:
    return [value for value in result["fold_scores"] if value is not None]
