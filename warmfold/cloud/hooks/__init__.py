"""Patches of moto, a module or package per service; each function says what behaviour it corrects, and has a test."""

from __future__ import annotations

from typing import Any

from botocore.session import Session


def _quick_ec2_regions() -> None:
    """moto reads EC2's whole API model three times as it is imported, to list regions: half a second of every start."""
    ask = Session.get_available_regions

    def get_available_regions(
        self: Any, service_name: str, partition_name: str = "aws", allow_non_regional: bool = False
    ) -> list[str]:
        if service_name == "ec2":
            resolver = self._get_internal_component("endpoint_resolver")
            return list(resolver.get_available_endpoints("ec2", partition_name, allow_non_regional))
        return ask(self, service_name, partition_name, allow_non_regional)

    Session.get_available_regions = get_available_regions  # type: ignore[method-assign]


_quick_ec2_regions()
