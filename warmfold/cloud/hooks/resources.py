"""What surrounds the making and changing of one of moto's CloudFormation resources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Properties = dict[str, Any]


def around(
    model: Any,
    *,
    before: Callable[[Properties, str, Any], None] = lambda *_: None,
    after: Callable[[Any, Properties, str], None] = lambda *_: None,
) -> None:
    """Have a model call `before` and `after` whenever a stack creates or updates a resource of its kind.

    `before` takes the properties, which it may change, the account and the resource as it is (None when there is none
    yet); `after` takes the resource, the properties and the account.
    """
    create = model.create_from_cloudformation_json.__func__
    update = model.update_from_cloudformation_json.__func__

    def created(cls: Any, /, name: str, cloudformation_json: Any, account_id: str, region: str, **options: Any) -> Any:
        properties = cloudformation_json.setdefault("Properties", {})
        before(properties, account_id, None)
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
        before(properties, account_id, original_resource)
        resource = update(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name)
        after(resource, properties, account_id)
        return resource

    model.create_from_cloudformation_json = classmethod(created)
    model.update_from_cloudformation_json = classmethod(updated)
