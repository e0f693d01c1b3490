"""How long a function still has until its timeout."""

from __future__ import annotations

from collections.abc import Callable

from aws_lambda_powertools.utilities.typing import LambdaContext

RESERVE_MILLISECONDS = 30_000
"""What the last call may take, with its retries."""


def time_left(context: LambdaContext) -> Callable[[], bool]:
    """Return what says whether there is time for one more call before the function's timeout."""
    return lambda: context.get_remaining_time_in_millis() > RESERVE_MILLISECONDS
