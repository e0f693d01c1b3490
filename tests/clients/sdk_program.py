"""What a user of the SageMaker Python SDK v3 does with a tuning job, told as JSON; run by a Python that has the SDK.

The arguments are the names of a tuning job that may still be running, and of a training job that left a warm pool.
"""

import json
import sys

from sagemaker.core.analytics import HyperparameterTuningJobAnalytics
from sagemaker.core.resources import HyperParameterTuningJob, TrainingJob
from sagemaker.core.shapes import ResourceConfigForUpdate

tuning_job, pooled_job = sys.argv[1:]

job = HyperParameterTuningJob.get(hyper_parameter_tuning_job_name=tuning_job)
job.wait(poll=1)
job.refresh()
table = HyperparameterTuningJobAnalytics(tuning_job)
candidates = table.dataframe()
best = TrainingJob.get(training_job_name=job.best_training_job.training_job_name)
best.wait(poll=1)
pooled = TrainingJob.get(training_job_name=pooled_job)
try:
    TrainingJob.get(training_job_name="no-such-job")
    missing = None
except Exception as error:  # noqa: BLE001 - which exception it is, is what is asked
    missing = f"{type(error).__name__}: {error}"

told = {
    "status": job.hyper_parameter_tuning_job_status,
    "completed": job.training_job_status_counters.completed,
    "best": [best.training_job_name, best.training_job_status, best.final_metric_data_list[0].value],
    "ranges": table.tuning_ranges,
    "candidates": candidates[["TrainingJobName", "TrainingJobStatus", "FinalObjectiveValue", "x"]].values.tolist(),
    "took_time": bool((candidates["TrainingElapsedTimeSeconds"] >= 0).all()),
    "listed": [j.training_job_name for j in TrainingJob.get_all(name_contains=tuning_job, sort_by="Name")],
    "listed_of_it": [s.training_job_name for s in job.get_all_training_jobs()],
    "tuning_jobs": [j.hyper_parameter_tuning_job_name for j in HyperParameterTuningJob.get_all()],
    "pools": [j.training_job_name for j in TrainingJob.get_all(warm_pool_status_equals="Available")],
    "pool": pooled.warm_pool_status.status,
    "missing": missing,
}
pooled.update(resource_config=ResourceConfigForUpdate(keep_alive_period_in_seconds=1200))
told["kept"] = pooled.refresh().resource_config.keep_alive_period_in_seconds
print(json.dumps(told))
