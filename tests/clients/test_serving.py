"""The scikit-learn container installs a model's `code/` with pip, offline, before it serves: all of it must arrive."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.clients.toolkit import IS_THERE, ROOT, VENV, WHY_NOT, environment
from warmfold_run.sources import source_files

pytestmark = pytest.mark.skipif(not IS_THERE, reason=WHY_NOT)

SETUP = (
    'from setuptools import setup\nsetup(name="inference", version="1.0.0", packages=[""], include_package_data=True)\n'
)
"""What the container adds where there is no setup.py: one package without a name, and every file as its data."""
MANIFEST = "recursive-include . *\n"
SERVE = """
import inference, warmfold_jobs, sys
print(inference.__file__, warmfold_jobs.__file__)
answer, kind = inference.output_fn(inference.input_fn(b"a,b\\n1,x\\n", "text/csv"), "text/csv")
print(repr(answer), kind)
"""


def test_the_model_s_code_serves_as_the_container_installs_it(tmp_path: Path) -> None:
    code, installed = tmp_path / "code", tmp_path / "installed"
    for name in source_files(ROOT / "training_code"):
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).write_bytes((ROOT / "training_code" / name).read_bytes())
    (code / "setup.py").write_text(SETUP)
    (code / "MANIFEST.in").write_text(MANIFEST)
    offline = environment({}) | {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    pip = [VENV / "bin/python", "-m", "pip", "install", "--target", installed, "."]
    subprocess.run(pip, cwd=code, env=offline, check=True, capture_output=True)
    python = [VENV / "bin/python", "-P", "-c", SERVE]
    served = environment({}) | {"PYTHONPATH": str(installed)}
    told = subprocess.run(python, cwd=tmp_path, env=served, check=True, capture_output=True, text=True).stdout
    places, answer = told.splitlines()
    assert places == f"{installed / 'inference.py'} {installed / 'warmfold_jobs/__init__.py'}"
    assert answer == r"'a,b\n1,x\n' text/csv"
