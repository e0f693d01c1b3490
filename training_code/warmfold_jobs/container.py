"""What SageMaker's training container tells a script, and how the script tells that it failed."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from warmfold_run.names import parse_fold_job
from warmfold_run.places import PLAN, TYPED
from warmfold_run.plan import Plan

FAILURE_CHARACTERS = 1024
"""What SageMaker keeps of /opt/ml/output/failure."""


@dataclass(frozen=True)
class Container:
    """A training job from the inside; `hyperparameters` are SageMaker's strings."""

    job: str
    hyperparameters: dict[str, str]
    channels: dict[str, Path]
    model_dir: Path
    failure_file: Path

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Container:
        """From the toolkit's variables; a KeyError names the one that is missing."""
        names = json.loads(environ["SM_CHANNELS"])
        given = Path(environ["SM_INPUT_CONFIG_DIR"], "hyperparameters.json")
        return cls(
            job=environ["TRAINING_JOB_NAME"],
            hyperparameters={name: str(value) for name, value in json.loads(given.read_text("utf-8")).items()},
            channels={name: Path(environ[f"SM_CHANNEL_{name.upper()}"]) for name in names},
            model_dir=Path(environ["SM_MODEL_DIR"]),
            failure_file=Path(environ["SM_OUTPUT_DIR"], "failure"),
        )

    def plan(self) -> Plan:
        """The run's plan.json, from the channel `config`."""
        plan: Plan = json.loads((self.channels["config"] / PLAN).read_text("utf-8"))
        return plan

    def files(self, channel: str) -> list[Path]:
        """The files of typed rows of a channel, in the order of their paths."""
        return sorted(self.channels[channel].rglob(f"*.{TYPED}"))

    def fold(self) -> tuple[str, int]:
        """The candidate and the number of the fold that this job is, from its name; raises ValueError."""
        found = parse_fold_job(self.job)
        if found is None:
            raise ValueError(f"training job {self.job} is no fold job: its name must be a candidate's and -f<fold>")
        return found.candidate, found.fold


def run(work: Callable[[Container], None], environ: Mapping[str, str]) -> int:
    """Do a job's work; returns its exit code. What it raises becomes the job's FailureReason."""
    container = Container.read(environ)
    try:
        work(container)
    except Exception as error:  # noqa: BLE001 - the job's last word is for whoever reads its FailureReason
        traceback.print_exc()
        container.failure_file.parent.mkdir(parents=True, exist_ok=True)
        container.failure_file.write_text(f"{type(error).__name__}: {error}"[:FAILURE_CHARACTERS], "utf-8")
        sys.stderr.flush()
        return 1
    return 0
