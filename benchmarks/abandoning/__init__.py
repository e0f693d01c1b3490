"""Whether giving up candidates keeps the winner: real score matrices replayed, and live tuning."""

import sys
from pathlib import Path

TRAINING_CODE = Path(__file__).resolve().parents[2] / "training_code"
if str(TRAINING_CODE) not in sys.path:
    sys.path.insert(0, str(TRAINING_CODE))  # where SageMaker has it: the rule is what the container runs
