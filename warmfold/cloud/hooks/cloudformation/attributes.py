"""What Fn::GetAtt gives of resources, where moto does not."""

from __future__ import annotations

from typing import Any

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.cloudformation.models import Stack
from moto.sns.models import Topic
from moto.stepfunctions.models import StateMachine

NESTED = "Outputs."


def install() -> None:
    """Mend the attributes of moto's resources; each function below says what."""
    _arns()
    _outputs_of_nested_stacks()


def _arns() -> None:
    """moto's state machines have no Arn, its topics no TopicArn."""
    _give(StateMachine, "Arn")
    _give(Topic, "TopicArn")


def _give(model: Any, attribute: str) -> None:
    has, get = model.has_cfn_attr.__func__, model.get_cfn_attribute

    def has_too(cls: Any, attr: str) -> bool:
        return attr == attribute or bool(has(cls, attr))

    def get_too(self: Any, attribute_name: str) -> Any:
        return self.arn if attribute_name == attribute else get(self, attribute_name)

    model.has_cfn_attr = classmethod(has_too)
    model.get_cfn_attribute = get_too


def _outputs_of_nested_stacks() -> None:
    """moto has no attributes of a stack within a stack."""

    def get_cfn_attribute(self: Any, attribute_name: str) -> Any:
        name = attribute_name.removeprefix(NESTED)
        if not attribute_name.startswith(NESTED) or name not in self.output_map.outputs:
            raise UnformattedGetAttTemplateException
        return self.output_map[name].value

    Stack.get_cfn_attribute = get_cfn_attribute
