"""CloudFormation's change sets: what is in them, when they are empty, and what comes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.cloudformation.models import Change, ChangeSet, Stack

from warmfold.cloud.hooks.cloudformation.templates import transformed


def install() -> None:
    """Mend moto's change sets; each function below says what."""
    _previous_values()
    _no_changes()
    _changes()
    _results()


def _parameters_of(stack: Any) -> dict[str, str]:
    """Every parameter of a stack as text, the form in which they are given: of some only the default is known."""
    declared = stack.template_dict.get("Parameters", {}).items()
    defaults = {name: str(parameter["Default"]) for name, parameter in declared if "Default" in parameter}
    return defaults | {name: _text(value) for name, value in stack.parameters.items()}


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _previous_values() -> None:
    """moto gives a list as the previous value of a parameter and then wants to split it."""
    Stack.stack_parameters = property(_parameters_of)


def _no_changes() -> None:
    """moto compares the stack's template with the transform's result and parameters without their defaults.

    So no change set is ever empty, and a deployment that changes nothing updates everything.
    """

    def has_template(self: Any, other_template: str) -> bool:
        return bool(self.template) and transformed(self.template) == transformed(other_template)

    def has_parameters(self: Any, other_parameters: Mapping[str, Any]) -> bool:
        known = _parameters_of(self)
        return known | {name: _text(value) for name, value in other_parameters.items()} == known

    Stack.has_template = has_template
    Stack.has_parameters = has_parameters


def _changes() -> None:
    """moto's change sets do not list what changes by a parameter, and take a default for a change when it is given."""

    def diff(self: Any) -> list[Any]:
        resources = self.stack.resource_map
        resources.input_parameters = _parameters_of(self.stack)
        old, new = resources._resource_json_map, self.template_dict["Resources"]
        actions = resources.build_resource_diff(self.template_dict, self.parameters)
        return [
            Change(action=action, logical_resource_id=name, resource_type=(new if name in new else old)[name]["Type"])
            for action, names in actions.items()
            for name in names
        ]

    ChangeSet.diff = diff


def _results() -> None:
    """moto's stack has no outputs after ExecuteChangeSet, and still the parameters it had before.

    An output that can't be had makes the change set fail; moto would fail whenever stacks are described.
    """
    apply = ChangeSet.apply

    def apply_with_results(self: Any) -> None:
        apply(self)
        self.stack.template_dict = self.template_dict
        self.stack.description = self.template_dict.get("Description")
        self.stack.parameters = self.parameters
        self.stack.output_map = self.stack._create_output_map()
        for name in self.stack.output_map.outputs:
            self.stack.output_map[name]

    ChangeSet.apply = apply_with_results
