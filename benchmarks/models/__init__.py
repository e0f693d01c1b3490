"""Tuning against the default hyperparameters, a plain scikit-learn and Optuna loop, and FLAML, on public datasets."""
