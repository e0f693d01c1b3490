"""The ways of dividing rows into parts that an experiment can name as `cross_validation.strategy`."""

from __future__ import annotations

from warmfold_catalogue.entries import load
from warmfold_catalogue.splitters._base import MOST_FOLDS, KeyColumn, Kind, Splitter, TooManyFoldsError, UnitSplitter

__all__ = [
    "MOST_FOLDS",
    "SPLITTERS",
    "KeyColumn",
    "Kind",
    "Splitter",
    "TooManyFoldsError",
    "UnitSplitter",
    "default_splitter",
    "fitting_splitters",
    "load_splitter",
]

_HERE = "warmfold_catalogue.splitters"
SPLITTERS = {
    "stratified": f"{_HERE}.stratified:Stratified",
    "kfold": f"{_HERE}.kfold:KFold",
    "stratified_group": f"{_HERE}.stratified_group:StratifiedGroup",
    "group": f"{_HERE}.group:Group",
    "leave_one_group_out": f"{_HERE}.leave_one_group_out:LeaveOneGroupOut",
    "time_series": f"{_HERE}.time_series:TimeSeries",
    "predefined": f"{_HERE}.predefined:Predefined",
}
"""Each splitter's class, "module:attribute", by the name that experiment.yaml calls it."""


def load_splitter(name: str) -> Splitter:
    """Return the splitter of this name; raises UnknownNameError."""
    splitter: Splitter = load("splitter", SPLITTERS, name)
    return splitter


def fitting_splitters(problem: str, needs: KeyColumn | None = None) -> list[str]:
    """Return the names of the splitters that are for a problem and need this key, or none."""
    loaded = map(load_splitter, SPLITTERS)
    return [one.name for one in loaded if problem in one.problems and one.needs == needs]


def default_splitter(problem: str, needs: KeyColumn | None = None) -> str:
    """Return the name of the splitter of an experiment that names none, and gives this key, or none."""
    return next(name for name in fitting_splitters(problem, needs) if problem in load_splitter(name).default_for)
