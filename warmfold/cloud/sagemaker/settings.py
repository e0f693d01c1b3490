"""What can be chosen about the local SageMaker."""

import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Everything that is configurable; times are in seconds, rates in requests per second, quotas in instances."""

    base_dir: Path
    account_id: str
    region: str = "us-east-1"
    endpoint_url: str = "http://localhost:4566"
    instance_quota: int = 20
    instance_quotas: Mapping[str, int] = field(default_factory=dict)
    """Per instance type, where it differs from `instance_quota`: "<type> for training job usage"."""
    warm_pool_quota: int = 20
    warm_pool_quotas: Mapping[str, int] = field(default_factory=dict)
    """Per instance type, where it differs: "<type> for training warm pool usage". At 0 none is kept, and no error."""
    processing_quota: int = 20
    """Of each instance type: "<type> for processing job usage"."""
    tuning_parallel_quota: int = 10
    """Training jobs at a time in one tuning job; AWS raises it to 100 at most."""
    tuning_jobs_quota: int = 750
    """Training jobs of one tuning job."""
    cold_start_seconds: float = 0.0
    warm_start_seconds: float = 0.0
    pool_available_after_seconds: float = 0.3
    """From a job's end until the pool that it leaves is Available; AWS takes 10 to 60 seconds, as far as is known."""
    pool_release_seconds: float = 1.0
    """From the release of a pool until it is no longer shown as Available, though no job gets it; it counts till then.
    """
    list_lag_seconds: float = 0.5
    """How far ListTrainingJobs is behind DescribeTrainingJob: what began, or ended, since then it does not know."""
    lost_answers: Mapping[str, Collection[int]] = field(default_factory=dict)
    """Operation to the calls (1 is the first) that are carried out and answered with an InternalFailure."""
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    core_patience_seconds: float = 600.0
    """When no core was got or given back for so long, the next in line gets one too: the others may wait for it."""
    api_rates: Mapping[str, float] = field(default_factory=dict)
    """Operation to requests per second; an operation that is not named is not throttled."""
    step_functions_refuses: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Step Functions' action, such as createTrainingJob, to members of its request that its integration lacks."""
    stop_grace_seconds: float = 0.5
    """How long a stopped job may go on before it is killed. AWS waits 120 seconds."""
    preload: bool = True
    """Import the scientific stack when an instance starts; without, a cold start is as quick as a warm one."""
    mount_opt_ml: bool = True
    """Give each job its folder as /opt/ml itself where the system permits it; else the path is replaced in scripts."""
    fork_workers: bool = sys.platform == "linux"
    """Fork each job off a warm parent; else (macOS) a warm instance is a process that runs one job."""

    def training_quota(self, instance_type: str) -> int:
        """How many instances of the type training jobs and warm pools may use together."""
        return self.instance_quotas.get(instance_type, self.instance_quota)

    def pool_quota(self, instance_type: str) -> int:
        """How many instances of the type may be in warm pools."""
        return self.warm_pool_quotas.get(instance_type, self.warm_pool_quota)
