"""What a Lambda function's process runs: loads the handler, then answers one request a line until its input ends.

Requests come on stdin, answers go to the file descriptor named in WARMFOLD_ANSWERS, so that what the function prints is
log and nothing else; the first answer, `{"ready": true}`, says that the handler is loaded. After each answer one line
`\\0<request id>` on stdout says that its log is complete.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from decimal import Decimal
from typing import Any


class LambdaContext:
    """What AWS hands a handler beside the event."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn: str = request["arn"]
        self.aws_request_id: str = request["request_id"]
        self.identity = None
        self.client_context = None
        self._deadline: float = request["deadline"]

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function's timeout."""
        return max(0, int((self._deadline - time.time()) * 1000))


class MarshalError(Exception):
    """What a handler gave has no form in JSON."""


class _Encoder(json.JSONEncoder):
    """AWS's runtime writes a Decimal as the number that it is, and bytes as text."""

    def default(self, o: Any) -> Any:
        if isinstance(o, Decimal):
            return int(o) if str(o).lstrip("-").isdigit() else float(o)
        if isinstance(o, bytes):
            return o.decode()
        return super().default(o)


def _marshalled(result: Any) -> str:
    """A result as the runtime answers it: bytes as they are, all else as JSON."""
    if isinstance(result, bytes):
        return result.decode()
    try:
        return _Encoder().encode(result)
    except Exception as error:
        raise MarshalError(f"Unable to marshal response: {error}") from error


class HandlerNotFoundError(Exception):
    """The module has nothing of the handler's name."""


def _load() -> Callable[[Any, LambdaContext], Any]:
    name, _, attribute = os.environ["_HANDLER"].rpartition(".")
    module = importlib.import_module(name.replace("/", "."))
    if not hasattr(module, attribute):
        raise HandlerNotFoundError(f"Handler {attribute!r} missing on module {name!r}")
    handler: Callable[[Any, LambdaContext], Any] = getattr(module, attribute)
    return handler


def _error(error: BaseException, kind: str | None = None) -> dict[str, Any]:
    code = os.environ["LAMBDA_TASK_ROOT"]
    frames = [frame.replace(f'"{code}/', '"/var/task/') for frame in traceback.format_tb(error.__traceback__)[1:]]
    return {"errorMessage": str(error), "errorType": kind or type(error).__name__, "stackTrace": frames}


def _read(requests: queue.SimpleQueue[str]) -> None:
    """End the process when there is nobody any more who could ask, whatever the handler does."""
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)


def main() -> None:
    """Serve until stdin ends."""
    answers = os.fdopen(int(os.environ.pop("WARMFOLD_ANSWERS")), "w")
    broken: dict[str, Any] | None = None
    try:
        handler = _load()
    except HandlerNotFoundError as error:
        broken = {"errorMessage": str(error), "errorType": "Runtime.HandlerNotFound", "stackTrace": []}
    except Exception as error:  # noqa: BLE001 - it is the caller's to see
        traceback.print_exc()
        message = f"Unable to import module '{os.environ['_HANDLER'].rpartition('.')[0]}': {error}"
        broken = {"errorMessage": message, "errorType": "Runtime.ImportModuleError", "stackTrace": []}
    answers.write(json.dumps({"ready": True}) + "\n")
    answers.flush()
    requests: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    while True:
        request = json.loads(requests.get())
        answer: dict[str, Any]
        if broken is not None:
            answer = {"error": broken}
        else:
            try:
                answer = {"result": _marshalled(handler(request["event"], LambdaContext(request)))}
            except MarshalError as error:
                print(f"[ERROR] Runtime.MarshalError: {error}")
                failure = {"errorMessage": str(error), "errorType": "Runtime.MarshalError", "stackTrace": []}
                answer = {"error": {**failure, "requestId": request["request_id"]}}
            except Exception as error:  # noqa: BLE001 - it is the caller's to see
                failure = _error(error)
                print(f"[ERROR] {failure['errorType']}: {failure['errorMessage']}\n{''.join(failure['stackTrace'])}")
                frames = failure.pop("stackTrace")
                answer = {"error": {**failure, "requestId": request["request_id"], "stackTrace": frames}}
        sys.stderr.flush()
        print(f"\0{request['request_id']}", flush=True)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
