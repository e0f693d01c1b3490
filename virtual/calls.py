"""API calls: how many of each kind, how many at once, and which are refused."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Protocol

from botocore.exceptions import ClientError

from virtual.assumptions import Rate


class Now(Protocol):
    """What tells the time."""

    def now(self) -> float:
        """Seconds since some fixed time."""


class Calls:
    """The calls that were made, refused ones too; `refusals` are raised by the next calls of an operation, in order."""

    def __init__(self, clock: Now) -> None:
        self.by_operation: Counter[str] = Counter()
        self.refusals: defaultdict[str, list[Exception]] = defaultdict(list)
        self._by_second: Counter[int] = Counter()
        self._clock = clock

    def make(self, operation: str) -> None:
        """Note a call; raises what it is refused with."""
        self.by_operation[operation] += 1
        self._by_second[int(self._clock.now())] += 1
        if self.refusals[operation]:
            raise self.refusals[operation].pop(0)

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


def client_error(code: str, message: str = "no", operation: str = "Operation") -> ClientError:
    """What boto3 raises when AWS refuses a call."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)
