"""warmfold on the user's own machine: the command and the local cloud."""
