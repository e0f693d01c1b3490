"""The pages on plan.json, records and summary.json, from the TypedDicts of `warmfold_run`."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from tools.reference.markdown import item, paragraphs, prose, sentence
from warmfold_run import diagnostics, experiment, places, plan, records, summary

_Shape = Any  # a TypedDict's class, for which typing has no name
PAGES: dict[str, tuple[str, list[_Shape]]] = {
    "plan.md": ("plan.json", [plan.Plan, plan.Planned, plan.FileList, experiment.Experiment, places.Locations]),
    "records.md": (
        "Records",
        [
            records.Profile,
            records.FoldScore,
            records.Placement,
            records.Abandoned,
            records.Missed,
            records.LeaderboardEntry,
            records.FinalMetrics,
            records.ModelDescription,
        ],
    ),
    "diagnostics.md": ("diagnostics.json", [diagnostics.Diagnostics]),
    "summary.md": ("summary.json", [summary.Summary]),
}
"""Each page's title and the shapes that it begins with; those that they hold follow, unless a page begins with them."""
_SOURCES = {"plan.md": plan, "records.md": records, "diagnostics.md": diagnostics, "summary.md": summary}
_WORDS = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    type(None): "null",
    Any: "any value",
    plan.Request: "request, as boto3 takes it",
}


def page(name: str) -> str:
    """Return the page of this name."""
    title, roots = PAGES[name]
    shapes = list(_reached(roots, {root for other, (_, begins) in PAGES.items() if other != name for root in begins}))
    blocks = [prose(sentence(_SOURCES[name].__doc__ or ""))]
    for shape in shapes:
        blocks += [f"## {shape.__name__}", prose(sentence(shape.__doc__)), _keys(shape, shapes)]
    return paragraphs(f"# {title}", *blocks)


def _reached(shapes: list[_Shape], elsewhere: set[_Shape]) -> Iterator[_Shape]:
    """The shapes and those that they hold, once each, breadth first."""
    waiting, seen = list(shapes), set(shapes) | elsewhere
    while waiting:
        shape = waiting.pop(0)
        yield shape
        held = [one for hint in _hints(shape).values() for one in _held(hint) if one not in seen]
        waiting += dict.fromkeys(held)
        seen |= set(held)


def _held(hint: Any) -> Iterator[_Shape]:
    if is_typeddict(hint):
        yield hint
    elif get_origin(hint) is not Literal:
        for argument in get_args(hint):
            yield from _held(argument)


def _keys(shape: _Shape, here: list[_Shape]) -> str:
    return "\n".join(item(_key(key, hint, here)) for key, hint in _hints(shape).items())


def _key(key: str, hint: Any, here: list[_Shape]) -> str:
    may_lack = get_origin(hint) is NotRequired
    hint = get_args(hint)[0] if may_lack else hint
    hint, *texts = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    said = sentence(texts[0]) if texts else ""
    return f"`{key}` ({_words(hint, here)}{'; may be missing' if may_lack else ''}): {said}".rstrip(": ")


def _words(hint: Any, here: list[_Shape]) -> str:
    """A type as a reader of JSON says it."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in _WORDS:
        return _WORDS[hint]
    if is_typeddict(hint):
        return f"[{hint.__name__}]({'' if hint in here else _page_of(hint)}#{hint.__name__.lower()})"
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(_words(one, here) for one in arguments)
    if origin is list:
        return f"list of {_words(arguments[0], here)}"
    if origin is dict:
        return f"mapping to {_words(arguments[1], here)}"
    raise TypeError(f"{hint} has no words yet; give it some in {__name__}")


def _page_of(shape: _Shape) -> str:
    return next(name for name, (_, roots) in PAGES.items() if shape in roots)


def _hints(shape: _Shape) -> dict[str, Any]:
    return get_type_hints(shape, include_extras=True)
