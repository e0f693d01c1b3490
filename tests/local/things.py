"""A small stack with one of each thing, and the ways in which the hooks' tests use it."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.waiting import until
from warmfold.cloud.local import LocalCloud

FOLDER = Path(__file__).parent / "hooks_stack"


@dataclass
class Things:
    cloud: LocalCloud
    outputs: dict[str, str]

    def client(self, service: str) -> Any:
        return self.cloud.session().client(service)

    def invoke(self, function: str = "Function", **event: Any) -> dict[str, Any]:
        client = self.client("lambda")
        return dict(client.invoke(FunctionName=self.outputs[function], Payload=json.dumps(event), LogType="Tail"))

    def messages(self, wanted: int, grace: float = 0.3) -> list[Any]:
        """The queue's messages once `wanted` are there, and those that come a little later."""
        sqs, found = self.client("sqs"), []

        def receive() -> None:
            for message in sqs.receive_message(QueueUrl=self.outputs["Queue"], MaxNumberOfMessages=10).get(
                "Messages", []
            ):
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.outputs["Queue"], ReceiptHandle=message["ReceiptHandle"])

        def enough() -> bool:
            receive()
            return len(found) >= wanted

        until(enough)
        end = time.monotonic() + grace
        while time.monotonic() < end:
            receive()
        return found

    def run(self, machine: str = "Machine", **given: Any) -> dict[str, Any]:
        return self.ended(self.start(machine, **given))

    def start(self, machine: str = "Machine", **given: Any) -> str:
        client = self.client("stepfunctions")
        started = client.start_execution(stateMachineArn=self.outputs[machine], input=json.dumps(given))
        return str(started["executionArn"])

    def job(self, name: str, *command: str) -> dict[str, Any]:
        """A CreateProcessingJob request."""
        return {
            "ProcessingJobName": name,
            "RoleArn": self.outputs["JobRoleArn"],
            "AppSpecification": {"ImageUri": "an-image", "ContainerEntrypoint": list(command)},
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
            "Tags": [{"Key": "own", "Value": "tag"}],
        }

    def job_status(self, name: str) -> str:
        return str(self.client("sagemaker").describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"])

    def run_definition(self, states: dict[str, Any], **options: Any) -> dict[str, Any]:
        """An execution of a state machine of these states, to its end."""
        started = self.client("stepfunctions").start_execution(stateMachineArn=self.machine(states, **options))
        return self.ended(started["executionArn"])

    def machine(self, states: dict[str, Any], **options: Any) -> str:
        """A new state machine of these states, the first of them the start."""
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **options}
        made = self.client("stepfunctions").create_state_machine(
            name=f"machine-{uuid.uuid4()}", definition=json.dumps(definition), roleArn=self.outputs["MachineRoleArn"]
        )
        return str(made["stateMachineArn"])

    def logged(self, words: str) -> int:
        """How many lines of the functions' log have these words."""
        events = self.client("logs").filter_log_events(logGroupName="/own/hooks")["events"]
        return sum(words in event["message"] for event in events)

    def ended(self, arn: str) -> dict[str, Any]:
        client = self.client("stepfunctions")

        def described() -> Any:
            found = client.describe_execution(executionArn=arn)
            return found if found["status"] != "RUNNING" else None

        return dict(until(described))


def outputs_of(cloud: LocalCloud, stack: str) -> dict[str, str]:
    described = cloud.session().client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
