"""An instance: what it says of the task it runs, however late it listens."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from warmfold.cloud.sagemaker.admission import StopSignal
from warmfold.cloud.sagemaker.instances import Instance, InstanceLost, Outcome, Task
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
    task = Task(None, ["/bin/sh", "-c", "exit 3"], dict(os.environ), str(tmp_path))
    outcomes: list[Outcome] = []
    thread = threading.Thread(
        target=lambda: outcomes.append(instance.run(task, lambda _: None, LateListener())), daemon=True
    )
    thread.start()
    thread.join(PATIENCE)
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
    instance.run(Task(None, ["true"], dict(os.environ), str(tmp_path)), lambda _: None, stop)
    stop.late()


@pytest.mark.parametrize("runs", [False, True])
def test_a_closed_instance_holds_no_file(tmp_path: Path, runs: bool) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    made = Instance(Settings(base_dir=tmp_path, account_id="123456789012"), preload=False)
    if runs:
        begun = threading.Event()
        task = Task(None, ["/bin/sh", "-c", "echo begun; sleep 600"], dict(os.environ), str(tmp_path))

        def run() -> None:
            with pytest.raises(InstanceLost):
                made.run(task, lambda _: begun.set(), StopSignal())

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        assert begun.wait(PATIENCE)
        made.close()
        thread.join(PATIENCE)
        assert not thread.is_alive()
    else:
        made.close()
    assert len(list(Path("/dev/fd").iterdir())) == before


class Single:
    """A worker that does not fork and imports nothing, and its end of the control socket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.control, theirs = socket.socketpair()
        worker = [sys.executable, "-m", "warmfold.cloud.sagemaker.worker", str(theirs.fileno()), "0", "0"]
        self.process = subprocess.Popen(worker, pass_fds=[theirs.fileno()], start_new_session=True)
        theirs.close()
        self.answers = self.control.makefile()

    def start(self, program: Path | None, *argv: str) -> int:
        """Start a job; gives the end of the pipe from which its output can be read."""
        reader, writer = os.pipe()
        folder = str(self.folder)
        job = {
            "program": str(program) if program else None,
            "argv": argv,
            "env": dict(os.environ),
            "cwd": folder,
            "path": folder,
            "opt": None,
            "offline": False,
            "python": None,
        }
        assert json.loads(self.answers.readline()) == {"ready": True}
        socket.send_fds(self.control, [json.dumps(job).encode() + b"\n"], [writer])
        os.close(writer)
        assert json.loads(self.answers.readline()) == {"pid": self.process.pid}
        return reader

    def close(self) -> None:
        self.answers.close()
        self.control.close()


@pytest.fixture
def single(tmp_path: Path) -> Iterator[Single]:
    made = Single(tmp_path)
    yield made
    made.close()
    made.process.kill()
    made.process.wait()


@pytest.mark.parametrize("is_command", [False, True])
def test_without_a_fork_a_job_ends_with_its_server(single: Single, tmp_path: Path, is_command: bool) -> None:
    script = tmp_path / "hang.py"
    script.write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n")
    command = ["/bin/sh", "-c", "echo $$; sleep 600; true"]
    output = os.fdopen(single.start(None, *command) if is_command else single.start(script))
    assert (int(output.readline()) == single.process.pid) is not is_command
    single.close()  # as the system does for a server that is killed
    assert single.process.wait(PATIENCE) == -9
    assert output.read() == "", "the pipe closes when nobody is left to write into it"


@pytest.mark.parametrize(("command", "code"), [("exit 3", 3), ("kill -9 $$", -9), ("true", 0)])
def test_without_a_fork_a_command_gives_its_exit_code(single: Single, command: str, code: int) -> None:
    os.close(single.start(None, "/bin/sh", "-c", command))
    assert single.process.wait(PATIENCE) == code


def test_without_a_fork_a_command_is_told_to_end(single: Single) -> None:
    script = "trap 'echo told; exit 4' TERM; echo begun; while :; do sleep 0.01; done"
    output = os.fdopen(single.start(None, "/bin/sh", "-c", script))
    assert output.readline() == "begun\n"
    single.process.terminate()
    assert output.read() == "told\n"
    assert single.process.wait(PATIENCE) == 4
