"""A model's container, seen from outside: its process on an instance, its readiness, its answers."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warmfold.cloud.sagemaker.admission import StopSignal
from warmfold.cloud.sagemaker.instances import Instance, InstanceLost, Outcome, Task
from warmfold.cloud.sagemaker.logs import JobLog

START_SECONDS = 1800.0
"""As long as AWS asks a container for its health before it gives up."""
PING_TIMEOUT = 2.0
"""After which it is asked again."""
PARAMETERS_TIMEOUT = 60.0
POLL_SECONDS = 0.01
DEATH_SECONDS = 10.0
"""How long a broken connection may come before the news that its process ended."""


class ServerDied(Exception):
    """The server's process ended by itself; the text says how."""


class NoAnswer(Exception):
    """The server is there and did not answer; the text says why."""


@dataclass(frozen=True)
class Answer:
    """What the server answered to an invocation."""

    status: int
    body: bytes


class ModelServer:
    """A serving process; make it with `serving`, which also ends it."""

    def __init__(self, port_file: Path) -> None:
        self._port_file = port_file
        self._port = 0
        self._ended = threading.Event()
        self._outcome: Outcome | None = None
        self._lost: InstanceLost | None = None

    def wait_ready(self) -> None:
        """Wait until /ping answers 200; raises ServerDied (at once when it dies), NoAnswer and InstanceLost."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._ended.wait(POLL_SECONDS):
                self._tell_end()
            if not self._port_file.exists():
                continue
            self._port = int(self._port_file.read_text())
            try:
                if self._ask("GET", "/ping", timeout=PING_TIMEOUT).status == http.client.OK:
                    return
            except NoAnswer:
                continue
        raise NoAnswer(f"no HTTP 200 from /ping in {START_SECONDS:g} s")

    def execution_parameters(self) -> dict[str, Any]:
        """What the container says about its requests, empty when it says nothing; raises as `invoke` does."""
        answer = self._ask("GET", "/execution-parameters", timeout=PARAMETERS_TIMEOUT)
        if answer.status != http.client.OK:
            return {}
        try:
            return dict(json.loads(answer.body))
        except (ValueError, TypeError) as error:
            raise NoAnswer(f"/execution-parameters is no JSON object: {answer.body!r}") from error

    def invoke(self, body: bytes, content_type: str | None, accept: str | None, timeout: float) -> Answer:
        """Post to /invocations; raises ServerDied, NoAnswer and InstanceLost."""
        headers = {"Content-Type": content_type, "Accept": accept}
        return self._ask(
            "POST",
            "/invocations",
            body,
            {name: value for name, value in headers.items() if value is not None},
            timeout=timeout,
        )

    def run(self, instance: Instance, task: Task, stop: StopSignal, log: JobLog) -> None:
        """Run the process to its end, and note how it ended."""
        try:
            self._outcome = instance.run(task, log.write, stop, on_idle=log.flush)
        except InstanceLost as error:
            self._lost = error
        finally:
            self._ended.set()

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        timeout: float,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.read())
        except TimeoutError as error:
            raise NoAnswer(f"no answer in {timeout:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            if self._ended.wait(DEATH_SECONDS):
                self._tell_end()
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def _tell_end(self) -> None:
        if self._lost is not None:
            raise self._lost
        code = self._outcome.exit_code if self._outcome else 0
        raise ServerDied(f"signal {-code}" if code < 0 else f"exit code {code}")


@contextmanager
def serving(instance: Instance, task: Task, port_file: Path, stop: StopSignal, log: JobLog) -> Iterator[ModelServer]:
    """The task's process as a server for the length of the block; killed at its end, or when `stop` is raised."""
    halt = StopSignal()
    server = ModelServer(port_file)
    thread = threading.Thread(
        target=server.run, args=(instance, task, halt, log), name=f"serve-{port_file.parent.name}", daemon=True
    )
    with stop.calling(halt.set):
        thread.start()
        try:
            yield server
        finally:
            halt.set()
            thread.join()
