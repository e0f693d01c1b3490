"""A training script as the public ones are: paths by name, arguments by argparse, a metric printed."""

import argparse
import os
import pathlib

parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=float, default=2)
parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
asked, _ = parser.parse_known_args()

rows = pathlib.Path("/opt/ml/input/data/train/rows.csv").read_text().splitlines()
print(f"rows {len(rows)}")
print(f"average model test score:{1 - (asked.depth - 3) ** 2 / 100};")
pathlib.Path("/opt/ml/model/model.txt").write_text(str(asked.depth))
