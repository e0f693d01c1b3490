"""Serves the final model in SageMaker's scikit-learn container, which calls these four functions in turn."""

from warmfold_jobs.serving import input_fn, model_fn, output_fn, predict_fn

__all__ = ["input_fn", "model_fn", "output_fn", "predict_fn"]
