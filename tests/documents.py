"""Whether a JSON document is what the contract of a run says of it: `warmfold_run`'s TypedDicts, key by key."""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict


def complaints(shape: Any, value: Any, place: str = "") -> list[str]:
    """Return how a value differs from its type: keys that it lacks or has too many, values of another type."""
    origin, arguments = get_origin(shape), get_args(shape)
    if origin in (Annotated, NotRequired):
        return complaints(arguments[0], value, place)
    if is_typeddict(shape):
        return _of_keys(shape, value, place)
    if origin in (Union, types.UnionType):
        members = [complaints(member, value, place) for member in arguments]
        return [] if [] in members else max(members, key=len)
    if origin is Literal:
        fits = value in arguments
    elif origin is list:
        if isinstance(value, list):
            return [said for n, one in enumerate(value) for said in complaints(arguments[0], one, f"{place}[{n}]")]
        fits = False
    elif origin is dict:
        if isinstance(value, dict):
            return [said for key, one in value.items() for said in complaints(arguments[1], one, f"{place}.{key}")]
        fits = False
    elif shape is Any:
        fits = True
    elif shape in (int, float):
        fits = isinstance(value, (int, float) if shape is float else int) and not isinstance(value, bool)
    else:
        fits = isinstance(value, shape)
    return [] if fits else [f"{place or 'the document'} is {value!r:.60}, not {shape}"]


def _of_keys(shape: Any, value: Any, place: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{place or 'the document'} is {value!r:.60}, not {shape.__name__}"]
    hints = get_type_hints(shape, include_extras=True)
    needed = [key for key, hint in hints.items() if shape.__total__ and get_origin(hint) is not NotRequired]
    said = [f"{place}.{key} is missing; {shape.__name__} has it" for key in needed if key not in value]
    said += [f"{place}.{key} is not in {shape.__name__}" for key in value if key not in hints]
    return said + [one for key in hints if key in value for one in complaints(hints[key], value[key], f"{place}.{key}")]
