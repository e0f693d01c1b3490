"""What template.yaml gives each function in its environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from pipeline.errors import PlanError


class Environment(BaseModel):
    """What every function has."""

    model_config = ConfigDict(frozen=True)

    name_prefix: str = Field(alias="NAME_PREFIX", pattern=r"^[a-z][a-z0-9]{0,11}$")
    data_bucket: str = Field(alias="DATA_BUCKET")
    region: str = Field(alias="AWS_REGION")

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the environment; pydantic's ValidationError names a variable that is missing."""
        return cls.model_validate(dict(environ))


class ResumeEnvironment(Environment):
    """resume_run's."""

    state_machine_arn: str = Field(alias="STATE_MACHINE_ARN")


class StartEnvironment(ResumeEnvironment):
    """start_run's."""

    notification_topic_arn: str = Field(alias="NOTIFICATION_TOPIC_ARN")


class PlanEnvironment(Environment):
    """plan_run's."""

    split_role_arn: str = Field(alias="SPLIT_ROLE_ARN")
    candidate_role_arn: str = Field(alias="CANDIDATE_ROLE_ARN")
    fold_role_arn: str = Field(alias="FOLD_ROLE_ARN")
    model_role_arn: str = Field(alias="MODEL_ROLE_ARN")
    training_image: str = Field(alias="TRAINING_IMAGE", default="")
    url_suffix: str = Field(alias="URL_SUFFIX", default="amazonaws.com")
    instance_type: str = Field(alias="INSTANCE_TYPE", default="")
    candidate_instance_type: str = Field(alias="CANDIDATE_INSTANCE_TYPE", default="")
    vpc_subnet_ids: str = Field(alias="VPC_SUBNET_IDS", default="")
    vpc_security_group_ids: str = Field(alias="VPC_SECURITY_GROUP_IDS", default="")
    kms_key_arn: str = Field(alias="KMS_KEY_ARN", default="")
    training_code_dir: str = Field(alias="TRAINING_CODE_DIR", default="/opt/python")
    quota_patience_seconds: int = Field(alias="QUOTA_PATIENCE_SECONDS", default=600, ge=0)
    allowed_instance_types: str = Field(alias="ALLOWED_INSTANCE_TYPES", default="")
    max_candidates: int = Field(alias="MAX_CANDIDATES", default=750, ge=1)
    max_parallel_candidates: int = Field(alias="MAX_PARALLEL_CANDIDATES", default=100, ge=1)

    @property
    def compute(self) -> dict[str, str]:
        """The stack's defaults for experiment.yaml's `compute`."""
        types = {"instance_type": self.instance_type, "candidate_instance_type": self.candidate_instance_type}
        return {key: given for key, given in types.items() if given}

    @property
    def vpc(self) -> dict[str, list[str]] | None:
        """The VpcConfig of every job, or None; raises PlanError when the stack has half of one."""
        subnets, groups = self.vpc_subnet_ids, self.vpc_security_group_ids
        if bool(subnets) != bool(groups):
            given, missing = ("VpcSubnetIds", "VpcSecurityGroupIds")[:: 1 if subnets else -1]
            raise PlanError(f"the stack's parameter {given} is given and {missing} is not; deploy with both or neither")
        return {"SecurityGroupIds": groups.split(","), "Subnets": subnets.split(",")} if subnets else None


class ReportEnvironment(Environment):
    """write_report's."""

    notification_topic_arn: str = Field(alias="NOTIFICATION_TOPIC_ARN")
