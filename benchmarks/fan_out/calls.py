"""API calls: how many of each kind, how many at once, and how many SageMaker takes."""

from __future__ import annotations

from collections import Counter

from botocore.exceptions import ClientError

from benchmarks.fan_out.constants import Rate


class CallCounts:
    """The calls that were made, refused ones too."""

    def __init__(self) -> None:
        self.by_operation: Counter[str] = Counter()
        self._by_second: Counter[int] = Counter()

    def add(self, operation: str, now: float) -> None:
        """Note a call."""
        self.by_operation[operation] += 1
        self._by_second[int(now)] += 1

    @property
    def total(self) -> int:
        """How many calls there were."""
        return self.by_operation.total()

    @property
    def peak(self) -> int:
        """The most calls within one second of the clock."""
        return max(self._by_second.values(), default=0)


class TokenBucket:
    """Takes as many calls as a rate allows."""

    def __init__(self, rate: Rate) -> None:
        self._rate, self._tokens, self._at = rate, rate.burst, 0.0

    def take(self, now: float) -> bool:
        """Whether a call may pass now."""
        self._tokens = min(self._rate.burst, self._tokens + (now - self._at) * self._rate.per_second)
        self._at = now
        if self._tokens < 1.0 - 1e-9:
            return False
        self._tokens -= 1.0
        return True


def client_error(code: str, message: str, operation: str) -> ClientError:
    """What boto3 raises when AWS refuses a call."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)
