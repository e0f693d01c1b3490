"""Entry point of every candidate: its K folds, trained here or as jobs in warm pools, then the mean of their scores."""

import os
import sys

from warmfold_jobs import container
from warmfold_jobs.fan_out.candidate import main

if __name__ == "__main__":
    sys.exit(container.run(main, os.environ))
