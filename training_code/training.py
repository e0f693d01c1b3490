"""Entry point of fold jobs and of the final job: one fit, scored, by what the plan says."""

import os
import sys

from warmfold_jobs import container
from warmfold_jobs.training.job import main

if __name__ == "__main__":
    sys.exit(container.run(main, os.environ))
