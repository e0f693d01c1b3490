"""What can be wrong with an experiment."""

from __future__ import annotations


class ExperimentRuleError(ValueError):
    """An experiment asks for something that can't be had; the text has a line for each such thing."""
