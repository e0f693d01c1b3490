"""CloudFormation's stacks: how moto makes, changes and undoes them."""

from __future__ import annotations

import functools
import logging
import re
from typing import Any

from moto.cloudformation import exceptions, parsing
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.cloudformation.parsing import ResourceMap
from moto.core.exceptions import ServiceException

logger = logging.getLogger(__name__)

_SUBSTITUTED = re.compile(r"\$\{(\w+)")


def install() -> None:
    """Mend moto's stacks; each function below says what."""
    _absent_values()
    _changed_conditions()
    _resources_that_are_not_there()
    _roll_back()
    _say_what_failed()
    _changed_parameters()


def _resources_that_are_not_there() -> None:
    """moto describes a resource whose type is left out or whose condition is false as one without a name, or fails."""
    Stack.stack_resources = property(lambda stack: [made for made in stack.resource_map.values() if made is not None])


def _roll_back() -> None:
    """moto keeps the stack whose creation failed, with what it has of it, and can't describe its stacks any more."""
    create, execute = CloudFormationBackend.create_stack, CloudFormationBackend.execute_change_set

    def discard(backend: Any, stack: Any) -> None:
        backend.stacks.pop(stack.stack_id, None)
        try:
            stack.resource_map.delete()
        except Exception:  # what the stack failed of is to be told, not this
            logger.exception("what there is of stack %s could not be deleted", stack.name)

    @functools.wraps(create)
    def create_whole(self: Any, *args: Any, **kwargs: Any) -> Any:
        known = set(self.stacks)
        try:
            return create(self, *args, **kwargs)
        except Exception:
            for stack in [stack for stack_id, stack in self.stacks.items() if stack_id not in known]:
                discard(self, stack)
            raise

    @functools.wraps(execute)
    def execute_whole(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
        try:
            execute(self, change_set_name, stack_name)
        except Exception:
            made = [
                one for one in self.change_sets.values() if change_set_name in (one.change_set_id, one.change_set_name)
            ]
            for change_set in made:
                stack = self.stacks.get(change_set.stack_id)
                if (
                    stack is not None
                    and change_set.change_set_type == "CREATE"
                    and not stack.status.endswith("_COMPLETE")
                ):
                    discard(self, stack)
            raise

    CloudFormationBackend.create_stack = create_whole
    CloudFormationBackend.execute_change_set = execute_whole


def _say_what_failed() -> None:
    """moto answers with a bare 500, or in another service's protocol, when a template or resource is wrong."""

    def saying(operation: Any) -> Any:
        @functools.wraps(operation)
        def operate(*args: Any, **kwargs: Any) -> Any:
            try:
                return operation(*args, **kwargs)
            except Exception as error:
                if isinstance(error, ServiceException) and type(error).__module__ == exceptions.__name__:
                    raise
                logger.exception("%s failed", operation.__name__)
                causes = [cause.message for cause in getattr(error, "causes", ())]  # SAM's: all that it found
                reason = " ".join("; ".join(causes or [str(getattr(error, "message", error))]).split())
                raise exceptions.ValidationError(message=f"{type(error).__name__}: {reason}") from error

        return operate

    for name in ("create_stack", "update_stack", "create_change_set", "execute_change_set"):
        setattr(CloudFormationBackend, name, saying(getattr(CloudFormationBackend, name)))


def _changed_parameters() -> None:
    """moto's UpdateStack leaves a resource as it was when a changed parameter reaches it by Fn::Sub or a condition."""
    build = ResourceMap.build_resource_diff

    def build_with_all(self: Any, other_template: Any, parameters: Any = None) -> Any:
        actions = build(self, other_template, parameters)
        changed = {name for name, value in (parameters or {}).items() if self.input_parameters.get(name) != value}
        for name, condition in other_template.get("Conditions", {}).items():
            if changed & _names_in(condition):
                changed.add(name)
        decided = {name for names in actions.values() for name in names}
        resources = other_template["Resources"].items()
        actions["Modify"] += [name for name, body in resources if name not in decided and changed & _names_in(body)]
        return actions

    ResourceMap.build_resource_diff = build_with_all


def _names_in(value: Any) -> set[str]:
    """The names of parameters, resources and conditions that a part of a template mentions (and some other words)."""
    if isinstance(value, dict):
        return set().union(*(_names_in(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(_names_in(item) for item in value))
    return {value, *_SUBSTITUTED.findall(value)} if isinstance(value, str) else set()


def _absent_values() -> None:
    """moto leaves None in a list where the template has AWS::NoValue."""
    clean = parsing.clean_json

    def clean_without(resource_json: Any, resources_map: Any) -> Any:
        if isinstance(resource_json, list):
            values = (clean_without(value, resources_map) for value in resource_json)
            return [value for value in values if value is not None]
        return clean(resource_json, resources_map)

    parsing.clean_json = clean_without


def _changed_conditions() -> None:
    """moto's UpdateStack changes a resource whose condition has changed, be it there or not.

    It also forgets one whose kind it has no update for.
    """
    change = parsing.parse_and_update_resource

    def change_or_create(
        logical_id: str, resource_json: Any, resources_map: Any, account_id: str, region_name: str
    ) -> Any:
        there = resources_map._parsed_resources.get(logical_id)
        condition = resource_json.get("Condition")
        wanted = condition is None or resources_map.lazy_condition_map[condition]
        if wanted and there is not None:
            return change(logical_id, resource_json, resources_map, account_id, region_name) or there
        if wanted:
            return parsing.parse_and_create_resource(logical_id, resource_json, resources_map, account_id, region_name)
        if there is not None:
            resources_map._delete_resource(there, resource_json)
        return None

    parsing.parse_and_update_resource = change_or_create
