"""One tuning job of one side on the virtual clock, and what came of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from benchmarks.fan_out.constants import RECIPE_KEEP_ALIVE
from benchmarks.fan_out.plans import TUNING_JOB, plan
from benchmarks.fan_out.recipe import run_recipe
from benchmarks.fan_out.sides import Side
from benchmarks.fan_out.workload import Case, Workload, candidate_and_fold
from virtual.account import VirtualAccount
from virtual.assumptions import Assumptions, Bill, Quota
from virtual.fates import Fate
from virtual.processes import VirtualProcesses
from warmfold_jobs.fan_out.candidate import cross_validate
from warmfold_jobs.fan_out.place import Fold
from warmfold_run import names
from warmfold_run.places import key_of
from warmfold_run.records import FoldResult


@dataclass(frozen=True)
class CandidateRun:
    """A candidate: its number from 1, its turn in its slot from 0, when its script ran, whether it was given up."""

    number: int
    turn: int
    began: float
    ended: float
    abandoned: bool

    @property
    def seconds(self) -> float:
        """How long its script ran."""
        return self.ended - self.began


@dataclass
class Result:
    """A tuning job that is over; times in seconds from its start, the bill in instance-seconds.

    `in_flight` is the most fold jobs at once; `cold` and `warm` are their starts, `late_cold` those cold ones that are
    not of a slot's first candidate; `lost` has the errors of candidates by number.
    """

    wall: float
    bill: Bill
    calls: int
    peak: int
    s3_calls: int
    in_flight: int
    cold: int
    warm: int
    late_cold: int
    candidates: list[CandidateRun] = field(default_factory=list)
    lost: dict[int, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)


Script = Callable[[str, int], bool]
"""Runs a candidate by its job's name and its number from 0; whether it was given up."""


class Simulation:
    """A case of one side."""

    def __init__(
        self,
        case: Case,
        side: Side,
        workload: Workload,
        seed: int,
        assume: Assumptions | None = None,
        quota: Quota | None = None,
        failures: Callable[[str], Fate | None] = lambda _: None,
        keeps_log: bool = False,
    ) -> None:
        """`failures` tells by a job's name how it ends if it does not score."""
        self._case, self._side, self._workload, self._seed = case, side, workload, seed
        self._assume = assume or Assumptions()
        self._plan = plan(case, side)
        self._failures = failures
        folder = key_of(self._plan["locations"]["candidates"])
        account = VirtualAccount(folder, self._fate, self._assume, quota)
        self._clock, self._s3, self.sagemaker = account.clock, account.s3, account.sagemaker
        self._left = list(range(case.candidates, 0, -1))
        self._done: list[CandidateRun] = []
        self._lost: dict[int, str] = {}
        self._log: list[str] = []
        self._keeps_log = keeps_log
        self._names = random.Random(f"names {seed}")
        self._working, self._wall = case.slots, 0.0

    def run(self) -> Result:
        """Tune to the end, and until every pool is gone."""
        script: Script = {"recipe": self._recipe, "loop": self._loop, "warmfold": self._warmfold}[self._side.script]
        self._clock.run([partial(self._slot, script)] * self._case.slots)
        first = {run.number for run in self._done if run.turn == 0}
        cold = [name for name, job in self.sagemaker.jobs.items() if not job.warm]
        return Result(
            wall=self._wall,
            bill=self.sagemaker.bill,
            calls=self.sagemaker.calls.total,
            peak=self.sagemaker.calls.peak,
            s3_calls=self._s3.calls.total,
            in_flight=self.sagemaker.most_running,
            cold=len(cold),
            warm=len(self.sagemaker.jobs) - len(cold),
            late_cold=sum(candidate_and_fold(name)[1] + 1 not in first for name in cold),
            candidates=sorted(self._done, key=lambda run: run.number),
            lost=self._lost,
            log=self._log,
        )

    def _fate(self, job: str) -> Fate:
        """What becomes of a fold job."""
        _, number, fold = candidate_and_fold(job)
        scores = Fate(self._workload.seconds[number][fold], self._workload.result(number, fold))
        return self._failures(job) or scores

    def _slot(self, script: Script) -> None:
        """Run candidates one after another on one instance of the tuning job."""
        turn = 0
        while self._left:
            if turn:
                self._clock.sleep(self._assume.gap)
                if not self._left:
                    break
            number = self._left.pop()
            name = names.candidate_job(TUNING_JOB, number, f"{self._names.getrandbits(32):08x}")
            start = self._assume.warm if turn else self._assume.cold
            self.sagemaker.candidates_running += 1
            self._clock.sleep(start.seconds)
            began, abandoned = self._clock.now(), False
            try:
                abandoned = script(name, number - 1)
            except Exception as error:  # noqa: BLE001 - SageMaker goes on with the next candidate
                self._lost[number] = f"{type(error).__name__}: {error}"
            self._done.append(CandidateRun(number, turn, began, self._clock.now(), abandoned))
            self._clock.sleep(self._assume.tail)
            self._wall = self._clock.now()
            self.sagemaker.candidates_running -= 1
            self.sagemaker.bill.candidates += start.billed + self._wall - began
            turn += 1
        self._working -= 1
        if not self._working and self._side.script == "warmfold":
            self.sagemaker.release_pools()

    def _recipe(self, name: str, number: int) -> bool:  # noqa: ARG002 - the shape of a Script
        keep_alive = RECIPE_KEEP_ALIVE if self._side.warm_pools else 0
        template, generator = self._plan["requests"]["fold"], random.Random(name)
        run_recipe(name, template, self._case.n_splits, keep_alive, self.sagemaker, self._clock, generator)
        return False

    def _loop(self, name: str, number: int) -> bool:  # noqa: ARG002
        """All folds one after another, as many at a time as there are lanes."""
        here = self._here(number)
        for fold in range(self._case.n_splits):
            here.start(Fold(fold))
        left = self._case.n_splits
        while left:
            here.wait(float("inf"))
            left -= len(here.ended())
        return False

    def _warmfold(self, name: str, number: int) -> bool:
        outcome = cross_validate(
            self._plan,
            name,
            {"learning_rate": "0.1"},
            sagemaker=self.sagemaker,
            s3=self._s3,
            clock=self._clock,
            generator=random.Random(name),
            here=self._here(number),
            log=partial(self._note, name),
        )
        return outcome.abandoned

    def _here(self, number: int) -> VirtualProcesses:
        def result(fold: int) -> FoldResult:
            return self._workload.result(number, fold)

        return VirtualProcesses(self._clock, self._side.lanes, result)

    def _note(self, name: str, text: str) -> None:
        if self._keeps_log:
            self._log.append(f"{self._clock.now():9.1f} {name} {text}")
