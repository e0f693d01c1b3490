"""One local cloud for all the conformance tests of a worker."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.endpoint import Endpoint, Told, archive
from tests.conformance.requests import BUCKET, SETTINGS
from tests.conformance.scripts import MODEL_FILES, TRAINING_FILES
from tests.ports import free_port
from warmfold.cloud import local


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    home = tmp_path_factory.mktemp("conformance")
    template = Path(__file__).parent / "template.yaml"
    cloud = local.up(home, free_port(), stack_name="conformance", template=template, sagemaker=SETTINGS)
    endpoint = Endpoint(cloud)
    endpoint.put("code/sourcedir.tar.gz", archive(TRAINING_FILES))
    endpoint.put("model/model.tar.gz", archive(MODEL_FILES))
    endpoint.put("code/echo.tar.gz", archive({"echo.py": MODEL_FILES["code/echo.py"]}))
    for part in (1, 2, 10):
        endpoint.put(f"parts/{part}/rows-{part}.csv", b"a,b\n1,2\n")
    manifest = [{"prefix": f"s3://{BUCKET}/parts/"}, "1/rows-1.csv", "10/rows-10.csv"]
    endpoint.put("the.manifest", json.dumps(manifest).encode())
    yield endpoint
    local.down(home)


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return itertools.count()


@pytest.fixture
def told(endpoint: Endpoint, numbers: Iterator[int]) -> Iterator[Callable[[str], Told]]:
    """Begins to listen to what EventBridge tells about a resource."""
    listeners: list[Told] = []

    def listen(resource: str) -> Told:
        listeners.append(Told(endpoint, resource, f"told-{next(numbers)}"))
        return listeners[-1]

    yield listen
    for listener in listeners:
        listener.end()
