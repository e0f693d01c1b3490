"""Does as the event says."""

import decimal
import json
import os
import pathlib
import time

import boto3


class OutOfCheeseError(Exception):
    """A cause that a state machine can catch by name."""


def handle(event, context):
    do = event.get("do", "echo")
    print(f"asked to {do}")
    if do == "fail":
        raise OutOfCheeseError("no cheese")
    if do == "hang":
        while not pathlib.Path(event.get("until", "/nowhere")).exists():
            time.sleep(0.1)
        print("hangs no longer")
    if do == "exit":
        os._exit(3)
    if do == "tell":
        return {
            "caller": boto3.client("sts").get_caller_identity()["Arn"],
            "layer": json.loads(pathlib.Path(os.environ["LAYER_FOLDER"], "fact.json").read_text()),
            "milliseconds": context.get_remaining_time_in_millis(),
            "process": os.getpid(),
            "word": os.environ["WORD"],
        }
    if do == "echo":
        boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps({"function": event}))
    return event


def echo(event, _context):
    return event


def give(event, _context):
    if event == "raise":
        raise ValueError(event)
    return {
        "decimal": {"whole": decimal.Decimal(5), "part": decimal.Decimal("1.5")},
        "bytes": b'"as it is"',
        "set": {1},
    }[event]
