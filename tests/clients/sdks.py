"""The environments that have the SageMaker Python SDKs, which nothing else needs: `make test-programs` makes them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from warmfold.cloud.local import LocalCloud

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).with_name("programs")


def python_of(version: int) -> Path:
    """The interpreter that has a version of the SDK."""
    return ROOT / f".venv-sdk-{version}" / "bin" / "python"


def needs_sdk(version: int) -> Any:
    """The mark of tests that need it."""
    there = python_of(version).exists()
    return pytest.mark.skipif(not there, reason=f"the SageMaker SDK {version} is not there: make test-programs")


def told_by(version: int, program: Path, cloud: LocalCloud, *arguments: str) -> dict[str, Any]:
    """What a program of the SDK's user, against a local cloud, prints in its last line."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [python_of(version), program, *arguments],
        env=environment | cloud.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))
