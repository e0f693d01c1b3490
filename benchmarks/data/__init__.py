"""The data path: how fast Split Dataset and the folds read, and in how much memory."""
