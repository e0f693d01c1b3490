"""What can be wrong with data, and how errors and remarks call things. Standard library only, as `rules.py`."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from warmfold_run.understanding import listed as in_a_row


class DatasetRuleError(ValueError):
    """The data breaks a rule; the text names the file, the place and the remedy."""


def named(noun: str, names: Sequence[str]) -> str:
    """The noun in its number, the names, and the verb: `columns 'a', 'b' are`."""
    return f"{noun} {listed(names)} is" if len(names) == 1 else f"{noun}s {listed(names)} are"


def listed(names: Sequence[str], most: int = 20) -> str:
    """The names for an error: quoted, cut short, no more than `most` of them."""
    return in_a_row([repr(name[:80]) for name in names], most)


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A sentence, after a blank, with the known name that is nearest to one that is not; empty where none is near."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {near[0]!r}?" if near else ""


def no_column(file: str, name: str, key: str, columns: Sequence[str]) -> str:
    """What is wrong where a file has no column of this name; `key` says what of experiment.yaml names it."""
    return (
        f"{file}: no column is called {name!r}, {key}; the columns are {listed(columns)}.{did_you_mean(name, columns)}"
    )
