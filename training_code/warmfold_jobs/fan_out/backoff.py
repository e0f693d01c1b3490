"""Backoff: which of AWS's refusals pass (throttling, no capacity), and how long to wait before the next call."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol, TypeVar

from botocore.exceptions import (
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
)

THROTTLED = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}
)
FULL = frozenset({"ResourceLimitExceeded", "CapacityError"})
PASSING = frozenset(
    {"InternalFailure", "InternalServerError", "ServiceUnavailable", "InternalError", "RequestTimeout", "503", "500"}
)
PASSING_ATTEMPTS = 10
"""How often in a row a call may fail for the service's own reasons before the candidate gives up."""

SHORTEST_INTERVAL, LONGEST_INTERVAL = 0.5, 60.0
RELIEF = 0.7
"""After a success the interval shrinks to this share, and doubles after a refusal: so about a third of the calls of
many candidates that share one limit are refused, however many they are."""

UNREACHABLE = (ConnectionError, HTTPClientError, IncompleteReadError, CredentialRetrievalError)
Unreachable = ConnectionError | HTTPClientError | IncompleteReadError | CredentialRetrievalError

Answer = TypeVar("Answer")


class Clock(Protocol):
    """Seconds that pass, and waiting for them."""

    def now(self) -> float:
        """Seconds since some fixed time."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Backoff:
    """The interval between calls of one kind: none until one is refused, then as long as the limit demands."""

    def __init__(
        self,
        clock: Clock,
        generator: random.Random,
        shortest: float = SHORTEST_INTERVAL,
        longest: float = LONGEST_INTERVAL,
    ) -> None:
        """The first interval is `shortest` seconds, and none is over `longest`; each wait is that give or take half."""
        self._clock, self._random, self._shortest, self._longest = clock, generator, shortest, longest
        self._interval = 0.0
        self.failures = 0
        self.until = 0.0

    @property
    def waiting(self) -> bool:
        """Whether it is too early for the next call."""
        return self._clock.now() < self.until

    def refused(self, failure: bool = False) -> None:
        """Note a refusal; a `failure` is counted as one."""
        self.failures += failure
        self._interval = min(self._longest, max(self._shortest, 2 * self._interval))
        self._delay()

    def succeeded(self) -> None:
        """Note a success."""
        self.failures = 0
        self._interval *= RELIEF
        if self._interval < self._shortest / 4:
            self._interval = 0.0
        self._delay()

    def hope(self) -> None:
        """Something changed that may make the next call succeed: let it be made at once."""
        self._interval, self.until = 0.0, 0.0

    def passes(self, error: ClientError | Unreachable) -> bool:
        """Whether to try again later: after throttling always, after the service's own failures only so often."""
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else None
        if code not in THROTTLED and (not (code is None or code in PASSING) or self.failures >= PASSING_ATTEMPTS):
            return False
        self.refused(failure=code not in THROTTLED)
        return True

    def attempt(self, call: Callable[[], Answer]) -> Answer | None:
        """What a call gives, or None when it is too early for it or it failed for a reason that passes."""
        if self.waiting:
            return None
        try:
            answer = call()
        except (ClientError, *UNREACHABLE) as error:
            if self.passes(error):
                return None
            raise
        self.succeeded()
        return answer

    def insist(self, call: Callable[[], Answer]) -> Answer:
        """What a call gives, however long it takes; raises what does not pass."""
        while True:
            self._clock.sleep(max(0.0, self.until - self._clock.now()))
            try:
                answer = call()
            except (ClientError, *UNREACHABLE) as error:
                if not self.passes(error):
                    raise
            else:
                self.succeeded()
                return answer

    def _delay(self) -> None:
        self.until = self._clock.now() + self._interval * (0.5 + self._random.random())


def words(error: ClientError) -> str:
    """What AWS said, with the code before it."""
    told = error.response["Error"]
    return f"{told['Code']}: {told.get('Message', '')}"
