"""One entry of `search.hyperparameters`: a fixed value, a list of values or a range, within SageMaker's limits."""

from __future__ import annotations

import math
from typing import Any

from warmfold_catalogue.domains import Domain
from warmfold_experiment.wording import shown, shown_key
from warmfold_run.encoding import encode

MAX_CATEGORIES = 30
MAX_CATEGORY_CHARACTERS = 256
MAX_VALUE_CHARACTERS = 2500
SCALINGS = ("Auto", "Linear", "Logarithmic", "ReverseLogarithmic")
_RANGE_KEYS = ("min", "max", "scaling", "type")


def check_hyperparameter(value: Any, domain: Domain) -> tuple[dict[str, Any], list[str]]:
    """Return an entry as {value} | {values} | {min, max, type, scaling}, and what is wrong with it.

    Each problem continues the entry's path, as in `.min is 0; ...`; with problems the entry may be empty.
    """
    entry, wrong = _checked(value, domain)
    return (entry, wrong) if wrong else (entry, domain.complaints(entry))


def _checked(value: Any, domain: Domain) -> tuple[dict[str, Any], list[str]]:
    if _is_plain(value):
        length = len(encode(value))
        if length > MAX_VALUE_CHARACTERS:
            return {}, [f" is {length} characters long; SageMaker takes at most {MAX_VALUE_CHARACTERS}"]
        return {"value": value}, []
    if not isinstance(value, dict):
        return {}, [f" is {shown(value)}; give one value, `values: [...]`, or `min` and `max`"]
    return _categories(value) if "values" in value else _range(value, domain)


def _is_plain(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, bool | int | str)


def _categories(entry: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    values = entry["values"]
    wrong = [f".{shown_key(key)} does not go with values; remove one of the two" for key in entry if key != "values"]
    if not isinstance(values, list) or not values or not all(_is_plain(value) for value in values):
        return {}, [*wrong, ".values must be a list of at least two plain values"]
    if len(values) == 1:
        wrong.append(".values has one entry, so that there is nothing to choose; give it as a plain value")
    texts = [encode(value) for value in values]
    if len(texts) > MAX_CATEGORIES:
        wrong.append(f".values has {len(texts)} entries; SageMaker takes at most {MAX_CATEGORIES}")
    if len(set(texts)) < len(texts):
        wrong.append(".values has an entry twice; keep one of each")
    if max(map(len, texts)) > MAX_CATEGORY_CHARACTERS:
        wrong.append(f".values has an entry of more than {MAX_CATEGORY_CHARACTERS} characters; shorten it")
    return {"values": values}, wrong


def _range(entry: dict[str, Any], domain: Domain) -> tuple[dict[str, Any], list[str]]:
    wrong = [
        f".{shown_key(key)} is unknown; there is {', '.join(_RANGE_KEYS)}" for key in entry if key not in _RANGE_KEYS
    ]
    low, high = entry.get("min"), entry.get("max")
    for key in ("min", "max"):
        number = entry.get(key)
        if key not in entry:
            wrong.append(f".{key} is missing; give `min` and `max`, or `values: [...]`")
        elif isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            wrong.append(f".{key} is {shown(number)}; it must be a number")
    if wrong or not isinstance(low, int | float) or not isinstance(high, int | float):
        return {}, wrong
    whole = isinstance(low, int) and isinstance(high, int)
    kind = entry.get("type", domain.kind_of_range(low, high) or ("integer" if whole else "continuous"))
    scaling = entry.get("scaling", "Auto")
    if kind not in ("integer", "continuous"):
        wrong.append(f".type is {shown(kind)}; use integer or continuous")
    elif kind == "integer" and not whole:
        wrong.append(f" is an integer from {low} to {high}; min and max must be whole numbers")
    if scaling not in SCALINGS:
        wrong.append(f".scaling is {shown(scaling)}; use one of {', '.join(SCALINGS)}")
    if low >= high:
        wrong.append(f".min is {low} and max is {high}; min must be less than max")
    if scaling == "Logarithmic" and low <= 0:
        wrong.append(f".min is {low}; on a logarithmic scale it must be greater than 0")
    if scaling == "ReverseLogarithmic" and (low < 0 or high >= 1 or kind == "integer"):
        wrong.append(f" is from {low} to {high}; a reverse logarithmic scale needs a continuous range in [0, 1)")
    return {"min": low, "max": high, "type": kind, "scaling": scaling}, wrong
