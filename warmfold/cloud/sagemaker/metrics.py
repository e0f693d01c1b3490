"""Metric scraping: a job's MetricDefinitions over each line it prints."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from warmfold.cloud.sagemaker.errors import validation_error


def check_definitions(definitions: Sequence[Mapping[str, str]]) -> None:
    """Raises ServiceError for a MetricDefinition that cannot be searched for."""
    for item in definitions:
        try:
            re.compile(item["Regex"])
        except re.error as error:
            raise validation_error(
                f"The Regex of metric {item['Name']} is no regular expression: {error}: {item['Regex']}"
            ) from error


class MetricScraper:
    """Keeps, for each metric, the value that was printed last; `on_value` is told every name and value."""

    def __init__(
        self,
        definitions: Sequence[Mapping[str, str]],
        clock: Callable[[], float],
        on_value: Callable[[str, float], None] = lambda _name, _value: None,
    ) -> None:
        self._patterns = [(item["Name"], re.compile(item["Regex"])) for item in definitions]
        self._clock = clock
        self._on_value = on_value
        self._last: dict[str, tuple[float, float]] = {}

    def feed(self, line: str) -> None:
        """Read one line; text that the pattern captures and that is no number is passed over, as AWS does."""
        for name, pattern in self._patterns:
            for match in pattern.finditer(line):
                value = _number(match.group(1) if pattern.groups else match.group(0))
                if value is not None:
                    self._last[name] = (value, self._clock())
                    self._on_value(name, value)

    def final(self) -> list[dict[str, Any]]:
        """The FinalMetricDataList: one entry per metric that was seen."""
        return [
            {"MetricName": name, "Value": value, "Timestamp": datetime.fromtimestamp(at, UTC)}
            for name, (value, at) in self._last.items()
        ]


def _number(text: str | None) -> float | None:
    """The number in the text; None when it is none, also for Python's `1_0`, or when the group matched nothing.

    An infinite value and NaN are no numbers either: CloudWatch takes neither, and JSON has no form for them.
    """
    if text is None or "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
