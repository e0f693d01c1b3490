"""The inside of an instance: a process with the scientific stack imported that runs jobs on command.

Started as `python -m warmfold.cloud.sagemaker.worker <control fd> <fork: 0|1> <preload: 0|1>`. On the control socket it
sends one JSON object per line: `{"ready": true}` once, then for each job `{"pid": n}` and `{"exit": code}` (negative:
the signal that ended it). It receives one JSON object per job, with the job's log pipe as an attached file descriptor:
`{"program": path | null, "argv": [...], "env": {...}, "cwd": path, "path": folder for sys.path[0],
"opt": folder that it has for /opt | null, "offline": whether it has no network then,
"python": [sys.executable, its site-packages] | null}`.
With fork 0 it becomes the job instead of forking it, and the instance sees its exit code; a command is then its child.
"""

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import random
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from warmfold.cloud.sagemaker import namespaces

PRELOADED = (
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "joblib",
    "boto3",
    "boto3.s3.transfer",
    "sklearn.compose",
    "sklearn.decomposition",
    "sklearn.ensemble",
    "sklearn.feature_extraction.text",
    "sklearn.impute",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.pipeline",
    "sklearn.preprocessing",
)
"""Imported before the first job; nothing that starts threads is used before the fork, which they do not survive."""

MESSAGE_LIMIT = 1 << 20


def main(argv: list[str]) -> int:
    """Serve jobs until the control socket closes."""
    control = socket.socket(fileno=int(argv[0]))
    fork, preload = argv[1] == "1", argv[2] == "1"
    if preload:
        _preload()
        gc.collect()
        gc.freeze()
    _send(control, {"ready": True})
    wake, waker = socket.socketpair()
    wake.setblocking(False)
    waker.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    while True:
        received = _receive(control)
        if received is None:
            return 0
        job, log = received
        if not fork:
            _become(job, log, control, announce=True)
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for inherited in (wake, waker):
                inherited.close()
            _become(job, log, control, announce=False)
        os.close(log)
        _send(control, {"pid": pid})
        code = _wait_for(pid, control, wake)
        if code is None:
            return 0
        _send(control, {"exit": code})


def _preload() -> None:
    for name in PRELOADED:
        importlib.import_module(name)
    import boto3
    import pandas as pd
    from sklearn.preprocessing import FunctionTransformer

    FunctionTransformer().fit(pd.DataFrame({"one": [1.0]}))  # imports what scikit-learn imports for its first table
    for service in ("s3", "sagemaker"):
        # The default session then has their models read. It has looked for no credentials: the job's count.
        boto3.client(service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")


def _wait_for(pid: int, control: socket.socket, wake: socket.socket) -> int | None:
    """The child's exit code; None when the instance was closed, the child killed."""
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            for key, _ in selector.select():
                if key.fileobj is control:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(pid, signal.SIGKILL)
                    return None
                with contextlib.suppress(BlockingIOError):
                    wake.recv(4096)


def _become(job: dict[str, Any], log: int, control: socket.socket, announce: bool) -> None:
    """Turn this process into the job; does not return."""
    if not announce or os.getpgrp() != os.getpid():
        os.setsid()
    if announce:
        _send(control, {"pid": os.getpid()})
        control.set_inheritable(False)  # it stays open: that it closes tells the instance that the job ended
    else:
        control.close()
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", 0, closefd=False), "utf-8", "replace", write_through=True)
    sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", 0, closefd=False), "utf-8", "replace", write_through=True)
    try:
        if job["opt"] is not None:
            namespaces.enter(Path(job["opt"]), job["offline"])
    except OSError:
        traceback.print_exc()
        os._exit(1)
    if announce:
        threading.Thread(target=_end_with, args=(control,), daemon=True).start()
    code = _exit_code(job, fork=not announce)
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code)


def _end_with(control: socket.socket) -> None:
    """End the job and what it started when its instance is gone, as a parent does where there is one."""
    with contextlib.suppress(OSError):
        while control.recv(4096):
            pass
    os.killpg(0, signal.SIGKILL)


def _run_command(job: dict[str, Any]) -> int:
    """The command's exit code as the worker's own child: instead of it the command would lose the control socket."""
    child: subprocess.Popen[bytes] | None = None
    told = False

    def tell(*_: object) -> None:
        nonlocal told
        told = True
        if child is not None:
            child.terminate()

    signal.signal(signal.SIGTERM, tell)
    child = subprocess.Popen(job["argv"], env=job["env"])
    if told:
        child.terminate()
    code = child.wait()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return code


def _exit_code(job: dict[str, Any], fork: bool) -> int:
    code = 1
    try:
        os.environ.clear()
        os.environ.update(job["env"])
        os.chdir(job["cwd"])
        if job["program"] is None and not fork:
            return _run_command(job)
        if job["program"] is None:
            os.execvpe(job["argv"][0], job["argv"], job["env"])
        _use(job)
        sys.argv = [job["program"], *job["argv"]]
        _reseed()
        runpy.run_path(job["program"], run_name="__main__")
        code = 0
    except SystemExit as stop:
        code = _code_of(stop)
    except BaseException:  # noqa: BLE001 - this is the interpreter's top level for the job: print and exit 1
        traceback.print_exc()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    return code


def _use(job: dict[str, Any]) -> None:
    """Look for modules where a new interpreter would: the script's folder, PYTHONPATH, what the job installs."""
    given = [folder for folder in job["env"].get("PYTHONPATH", "").split(os.pathsep) if folder]
    sys.path[0:1] = [job["path"], *given]
    if job["python"] is not None:
        sys.executable, packages = job["python"]
        first = next((at for at, folder in enumerate(sys.path) if folder.endswith("site-packages")), len(sys.path))
        sys.path.insert(first, packages)


def _code_of(stop: SystemExit) -> int:
    if stop.code is None:
        return 0
    if isinstance(stop.code, int):
        return stop.code & 0xFF
    print(stop.code, file=sys.stderr)
    return 1


def _reseed() -> None:
    """Children of one parent must not share its random state."""
    random.seed()
    if "numpy" in sys.modules:
        import numpy as np

        np.random.seed()


def _send(control: socket.socket, message: dict[str, Any]) -> None:
    control.sendall(json.dumps(message).encode() + b"\n")


def _receive(control: socket.socket) -> tuple[dict[str, Any], int] | None:
    data, log = b"", -1
    while not data.endswith(b"\n"):
        block, fds, _, _ = socket.recv_fds(control, MESSAGE_LIMIT, 1)
        if not block:
            return None
        data += block
        log = fds[0] if fds else log
    return json.loads(data), log


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
