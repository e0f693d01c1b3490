"""Folds in processes of the candidate's machine: results, failures, deaths, and none left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import until
from warmfold_jobs.fan_out.candidate import WallClock
from warmfold_jobs.fan_out.own_machine import BYTES_AT_LEAST, BYTES_PER_BYTE, MEMORY_SHARE, FoldProcesses, lanes
from warmfold_jobs.fan_out.place import Failure, Fold


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


def processes(prepare: Callable[[Path], None], train: Callable[[int, Path], Any], lanes: int = 1) -> FoldProcesses:
    return FoldProcesses(prepare, train, lanes=lanes, cores=lanes, clock=WallClock())


def results(here: FoldProcesses, count: int) -> dict[int, Any]:
    found: dict[int, Any] = {}
    while len(found) < count:
        here.wait(30)
        found |= {fold.number: ending for fold, ending in here.ended()}
    return found


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_each_fold_ends_with_its_result_or_its_reason_and_takes_no_other_along() -> None:
    here = processes(prepare, train, lanes=4)
    assert here.room == 4
    for fold in range(4):
        assert here.start(Fold(fold))
    assert here.room == 0
    found = results(here, 4)
    assert here.room == 4
    here.stop()
    assert found[0]["sum"] == 42
    assert found[0]["process"] != os.getpid()
    assert [found[fold] for fold in (1, 2, 3)] == [
        Failure("trained here: ValueError: one class only"),
        Failure("trained here: its process was killed by signal 9"),
        Failure("trained here: its process ended with exit code 7"),
    ]


def test_data_that_cannot_be_had_are_the_reason_of_every_fold_that_needs_them() -> None:
    def unprepared(_: Path) -> None:
        raise OSError("no space left on device")

    here = processes(unprepared, train)
    here.start(Fold(0))
    assert "no space left" in results(here, 1)[0].reason
    here.stop()


def test_stopping_ends_what_is_being_trained_and_a_place_that_never_began_stops_too(tmp_path: Path) -> None:
    marker = tmp_path / "process"

    def endless(fold: int, _: Path) -> dict[str, Any]:
        marker.write_text(str(os.getpid()), "utf-8")
        signal.pause()
        return {"fold": fold}

    processes(prepare, endless).stop()
    here = processes(prepare, endless)
    here.start(Fold(0))
    until(lambda: marker.exists() and marker.read_text("utf-8"))
    here.wait(0)
    assert here.ended() == []
    here.stop()
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
