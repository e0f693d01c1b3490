"""CloudFormation: its templates, stacks and change sets. What a service's resources lack is in the service's hooks."""

from __future__ import annotations

from warmfold.cloud.hooks.cloudformation import attributes, change_sets, stacks, templates


def install() -> None:
    """Mend moto's CloudFormation; each module says what."""
    templates.install()
    stacks.install()
    change_sets.install()
    attributes.install()
