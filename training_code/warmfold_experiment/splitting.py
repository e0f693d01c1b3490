"""Keys of `cross_validation` that do not go together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, get_args

from warmfold_catalogue.splitters import MOST_FOLDS, KeyColumn, Splitter, fitting_splitters, load_splitter
from warmfold_run.experiment import CLASSIFICATION

CONTRADICTING = ("strategy", *get_args(KeyColumn), "repeats", "gap", "window")
"""The keys that can contradict each other."""


class Asked(Protocol):
    """What is asked of the split."""

    n_splits: int
    strategy: str | None
    group_column: str | None
    time_column: str | None
    fold_column: str | None
    repeats: int
    gap: int
    window: int | None


def key_column(asked: Asked) -> KeyColumn | None:
    """Return the key that names the column by which rows are divided, the first one."""
    return next((key for key in get_args(KeyColumn) if getattr(asked, key) is not None), None)


def contradictions(asked: Asked, place: Callable[[str, str], str]) -> list[str]:
    """Return a line for each key that another one rules out; `place` says where a key of the section was given."""

    def at(key: str) -> str:
        return place("cross_validation", key)

    found = []
    given: list[KeyColumn] = [key for key in get_args(KeyColumn) if getattr(asked, key) is not None]
    if len(given) > 1:
        found.append(f"{at(given[1])} does not go with {given[0]}; rows are divided by one column, so remove one")
    elif asked.strategy is not None:
        found += _for_strategy(load_splitter(asked.strategy), given[0] if given else None, at)
    if asked.time_column is None:
        for key, is_set in (("gap", asked.gap > 0), ("window", asked.window is not None)):
            if is_set:
                found.append(f"{at(key)} is for rows in order of time; give time_column too, or remove it")
    if asked.repeats > 1:
        strategies = [asked.strategy] if asked.strategy else fitting_splitters(CLASSIFICATION, key_column(asked))
        if not any(load_splitter(strategy).repeatable for strategy in strategies):
            name = " or ".join(strategies)
            found.append(f"{at('repeats')} is {asked.repeats}, and strategy {name} can't deal rows anew; use 1")
        elif asked.repeats * asked.n_splits > MOST_FOLDS:
            most = MOST_FOLDS // asked.n_splits
            found.append(
                f"{at('repeats')} is {asked.repeats}, which makes {asked.repeats * asked.n_splits} folds of each "
                f"candidate; there may be {MOST_FOLDS}: with {asked.n_splits} folds use at most {most}"
            )
    return found


def _for_strategy(splitter: Splitter, given: KeyColumn | None, at: Callable[[str], str]) -> list[str]:
    if splitter.needs == given:
        return []
    if given is None:
        return [f"{at('strategy')} {splitter.name} needs {splitter.needs}; name the column there"]
    others = {name for problem in splitter.problems for name in fitting_splitters(problem, given)}
    return [
        f"{at(given)} does not go with strategy {splitter.name}; use {' or '.join(sorted(others))}, or remove one of "
        "the two"
    ]
