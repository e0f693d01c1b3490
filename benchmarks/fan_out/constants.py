"""What the benchmark sets beside what SageMaker is taken to do (`virtual/assumptions.py`): folds, and the recipe."""

from __future__ import annotations

VARIATION = 0.2
"""Standard deviation of a fold's seconds over their mean; lognormal."""
CANDIDATES = 120

RECIPE_CREATE_PAUSE = 5.0
RECIPE_LOOK_PAUSE = 30.0
RECIPE_KEEP_ALIVE = 600
