"""Scripts of other people, which name /opt/ml in their text: it is the job's folder, and never the machine's own."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.endpoint import Endpoint, archive
from tests.conformance.requests import (
    BUCKET,
    SETTINGS,
    channel,
    input_of,
    model,
    output_of,
    processing,
    program,
    scripted,
    training,
    transform,
)
from tests.ports import free_port
from warmfold.cloud import local
from warmfold.cloud.sagemaker.core import may_mount

FILES = {
    "named.py": """
import json, pathlib
config = json.loads(pathlib.Path("/opt/ml/input/config/resourceconfig.json").read_text())
pathlib.Path("/opt/ml/model/model.txt").write_text(config["current_host"])
pathlib.Path('/opt/ml/output/data/seen.txt').write_text(open("/opt/ml/input/data/train/rows-1.csv").read())
""",
    "named.sh": "cat /opt/ml/input/config/resourceconfig.json > /opt/ml/model/model.txt\n",
    "split.py": """
import pathlib
rows = pathlib.Path("/opt/ml/processing/input/data/rows-1.csv").read_text()
pathlib.Path("/opt/ml/processing/output/rows.csv").write_text(rows)
""",
    "scale.py": """
def model_fn(model_dir):
    return float(open("/opt/ml/model/factor.txt").read())
def transform_fn(model, content, content_type, accept):
    return str(float(content) * model), accept
""",
}
ROWS = b"a,b\n1,2\n"
SPLIT = ["python3", "/opt/ml/processing/input/code/split.py"]
MOUNTED = pytest.mark.skipif(not may_mount(), reason="this system lets no process have a mount of its own")


def prepared(endpoint: Endpoint) -> Endpoint:
    endpoint.put("code/named.tar.gz", archive(FILES))
    endpoint.put("code/split/split.py", FILES["split.py"].encode())
    endpoint.put("code/driver/named.sh", FILES["named.sh"].encode())
    endpoint.put("parts/1/rows-1.csv", ROWS)
    endpoint.put("model/scale.tar.gz", archive({"factor.txt": "3", "code/scale.py": FILES["scale.py"]}))
    return endpoint


@pytest.fixture(scope="module")
def rewriting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A local cloud that mounts nothing, as on a system that does not let it."""
    home, template = tmp_path_factory.mktemp("rewriting"), Path(__file__).with_name("template.yaml")
    settings = SETTINGS | {"mount_opt_ml": False}
    yield Endpoint(local.up(home, free_port(), stack_name="conformance", template=template, sagemaker=settings))
    local.down(home)


@pytest.fixture(params=["mounted", "rewritten"])
def anywhere(request: pytest.FixtureRequest) -> Endpoint:
    """Each of the two ways in which a script has its /opt/ml."""
    return prepared(request.getfixturevalue({"mounted": "endpoint", "rewritten": "rewriting"}[request.param]))


