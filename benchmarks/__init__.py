"""The performance claims, each a command."""

import sys
from pathlib import Path

for _folder in ("training_code", "functions"):
    _path = str(Path(__file__).parents[1] / _folder)
    if _path not in sys.path:
        sys.path.insert(0, _path)  # where SageMaker and Lambda have them: what is measured is what runs there
