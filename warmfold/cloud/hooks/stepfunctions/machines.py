"""Step Functions' state machines: made once, changed by revisions, published as versions, shown as AWS shows them."""

from __future__ import annotations

import functools
import uuid
from typing import Any

from moto.stepfunctions.models import StateMachine, StateMachineVersion
from moto.stepfunctions.parser.asl.static_analyser.variable_references_static_analyser import (
    VariableReferencesStaticAnalyser,
)
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from warmfold.cloud.hooks.stepfunctions.answers import answer
from warmfold.cloud.hooks.stepfunctions.pages import page
from warmfold.cloud.hooks.stepfunctions.refusals import Refusal
from warmfold.cloud.hooks.stepfunctions.validation import diagnose

NOT_BUILT = ("ItemBatcher",)
"""Fields of a definition that the interpreter does not know."""

OFF = {"level": "OFF", "includeExecutionData": False}
NOTHING_TO_UPDATE = (
    "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified"
)


def install() -> None:
    """Mend moto's state machines; each function below says what."""
    _validate()
    _create()
    _update()
    _versions()
    _describe()


def logging_of(given: Any) -> dict[str, Any]:
    """A logging configuration with what it leaves out; refuses one that logs nowhere."""
    whole = OFF | (given or {})
    if whole["level"] != "OFF" and len(whole.get("destinations") or []) != 1:
        raise Refusal(
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Must specify exactly one Log Destination.",
        )
    return whole


def _validate() -> None:
    """moto takes a definition whose states lead nowhere, or to a state that is not there."""
    parse = StepFunctionsParserBackend._validate_definition

    def validate(definition: str, *, express: bool = False) -> None:
        found = diagnose(definition, express=express)
        absent = sorted(name for name in NOT_BUILT if f'"{name}"' in definition)
        if absent and not found:
            raise NotImplementedError(f"a Distributed Map with {', '.join(absent)}")
        if found:
            told = ", ".join(map(str, found))
            raise Refusal("InvalidDefinition", f"Invalid State Machine Definition: '{told}'")
        parse(definition)

    StepFunctionsParserBackend._validate_definition = staticmethod(validate)


def _create() -> None:
    """moto keeps the first of two state machines of one name, and says nothing; a type EXPRESS it forgets."""
    create = StepFunctionsParserBackend.create_state_machine

    @functools.wraps(create)
    def create_once(self: Any, name: str, definition: str, roleArn: str, **options: Any) -> Any:  # noqa: N803
        options["loggingConfiguration"] = logging_of(options.get("loggingConfiguration"))
        kind = options.get("sm_type") or "STANDARD"
        tracing = options.get("tracingConfiguration") or {"enabled": False}
        there = self._revision_by_name(name)
        wanted = (definition, kind, options["loggingConfiguration"], tracing)
        if there is not None:
            if wanted != (there.definition, there.type, there.loggingConfiguration, there.tracingConfiguration):
                raise Refusal("StateMachineAlreadyExists", f"State Machine Already Exists: '{there.arn}'")
            return there
        self._validate_definition(definition, express=kind == "EXPRESS")
        publish, description = options.pop("publish", None), options.pop("version_description", None)
        made = create(self, name, definition, roleArn, **options)
        made.sm_type = kind
        if publish:
            published(made, description)
        return made

    StepFunctionsParserBackend.create_state_machine = create_once


