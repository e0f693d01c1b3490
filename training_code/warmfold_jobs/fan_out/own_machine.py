"""Folds trained in the candidate's own machine: each in a process of its own, so that the candidate goes on calling.

The candidate itself never fits. One child process gets the data and imports the libraries, and forks a process for each
fold off itself: nothing is read or imported twice, and a fit that dies takes nothing along.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from warmfold_jobs.fan_out.backoff import Clock
from warmfold_jobs.fan_out.place import Failure, Fold, Place
from warmfold_run.records import FoldResult

BYTES_PER_BYTE = 12
"""Memory that a fold takes per byte of CSV: the cells as text, as numbers, and what the estimator makes of them."""
BYTES_AT_LEAST = 300_000_000
"""Memory that a fold takes whatever its data."""
MEMORY_SHARE = 0.8
"""Of the free memory, what folds may take."""


TrainFold = Callable[[int, Path], FoldResult]
"""Trains a fold on the data in a folder."""


class FoldProcesses(Place):
    """Trains folds in processes of this machine."""

    name = "in-process"

    def __init__(
        self, prepare: Callable[[Path], None], train: TrainFold, *, lanes: int, cores: int, clock: Clock
    ) -> None:
        """`prepare` brings the data into a folder, once, before the first fold."""
        super().__init__(clock, lanes)
        self._prepare, self._train, self._cores = prepare, train, cores
        self._server: tuple[BaseProcess, Connection] | None = None
        self._busy: set[int] = set()

    def _start(self, fold: Fold) -> bool:
        """Begin to train a fold with its share of the cores."""
        if self._server is None:
            ours, theirs = _context().Pipe()
            server = _context().Process(target=_serve, args=(theirs, ours, self._prepare, self._train))
            server.start()
            theirs.close()
            self._server = server, ours
        self._busy.add(fold.number)
        self._server[1].send((fold.number, max(1, self._cores // self.at_a_time)))
        return True

    def _ended(self) -> list[tuple[int, FoldResult | Failure]]:
        ended: list[tuple[int, FoldResult | Failure]] = []
        while self._server is not None and self._server[1].poll():
            try:
                fold, result = self._server[1].recv()
            except EOFError:
                ended += [(fold, _failure("the process that trains here has ended")) for fold in self._busy]
                self.stop()
                break
            self._busy.discard(fold)
            ended.append((fold, _failure(result) if isinstance(result, str) else result))
        return ended

    def wait(self, seconds: float) -> None:
        """Wait until a fold ends, at most so long."""
        if self._server is None or not self._busy:
            super().wait(seconds)
        else:
            self._server[1].poll(max(0.0, seconds))

    def stop(self) -> None:
        """End the processes."""
        self._busy.clear()
        if self._server is not None:
            server, connection = self._server
            self._server = None
            connection.close()
            server.join()


def lanes(cores: int, data_bytes: int, available_bytes: int | None) -> int:
    """How many folds can be trained at a time on so many cores, by what memory is free (None: not known)."""
    if available_bytes is None:
        return max(1, cores)
    return max(
        0, min(cores, math.floor(MEMORY_SHARE * available_bytes / (BYTES_AT_LEAST + BYTES_PER_BYTE * data_bytes)))
    )


def cores(environ: Mapping[str, str]) -> int:
    """The cores that SageMaker's container says there are."""
    return int(environ.get("SM_NUM_CPUS") or os.cpu_count() or 1)


def available_memory() -> int | None:
    """The bytes of memory that are free, or None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text("utf-8").splitlines()
    except FileNotFoundError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _failure(reason: str) -> Failure:
    return Failure(f"trained here: {reason}")


def _context() -> Any:
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def _serve(requests: Connection, others_end: Connection, prepare: Callable[[Path], None], train: TrainFold) -> None:
    """Train what is asked for until the candidate hangs up; then end whatever still runs."""
    others_end.close()
    children: dict[Connection, tuple[int, BaseProcess]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder, prepared = Path(name), False
        try:
            while True:
                for ready in wait([requests, *children]):
                    if ready is requests:
                        fold, threads = requests.recv()
                        try:
                            if not prepared:
                                prepare(folder)
                        except Exception as error:  # noqa: BLE001 - it is the fold's, and the candidate decides
                            traceback.print_exc()
                            requests.send((fold, f"{type(error).__name__}: {error}"))
                            continue
                        prepared = True
                        ours, theirs = _context().Pipe(duplex=False)
                        child = _context().Process(target=_train, args=(theirs, fold, threads, train, folder))
                        child.start()
                        theirs.close()
                        children[ours] = fold, child
                    else:
                        fold, child = children.pop(ready)  # type: ignore[call-overload]
                        requests.send((fold, _result(ready, child)))  # type: ignore[arg-type]
        except (EOFError, BrokenPipeError, ConnectionResetError):
            for _, child in children.values():
                child.kill()
                child.join()


def _result(connection: Connection, child: BaseProcess) -> FoldResult | str:
    """What a fold's process sent, or what its end was."""
    try:
        result: FoldResult | str = connection.recv()
    except EOFError:
        child.join()
        code = child.exitcode or 0
        result = f"its process was killed by signal {-code}" if code < 0 else f"its process ended with exit code {code}"
    child.join()
    connection.close()
    return result


def _train(answer: Connection, fold: int, threads: int, train: TrainFold, folder: Path) -> None:
    # scikit-learn comes with it; the candidate itself does not import it
    from threadpoolctl import threadpool_limits

    try:
        with threadpool_limits(threads):
            answer.send(train(fold, folder))
    except Exception as error:  # noqa: BLE001 - whoever asked for the fold decides what its failure means
        traceback.print_exc()
        answer.send(f"{type(error).__name__}: {error}")
