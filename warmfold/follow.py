"""Follow a run to its end: live on a terminal, a line per change elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from warmfold.first_lines import say
from warmfold.progress import Progress, read_leftovers, read_progress
from warmfold.stack import Stack
from warmfold.terminal import put, text_of
from warmfold_run import places
from warmfold_run.plan import SCHEMA

WORTH_SAYING = 60
"""Seconds that cold starts must have cost for the end of a run to say why."""


@dataclass(frozen=True)
class Clock:
    """Time, as the follower uses it (seconds)."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def follow(
    stack: Stack, execution_arn: str, console: Console, clock: Clock | None = None, *, first_lines: bool = True
) -> Progress:
    """Show a run's progress until it has its verdict, and return the last look.

    `first_lines` has what the run will do said once it is planned: not again where it was said already.
    """
    clock = clock or Clock()
    started = clock.now()
    interval = 0.5 if stack.local else 5.0
    progress = read_progress(stack, execution_arn)
    plan = _Plan(stack, console, said=not first_lines)
    if not console.is_terminal:
        return _follow_lines(stack, progress, console, clock, interval, plan)
    with Live(render(progress, 0), console=console, refresh_per_second=4) as live:
        plan.say_once(progress)
        while not progress.finished:
            clock.sleep(interval)
            progress = read_progress(stack, execution_arn)
            plan.say_once(progress)
            live.update(render(progress, clock.now() - started))
    return progress


@dataclass
class _Plan:
    """What a run will do, which is said once, as soon as the run is planned."""

    stack: Stack
    console: Console
    said: bool

    def say_once(self, progress: Progress) -> None:
        planned = len(progress.states) > 1 or progress.finished
        if self.said or not planned:
            return
        self.said = True
        plan = self.stack.read_json(self.stack.uri(places.run_key(progress.run, places.PLAN)))
        if plan and plan.get("schema") == SCHEMA:  # what a run of another version says has other keys
            say(self.console, plan["understanding"])


def _follow_lines(
    stack: Stack, progress: Progress, console: Console, clock: Clock, interval: float, plan: _Plan
) -> Progress:
    shown = None
    while True:
        plan.say_once(progress)
        line = one_line(progress)
        if line != shown:
            put(console, line)
            shown = line
        if progress.finished:
            return progress
        clock.sleep(interval)
        progress = read_progress(stack, progress.execution_arn)


def follow_clean_up(stack: Stack, execution_arn: str, console: Console, clock: Clock | None = None) -> None:
    """Show what a run that has ended still has running until two looks in a row find nothing.

    One is not enough: a candidate that is being stopped goes on creating fold jobs.
    """
    clock = clock or Clock()
    shown, clean = None, 0
    while True:
        left = read_leftovers(stack, execution_arn)
        clean = 0 if left.any else clean + 1
        line = f"{len(left.jobs)} jobs running, {len(left.pools)} warm pools available"
        if line != shown:
            put(console, line)
            shown = line
        if clean == 2:
            return
        clock.sleep(0.5 if stack.local else 5.0)


def one_line(progress: Progress) -> str:
    """A run's progress on one line."""
    parts = [progress.status.lower(), progress.current_state or "starting"]
    if progress.candidates_total:
        parts.append(f"candidates {progress.candidates_done}/{progress.candidates_total}")
        if progress.best_score is not None:
            parts.append(f"best {progress.best_score:.4f}")
        parts += _folds(progress)
    return " · ".join(parts)


def render(progress: Progress, seconds: float) -> RenderableType:
    """A run's progress as a small table: a line per state, and the tuning's numbers."""
    table = Table.grid(padding=(0, 2))
    for state in progress.states:
        current = state == progress.current_state and not progress.finished
        mark = Text("▶", style="yellow") if current else Text("✓", style="green")
        if progress.finished and progress.status != "SUCCEEDED" and state == progress.states[-1]:
            mark = Text("✗", style="red")
        table.add_row(mark, text_of(state, "bold" if current else ""), text_of(_detail(state, progress)))
    head = text_of(f"run {progress.run}  {progress.status}  {seconds:.0f} s", "bold cyan")
    return Group(head, table)


