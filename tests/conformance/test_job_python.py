"""The Python of a job: what it installs is there for it, and never in the local cloud's own environment."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.endpoint import Endpoint, archive
from tests.conformance.requests import (
    BUCKET,
    channel,
    input_of,
    model,
    processing,
    program,
    scripted,
    transform,
)

IMPORTS = "import wf_own_wheel, numpy, sys\nprint('imported', wf_own_wheel.NAME, *sys.argv[1:])\n"
NOT_THERE = "a-package-that-nobody-has"
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/opt/ml/input/data/wheels", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


WHEEL = "wf_own_wheel-1.0-py3-none-any.whl"
BACKEND = """
import zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(folder + "/wf_fit-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("fit.py", open("fit.py").read())
        about = {"METADATA": "Metadata-Version: 2.1\\nName: wf-fit\\nVersion: 1\\n", "RECORD": ""}
        about["WHEEL"] = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        for name, text in about.items():
            wheel.writestr("wf_fit-1.dist-info/" + name, text)
    return "wf_fit-1-py3-none-any.whl"
"""
"""Builds a wheel with nothing but Python, as setuptools would want the package index."""


def wheel(word: str = "installed") -> bytes:
    """A package with one module, `wf_own_wheel`, and one command."""
    packed = io.BytesIO()
    about = "wf_own_wheel-1.0.dist-info"
    files = {
        "wf_own_wheel.py": f"NAME = {word!r}\ndef main():\n    print('command')\n",
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: wf-own-wheel\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": "[console_scripts]\nwf-own = wf_own_wheel:main\n",
    }
    with zipfile.ZipFile(packed, "w") as archived:
        for name, text in files.items():
            archived.writestr(name, text)
        archived.writestr(f"{about}/RECORD", "".join(f"{name},,\n" for name in [*files, f"{about}/RECORD"]))
    return packed.getvalue()


@pytest.fixture(scope="module", autouse=True)
def nothing_stays(endpoint: Endpoint) -> Any:
    """The wheel lies in the bucket; and after all jobs this environment, the local cloud's, has none of it."""
    endpoint.put(f"wheels/{WHEEL}", wheel())
    yield
    found = subprocess.run([sys.executable, "-c", "import wf_own_wheel"], capture_output=True, text=True, check=False)
    gone = "No module named 'wf_own_wheel'" in found.stderr
    assert gone, f"a job installed into {sys.prefix}: take it out, {sys.executable} -m pip uninstall wf-own-wheel"


def coded(endpoint: Endpoint, name: str, files: dict[str, str | bytes], script: str, **values: str) -> dict[str, Any]:
    """A request for a job with code of its own and the wheel in a channel."""
    endpoint.put(f"code/{name}.tar.gz", archive(files))
    code = program(script, sagemaker_submit_directory=f"s3://{BUCKET}/code/{name}.tar.gz", **values)
    inputs = [channel("wheels", f"s3://{BUCKET}/wheels/")]
    return scripted(name, script, InputDataConfig=inputs, Environment=OFFLINE, **code)


def test_requirements_are_installed_once_for_all_jobs_that_have_the_same(endpoint: Endpoint) -> None:
    for number, said in enumerate(["Successfully installed wf-own", "requirements.txt is installed already"]):
        name = f"requires-{number}"
        files: dict[str, str | bytes] = {"fit.py": IMPORTS, "requirements.txt": "wf_own_wheel==1.0  # ours\n"}
        job = endpoint.run(coded(endpoint, name, files, "fit.py", depth="3"))
        lines = endpoint.lines("training", name)
        assert job["TrainingJobStatus"] == "Completed", lines
        assert any(said in line.replace("wf_own", "wf-own") for line in lines), lines
        assert lines[-1] == "imported installed --depth 3"


def test_a_requirement_may_be_a_file_of_the_code(endpoint: Endpoint) -> None:
    for word in ("first", "second"):
        files = {"fit.py": IMPORTS, "requirements.txt": f"./parts/{WHEEL}\n", f"parts/{WHEEL}": wheel(word)}
        endpoint.run(coded(endpoint, f"requires-file-{word}", files, "fit.py"))
        assert endpoint.lines("training", f"requires-file-{word}")[-1] == f"imported {word}", (
            "another code, another file"
        )


def test_requirements_that_cannot_be_installed_fail_the_job_and_pip_says_why(endpoint: Endpoint) -> None:
    files = {"fit.py": "print('never')\n", "requirements.txt": NOT_THERE}
    job = endpoint.run(coded(endpoint, "requires-nothing", files, "fit.py"))
    assert (job["TrainingJobStatus"], job["FailureReason"]) == ("Failed", "AlgorithmError: , exit code: 1")
    lines = endpoint.lines("training", "requires-nothing")
    assert f"ERROR: No matching distribution found for {NOT_THERE}" in lines
    assert lines[-1] == "InstallRequirementsError: pip ended with exit code 1"


def test_code_with_a_setup_is_installed_and_run_as_a_module(endpoint: Endpoint) -> None:
    project = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
    files = {
        "fit.py": "print('run as', __spec__.name)\n",
        "setup.py": "",
        "backend.py": BACKEND,
        "pyproject.toml": project,
    }
    request = coded(endpoint, "has-a-setup", files, "fit.py")
    job = endpoint.run(request)
    assert job["TrainingJobStatus"] == "Completed", "\n".join(endpoint.lines("training", "has-a-setup"))
    assert endpoint.lines("training", "has-a-setup")[-1] == "run as fit"


@pytest.mark.parametrize("pip", ["sys.executable, '-m', 'pip'", "'pip'", "'pip3'"])
def test_what_a_training_script_installs_it_can_import(endpoint: Endpoint, pip: str, numbers: Any) -> None:
    files = {
        "fit.py": f"import subprocess, sys\nsubprocess.run([{pip}, 'install', 'wf_own_wheel'], check=True)\n{IMPORTS}"
    }
    name = f"installs-{next(numbers)}"
    job = endpoint.run(coded(endpoint, name, files, "fit.py"))
    assert job["TrainingJobStatus"] == "Completed", endpoint.lines("training", name)
    assert endpoint.lines("training", name)[-1] == "imported installed"


def test_what_a_processing_job_installs_it_can_import_and_call(endpoint: Endpoint) -> None:
    endpoint.put("code/installs/do.py", IMPORTS.encode())
    inputs = [input_of("code", f"s3://{BUCKET}/code/installs/"), input_of("wheels", f"s3://{BUCKET}/wheels/")]
    script = "pip install -q wf_own_wheel && python3 /opt/ml/processing/input/code/do.py && wf-own"
    environment = OFFLINE | {"PIP_FIND_LINKS": "/opt/ml/processing/input/wheels"}
    endpoint.run(processing("installs-p", script, ProcessingInputs=inputs, Environment=environment))
    assert endpoint.lines("processing", "installs-p")[:2] == ["imported installed", "command"]


def test_a_model_s_requirements_are_installed(endpoint: Endpoint, tmp_path: Path) -> None:
    script = "import wf_own_wheel\ndef model_fn(folder):\n    return wf_own_wheel.NAME\n"
    script += "def transform_fn(model, content, content_type, accept):\n    return model, accept\n"
    files = {"code/serve.py": script, "code/requirements.txt": "wf-own-wheel==1.0  # served\n"}
    endpoint.put("model/needy.tar.gz", archive(files))
    own = {"ModelDataUrl": f"s3://{BUCKET}/model/needy.tar.gz"}
    endpoint.sagemaker.create_model(**model("needy", "serve.py", PrimaryContainer=own))
    endpoint.put("in/needy/x.csv", b"1")
    links = tmp_path / WHEEL
    links.write_bytes(wheel())
    find = OFFLINE | {"PIP_FIND_LINKS": str(tmp_path)}
    job = endpoint.run(transform("needy", "needy", Environment=find))
    assert job["TransformJobStatus"] == "Completed", endpoint.lines("transform", "needy")
    assert endpoint.objects("out/needy/") == {"x.csv.out": b"installed"}


def test_a_shell_script_is_an_entry_point(endpoint: Endpoint) -> None:
    files = {"run.sh": '#!/bin/sh\necho "shell $SM_HP_DEPTH" "$@"\npwd\nexit 3\n'}
    job = endpoint.run(coded(endpoint, "by-shell", files, "run.sh", depth="3", words="a b"))
    said, where = endpoint.lines("training", "by-shell")
    assert said == "shell 3 --depth 3 --words a b"
    assert where.endswith("/opt/ml/code")
    assert job["FailureReason"] == "AlgorithmError: , exit code: 3"


def test_a_script_imports_from_the_pythonpath_of_its_environment(endpoint: Endpoint) -> None:
    files = {"fit.py": "import aside\nprint(aside.NAME)\n", "lib/aside.py": "NAME = 'aside'\n"}
    request = coded(endpoint, "pythonpath", files, "fit.py")
    endpoint.run(request | {"Environment": {"PYTHONPATH": "/nowhere:/opt/ml/code/lib"}})
    assert endpoint.lines("training", "pythonpath") == ["aside"]
