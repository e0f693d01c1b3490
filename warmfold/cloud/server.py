"""The local cloud's one process: one port for every service, until SIGTERM."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from warmfold.cloud import home, middleware
from warmfold.cloud.app import Cloud
from warmfold.cloud.iam.enforcement import RECORD, is_on
from warmfold.cloud.listening import Server

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="warmfold.cloud.server")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--sagemaker", type=json.loads, default={}, help="settings of the local SageMaker, as JSON")
    given = parser.parse_args(arguments)
    try:
        home.make(given.home)
    except (home.HomeError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    os.umask(0o077)  # what jobs and functions leave is nobody else's to read
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in ("botocore", "waitress.queue", "werkzeug", "moto.stepfunctions.parser"):
        logging.getLogger(name).setLevel(logging.CRITICAL if name.startswith("moto") else logging.WARNING)
    os.environ |= {
        "MOTO_PORT": str(given.port),
        "AWS_DEFAULT_REGION": given.region,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    cloud = Cloud(
        given.home,
        given.port,
        given.region,
        given.sagemaker,
        enforce_iam=is_on(os.environ),
        iam_record=Path(os.environ[RECORD]) if RECORD in os.environ else None,
    )
    server = Server(middleware.application(cloud.steps), given.port)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())

    def serve() -> None:
        try:
            server.run()
        finally:
            stopping.set()

    threading.Thread(target=serve, name="server", daemon=True).start()
    logger.info("listening on %s", cloud.endpoint)
    stopping.wait()
    logger.info("stopping")
    cloud.shutdown()
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # requests that are still being answered, and moto's threads, would keep the process
