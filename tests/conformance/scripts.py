"""What the conformance suite's jobs run."""

TRAINING_FILES = {
    "fit.py": """
import json, os, pathlib, sys
import helper
hyperparameters = json.loads(os.environ["SM_HPS"])
rows = sorted(p.name for p in pathlib.Path(os.environ["SM_CHANNEL_TRAIN"]).rglob("*") if p.is_file())
print("rows", rows)
print("validation score:0.25;")
print(f"validation score:{hyperparameters['depth'] / 3!r};", file=sys.stderr)
print("imported", helper.NAME, sys.argv[1:], os.environ["TRAINING_JOB_NAME"])
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("fitted")
""",
    "helper.py": "NAME = 'sibling'\n",
    "client.py": """
import boto3
client = boto3.client("s3")
print("client", client.meta.region_name, client.meta.endpoint_url)
print("identity", boto3.client("sts").get_caller_identity()["Arn"])
""",
    "crash.py": "raise ValueError('no')\n",
    "deaf.py": """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: print("told", flush=True))
print("begun", flush=True)
time.sleep(600)
""",
    "score.py": """
import json, os, pathlib
values = json.loads(os.environ["SM_HPS"])
given = json.loads(pathlib.Path(os.environ["SM_INPUT_CONFIG_DIR"], "hyperparameters.json").read_text())
print("validation score:99;")
print(f"validation score:{-(values['x'] - values['centre']) ** 2!r};")
print("objective", given["_tuning_objective_metric"])
""",
    "values.py": """
import os
print("values", os.environ["SM_HPS"])
print("validation score:1;")
""",
    "toolkit.py": """
import os, pathlib
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
print("below", sorted(path.name for path in (base / "input/config").iterdir()), os.path.samefile(base / "code", "."))
print("values", os.environ["SM_HPS"])
print("word", repr(os.environ["SM_HP_WORD"]))
""",
    "given.py": """
import json, os
print(f"validation score:{json.loads(os.environ['SM_HPS'])['score']};")
""",
    "worker.py": """
import os
print("worker", os.getppid())
print("validation score:1;")
""",
    "fail.py": "raise SystemExit(1)\n",
    "silent.py": "print('nothing')\n",
    "hang.py": "import time\nprint('begun', flush=True)\ntime.sleep(600)\n",
    "slow.py": """
import json, os, time
time.sleep(600 if json.loads(os.environ["SM_HPS"])["x"] == 0 else 0)
print("validation score:1;")
""",
    "epochs.py": """
import json, os, time
x = json.loads(os.environ["SM_HPS"])["x"]
for value in dict(a=[1, 2, 3], b=[2, 3, 4], z=[2, 0.5], k=[1, 2, 3], l=[2, 3, 4])[x]:
    print(f"validation score:{value};", flush=True)
if x == "z":
    time.sleep(600)
""",
    "some.py": """
import json, os
x = json.loads(os.environ["SM_HPS"])["x"]
if x == "a":
    raise SystemExit(1)
if x != "b":
    print(f"validation score:{dict(c=1, d=2)[x]};")
""",
}

MODEL_FILES = {
    "factor.txt": "3",
    "code/inference.py": """
import csv, io, os, pathlib
import helper
def model_fn(model_dir):
    print("batch", *(os.environ["SAGEMAKER_" + n] for n in ("BATCH", "BATCH_STRATEGY", "MAX_PAYLOAD_IN_MB")))
    print("own", os.environ["OWN"], helper.NAME)
    return int(pathlib.Path(model_dir, "factor.txt").read_text())
def input_fn(body, content_type):
    print("input", type(body).__name__, content_type)
    return [float(row["x"]) for row in csv.DictReader(io.StringIO(body))]
def predict_fn(data, model):
    return [x * model for x in data]
def output_fn(prediction, accept):
    return "x3\\n" + "".join(f"{value:g}\\n" for value in prediction), accept
""",
    "code/helper.py": "NAME = 'sibling'\n",
    "code/client.py": """
import boto3
def model_fn(model_dir):
    client = boto3.client("s3")
    print("client", client.meta.region_name, client.meta.endpoint_url)
    print("identity", boto3.client("sts").get_caller_identity()["Arn"])
def transform_fn(model, content, content_type, accept):
    return content
""",
    "code/echo.py": """
def model_fn(model_dir):
    return None
def transform_fn(model, content, content_type, accept):
    print("content", type(content).__name__, content_type, accept)
    return content
""",
    "code/brackets.py": """
def model_fn(model_dir):
    return None
def execution_parameters_fn():
    return {"BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 1}
def transform_fn(model, content, content_type, accept):
    return "[" + content + "]", accept
""",
    "code/doubles.py": """
def model_fn(model_dir):
    return None
def transform_fn(model, content, content_type, accept):
    rows = [line.split(",") for line in content.splitlines()]
    return "".join(",".join(str(2 * float(cell)) for cell in row) + "\\n" for row in rows), accept
""",
    "code/first.py": """
def model_fn(model_dir):
    return None
def transform_fn(model, content, content_type, accept):
    return content.splitlines()[0], accept
""",
    "code/defaults.py": """
import numpy as np
class Doubler:
    def predict(self, data):
        assert data.dtype == np.float32
        return data * 2
def model_fn(model_dir):
    return Doubler()
""",
    "code/broken.py": "def model_fn(model_dir):\n    raise ValueError('the model is broken')\n",
    "code/none.py": "x = 1\n",
    "code/babbles.py": "def model_fn(model_dir):\n    pass\ndef execution_parameters_fn():\n    return 'six'\n",
    "code/slow_to_load.py": """
import time
def model_fn(model_dir):
    print("begun", flush=True)
    time.sleep(600)
""",
    "code/moods.py": """
import os, time
def model_fn(model_dir):
    return None
def transform_fn(model, content, content_type, accept):
    mood = content.strip()
    print("begun", mood, flush=True)
    if mood == "hang":
        time.sleep(600)
    if mood == "die":
        print("out of memory", end="", flush=True)
        os._exit(9)
    if mood == "number":
        return 7
    return mood.upper()
""",
}
