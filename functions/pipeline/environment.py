"""What template.yaml gives each function in its environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field


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


class StartEnvironment(Environment):
    """start_run's."""

    state_machine_arn: str = Field(alias="STATE_MACHINE_ARN")


class PlanEnvironment(Environment):
    """plan_run's."""

    candidate_role_arn: str = Field(alias="CANDIDATE_ROLE_ARN")
    fold_role_arn: str = Field(alias="FOLD_ROLE_ARN")
    training_image: str = Field(alias="TRAINING_IMAGE")
    training_code_dir: str = Field(alias="TRAINING_CODE_DIR", default="/opt")
    quota_patience_seconds: int = Field(alias="QUOTA_PATIENCE_SECONDS", default=600, ge=0)


class ReportEnvironment(Environment):
    """write_report's."""

    notification_topic_arn: str = Field(alias="NOTIFICATION_TOPIC_ARN")