def _update() -> None:
    """moto's state machines have no revisions."""
    update = StepFunctionsParserBackend.update_state_machine

    @functools.wraps(update)
    def update_as_revision(self: Any, arn: str, *positional: Any, **given: Any) -> Any:
        given |= dict(zip(("definition", "role_arn"), positional, strict=False))
        if not any(value for name, value in given.items() if name not in ("publish", "version_description")):
            raise Refusal("MissingRequiredParameter", NOTHING_TO_UPDATE)
        if given.get("logging_configuration"):
            given["logging_configuration"] = logging_of(given["logging_configuration"])
        machine = self.describe_state_machine(arn)
        if not isinstance(machine, StateMachine):  # a version stays as it was published
            raise Refusal("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        if given.get("definition"):
            self._validate_definition(given["definition"], express=machine.type == "EXPRESS")
        before = _revised(machine)
        publish, description = given.pop("publish", None), given.pop("version_description", None)
        update(self, arn, **given)
        if _revised(machine) != before:
            machine.revision_id = str(uuid.uuid4())
        if publish:
            published(machine, description)
        return machine

    def update_state_machine(self: Any) -> Any:
        names = {
            "definition": "definition",
            "role_arn": "roleArn",
            "logging_configuration": "loggingConfiguration",
            "tracing_configuration": "tracingConfiguration",
            "encryption_configuration": "encryptionConfiguration",
            "publish": "publish",
            "version_description": "versionDescription",
        }
        given = {name: self._get_param(member) for name, member in names.items()}
        _refuse_description(given["version_description"], given["publish"])
        machine = self.stepfunction_backend.update_state_machine(self._get_param("stateMachineArn"), **given)
        told = {"updateDate": machine.update_date}
        if machine.revision_id:
            told["revisionId"] = machine.revision_id
        if given["publish"]:
            told["stateMachineVersionArn"] = machine.latest_version.arn
        return answer(told)

    StateMachine.revision_id = None
    StateMachineVersion.revision_id = None
    StepFunctionsParserBackend.update_state_machine = update_as_revision
    StepFunctionResponse.update_state_machine = update_state_machine


def _revised(machine: Any) -> tuple[Any, ...]:
    return machine.definition, machine.roleArn, machine.loggingConfiguration


def _refuse_description(description: str | None, publish: bool | None) -> None:
    if description and not publish:
        raise Refusal("ValidationException", "Version description can only be set when publish is true")


def published(machine: Any, description: str | None) -> Any:
    """The version of a state machine as it is now: the one that there is, or a new one."""
    for version in machine.versions.values():
        if version.revision_id == machine.revision_id:
            machine.latest_version = version
            return version
    machine.publish(description)
    version = machine.latest_version
    version.revision_id = machine.revision_id
    version.sm_type = machine.sm_type
    return version


def _versions() -> None:
    """moto publishes versions when it makes or changes a state machine only, and each time anew."""

    def publish_state_machine_version(self: Any) -> Any:
        arn, revision = self._get_param("stateMachineArn"), self._get_param("revisionId")
        machine = self.stepfunction_backend.describe_state_machine(arn)
        if not isinstance(machine, StateMachine):
            raise Refusal("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        if revision is not None and revision != machine.revision_id:
            raise Refusal(
                "ConflictException",
                f"Failed to publish the State Machine version for revision {revision}. "
                f"The current State Machine revision is {machine.revision_id}.",
            )
        version = published(machine, self._get_param("description"))
        return answer({"creationDate": version.creation_date, "stateMachineVersionArn": version.arn})

    def list_state_machine_versions(self: Any) -> Any:
        machine = self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn"))
        versions = [version for _, version in sorted(getattr(machine, "versions", {}).items(), reverse=True)]
        shown, token = page(versions, self._get_param)
        listed = [{"stateMachineVersionArn": one.arn, "creationDate": one.creation_date} for one in shown]
        return answer({"stateMachineVersions": listed, "nextToken": token})

    def delete_state_machine_version(self: Any) -> Any:
        arn = self._get_param("stateMachineVersionArn")
        backend = self.stepfunction_backend
        backend._validate_machine_arn(arn)
        for machine in backend.state_machines:
            for number, version in list(machine.versions.items()):
                if version.arn == arn:
                    _refuse_referenced(machine, arn)
                    del machine.versions[number]
        return answer({})

    StepFunctionResponse.publish_state_machine_version = publish_state_machine_version
    StepFunctionResponse.list_state_machine_versions = list_state_machine_versions
    StepFunctionResponse.delete_state_machine_version = delete_state_machine_version


def _refuse_referenced(machine: Any, version_arn: str) -> None:
    aliases = [
        alias.name
        for alias in machine.aliases.values()
        if version_arn in {one["stateMachineVersionArn"] for one in alias.routing_configuration}
    ]
    if aliases:
        raise Refusal(
            "ConflictException",
            "Version to be deleted must not be referenced by an alias. "
            f"Current list of aliases referencing this version: [{', '.join(aliases)}]",
        )


def _describe() -> None:
    """moto shows no revision, no variables and no update."""

    def describe_state_machine(self: Any) -> Any:
        machine = self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn"))
        shown = _shown(machine) | {
            "creationDate": machine.creation_date,
            "status": "ACTIVE",
            "type": machine.type,
        }
        if self._get_param("includedData") == "METADATA_ONLY":
            del shown["definition"]
        if machine.description:
            shown["description"] = machine.description
        return answer(shown)

    def describe_state_machine_for_execution(self: Any) -> Any:
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        machine = execution.state_machine
        shown = _shown(machine) | {"updateDate": machine.update_date}
        shown["stateMachineArn"] = execution.state_machine_arn
        return answer(shown)

    StepFunctionResponse.describe_state_machine = describe_state_machine
    StepFunctionResponse.describe_state_machine_for_execution = describe_state_machine_for_execution


def _shown(machine: Any) -> dict[str, Any]:
    shown = {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "definition": machine.definition,
        "roleArn": machine.roleArn,
        "loggingConfiguration": logging_of(machine.loggingConfiguration),
        "tracingConfiguration": machine.tracingConfiguration,
        "encryptionConfiguration": machine.encryptionConfiguration,
    }
    if machine.revision_id:
        shown["revisionId"] = machine.revision_id
    variables = VariableReferencesStaticAnalyser.process_and_get(definition=machine.definition)
    if variables:
        shown["variableReferences"] = variables
    return shown
