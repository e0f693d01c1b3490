"""One local cloud for the clients that other people made: what the conformance suite's jobs need is in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.endpoint import Endpoint, archive
from tests.conformance.requests import SETTINGS
from tests.conformance.scripts import TRAINING_FILES
from tests.ports import free_port
from warmfold.cloud import local

TEMPLATE = Path(__file__).resolve().parents[1] / "conformance/template.yaml"


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.LocalCloud]:
    home = tmp_path_factory.mktemp("clients")
    yield local.up(home, free_port(), stack_name="conformance", template=TEMPLATE, sagemaker=SETTINGS)
    local.down(home)


@pytest.fixture(scope="session")
def endpoint(cloud: local.LocalCloud) -> Endpoint:
    endpoint = Endpoint(cloud)
    endpoint.put("code/sourcedir.tar.gz", archive(TRAINING_FILES))
    return endpoint