def _detail(state: str, progress: Progress) -> str:
    if state != "Tune Hyperparameters" or not progress.candidates_total:
        return ""
    best = "" if progress.best_score is None else f", best score {progress.best_score:.4f}"
    return ", ".join([f"candidates {progress.candidates_done}/{progress.candidates_total}{best}", *_folds(progress)])


def _folds(progress: Progress) -> list[str]:
    parts = [f"folds scored {progress.folds_scored}"]
    if progress.candidates_given_up:
        parts.append(f"candidates given up {progress.candidates_given_up}")
    if progress.fold_jobs_running or progress.warm_starts:
        parts.append(f"fold jobs running {progress.fold_jobs_running}")
        parts.append(f"warm starts {progress.warm_starts}")
    return parts


def result_table(summary: dict[str, Any]) -> Table:
    """The end of a run as a table, from its summary.json."""
    title = text_of(f"run {summary['run']}: {summary['outcome']}", "table.title")
    table = Table(title=title, show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in result_rows(summary):
        table.add_row(text_of(name), text_of(value))
    return table


def result_rows(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """What is worth saying at the end, as (name, value) pairs."""
    rows: list[tuple[str, str]] = []
    if baselines := summary.get("baselines"):
        rows.append(("tuning", f"{baselines['defaults']['said']}."))
    if summary.get("reason"):
        rows.append(("reason", str(summary["reason"])))
    if best := summary.get("best"):
        rows.append(("best candidate", str(best["candidate"])))
        given = ", ".join(f"{k}={_short(v)}" for k, v in sorted(best["hyperparameters"].items()))
        rows.append(("hyperparameters", given or "the estimator's defaults"))
        ends = f", folds {min(best['scores']):.4f} to {max(best['scores']):.4f}"
        rows.append((f"CV {summary['metric']}", f"{best['score_mean']:.4f}{ends}"))
    if holdout := summary.get("holdout"):
        rows.append((f"holdout {summary['metric']}", f"{_score(holdout['score'])}{_interval(holdout)}"))
    elif summary.get("holdout_note"):
        rows.append(("holdout", str(summary["holdout_note"])))
    rows += _baselines(summary.get("baselines") or {})
    if "cold_starts" in summary:
        here = (summary.get("placement") or {}).get("folds_here")
        others = f"; {here} folds trained by their candidates" if here else ""
        rows.append(("fold starts", f"{summary['cold_starts']} cold, {summary['warm_starts']} warm{others}"))
    abandoning = summary.get("abandoning") or {}
    if abandoning.get("abandoned"):
        saved = abandoning["seconds_saved"]
        about = f", which saved about {saved:.0f} instance-seconds" if saved else ""
        rows.append(("given up", f"{abandoning['abandoned']} of {summary['candidates']['total']} candidates{about}"))
    pools = summary.get("pools") or {}
    if (pools.get("cold_cost") or {}).get("seconds", 0) >= WORTH_SAYING and pools["note"]:
        rows.append(("warm pools", str(pools["note"])))
    if package := summary.get("model_package"):
        rows.append(("model package", f"{package['arn']} ({package['status']})"))
    locations = summary.get("locations") or {}
    rows += [(name, str(locations[name])) for name in ("predictions", "report", "model") if locations.get(name)]
    return rows


def _baselines(baselines: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What the model is held against, on the same holdout rows."""
    for word, name in (("defaults", "defaults"), ("baseline", "dummy")):
        found = baselines.get(name)
        if found and found["score"] is not None:
            yield word, f"{_score(found['score'])}{_interval(found)}: {found['model']}"


def _interval(scored: dict[str, Any]) -> str:
    ends = scored.get("interval")
    return f", 95% interval {_score(ends[0])} to {_score(ends[1])}" if ends else ""


def _score(value: float) -> str:
    text = f"{value:.4f}"
    return text if float(text) else "0.0000"


def _short(value: str) -> str:
    """A hyperparameter with no more digits than one reads; whole numbers and words as they are."""
    try:
        return value if value.lstrip("-").isdigit() else f"{float(value):.6g}"
    except ValueError:
        return value
