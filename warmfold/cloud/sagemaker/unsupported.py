"""Members of AWS's requests that the local cloud cannot honour, refused by name; and those that it may pass over.

Paths go through lists: `InputDataConfig.CompressionType` is that of every channel. What is used, and what the module of
an operation checks by itself, is in USED; `.*` after a path means all that is below it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from warmfold.cloud.sagemaker.errors import validation_error

LEAVE_OUT = "leave it out"
NO_EXPERIMENTS = "leave it out, experiments are not tracked"
NO_DEBUGGER = "nothing is profiled, and without rules or the library smdebug nothing is written on AWS either"
NO_KEYS = "nothing is encrypted on this machine's own disk, and results are the same"
NO_IMAGE = "no image is pulled"
NO_NETWORK = "jobs run on this machine's own network; pools are matched by it, and results are the same"
NO_CONVERGENCE = "AWS's algorithm is not public: the search goes on until another limit ends it"
ONE_MACHINE = "this machine is used whatever is asked for"
METADATA = "kept and shown, and read by nothing on AWS either"

_TRAINING_USED = (
    "AlgorithmSpecification.MetricDefinitions.*",
    "AlgorithmSpecification.ContainerEntrypoint",
    "AlgorithmSpecification.ContainerArguments",
    "RoleArn",
    "InputDataConfig.ChannelName",
    "InputDataConfig.DataSource.S3DataSource",
    "OutputDataConfig.S3OutputPath",
    "ResourceConfig.InstanceType",
    "ResourceConfig.InstanceCount",
    "ResourceConfig.VolumeSizeInGB",
    "ResourceConfig.KeepAlivePeriodInSeconds",
    "StoppingCondition.MaxRuntimeInSeconds",
    "StoppingCondition.MaxWaitTimeInSeconds",
    "EnableNetworkIsolation",
    "CheckpointConfig.*",
    "RetryStrategy.*",
    "Environment",
)
_TRAINING_ACCEPTED = {
    "AlgorithmSpecification.TrainingImage": NO_IMAGE,
    "AlgorithmSpecification.TrainingImageConfig": NO_IMAGE,
    "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries": "a job's final metrics are the same",
    "InputDataConfig.ContentType": "it tells built-in algorithms how to read, and scripts nothing",
    "OutputDataConfig.KmsKeyId": NO_KEYS,
    "ResourceConfig.VolumeKmsKeyId": NO_KEYS,
    "VpcConfig": NO_NETWORK,
    "EnableInterContainerTrafficEncryption": NO_NETWORK,
    "EnableManagedSpotTraining": "no instance is taken away, and a job of which none was ends alike on AWS",
}
_FILE_MODE = {
    "File": "objects are downloaded before the job starts",
    "FastFile": "so they are here, and a script reads the same",
}
_TRAINING_REFUSED: dict[str, Mapping[Any, str] | str] = {
    "AlgorithmSpecification.AlgorithmName": "name the TrainingImage, and give a script",
    "AlgorithmSpecification.TrainingInputMode": _FILE_MODE,
    "InputDataConfig.DataSource.FileSystemDataSource": "give an S3DataSource",
    "InputDataConfig.DataSource.DatasetSource": "give an S3DataSource",
    "InputDataConfig.DataSource.S3DataSource.S3DataType": {
        "S3Prefix": "its objects are downloaded",
        "ManifestFile": "so are those that it names",
    },
    "InputDataConfig.DataSource.S3DataSource.AttributeNames": LEAVE_OUT,
    "InputDataConfig.DataSource.S3DataSource.InstanceGroupNames": LEAVE_OUT,
    "InputDataConfig.DataSource.S3DataSource.ModelAccessConfig": LEAVE_OUT,
    "InputDataConfig.DataSource.S3DataSource.HubAccessConfig": LEAVE_OUT,
    "InputDataConfig.CompressionType": {"None": "objects arrive as they are"},
    "InputDataConfig.RecordWrapperType": {"None": "objects arrive as they are"},
    "InputDataConfig.InputMode": _FILE_MODE,
    "InputDataConfig.ShuffleConfig": LEAVE_OUT,
    "OutputDataConfig.CompressionType": {"GZIP": "model.tar.gz"},
    "ResourceConfig.InstanceGroups": "give InstanceType and InstanceCount 1",
    "ResourceConfig.TrainingPlanArn": LEAVE_OUT,
    "ResourceConfig.InstancePlacementConfig": LEAVE_OUT,
    "ResourceConfig.InstancePreferences": "give InstanceType and InstanceCount 1",
    "ResourceConfig.SelectedInstanceType": LEAVE_OUT,
    "ResourceConfig.SelectedInstanceCount": LEAVE_OUT,
    "StoppingCondition.MaxPendingTimeInSeconds": LEAVE_OUT,
}

USED: dict[str, tuple[str, ...]] = {
    "CreateTrainingJob": (*_TRAINING_USED, "TrainingJobName", "HyperParameters", "Tags.*"),
    "CreateHyperParameterTuningJob": (
        "HyperParameterTuningJobName",
        "HyperParameterTuningJobConfig.Strategy",
        "HyperParameterTuningJobConfig.HyperParameterTuningJobObjective",
        "HyperParameterTuningJobConfig.ResourceLimits",
        "HyperParameterTuningJobConfig.ParameterRanges",
        "HyperParameterTuningJobConfig.RandomSeed",
        "HyperParameterTuningJobConfig.TuningJobCompletionCriteria.TargetObjectiveMetricValue",
        "HyperParameterTuningJobConfig.TuningJobCompletionCriteria.BestObjectiveNotImproving",
        "HyperParameterTuningJobConfig.TrainingJobEarlyStoppingType",
        "WarmStartConfig.*",
        "TrainingJobDefinition.StaticHyperParameters",
        "TrainingJobDefinition.HyperParameterTuningResourceConfig",
        "TrainingJobDefinition.TuningObjective",
        "TrainingJobDefinition.HyperParameterRanges",
        *(f"TrainingJobDefinition.{path}" for path in _TRAINING_USED),
        "Tags.*",
    ),
    "CreateProcessingJob": (
        "ProcessingJobName",
        "ProcessingInputs.InputName",
        "ProcessingInputs.AppManaged",
        "ProcessingInputs.S3Input",
        "ProcessingOutputConfig.Outputs",
        "ProcessingResources.ClusterConfig.InstanceCount",
        "NetworkConfig.EnableNetworkIsolation",
        "StoppingCondition.MaxRuntimeInSeconds",
        "AppSpecification.ContainerEntrypoint",
        "AppSpecification.ContainerArguments",
        "Environment",
        "RoleArn",
        "Tags.*",
    ),
    "CreateTransformJob": (
        "TransformJobName",
        "ModelName",
        "ModelClientConfig.*",
        "MaxPayloadInMB",
        "BatchStrategy",
        "Environment",
        "TransformInput.*",
        "TransformOutput.S3OutputPath",
        "TransformOutput.Accept",
        "TransformOutput.AssembleWith",
        "TransformResources.InstanceCount",
        "DataCaptureConfig.*",
        "DataProcessing.*",
        "Tags.*",
    ),
    "CreateModel": (
        "ModelName",
        "PrimaryContainer.*",
        "Containers.*",
        "ExecutionRoleArn",
        "EnableNetworkIsolation",
        "Tags.*",
    ),
    "CreateModelPackage": (
        "ModelPackageName",
        "ModelPackageGroupName",
        "ModelPackageDescription",
        "InferenceSpecification.*",
        "CertifyForMarketplace",
        "ModelApprovalStatus",
        "CustomerMetadataProperties",
        "Tags.*",
    ),
    "CreateModelPackageGroup": ("ModelPackageGroupName", "ModelPackageGroupDescription", "Tags.*"),
}
"""Operation to the members that it uses or checks."""

ACCEPTED: dict[str, dict[str, str]] = {
    "CreateTrainingJob": {
        **_TRAINING_ACCEPTED,
        "DebugHookConfig": NO_DEBUGGER,
        "ProfilerConfig": NO_DEBUGGER,
        "ProfilerRuleConfigurations": NO_DEBUGGER,
    },
    "CreateHyperParameterTuningJob": {
        "HyperParameterTuningJobConfig.TuningJobCompletionCriteria.ConvergenceDetected": NO_CONVERGENCE,
        "TrainingJobDefinition.DefinitionName": "a name only",
        **{f"TrainingJobDefinition.{path}": reason for path, reason in _TRAINING_ACCEPTED.items()},
    },
    "CreateProcessingJob": {
        "ProcessingOutputConfig.KmsKeyId": NO_KEYS,
        "ProcessingResources.ClusterConfig.InstanceType": ONE_MACHINE,
        "ProcessingResources.ClusterConfig.VolumeSizeInGB": ONE_MACHINE,
        "ProcessingResources.ClusterConfig.VolumeKmsKeyId": NO_KEYS,
        "AppSpecification.ImageUri": NO_IMAGE,
        "NetworkConfig.EnableInterContainerTrafficEncryption": NO_NETWORK,
        "NetworkConfig.VpcConfig": NO_NETWORK,
    },
    "CreateTransformJob": {
        "MaxConcurrentTransforms": "requests are sent one at a time, and outputs are the same",
        "TransformOutput.KmsKeyId": NO_KEYS,
        "TransformResources.InstanceType": ONE_MACHINE,
        "TransformResources.VolumeKmsKeyId": NO_KEYS,
        "TransformResources.TransformAmiVersion": ONE_MACHINE,
    },
    "CreateModel": {"VpcConfig": NO_NETWORK},
    "CreateModelPackage": {
        "ModelPackageRegistrationType": METADATA,
        "SourceAlgorithmSpecification": METADATA,
        "MetadataProperties": METADATA,
        "ModelMetrics": METADATA,
        "ClientToken": "no answer is lost here unless it is set so, and a client that repeats makes another version",
        "Domain": METADATA,
        "Task": METADATA,
        "SamplePayloadUrl": METADATA,
        "DriftCheckBaselines": METADATA,
        "AdditionalInferenceSpecifications": METADATA,
        "SkipModelValidation": "no model package is validated",
        "SourceUri": METADATA,
        "SecurityConfig": NO_KEYS,
        "ModelCard": METADATA,
        "ModelLifeCycle": METADATA,
    },
    "CreateModelPackageGroup": {},
}
"""Operation to the members that change no result here, with the reason."""

REFUSED: dict[str, dict[str, Mapping[Any, str] | str]] = {
    "CreateTrainingJob": {
        **_TRAINING_REFUSED,
        "DebugRuleConfigurations": LEAVE_OUT,
        "TensorBoardOutputConfig": LEAVE_OUT,
        "ExperimentConfig": NO_EXPERIMENTS,
        "RemoteDebugConfig.EnableRemoteDebug": {False: "jobs are processes of this machine"},
        "InfraCheckConfig.EnableInfraCheck": {False: "there is one machine"},
        "SessionChainingConfig.EnableSessionTagChaining": {False: "roles are assumed without tags"},
        "ServerlessJobConfig": LEAVE_OUT,
        "MlflowConfig": NO_EXPERIMENTS,
        "ModelPackageConfig": "leave it out, and create a model package when the job has ended",
    },
    "CreateHyperParameterTuningJob": {
        "TrainingJobDefinitions": "give one TrainingJobDefinition",
        "Autotune": LEAVE_OUT,
        "HyperParameterTuningJobConfig.StrategyConfig": LEAVE_OUT,
        **{f"TrainingJobDefinition.{path}": remedy for path, remedy in _TRAINING_REFUSED.items()},
    },
    "CreateProcessingJob": {
        "ProcessingInputs.DatasetDefinition": "give an S3Input",
        "ProcessingOutputConfig.Outputs.FeatureStoreOutput": "give an S3Output",
        "ProcessingResources.ClusterConfig.InstancePreferences": LEAVE_OUT,
        "ProcessingResources.ClusterConfig.SelectedInstanceType": LEAVE_OUT,
        "ProcessingResources.ClusterConfig.SelectedInstanceCount": LEAVE_OUT,
        "ExperimentConfig": NO_EXPERIMENTS,
    },
    "CreateTransformJob": {"ExperimentConfig": NO_EXPERIMENTS},
    "CreateModel": {"InferenceExecutionConfig": "leave it out, one container is served"},
    "CreateModelPackage": {"ValidationSpecification": LEAVE_OUT, "ManagedStorageType": LEAVE_OUT},
    "CreateModelPackageGroup": {"ManagedConfiguration": LEAVE_OUT},
    "DescribeModelPackage": {"IncludedData": {"AllData": "a package is shown whole"}},
    "Search": {
        "CrossAccountFilterOption": {"SameAccount": "there is one account"},
        "VisibilityConditions": LEAVE_OUT,
    },
    "ListTrainingJobs": {"TrainingPlanArnEquals": LEAVE_OUT},
    "ListModelPackageGroups": {"CrossAccountFilterOption": {"SameAccount": "there is one account"}},
}
"""Operation to the members that it refuses: with what to do, or with the one value that is right here and why."""


def refuse_unsupported(operation: str, request: Mapping[str, Any]) -> None:
    """Raises ServiceError for the first member of the (validated) request that would otherwise be ignored."""
    for path, remedy in REFUSED.get(operation, {}).items():
        for value in _values(request, path.split(".")):
            if isinstance(remedy, str):
                raise validation_error(f"{path} is not built in the local cloud: {remedy}.")
            if value not in remedy:
                right = " or ".join(str(item) for item in remedy)
                raise validation_error(f"{path} must be {right}: {value} is not built in the local cloud.")


def refuse_foreign_roles(request: Mapping[str, Any], account_id: str) -> None:
    """Raises ServiceError for a role of another account, which AWS lets nobody pass."""
    for path in ("RoleArn", "ExecutionRoleArn", "TrainingJobDefinition.RoleArn"):
        for arn in _values(request, path.split(".")):
            account = arn.split(":")[4]
            if account != account_id:
                raise validation_error(
                    f"Cross-account pass role is not allowed: {path} is {arn}, and the account is {account_id}."
                )


def _values(value: Any, path: list[str]) -> Iterator[Any]:
    """What is at the path, in every item of the lists on the way."""
    if isinstance(value, list):
        for item in value:
            yield from _values(item, path)
    elif not path:
        yield value
    elif path[0] in value:
        yield from _values(value[path[0]], path[1:])
