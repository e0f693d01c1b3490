"""An instance: what it says of the task it runs, however late it listens."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from warmfold.cloud.sagemaker.admission import StopSignal
from warmfold.cloud.sagemaker.instances import Instance, Outcome, Task
from warmfold.cloud.sagemaker.settings import Settings


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    made = Instance(Settings(base_dir=tmp_path, account_id="123456789012"), preload=False)
    yield made
    made.close()


class LateListener(StopSignal):
    """A stop signal that is slow to be registered, so that its instance listens late."""

    @contextmanager
    def calling(self, callback: Callable[[], None]) -> Iterator[None]:
        with super().calling(callback):
            threading.Event().wait(0.3)  # by then the worker has told both that the task began and that it ended
            yield


def test_a_task_that_is_over_before_anybody_listens_is_seen_to_end(instance: Instance, tmp_path: Path) -> None:
    task = Task(None, ["/bin/sh", "-c", "exit 3"], dict(os.environ), tmp_path)
    outcomes: list[Outcome] = []
    thread = threading.Thread(
        target=lambda: outcomes.append(instance.run(task, lambda _: None, LateListener())), daemon=True
    )
    thread.start()
    thread.join(timeout=5)
    assert [outcome.exit_code for outcome in outcomes] == [3]


class EagerListener(StopSignal):
    """A stop signal that still calls what was registered when the block is over."""

    late: Callable[[], None]

    @contextmanager
    def calling(self, callback: Callable[[], None]) -> Iterator[None]:
        self.late = callback
        yield


def test_a_stop_that_comes_as_the_task_ends_harms_nobody(instance: Instance, tmp_path: Path) -> None:
    stop = EagerListener()
    instance.run(Task(None, ["true"], dict(os.environ), tmp_path), lambda _: None, stop)
    stop.late()
