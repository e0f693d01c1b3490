"""Step Functions' activities: work that programs fetch for themselves."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.stepfunctions.models import Activity, StepFunctionBackend
from moto.stepfunctions.parser.asl.eval.callback.callback import ActivityCallbackEndpoint
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends
from moto.stepfunctions.responses import StepFunctionResponse

from warmfold.cloud.hooks.cloudformation.resources import Properties, Setting, add
from warmfold.cloud.hooks.stepfunctions.answers import answer
from warmfold.cloud.hooks.stepfunctions.refusals import Refusal


class ActivityResource(Setting, CloudFormationModel):  # type: ignore[misc]
    """An activity in a template."""

    @staticmethod
    def cloudformation_type() -> str:
        """The type in a template."""
        return "AWS::StepFunctions::Activity"

    @staticmethod
    def cloudformation_name_type() -> str:
        """The property that names it."""
        return "Name"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Whether Fn::GetAtt has something to give."""
        return attr in ("Arn", "Name")

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """What Fn::GetAtt gives."""
        arn = self.physical_resource_id
        return arn if attribute_name == "Arn" else arn.rpartition(":")[2]

    def put(self, properties: Properties, account_id: str, region: str) -> None:
        """Create it; its ARN is what Ref gives."""
        backend = stepfunctions_parser_backends[account_id][region]
        tags = [{"key": tag["Key"], "value": tag["Value"]} for tag in properties.get("Tags", [])]
        made = backend.create_activity(properties.get("Name", self.physical_resource_id), tags=tags)
        self.physical_resource_id = made.arn

    def remove(self, properties: Properties, account_id: str, region: str) -> None:
        """Delete it."""
        stepfunctions_parser_backends[account_id][region].delete_activity(self.physical_resource_id)


WAIT_SECONDS = 60.0
"""For as long GetActivityTask waits for work, as on AWS."""
LOOK_SECONDS = 0.05


def install(now: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep) -> None:
    """moto has activities, but no work for them, and no GetActivityTask."""

    def add_task(self: Any, task: Any) -> None:
        _tasks(self).append(task)

    def get_activity_task(self: Any) -> Any:
        backend = self.stepfunction_backend
        activity = backend.describe_activity(self._get_param("activityArn"))
        end = now() + WAIT_SECONDS
        while now() < end:
            try:
                task = _tasks(activity).popleft()
            except IndexError:
                sleep(LOOK_SECONDS)
                continue
            if _begin(backend, task.task_token, self._get_param("workerName")):
                return answer({"taskToken": task.task_token, "input": task.task_input})
        return answer({})

    def describe_activity(self: Any, activity_arn: str) -> Any:
        self._validate_activity_arn(activity_arn)
        if activity_arn not in self.activities:
            raise Refusal("ActivityDoesNotExist", f"Activity Does Not Exist: '{activity_arn}'")
        activity = self.activities[activity_arn]
        activity.encryption_configuration = activity.encryption_configuration or {"type": "AWS_OWNED_KEY"}
        return activity

    def create_activity(self: Any, name: str, **options: Any) -> Any:
        there = [activity for activity in self.activities.values() if activity.name == name]
        return there[0] if there else create(self, name, **options)

    add(ActivityResource)
    create = StepFunctionBackend.create_activity
    Activity.add_task = add_task
    StepFunctionBackend.describe_activity = describe_activity
    StepFunctionBackend.create_activity = create_activity
    StepFunctionResponse.get_activity_task = get_activity_task


def _tasks(activity: Any) -> deque[Any]:
    tasks: deque[Any] = vars(activity).setdefault("tasks", deque())
    return tasks


def _begin(backend: StepFunctionsParserBackend, token: str, worker: str | None) -> bool:
    """Tell the execution that its task is being worked on; False when there is no such task any more."""
    for execution in backend._get_executions():
        env = execution.exec_worker.env
        endpoint = env.callback_pool_manager.get(callback_id=token) if env is not None else None
        if isinstance(endpoint, ActivityCallbackEndpoint):
            endpoint.notify_activity_task_start(worker_name=worker)
            return True
    return False
