"""CloudFormation's resources: what surrounds the making of one of moto's, and kinds that moto has not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from moto.cloudformation import parsing

Properties = dict[str, Any]


def around(
    model: Any,
    *,
    before: Callable[[str, Properties, str, Any], None] = lambda *_: None,
    after: Callable[[Any, Properties, str], None] = lambda *_: None,
) -> None:
    """Have a model call `before` and `after` whenever a stack creates or updates a resource of its kind.

    `before` takes the resource's name, the properties, which it may change, the account and the resource as it is (None
    when there is none yet); `after` takes the resource, the properties and the account.
    """
    create = model.create_from_cloudformation_json.__func__
    update = model.update_from_cloudformation_json.__func__

    def created(cls: Any, /, name: str, cloudformation_json: Any, account_id: str, region: str, **options: Any) -> Any:
        properties = cloudformation_json.setdefault("Properties", {})
        before(name, properties, account_id, None)
        resource = create(cls, name, cloudformation_json, account_id, region, **options)
        after(resource, properties, account_id)
        return resource

    def updated(
        cls: Any,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        properties = cloudformation_json.setdefault("Properties", {})
        before(new_resource_name, properties, account_id, original_resource)
        resource = update(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name)
        after(resource, properties, account_id)
        return resource

    model.create_from_cloudformation_json = classmethod(created)
    model.update_from_cloudformation_json = classmethod(updated)


def changed_by(model: Any, change: Callable[[Any, Properties, str, str], None]) -> None:
    """Have a stack's update change a resource of a model, not replace it.

    `change` takes the resource, its new properties, account and region.
    """

    def update(
        cls: Any,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        change(original_resource, cloudformation_json["Properties"], account_id, region_name)
        return original_resource

    model.update_from_cloudformation_json = classmethod(update)


def add(kind: type[Setting]) -> None:
    """Let moto find a kind of resource beside its own; it has looked for those when it was imported."""
    name: Any = kind
    parsing.get_model_map()[name.cloudformation_type()] = name
    parsing.get_name_type_map()[name.cloudformation_type()] = name.cloudformation_name_type()


class Setting:
    """A resource that is a setting of another service's things: set when made, set anew when changed."""

    def __init__(self, name: str, properties: Properties) -> None:
        self.physical_resource_id = name
        self._properties = properties

    def put(self, properties: Properties, account_id: str, region: str) -> None:
        """Set what the properties say."""
        raise NotImplementedError

    def remove(self, properties: Properties, account_id: str, region: str) -> None:
        """Undo what `put` did with the same properties."""
        raise NotImplementedError

    @staticmethod
    def cloudformation_name_type() -> str:
        """The property that names it: none."""
        return ""

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Whether Fn::GetAtt has something to give."""
        return attr == "Id"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Self:
        """Make it."""
        made = cls(resource_name, cloudformation_json["Properties"])
        made.put(made._properties, account_id, region_name)
        return made

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Self,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Self:
        """Change it, as the same resource."""
        original_resource.delete(account_id, region_name)
        name = original_resource.physical_resource_id
        return cls.create_from_cloudformation_json(name, cloudformation_json, account_id, region_name)

    def delete(self, account_id: str, region_name: str) -> None:
        """Undo it."""
        self.remove(self._properties, account_id, region_name)

    def is_created(self) -> bool:
        """Whether it is there: at once."""
        return True
