"""Step Functions' aliases: names that lead to versions of a state machine, by weight."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.core.responses import EmptyResult
from moto.stepfunctions.models import StateMachineAlias
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from warmfold.cloud.hooks.stepfunctions.answers import answer
from warmfold.cloud.hooks.stepfunctions.pages import page
from warmfold.cloud.hooks.stepfunctions.refusals import Refusal, breaks, invalid

NAME = r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$"
LONGEST_NAME = 80
MOST_VERSIONS = 2

Routes = Sequence[Mapping[str, Any]]


def install() -> None:
    """moto has other words for what is wrong with an alias, takes two of one name, and starts no execution by one."""

    def create_state_machine_alias(self: Any) -> Any:
        name, routes = self._get_param("name"), self._get_param("routingConfiguration")
        backend = self.stepfunction_backend
        _check_name(name)
        machine = _routed(backend, routes)
        made = StateMachineAlias(name, machine.arn, routes, self._get_param("description"))
        there = machine.aliases.get(name)
        if there is not None and (there.routing_configuration, there.description) != (routes, made.description):
            raise Refusal(
                "ConflictException",
                "Failed to create alias because an alias with the same name and a different routing configuration "
                "already exists.",
            )
        alias = machine.aliases.setdefault(name, made)
        return answer({"creationDate": alias.creation_date, "stateMachineAliasArn": alias.arn})

    def update_state_machine_alias(self: Any) -> Any:
        description, routes = self._get_param("description"), self._get_param("routingConfiguration")
        if description is None and routes is None:
            raise Refusal(
                "MissingRequiredParameter", "Either the description or the RoutingConfiguration must be specified"
            )
        alias = alias_of(self.stepfunction_backend, self._get_param("stateMachineAliasArn"))
        if alias is None:
            raise Refusal("ResourceNotFound", "Request references a resource that does not exist.")
        if routes is not None and _routed(self.stepfunction_backend, routes).arn != alias.statemachine_arn:
            raise Refusal("ValidationException", "An alias leads to versions of its own state machine only.")
        alias.update(description=description, routing_configuration=routes)
        return answer({"updateDate": alias.update_date})

    def list_state_machine_aliases(self: Any) -> Any:
        arn = self._get_param("stateMachineArn")
        machine = self.stepfunction_backend.describe_state_machine(arn)
        found = sorted(machine.aliases.values(), key=lambda alias: alias.creation_date)
        shown, token = page(found, self._get_param)
        listed = [{"stateMachineAliasArn": one.arn, "creationDate": one.creation_date} for one in shown]
        return answer({"stateMachineAliases": listed, "nextToken": token})

    def delete_state_machine_alias(self: Any) -> Any:
        alias = alias_of(self.stepfunction_backend, self._get_param("stateMachineAliasArn"))
        if alias is not None:
            del self.stepfunction_backend.describe_state_machine(alias.statemachine_arn).aliases[alias.name]
        return EmptyResult()

    StepFunctionResponse.create_state_machine_alias = create_state_machine_alias
    StepFunctionResponse.update_state_machine_alias = update_state_machine_alias
    StepFunctionResponse.list_state_machine_aliases = list_state_machine_aliases
    StepFunctionResponse.delete_state_machine_alias = delete_state_machine_alias


def alias_of(backend: StepFunctionsParserBackend, arn: str) -> Any:
    """The alias of an ARN, or None."""
    aliases = (alias for machine in backend.state_machines for alias in machine.aliases.values())
    return next((alias for alias in aliases if alias.arn == arn), None)


def version_for(alias: Any, choose: Callable[..., list[str]] = random.choices) -> str:
    """The ARN of the version that an execution started by an alias gets."""
    arns = [one["stateMachineVersionArn"] for one in alias.routing_configuration]
    return choose(arns, weights=[one["weight"] for one in alias.routing_configuration])[0]


def _check_name(name: str) -> None:
    if len(name) > LONGEST_NAME:
        raise invalid([breaks("name", name, f"have length less than or equal to {LONGEST_NAME}")])
    if not re.match(NAME, name):
        raise invalid([breaks("name", name, f"satisfy regular expression pattern: {NAME}")])


def _routed(backend: StepFunctionsParserBackend, routes: Routes) -> Any:
    """The state machine whose versions the routes lead to; refuses routes that can't be."""
    if not 1 <= len(routes) <= MOST_VERSIONS:
        items = ", ".join(
            f"RoutingConfigurationListItem(stateMachineVersionArn={one['stateMachineVersionArn']}, "
            f"weight={one['weight']})"
            for one in routes
        )
        raise invalid([breaks("routingConfiguration", f"[{items}]", "have length less than or equal to 2")])
    arns = [one["stateMachineVersionArn"] for one in routes]
    received = f"Received: [{', '.join(arns)}]"
    if len(set(arns)) < len(arns):
        raise _refused(f"Routing configuration must contain distinct state machine version ARNs. {received}")
    weights = [one["weight"] for one in routes]
    for number, weight in enumerate(weights, start=1):
        if weight > 100:
            member = f"routingConfiguration.{number}.member.weight"
            raise invalid([breaks(member, weight, "have value less than or equal to 100")])
    if sum(weights) != 100:
        raise _refused(f"Sum of routing configuration weights must equal 100. Received: {weights}")
    machines = [
        machine
        for arn in arns
        for machine in backend.state_machines
        if arn in {version.arn for version in machine.versions.values()}
    ]
    if len(machines) < len(arns):
        raise _refused(f"Routing configuration must contain state machine version ARNs. {received}")
    if machines[0] is not machines[-1]:
        raise _refused(f"Routing configuration must contain versions of one state machine. {received}")
    return machines[0]


def _refused(message: str) -> Refusal:
    return Refusal("ValidationException", message)
