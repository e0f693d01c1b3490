"""Entry point of the processing job: splits a dataset into parts, holdout and rows to score."""

import sys

from warmfold_jobs.data.split import main

if __name__ == "__main__":
    sys.exit(main())
