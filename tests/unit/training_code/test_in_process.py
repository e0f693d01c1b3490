"""Folds in processes of the candidate's machine: results, failures, deaths, and none left behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import until
from warmfold_jobs.fan_out.here import BYTES_AT_LEAST, BYTES_PER_BYTE, MEMORY_SHARE, FoldError, ProcessTrainer, lanes


def prepare(folder: Path) -> None:
    (folder / "data").write_text("41", "utf-8")


def train(fold: int, folder: Path) -> dict[str, Any]:
    """Fold 0 answers, 1 raises, 2 is killed, 3 exits, 4 never ends."""
    if fold == 1:
        raise ValueError("one class only")
    if fold == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    if fold == 3:
        os._exit(7)
    if fold == 4:
        signal.pause()
    return {"sum": int((folder / "data").read_text("utf-8")) + 1, "process": os.getpid()}


def results(trainer: ProcessTrainer, count: int) -> dict[int, Any]:
    found: dict[int, Any] = {}
    while len(found) < count:
        trainer.wait(30)
        found |= dict(trainer.finished())
    return found


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_each_fold_ends_with_its_result_or_its_reason_and_takes_no_other_along() -> None:
    trainer = ProcessTrainer(prepare, train, lanes=4, cores=4)
    for fold in range(4):
        trainer.start(fold, at_a_time=4)
    found = results(trainer, 4)
    trainer.stop()
    assert found[0]["sum"] == 42
    assert found[0]["process"] != os.getpid()
    assert [str(found[fold]) for fold in (1, 2, 3)] == [
        "ValueError: one class only",
        "its process was killed by signal 9",
        "its process ended with exit code 7",
    ]
    assert all(isinstance(found[fold], FoldError) for fold in (1, 2, 3))


def test_data_that_cannot_be_had_are_the_reason_of_every_fold_that_needs_them() -> None:
    def unprepared(_: Path) -> None:
        raise OSError("no space left on device")

    trainer = ProcessTrainer(unprepared, train, lanes=1, cores=1)
    trainer.start(0, at_a_time=1)
    assert "no space left" in str(results(trainer, 1)[0])
    trainer.stop()


def test_stopping_ends_what_is_being_trained_and_a_trainer_that_never_began_stops_too(tmp_path: Path) -> None:
    marker = tmp_path / "process"

    def endless(fold: int, _: Path) -> dict[str, Any]:
        marker.write_text(str(os.getpid()), "utf-8")
        signal.pause()
        return {"fold": fold}

    ProcessTrainer(prepare, endless, lanes=1, cores=1).stop()
    trainer = ProcessTrainer(prepare, endless, lanes=1, cores=1)
    trainer.start(0, at_a_time=1)
    until(lambda: marker.exists() and marker.read_text("utf-8"))
    trainer.wait(0)
    assert trainer.finished() == []
    trainer.stop()
    assert not is_alive(int(marker.read_text("utf-8")))


@pytest.mark.parametrize(
    ("cores", "data_bytes", "folds_that_fit", "expected"),
    [(4, 1000, 100, 4), (4, 10_000_000, 2, 2), (4, 10_000_000, 0, 0), (1, 0, 3, 1)],
)
def test_as_many_folds_at_a_time_as_cores_and_memory_allow(
    cores: int, data_bytes: int, folds_that_fit: int, expected: int
) -> None:
    available = int((folds_that_fit + 0.5) * (BYTES_AT_LEAST + BYTES_PER_BYTE * data_bytes) / MEMORY_SHARE)
    assert lanes(cores, data_bytes, available) == expected
    assert lanes(cores, data_bytes, None) == cores
