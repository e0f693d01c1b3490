"""Lambda functions as warm processes: one per concurrent invocation, kept for the next."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warmfold.cloud.functions_runtime.interpreter import interpreter_for

logger = logging.getLogger(__name__)

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
OPT = "/opt"
INIT_SECONDS = 300.0
END_SECONDS = 10.0
_UNPACKED = re.compile(r".+-[0-9a-f]{16}(\.new)?")
GOING_DOWN = "the local cloud is going down"


@dataclass(frozen=True)
class FunctionSpec:
    """One function as deployed; `digest` names code, layers and configuration together."""

    name: str
    arn: str
    handler: str
    role_arn: str
    timeout_seconds: float
    memory_mb: int
    log_group: str
    digest: str
    environment: Mapping[str, str]
    code: bytes = field(repr=False)
    layers: Sequence[bytes] = field(default=(), repr=False)
    runtime: str = ""


@dataclass(frozen=True)
class Invocation:
    """What came of one: the JSON text AWS would answer, whether the function failed, its log."""

    payload: str
    failed: bool
    log: str


class TooManyInvocationsError(Exception):
    """As many functions are running as may."""


class Functions:
    """Runs functions. Thread-safe; at most `concurrency` invocations at a time, of all functions together."""

    def __init__(
        self,
        folder: Path,
        *,
        environment: Callable[[str, str], Mapping[str, str]],
        log_sink: Callable[[str, str, Sequence[tuple[int, str]]], None],
        concurrency: int = 32,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        """`environment` takes role ARN and function name, and gives what the function finds in its environment."""
        self._folder = folder
        self._environment = environment
        self._log_sink = log_sink
        self._clock = clock
        self._new_id = new_id
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(concurrency)
        self._idle: dict[str, list[_Worker]] = {}
        self._workers: set[_Worker] = set()
        self._roots: set[Path] = set()
        self._closed = False
        self._clear_folder()

    def invoke(self, spec: FunctionSpec, event: str, *, wait: bool = False) -> Invocation:
        """Run a function on an event (JSON text) and wait for its end.

        Raises
        ------
        TooManyInvocationsError
            As many as may are running, and `wait` does not say to wait for the end of one.
        """
        if not self._slots.acquire(blocking=wait):
            raise TooManyInvocationsError
        try:
            return self._invoke(spec, event)
        finally:
            self._slots.release()

    def _invoke(self, spec: FunctionSpec, event: str) -> Invocation:
        worker = self._take(spec)
        ready = worker.wait_ready()  # as on AWS, loading does not count against the function's timeout
        request_id = self._new_id()
        request = {
            "event": json.loads(event),
            "request_id": request_id,
            "arn": spec.arn,
            "deadline": self._clock() + spec.timeout_seconds,
        }
        answer = worker.ask(request, spec.timeout_seconds) if ready else None
        if answer is None:
            self._discard(worker)  # which ends its output too
        lines = worker.output(request_id)
        if answer is None:
            answer = {"error": _ended(worker, spec, request_id)}
        else:
            self._give_back(spec, worker)
        log = [f"START RequestId: {request_id} Version: $LATEST", *lines]
        if "error" in answer:
            log.append(f"{answer['error']['errorType']}: {answer['error']['errorMessage']}")
        log.append(f"END RequestId: {request_id}")
        now = int(self._clock() * 1000)
        self._log_sink(spec.log_group, worker.log_stream, [(now, line) for line in log])
        failed = "error" in answer
        payload = json.dumps(answer["error"]) if failed else str(answer["result"])
        return Invocation(payload, failed, "\n".join(log) + "\n")

    def forget(self, arn: str) -> None:
        """End a function's processes, those that are at work when they have answered."""
        with self._lock:
            idle = self._idle.pop(arn, [])
            for worker in self._workers:
                worker.retired = worker.retired or worker.arn == arn
        for worker in idle:
            self._discard(worker)

    def shutdown(self) -> None:
        """End every process and remove what was unpacked for them."""
        with self._lock:
            self._closed = True
            workers = list(self._workers)
            self._workers.clear()
            self._idle.clear()
        for worker in workers:
            worker.kill()
        for root in self._roots:
            shutil.rmtree(root, ignore_errors=True)

    def _clear_folder(self) -> None:
        """Remove what a cloud that was killed has left; the folder may be one that holds other things too."""
        if self._folder.is_dir():
            for root in self._folder.iterdir():
                if _UNPACKED.fullmatch(root.name):
                    shutil.rmtree(root, ignore_errors=True)

    def _take(self, spec: FunctionSpec) -> _Worker:
        with self._lock:
            if self._closed:
                raise RuntimeError(GOING_DOWN)
            idle = self._idle.get(spec.arn, [])
            for other in [worker for worker in idle if worker.digest != spec.digest]:
                idle.remove(other)
                self._workers.discard(other)
                other.kill()
            if idle:
                return idle.pop()
        worker = _Worker(spec, self._unpacked(spec), self._environment(spec.role_arn, spec.name), self._new_id())
        if not self._kept(worker):
            worker.kill()
            raise RuntimeError(GOING_DOWN)
        return worker

    def _kept(self, worker: _Worker) -> bool:
        """Whether the new process may stay: not when the cloud went down meanwhile."""
        with self._lock:
            if not self._closed:
                self._workers.add(worker)
            return not self._closed

    def _give_back(self, spec: FunctionSpec, worker: _Worker) -> None:
        with self._lock:
            kept = not self._closed and not worker.retired
            if kept:
                self._idle.setdefault(spec.arn, []).append(worker)
        if not kept:
            self._discard(worker)

    def _discard(self, worker: _Worker) -> None:
        with self._lock:
            self._workers.discard(worker)
        worker.kill()

    def _unpacked(self, spec: FunctionSpec) -> Path:
        """Where code and layers are: functions of one package share the folder, and what Python compiles in it."""
        digests = b"".join(hashlib.sha256(archive).digest() for archive in (spec.code, *spec.layers))
        root = self._folder / f"package-{hashlib.sha256(digests).hexdigest()[:16]}"
        with self._lock:
            if not root.is_dir():
                building = root.with_suffix(".new")
                shutil.rmtree(building, ignore_errors=True)
                for archive, folder in [(spec.code, "task"), *((layer, "opt") for layer in spec.layers)]:
                    (building / folder).mkdir(parents=True, exist_ok=True)
                    zipfile.ZipFile(io.BytesIO(archive)).extractall(building / folder)
                building.rename(root)
                self._roots.add(root)
        return root


