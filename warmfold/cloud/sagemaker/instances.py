"""An instance: one worker process, and the running of one job at a time on it."""

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from warmfold.cloud.sagemaker.admission import StopSignal
from warmfold.cloud.sagemaker.pythons import JobPython
from warmfold.cloud.sagemaker.settings import Settings

SINGLE_THREADED = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "LOKY_MAX_CPU_COUNT": "1",
}
FLUSH_SECONDS = 0.25


class InstanceLost(Exception):
    """The instance's worker process ended by itself; its job is lost and it cannot be used again."""


@dataclass(frozen=True)
class Task:
    """What to run: a Python `program` with `argv` after it, or (program None) the command `argv`.

    `path` is sys.path[0] of a program, `python` what it takes for its interpreter. `env` is the whole environment.
    Paths are as the job sees them, who gets `opt` for its /opt if that is given, and no network then if `offline`.
    """

    program: str | None
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str
    path: str | None = None
    opt: Path | None = None
    offline: bool = False
    python: JobPython | None = None


@dataclass
class Outcome:
    """How a task ended; `exit_code` is negative for a signal. `stopped` and `timed_out` say that it was ended."""

    exit_code: int
    stopped: bool = False
    timed_out: bool = False


@dataclass
class _Limits:
    stop: StopSignal
    max_seconds: float | None
    grace: float
    tell: bool
    started: float = field(default_factory=time.monotonic)
    stopped_at: float | None = None
    killed: bool = False

    def kill_at(self) -> float | None:
        if self.killed:
            return None
        times = [self.started + self.max_seconds] if self.max_seconds is not None else []
        if self.stopped_at is not None:
            times.append(self.stopped_at + self.grace)
        return min(times, default=None)


class Instance:
    """A worker process: cold until it has imported its libraries, then warm. Without `preload` it always forks."""

    def __init__(self, settings: Settings, preload: bool = True) -> None:
        self._fork = settings.fork_workers or not preload
        self._preload = preload
        self._lock = threading.Lock()
        self._closed = False
        self._running = False
        self._child: int | None = None
        self._ready = False
        self._spawn()

    def run(
        self,
        task: Task,
        on_output: Callable[[bytes], None],
        stop: StopSignal,
        *,
        max_seconds: float | None = None,
        grace: float = 0.0,
        tell: bool = False,
        on_idle: Callable[[], None] = lambda: None,
    ) -> Outcome:
        """Run the task to its end and return how it ended; raises InstanceLost.

        `on_output` gets stdout and stderr as they come, `on_idle` is called a moment after. When `stop` is raised the
        task's process group is killed after `grace` seconds; only with `tell` does it get a SIGTERM first.
        """
        with self._lock:
            self._running = True
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        try:
            self.wait_ready()
            message: dict[str, object] = {
                "program": task.program,
                "argv": list(task.argv),
                "env": dict(task.env),
                "cwd": task.cwd,
                "path": task.path or task.cwd,
                "opt": str(task.opt) if task.opt else None,
                "offline": task.offline,
                "python": [str(task.python.executable), str(task.python.packages)] if task.python else None,
            }
            self._send(message, writer)
            os.close(writer)
            writer = -1
            return self._follow(reader, on_output, on_idle, _Limits(stop, max_seconds, grace, tell))
        finally:
            os.close(reader)
            if writer >= 0:
                os.close(writer)
            with self._lock:
                self._running = False
                if self._closed:
                    self._control.close()

    def wait_ready(self) -> None:
        """Wait until the libraries are imported; raises InstanceLost."""
        if not self._ready:
            if "ready" not in self._message():
                raise InstanceLost("the worker process did not get ready")
            self._ready = True

    def close(self) -> None:
        """Kill the worker process and its job."""
        with self._lock:
            self._closed = True
            child, self._child = self._child, None
            running = self._running
        if child is not None:
            _kill_group(child)
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        if not running:  # else the thread that waits for it would not wake; it closes it by itself
            self._control.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()

    def _spawn(self) -> None:
        self._buffer = b""
        self._ready = False
        self._control, theirs = socket.socketpair()
        flags = ["1" if self._fork else "0", "1" if self._preload else "0"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "warmfold.cloud.sagemaker.worker", str(theirs.fileno()), *flags],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=os.environ | SINGLE_THREADED,
            start_new_session=True,
        )
        theirs.close()

    def _send(self, message: dict[str, object], log: int) -> None:
        data = json.dumps(message).encode() + b"\n"
        try:
            sent = socket.send_fds(self._control, [data], [log])
            self._control.sendall(data[sent:])
        except OSError as error:
            raise InstanceLost(f"the worker process is gone: {error}") from error

    def _follow(
        self, reader: int, on_output: Callable[[bytes], None], on_idle: Callable[[], None], limits: _Limits
    ) -> Outcome:
        bell, ringer = socket.socketpair()

        def ring() -> None:
            with contextlib.suppress(OSError):  # the task may have ended just before, and the bell with it
                ringer.sendall(b"!")

        code: int | None = None
        timed_out = False
        with (
            bell,
            ringer,
            selectors.DefaultSelector() as selector,
            limits.stop.calling(ring),
        ):
            for source in (reader, self._control, bell):
                selector.register(source, selectors.EVENT_READ)
            pending = False
            while code is None:
                kill_at = limits.kill_at()
                waits = [max(0.0, kill_at - time.monotonic())] if kill_at is not None else []
                events = selector.select(min([*waits, FLUSH_SECONDS] if pending else waits, default=None))
                ready = {key.fileobj for key, _ in events}
                if reader in ready:
                    if _drain(reader, on_output):
                        pending = True
                    else:
                        selector.unregister(reader)
                elif pending and not ready:
                    on_idle()
                    pending = False
                if bell in ready:
                    bell.recv(1)
                    limits.stopped_at = time.monotonic()
                    if limits.tell and self._child is not None:
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(self._child, signal.SIGTERM)
                if self._control in ready:
                    code = self._take_message()
                while code is None and b"\n" in self._buffer:  # what came with it will not wake the selector again
                    code = self._take_message()
                kill_at = limits.kill_at()
                if code is None and kill_at is not None and time.monotonic() >= kill_at and self._child is not None:
                    timed_out = limits.stopped_at is None
                    _kill_group(self._child)
                    limits.killed = True
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            _kill_group(child)
        _drain(reader, on_output)
        return Outcome(code, stopped=limits.stopped_at is not None, timed_out=timed_out)

    def _take_message(self) -> int | None:
        """Note the child's process id, or return its exit code."""
        try:
            message = self._message()
        except InstanceLost:
            if self._fork or self._child is None or self._closed:
                raise
            code = self._process.wait()
            self._control.close()
            with self._lock:
                if not self._closed:
                    self._spawn()
            return code
        if "pid" in message:
            with self._lock:
                self._child = int(message["pid"])
            if self._closed:
                _kill_group(int(message["pid"]))
        return int(message["exit"]) if "exit" in message else None

    def _message(self) -> dict[str, int]:
        while b"\n" not in self._buffer:
            try:
                block = self._control.recv(4096)
            except OSError as error:
                raise InstanceLost(f"the worker process is gone: {error}") from error
            if not block:
                raise InstanceLost("the worker process ended")
            self._buffer += block
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, int] = json.loads(line)
        return message


def _drain(reader: int, on_output: Callable[[bytes], None]) -> bool:
    """Read what is there; false at the end of the stream."""
    while True:
        try:
            block = os.read(reader, 1 << 16)
        except BlockingIOError:
            return True
        if not block:
            return False
        on_output(block)


def _kill_group(child: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
