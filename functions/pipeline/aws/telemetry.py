"""Observability: structured logs, traces, and metrics in CloudWatch."""

from __future__ import annotations

from aws_lambda_powertools import Logger, Tracer, single_metric
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger()
tracer = Tracer()


def count(name: str, value: int = 1) -> None:
    """Publish a count now; a handler that fails before it has counted publishes nothing, and is not warned of it."""
    with single_metric(name=name, unit=MetricUnit.Count, value=value):
        pass