class _Worker:
    """One process of one function."""

    def __init__(self, spec: FunctionSpec, root: Path, environment: Mapping[str, str], stream_id: str) -> None:
        self.arn = spec.arn
        self.digest = spec.digest
        self.retired = False
        self.log_stream = f"{time.strftime('%Y/%m/%d')}/{_named(spec)}[$LATEST]{stream_id.replace('-', '')}"
        self.timed_out = False
        task, opt = root / "task", root / "opt"
        answers, answers_end = os.pipe()
        own = {name: _mapped(value, opt) for name, value in spec.environment.items()}
        python = interpreter_for(spec.runtime, task)
        imports = [task, *_layer_folders(spec, opt), *python.libraries]
        self._process = subprocess.Popen(
            [python.executable, "-P", "-u", str(BOOTSTRAP)],
            cwd=task,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "LANG": "C.UTF-8",
                **environment,
                "LAMBDA_TASK_ROOT": str(task),
                "_HANDLER": spec.handler,
                "AWS_LAMBDA_FUNCTION_NAME": spec.name,
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
                "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
                "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
                **own,
                "PYTHONPATH": os.pathsep.join(map(str, imports)),
                "WARMFOLD_ANSWERS": str(answers_end),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[answers_end],
            start_new_session=True,
        )
        os.close(answers_end)
        self._answers = os.fdopen(answers, "rb", buffering=0)
        self._lines: list[str] = []
        self._complete = threading.Condition()
        self._asking = threading.Lock()
        self._ready = False
        self._seen: str | None = None
        threading.Thread(target=self._read_log, name=f"log of {spec.name}", daemon=True).start()

    def wait_ready(self) -> bool:
        """Whether the handler is loaded; waits for it."""
        with self._asking:
            self._ready = self._ready or self._answer(INIT_SECONDS) is not None
        return self._ready

    def output(self, request_id: str) -> list[str]:
        """What it printed since last time; waits for the end of the request's output, or of the process's."""
        with self._complete:
            self._complete.wait_for(lambda: self._seen in (request_id, ""), timeout=END_SECONDS)
            lines, self._lines = self._lines, []
        return lines

    def ask(self, request: Mapping[str, Any], timeout: float) -> dict[str, Any] | None:
        """The answer; None when the process ended or took too long."""
        assert self._process.stdin is not None
        with self._asking:
            with contextlib.suppress(BrokenPipeError):  # it has ended: there will be no answer
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
                self._process.stdin.flush()
            return self._answer(timeout)

    def _answer(self, timeout: float) -> dict[str, Any] | None:
        deadline = time.monotonic() + timeout
        data = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            while not data.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    self.timed_out = True
                    return None
                more = self._answers.read(65536)
                if not more:
                    with contextlib.suppress(subprocess.TimeoutExpired):  # it is ending, with an exit code of its own
                        self._process.wait(END_SECONDS)
                    return None
                data += more
        return dict(json.loads(data))

    def _read_log(self) -> None:
        assert self._process.stdout is not None
        for raw in self._process.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            with self._complete:
                if line.startswith("\0"):
                    self._seen = line[1:]
                    self._complete.notify_all()
                else:
                    self._lines.append(line)
        with self._complete:
            self._seen = ""
            self._complete.notify_all()

    def kill(self) -> None:
        """End the process and its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        with self._asking:  # whoever waits for an answer sees its end first
            self._answers.close()
            if self._process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    self._process.stdin.close()

    @property
    def exit_code(self) -> int | None:
        """The process's, when it has ended."""
        return self._process.poll()


def _mapped(value: str, opt: Path) -> str:
    return str(opt) + value[len(OPT) :] if value == OPT or value.startswith(OPT + "/") else value


def _layer_folders(spec: FunctionSpec, opt: Path) -> list[str]:
    """The folders after its own that a function imports from: AWS's of its layers, unless it names some itself."""
    runtime = spec.runtime or f"python{sys.version_info.major}.{sys.version_info.minor}"
    usual = os.pathsep.join((f"{OPT}/python/lib/{runtime}/site-packages", f"{OPT}/python"))
    return [_mapped(folder, opt) for folder in spec.environment.get("PYTHONPATH", usual).split(os.pathsep)]


def _named(spec: FunctionSpec) -> str:
    """What names the function in its log streams: only a group that is not its own by default needs it."""
    return "" if spec.log_group == f"/aws/lambda/{spec.name}" else spec.name


def _ended(worker: _Worker, spec: FunctionSpec, request_id: str) -> dict[str, Any]:
    if worker.timed_out:
        message = f"{request_id} Task timed out after {spec.timeout_seconds:.2f} seconds"
        return {"errorMessage": message, "errorType": "Sandbox.Timedout"}
    message = f"RequestId: {request_id} Error: Runtime exited with error: exit status {worker.exit_code}"
    return {"errorMessage": message, "errorType": "Runtime.ExitError"}
