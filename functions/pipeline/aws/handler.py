"""What every handler is wrapped in: its log and trace, its event and environment checked, AWS at hand."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from aws_lambda_powertools.utilities.parser import BaseModel, event_parser
from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.aws import clients
from pipeline.aws.environment import Environment
from pipeline.aws.jobs import Jobs
from pipeline.aws.registry import Registry
from pipeline.aws.storage import Storage
from pipeline.aws.telemetry import logger, tracer
from pipeline.aws.time_left import time_left

Event = TypeVar("Event", bound=BaseModel)
Given = TypeVar("Given", bound=Environment)
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Surroundings(Generic[Given]):
    """What a function finds around it: its environment, whether there is time for one more call, and AWS."""

    environment: Given
    has_time: Callable[[], bool]

    @property
    def storage(self) -> Storage:
        """The data bucket."""
        return Storage(clients.s3_client(), self.environment.data_bucket)

    @property
    def jobs(self) -> Jobs:
        """SageMaker's jobs."""
        return Jobs(clients.sagemaker_client())

    @property
    def registry(self) -> Registry:
        """SageMaker's model packages."""
        return Registry(clients.sagemaker_client())


def handler(
    event: type[Event], environment: type[Given]
) -> Callable[[Callable[[Event, Surroundings[Given]], Answer]], Callable[[dict[str, Any], LambdaContext], Answer]]:
    """Make a Lambda handler of what takes an event of that model, and the surroundings with that environment.

    An event that is not of the model and a variable that is missing are pydantic's ValidationError.
    """

    def decorate(
        function: Callable[[Event, Surroundings[Given]], Answer],
    ) -> Callable[[dict[str, Any], LambdaContext], Answer]:
        @logger.inject_lambda_context
        @tracer.capture_lambda_handler
        @event_parser(model=event)
        @functools.wraps(function)
        def lambda_handler(parsed: Event, context: LambdaContext) -> Answer:
            return function(parsed, Surroundings(environment.read(os.environ), time_left(context)))

        return lambda_handler

    return decorate
