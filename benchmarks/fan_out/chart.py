"""A bar chart as SVG, readable on light and on dark."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.fan_out.checks import TARGETS, ratios
from benchmarks.fan_out.runs import Cell, Means

_BARS = (
    ("loop", "in-process", "loop"),
    ("off", "warmfold, no abandoning", "off"),
    ("default", "warmfold", "ours"),
)
_WIDTH, _LEFT, _GROUP, _BAR = 760, 50, 165, 40
_PANEL, _GAP, _TOP = 150, 82, 84
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; }
  .note, .axis { fill: #57606a; }
  .line { stroke: #57606a; stroke-width: 1; }
  .mark { stroke: #24292f; stroke-width: 2; }
  .loop { fill: #8c959f; } .off { fill: #54aeff; } .ours { fill: #0969da; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .note, .axis { fill: #9198a1; } .line { stroke: #9198a1; } .mark { stroke: #e6edf3; }
    .loop { fill: #6e7681; } .off { fill: #79c0ff; } .ours { fill: #1f6feb; }
  }
"""


def chart(found: Sequence[tuple[Cell, Means]]) -> str:
    """Speed-up over the published recipe, and share of its bill, for each cell."""
    height = _TOP + 2 * _PANEL + _GAP + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        "<title>Speed-up over the published recipe and share of its bill, by fold length</title>",
        f"<style>{_STYLE}</style>",
        *_legend(),
        *_panel(found, _TOP, "times as fast as the published recipe", 0),
        *_panel(found, _TOP + _PANEL + _GAP, "share of the published recipe's bill", 1),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _legend() -> list[str]:
    parts, x = [], _LEFT
    for _, label, style in _BARS:
        parts.append(f'<rect class="{style}" x="{x}" y="12" width="12" height="12" rx="2"/>')
        parts.append(f'<text x="{x + 18}" y="23">{label}</text>')
        x += 40 + 8 * len(label)
    parts.append(f'<line class="mark" x1="{x}" x2="{x + 14}" y1="18" y2="18"/>')
    parts.append(f'<text x="{x + 20}" y="23">target</text>')
    return parts


def _panel(found: Sequence[tuple[Cell, Means]], top: int, title: str, which: int) -> list[str]:
    values = [[ratios(means, side)[which] for side, _, _ in _BARS] for _, means in found]
    scale = _PANEL / max(1.0, *(value for group in values for value in group), *(t[which] for t in TARGETS.values()))
    bottom, right = top + _PANEL, _LEFT + _GROUP * len(found)
    one = bottom - scale
    parts = [
        f'<text class="title" x="{_LEFT}" y="{top - 32}">{title}</text>',
        f'<line class="line" x1="{_LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>',
        f'<line class="line" stroke-dasharray="3 4" x1="{_LEFT}" x2="{right}" y1="{one:.1f}" y2="{one:.1f}"/>',
        f'<text class="axis" x="{_LEFT - 8}" y="{one + 4:.1f}" text-anchor="end">1.0</text>',
    ]
    for i, ((cell, _), group) in enumerate(zip(found, values, strict=True)):
        x = _LEFT + 14 + i * _GROUP
        middle = x + 1.5 * _BAR + 4
        label = f"{cell.case.fold_seconds:.0f} s folds"
        parts.append(f'<text class="note" x="{middle:.0f}" y="{bottom + 18}" text-anchor="middle">{label}</text>')
        for j, (value, (side, _, style)) in enumerate(zip(group, _BARS, strict=True)):
            left, length = x + j * (_BAR + 4), value * scale
            y = bottom - length
            parts.append(f'<rect class="{style}" x="{left}" y="{y:.1f}" width="{_BAR}" height="{length:.1f}" rx="2"/>')
            target, top_most = TARGETS.get((side, cell.case.fold_seconds)), y
            if target:
                at = bottom - target[which] * scale
                top_most = min(y, at)
                parts.append(f'<line class="mark" x1="{left}" x2="{left + _BAR}" y1="{at:.1f}" y2="{at:.1f}"/>')
            middle_of = left + _BAR / 2
            parts.append(f'<text x="{middle_of:.0f}" y="{top_most - 5:.1f}" text-anchor="middle">{value:.2f}</text>')
    return parts
