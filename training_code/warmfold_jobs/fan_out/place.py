"""A fold, and what a place must be where folds are trained: the seam between the loop and whoever trains.

The loop (`loop.py`) decides where a fold is trained, and whether it is tried again; a place does it. There are the
candidate's own machine (`own_machine.py`) and training jobs in warm pools (`fold_jobs.py`). To add one, subclass
`Place` in a module beside them, where `_start` does the work and the other methods say in what the place differs, and
have `candidate.cross_validate` hand it to the loop, which knows no place by name.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from warmfold_jobs.fan_out.backoff import Clock
from warmfold_jobs.fan_out.fold_placement import Measured
from warmfold_run.experiment import PlaceName
from warmfold_run.records import FoldResult, Missed


@dataclass
class Fold:
    """A fold on its way to its score.

    `place` is where it is trained or is to be, None where nobody asked for that; `began_at` is None as long as it waits
    to be begun. `failures` counts what was its own fault, `start_seconds` is what passed before it trained.
    """

    number: int
    place: Place | None = None
    began_at: float | None = None
    failures: int = 0
    start_seconds: float | None = None
    score: FoldResult | None = None

    @property
    def waits(self) -> bool:
        """Whether it is still to be begun."""
        return self.score is None and self.began_at is None

    @property
    def runs(self) -> bool:
        """Whether it was begun and owes its score."""
        return self.score is None and self.began_at is not None


@dataclass(frozen=True)
class Failure:
    """Why a fold ended without a score; after a `final` one it is not tried again."""

    reason: str
    final: bool = False


class Place(ABC):
    """Where a candidate's folds are trained: a public method keeps the books, the hook below its name does the work."""

    name: PlaceName

    full_since: float | None = None
    """Since when it had no room for any fold of the candidate; None while it has one or was not asked."""

    def __init__(self, clock: Clock, lanes: int) -> None:
        """`lanes` is how many folds it can train at a time; 0 when it has room for none."""
        self.lanes = lanes
        self.at_a_time = max(1, lanes)
        """How many folds it is to train at a time."""
        self._clock = clock
        self._measured = Measured()
        self._begun: dict[int, Fold] = {}

    @property
    def trained(self) -> list[Fold]:
        """The folds that were begun there, and are nowhere else since; by number."""
        return [fold for _, fold in sorted(self._begun.items()) if fold.place is self]

    @property
    def running(self) -> list[Fold]:
        """Those of them that were begun and owe their score."""
        return [fold for fold in self.trained if fold.runs]

    @property
    def room(self) -> int:
        """How many more folds it takes now."""
        return max(0, self.at_a_time - len(self.running))

    def start(self, fold: Fold) -> bool:
        """Begin to train a fold; False when the place would not take it just now."""
        if not self._start(fold):
            return False
        fold.place, fold.began_at = self, self._clock.now()
        self._begun[fold.number] = fold
        return True

    @abstractmethod
    def _start(self, fold: Fold) -> bool:
        """Begin to train a fold; False when it would not be taken just now."""

    def ended(self) -> list[tuple[Fold, FoldResult | Failure]]:
        """The folds that ended since this was last asked, as far as the place tells by itself."""
        ended = [(self._begun[number], ending) for number, ending in self._ended()]
        for fold, _ in ended:
            fold.began_at = None
        return ended

    def _ended(self) -> list[tuple[int, FoldResult | Failure]]:
        """The numbers of the folds that ended since this was last asked, each with what came of it."""
        return []

    def inspect(self) -> Iterator[tuple[Fold, Failure | None]]:
        """Look for folds that ended and did not tell, if it is time to.

        Each comes with its failure, or with None when its score may be in S3 or its end was not its fault. One that has
        no score waits to be begun again by then.
        """
        return iter(())

    def score_at(self, fold: Fold) -> float:  # noqa: ARG002 - for those that override it
        """When a running fold's score can be in S3 at the earliest; never where the place hands it over itself."""
        return math.inf

    def look_at(self, fold: Fold) -> float:  # noqa: ARG002
        """When a running fold should be looked for next, in S3 or by `inspect`."""
        return math.inf

    def wait(self, seconds: float) -> None:
        """Wait until a fold ends that is being trained there, at most so long."""
        self._clock.sleep(seconds)

    @abstractmethod
    def stop(self) -> None:
        """End whatever is being trained there; what can't be ended is logged only."""

    def settle(self) -> None:  # noqa: B027 - most places have nothing to wait for
        """Wait for what must be over before the next candidate begins; never for long, and nothing is raised."""

    def learn(self, measured: Measured) -> None:
        """Take to heart what is known of how long folds and starts take."""
        self._measured = measured

    def freed(self) -> None:  # noqa: B027 - only a place that was full has to know
        """Hear that a fold of the candidate is over, so that what it took may be free."""

    def job_of(self, fold: Fold) -> str | None:  # noqa: ARG002
        """The training job that trains or trained a fold there, if it has one of its own."""
        return None

    def missed(self) -> Missed | None:
        """Why folds started slowly although they should not have, once all are scored."""
        return None
