"""What SageMaker's instance types can do: which jobs run on them, and whether their volumes take a key."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection
from typing import cast

import botocore.session
from botocore.model import ServiceModel, StringShape

from warmfold_run.plan import InstanceTypes

ANYWHERE = "ml.m5.xlarge"  # every kind of job runs on it
_OWN_DISKS = re.compile(r"ml\.([a-z]+[0-9]+[a-z]*d[a-z]*|g[5-9][a-z]*|p[5-9][a-z]*|trn[0-9][a-z]*)\.")


def known_types(shape: str) -> frozenset[str]:
    """Return the instance types that a shape of SageMaker's model lists, such as `TransformInstanceType`."""
    return frozenset(cast(StringShape, _sagemaker().shape_for(shape)).enum)


def types_beside(wanted: str, known: Callable[[str], Collection[str]] = known_types) -> InstanceTypes:
    """Return which instance types processing and transform run on: the one wanted, where such jobs can have it.

    SageMaker trains on more types than it transforms on; `known` gives those of `ProcessingInstanceType` and
    `TransformInstanceType`. A type that is in none of its lists is left for SageMaker to judge.
    """
    lists = {kind: known(f"{kind.capitalize()}InstanceType") for kind in ("training", "processing", "transform")}

    def for_jobs(kind: str) -> str:
        return ANYWHERE if wanted in lists["training"] and wanted not in lists[kind] else wanted

    return {"processing": for_jobs("processing"), "transform": for_jobs("transform")}


def has_disks_of_its_own(instance_type: str) -> bool:
    """Whether a type's instances have disks that their hardware encrypts, for which SageMaker refuses a key."""
    return bool(_OWN_DISKS.match(instance_type))


@functools.cache
def _sagemaker() -> ServiceModel:
    return botocore.session.get_session().get_service_model("sagemaker")
