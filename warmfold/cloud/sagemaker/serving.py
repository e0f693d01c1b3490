"""The program that serves a model over HTTP, by the contract of SageMaker's scikit-learn container in script mode.

Run as `serving.py <port file>` with the environment SAGEMAKER_BASE_DIR (what stands for /opt/ml) and SAGEMAKER_PROGRAM,
the script's folder first on sys.path. It loads the model, listens on a free port of 127.0.0.1, writes the port's number
to the file, and answers GET /ping, GET /execution-parameters and POST /invocations until it is killed.
"""

import importlib
import io
import json
import os
import sys
import traceback
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"
TEXT_TYPES = (JSON, CSV)
"""What a script gets as str; everything else, these with parameters included, it gets as bytes."""

Answer = tuple[bytes, str]
"""Body and content type."""


class UnsupportedFormat(Exception):
    """The container's own input_fn or output_fn does not know a content type."""

    def __init__(self, status: HTTPStatus, content_type: str) -> None:
        super().__init__(f"Content type {content_type} is not supported by this framework; know {JSON}, {CSV}, {NPY}")
        self.status = status


class Script:
    """The user's functions, or the container's own in their place, around the loaded model."""

    def __init__(self, module: ModuleType, model_dir: str) -> None:
        own = {name: getattr(module, name, None) for name in ("input_fn", "predict_fn", "output_fn")}
        self._transform = getattr(module, "transform_fn", None)
        if self._transform and any(own.values()):
            raise ValueError("Cannot use transform_fn implementation with input_fn, predict_fn, and/or output_fn")
        self._input = own["input_fn"] or default_input_fn
        self._predict = own["predict_fn"] or default_predict_fn
        self._output = own["output_fn"] or default_output_fn
        self.execution_parameters: Callable[[], Any] | None = getattr(module, "execution_parameters_fn", None)
        if not hasattr(module, "model_fn"):
            raise NotImplementedError(f"{module.__name__}.py has no model_fn; please provide a model_fn(model_dir)")
        self._model = module.model_fn(model_dir)

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """The answer to one invocation; whatever the functions raise."""
        content: str | bytes = body.decode("utf-8", "replace") if content_type in TEXT_TYPES else body
        if self._transform:
            result = self._transform(self._model, content, content_type, accept)
        else:
            result = self._output(self._predict(self._input(content, content_type), self._model), accept)
        text, kind = result if isinstance(result, tuple) else (result, JSON)
        if isinstance(text, str):
            text = text.encode()
        if not isinstance(text, bytes | bytearray):
            raise TypeError(f"output_fn returned a body of type {type(text).__name__}; it must be str or bytes")
        return bytes(text), kind


def default_input_fn(content: str | bytes, content_type: str) -> Any:
    """The content as an array, of float32 when it came as text."""
    import numpy as np

    if content_type == NPY and isinstance(content, bytes):
        return np.load(io.BytesIO(content), allow_pickle=False)
    if content_type == JSON:
        return np.array(json.loads(content)).astype(np.float32)
    if content_type == CSV and isinstance(content, str):
        return np.loadtxt(io.StringIO(content), delimiter=",", dtype=np.float32, quotechar='"')
    raise UnsupportedFormat(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, content_type)


def default_predict_fn(data: Any, model: Any) -> Any:
    """The model's own prediction."""
    return model.predict(data)


def default_output_fn(prediction: Any, accept: str) -> tuple[str | bytes, str]:
    """The prediction as JSON, CSV or NPY."""
    import numpy as np

    if accept == JSON:
        return json.dumps(np.asarray(prediction).tolist()), accept
    if accept not in (CSV, NPY):
        raise UnsupportedFormat(HTTPStatus.NOT_ACCEPTABLE, accept)
    if accept == NPY:
        packed = io.BytesIO()
        np.save(packed, prediction)
        return packed.getvalue(), accept
    rows = np.asarray(prediction).reshape(len(prediction), -1).tolist()
    return "".join(",".join(map(str, row)) + "\n" for row in rows), accept


class Handler(BaseHTTPRequestHandler):
    """The container's three addresses."""

    protocol_version = "HTTP/1.1"
    script: Script

    def do_GET(self) -> None:
        """Answer /ping, and /execution-parameters when the script tells them."""
        if self.path == "/ping":
            self._send(HTTPStatus.OK, b"", JSON)
        elif self.path == "/execution-parameters" and self.script.execution_parameters:
            self._attempt(self.script.execution_parameters)
        else:
            self._send(HTTPStatus.NOT_FOUND, b"", JSON)

    def do_POST(self) -> None:
        """Answer /invocations."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/invocations":
            self._send(HTTPStatus.NOT_FOUND, b"", JSON)
            return
        content_type = self.headers.get("Content-Type") or JSON
        accept = self.headers.get("Accept")
        if accept in (None, "", "*/*"):
            accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)
        self._attempt(lambda: self.script.answer(body, content_type, accept or JSON))

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log invocations only, as pings say nothing."""
        if self.path == "/invocations":
            super().log_request(code, size)

    def _attempt(self, work: Callable[[], Any]) -> None:
        try:
            result = work()
            body, kind = result if isinstance(result, tuple) else (_as_json(result), JSON)
        except Exception as error:  # noqa: BLE001 - the script is the user's
            traceback.print_exc()
            status = error.status if isinstance(error, UnsupportedFormat) else HTTPStatus.INTERNAL_SERVER_ERROR
            told = "".join(traceback.format_exception_only(error)).strip()
            self._send(status, told.encode("utf-8", "replace"), "text/plain")
        else:
            self._send(HTTPStatus.OK, body, kind)

    def _send(self, status: HTTPStatus, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _as_json(parameters: Any) -> bytes:
    return (parameters if isinstance(parameters, str) else json.dumps(parameters)).encode()


def main(port_file: Path) -> None:
    """Load the script and the model, and serve."""
    module = importlib.import_module(Path(os.environ["SAGEMAKER_PROGRAM"]).stem)
    Handler.script = Script(module, str(Path(os.environ["SAGEMAKER_BASE_DIR"], "model")))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    half = port_file.with_suffix(".part")
    half.write_text(str(server.server_address[1]))
    half.replace(port_file)  # who reads it never sees half a number
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
