"""The experiment that a command uploads is the one that it has checked."""

from __future__ import annotations

import pytest

from warmfold.cli._experiment import overrides, text_with
from warmfold_experiment.load import load_experiment


@pytest.mark.parametrize("target", ["1e5", "1E-4", "+1e1", "on", "2024-01-01", "x\x85y", "1_000", "é"])
def test_texts_stay_texts(target: str) -> None:
    given = overrides(target, None, None, ["search.hyperparameters.C=1e-4"])
    given.keys["missing_values"] = [target]
    uploaded = load_experiment(text_with(b"{positive_class: '1e3', missing_values: ['1']}", given), None)
    assert uploaded.target == target
    assert uploaded.missing_values == [target]
    assert uploaded.positive_class == "1e3"
    assert uploaded.search.hyperparameters == {"C": 1e-4}
