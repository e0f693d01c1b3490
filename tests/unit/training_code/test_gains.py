"""A gain is said as what the metric did, with as many digits as its interval tells."""

from __future__ import annotations

import pytest

from warmfold_catalogue.metrics import load_metric
from warmfold_jobs.training.gains import gained
from warmfold_jobs.training.intervals import Interval

UNTOLD = (None, None)


@pytest.mark.parametrize(
    ("metric", "gain", "ends", "said"),
    [
        ("neg_mean_absolute_error", 2.0561, (1.6, 2.55), "mean absolute error lower by 2.06 (1.60 to 2.55)"),
        ("neg_mean_absolute_error", -2.0561, (-2.55, -1.6), "mean absolute error higher by 2.06 (1.60 to 2.55)"),
        ("neg_mean_absolute_error", -0.5, (-2.0, 1.0), "mean absolute error higher by 0.5 (-1.0 to 2.0)"),
        ("neg_log_loss", 0.25, UNTOLD, "log loss lower by 0.25"),
        ("neg_log_loss", -0.25, UNTOLD, "log loss higher by 0.25"),
        ("neg_max_error", 2e160, (1e160, 3e160), "largest error lower by 2e+160 (1e+160 to 3e+160)"),
        ("neg_max_error", 0.0, (0.0, 0.0), "largest error lower by 0 (0 to 0)"),
        ("roc_auc", 0.0213, (0.011, 0.031), "+0.021 ROC AUC (0.011 to 0.031)"),
        ("roc_auc", -0.0213, (-0.031, -0.011), "-0.021 ROC AUC (-0.031 to -0.011)"),
        ("roc_auc", 0.0213, UNTOLD, "+0.0213 ROC AUC"),
    ],
)
def test_a_gain_is_said_by_which_way_the_metric_went(
    metric: str, gain: float, ends: tuple[float | None, float | None], said: str
) -> None:
    assert gained(load_metric(metric), gain, Interval(*ends, "so")) == said
