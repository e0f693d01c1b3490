"""An account on a virtual clock: SageMaker, S3 and the time that both see."""

from __future__ import annotations

from virtual.assumptions import Assumptions, Quota
from virtual.clock import VirtualClock
from virtual.fates import Fates
from virtual.s3 import VirtualS3
from virtual.sagemaker import VirtualSageMaker


class VirtualAccount:
    """A clock and the two clients that go by it."""

    def __init__(
        self,
        folder: str,
        fates: Fates,
        assume: Assumptions | None = None,
        quota: Quota | None = None,
        start: float = 0.0,
    ) -> None:
        """`folder` is the candidates' in the bucket, `fates` tells by a job's name what becomes of it.

        `start` is what the clock shows at first.
        """
        self.clock = VirtualClock(start)
        self.s3 = VirtualS3(self.clock)
        self.sagemaker = VirtualSageMaker(self.clock, self.s3, folder, fates, assume or Assumptions(), quota or Quota())
