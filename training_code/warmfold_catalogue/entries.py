"""How a table of names gives an entry: its module is imported when the entry is asked for, not before."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import Any

from warmfold_run.understanding import printable


class UnknownNameError(LookupError):
    """The catalogue has no entry of this name; the text names it and what there is."""


class EntryError(Exception):
    """A line of a table leads to no entry of its name; the text says which line and why."""


def load(kind: str, table: Mapping[str, str], name: str) -> Any:
    """Return the entry of this name; `kind` is what errors call it, a table's values are "module:attribute".

    Raises UnknownNameError for a name that is not in the table, EntryError for a line that leads to nothing.
    """
    if name not in table:
        raise UnknownNameError(f"{kind} {unknown(name, table)}")
    module, _, attribute = table[name].partition(":")
    try:
        entry = getattr(importlib.import_module(module), attribute)()
        itself = entry.name
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise EntryError(f"{kind} {name}: {table[name]} can't be had: {error}") from error
    if itself != name:
        raise EntryError(f"{kind} {name}: {table[name]} calls itself {itself}; the table and the entry must agree")
    return entry


def unknown(name: str, known: Iterable[str]) -> str:
    """Return what is said of a name that is not among those known."""
    return f"{printable(name[:80])} is unknown; use one of {', '.join(known)}"
