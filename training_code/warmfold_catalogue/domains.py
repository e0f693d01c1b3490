"""What a hyperparameter may be: whole numbers, real numbers, words, each within bounds."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Interval:
    """Numbers from `low` to `high`, the ends included unless they are open."""

    low: float
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def holds(self, number: float) -> bool:
        """Return whether a number lies within."""
        above = number > self.low if self.low_open else number >= self.low
        return above and (number < self.high if self.high_open else number <= self.high)

    def __str__(self) -> str:
        low = f"greater than {self.low:g}" if self.low_open else f"at least {self.low:g}"
        if self.high == math.inf:
            return low
        return f"{low} and {'less than' if self.high_open else 'at most'} {self.high:g}"


@dataclass(frozen=True)
class Domain:
    """What one hyperparameter takes; None is no such numbers, `words` are its plain values that are no numbers."""

    whole: Interval | None = None
    real: Interval | None = None
    words: tuple[str | bool | None, ...] = ()

    def kind_of_range(self, low: Any, high: Any) -> str | None:
        """Return the type of a range that names none: by its ends where both types are taken."""
        if self.whole is None or self.real is None:
            return None if self.whole is self.real else "integer" if self.real is None else "continuous"
        return "integer" if isinstance(low, int) and isinstance(high, int) else "continuous"

    def complaints(self, entry: dict[str, Any]) -> list[str]:
        """Return what is wrong with a checked entry; each continues the entry's path, as in ` is -1; ...`."""
        if "min" in entry:
            return self._complaints_of_range(entry)
        values = entry["values"] if "values" in entry else [entry["value"]]
        return [f" is {json.dumps(value)}; it must be {self}" for value in values if not self._takes(value)]

    def __str__(self) -> str:
        parts = [f"a whole number {self.whole}"] if self.whole else []
        parts += [f"a number {self.real}"] if self.real else []
        parts += [json.dumps(word) for word in self.words]
        return " or ".join(parts)

    def _complaints_of_range(self, entry: dict[str, Any]) -> list[str]:
        interval = self.whole if entry["type"] == "integer" else self.real
        if interval is None:
            return [f" is a range of type {entry['type']}; it must be {self}"]
        wrong = [entry[end] for end in ("min", "max") if not interval.holds(entry[end])]
        return [f" reaches {number}; it must be {self}" for number in wrong]

    def _takes(self, value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return any(value is word or (isinstance(word, str) and value == word) for word in self.words)
        if isinstance(value, int) and self.whole is not None:
            return self.whole.holds(value)
        return self.real is not None and self.real.holds(value)


AT_LEAST_1, AT_LEAST_2 = Interval(1), Interval(2)
POSITIVE, NOT_NEGATIVE = Interval(0, low_open=True), Interval(0)
SHARE = Interval(0, 1, low_open=True)
YES_OR_NO = Domain(words=(True, False))
CLASS_WEIGHT = Domain(words=("balanced", None))
