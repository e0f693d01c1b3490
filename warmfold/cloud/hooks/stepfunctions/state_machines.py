"""Step Functions' state machines in templates."""

from __future__ import annotations

import json
from typing import Any

from moto.cloudformation import exceptions
from moto.s3.models import s3_backends
from moto.s3.utils import bucket_and_name_from_url
from moto.stepfunctions import models
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from warmfold.cloud.definitions import DefinitionError, read_definition
from warmfold.cloud.hooks.cloudformation.resources import Properties, around
from warmfold.cloud.hooks.stepfunctions.machines import logging_of


def install() -> None:
    """moto's state machines ignore DefinitionS3Location and DefinitionSubstitutions, share names and do nothing.

    Type, logging and tracing it does not take from templates either.
    """
    around(StateMachine, before=_define, after=_configure)
    models.stepfunctions_backends = stepfunctions_parser_backends


def _define(name: str, properties: Properties, account_id: str, original: StateMachine | None) -> None:
    for backend in stepfunctions_parser_backends[account_id].values():
        for machine in backend.state_machines:
            if machine.name == properties.get("StateMachineName") and original is None:
                raise exceptions.ValidationError(message=f"State Machine Already Exists: '{machine.arn}'")
    try:
        definition = read_definition(_definition(properties, account_id), properties.get("DefinitionSubstitutions", {}))
    except DefinitionError as error:
        raise exceptions.ValidationError(message=f"Invalid State Machine Definition of {name}: {error}") from error
    properties["DefinitionString"] = json.dumps(definition)


def _configure(machine: StateMachine, properties: Properties, _: str) -> None:
    machine.type = machine.sm_type = properties.get("StateMachineType", "STANDARD")
    machine.loggingConfiguration = logging_of(_lowered(properties.get("LoggingConfiguration", {})))
    machine.tracingConfiguration = {"enabled": False} | _lowered(properties.get("TracingConfiguration", {}))


def _lowered(value: Any) -> Any:
    """A property as the API names its members: destinations for Destinations."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _lowered(item) for name, item in value.items()}
    return [_lowered(item) for item in value] if isinstance(value, list) else value


def _definition(properties: Properties, account_id: str) -> str:
    """The definition's text, from wherever the properties have it."""
    location = properties.get("DefinitionS3Location")
    if location:
        if isinstance(location, str):
            bucket, key = bucket_and_name_from_url(location)
            location = {"Bucket": bucket, "Key": key}
        found = s3_backends[account_id]["aws"].get_object(location["Bucket"], location["Key"], location.get("Version"))
        return str(found.value.decode())
    given = properties.get("Definition") or properties.get("DefinitionString") or "{}"
    return given if isinstance(given, str) else json.dumps(given)
