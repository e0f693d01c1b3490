"""What processes forked for fits find imported: nothing of scikit-learn is left for a fit to import."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("where", ["candidate", "instance"])
@pytest.mark.parametrize("estimator", ["linear", "hist_gradient_boosting"])
def test_a_fit_imports_nothing_of_scikit_learn_that_was_not_there(where: str, estimator: str) -> None:
    command = [sys.executable, "-m", "tests.unit.training_code.imported_late", where, estimator]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr
