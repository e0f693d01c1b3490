"""The ways of dividing rows into parts that an experiment can name as `cross_validation.strategy`."""

from __future__ import annotations

from warmfold_catalogue.entries import load
from warmfold_catalogue.splitters._base import Dealer, Splitter

__all__ = ["SPLITTERS", "Dealer", "Splitter", "default_splitter", "fitting_splitters", "load_splitter"]

SPLITTERS = {
    "stratified": "warmfold_catalogue.splitters.stratified:Stratified",
    "kfold": "warmfold_catalogue.splitters.kfold:KFold",
}
"""Each splitter's class, "module:attribute", by the name that experiment.yaml calls it."""


def load_splitter(name: str) -> Splitter:
    """Return the splitter of this name; raises UnknownNameError."""
    splitter: Splitter = load("splitter", SPLITTERS, name)
    return splitter


def fitting_splitters(problem: str) -> list[str]:
    """Return the names of the splitters that are for a problem."""
    return [name for name in SPLITTERS if problem in load_splitter(name).problems]


def default_splitter(problem: str) -> str:
    """Return the name of the splitter of an experiment that names none."""
    return next(name for name in SPLITTERS if problem in load_splitter(name).default_for)