def files_of(packed: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        files = ((entry.name, tar.extractfile(entry)) for entry in tar.getmembers() if entry.isfile())
        return {name: file.read() for name, file in files if file is not None}


def test_a_training_script_reads_and_writes_below_opt_ml(anywhere: Endpoint) -> None:
    code = program("named.py", sagemaker_submit_directory=f"s3://{BUCKET}/code/named.tar.gz")
    inputs = [channel("train", f"s3://{BUCKET}/parts/1/")]
    job = anywhere.run(scripted("names-opt-ml", "named.py", InputDataConfig=inputs, **code))
    assert job["TrainingJobStatus"] == "Completed", anywhere.lines("training", "names-opt-ml")
    outputs = anywhere.objects("runs/names-opt-ml/output/")
    assert files_of(outputs["model.tar.gz"]) == {"model.txt": b"algo-1"}
    assert files_of(outputs["output.tar.gz"]) == {"seen.txt": ROWS}
    assert not Path("/opt/ml/output/data/seen.txt").exists(), "the machine's own folder was written to"


def test_a_driver_in_a_channel_is_the_container_s_entry_point(anywhere: Endpoint) -> None:
    entry = {"ContainerEntrypoint": ["/bin/sh", "/opt/ml/input/data/driver/named.sh"]}
    inputs = [channel("driver", f"s3://{BUCKET}/code/driver/")]
    job = anywhere.run(training("driven", AlgorithmSpecification=entry, InputDataConfig=inputs))
    assert job["TrainingJobStatus"] == "Completed", anywhere.lines("training", "driven")
    (written,) = files_of(anywhere.objects("runs/driven/output/")["model.tar.gz"]).values()
    assert b"algo-1" in written


def test_a_processing_script_reads_and_writes_below_opt_ml(anywhere: Endpoint) -> None:
    inputs = [input_of("data", f"s3://{BUCKET}/parts/1/"), input_of("code", f"s3://{BUCKET}/code/split/")]
    application = {"ContainerEntrypoint": SPLIT}
    job = anywhere.run(processing("names-processing", AppSpecification=application, ProcessingInputs=inputs))
    assert job["ProcessingJobStatus"] == "Completed", anywhere.lines("processing", "names-processing")
    assert anywhere.objects("out/names-processing/") == {"rows.csv": ROWS}
    assert anywhere.lines("processing", "names-processing") == []
    assert not Path("/opt/ml/processing/output/rows.csv").exists(), "the machine's own folder was written to"


def test_a_model_is_loaded_from_below_opt_ml(anywhere: Endpoint) -> None:
    container = {"ModelDataUrl": f"s3://{BUCKET}/model/scale.tar.gz"}
    anywhere.sagemaker.create_model(**model("scale", "scale.py", PrimaryContainer=container))
    anywhere.put("in/scaled/two.csv", b"2")
    job = anywhere.run(transform("scaled", "scale"))
    assert job["TransformJobStatus"] == "Completed", anywhere.lines("transform", "scaled")
    assert anywhere.objects("out/scaled/") == {"two.csv.out": b"6.0"}


@MOUNTED
def test_what_a_job_unpacks_by_itself_finds_opt_ml_as_well(endpoint: Endpoint) -> None:
    prepared(endpoint)
    inputs = [input_of("data", f"s3://{BUCKET}/parts/1/"), input_of("packed", f"s3://{BUCKET}/code/named.tar.gz")]
    script = "cd $(mktemp -d) && tar xzf /opt/ml/processing/input/packed/named.tar.gz && python3 split.py"
    endpoint.run(processing("unpacks", script, ProcessingInputs=inputs))
    assert endpoint.objects("out/unpacks/") == {"rows.csv": ROWS}


@MOUNTED
def test_a_job_has_opt_ml_for_itself_and_the_rest_of_the_machine_as_it_is(endpoint: Endpoint) -> None:
    script = (
        "echo $TRAINING_JOB_NAME > /opt/ml/model/mine; pwd; ls /opt; id -u; for i in {n}; do cat /opt/ml/model/*; done"
    )
    names = ["alone-1", "alone-2"]
    for name in names:
        endpoint.create(training(name, script.format(n="1 2 3")))
    for name in names:
        assert endpoint.finished("training", name)["TrainingJobStatus"] == "Completed"
        where, *rest = endpoint.lines("training", name)
        assert where == "/opt/ml"
        assert set(rest[:-4]) == {*(path.name for path in Path("/opt").iterdir()), "ml"}
        assert rest[-4:] == [str(os.getuid()), name, name, name]


@MOUNTED
def test_scripts_are_told_opt_ml_by_its_name(endpoint: Endpoint) -> None:
    script = "echo $SM_MODEL_DIR $SM_CHANNEL_TRAIN $SAGEMAKER_BASE_DIR $OWN"
    inputs = {"InputDataConfig": [channel("train", f"s3://{BUCKET}/parts/1/")], "Environment": {"OWN": "/opt/ml/x"}}
    endpoint.run(training("told-opt-ml", script, **inputs))
    assert endpoint.lines("training", "told-opt-ml") == ["/opt/ml/model /opt/ml/input/data/train /opt/ml /opt/ml/x"]


def test_an_output_that_nothing_was_written_to_is_told_of_in_the_log(anywhere: Endpoint) -> None:
    outputs = [
        output_of(name, f"s3://{BUCKET}/out/half/{name}", LocalPath=f"/opt/ml/processing/{name}") for name in "ab"
    ]
    request = processing("half-written", "echo a > /opt/ml/processing/a/x", ProcessingOutputConfig={"Outputs": outputs})
    assert anywhere.run(request)["ProcessingJobStatus"] == "Completed"
    assert anywhere.lines("processing", "half-written") == [
        f"warmfold: nothing was written to /opt/ml/processing/b: s3://{BUCKET}/out/half/b gets nothing"
    ]
