"""The template in any region and with any parameters: images, roles, tags, rights, alarms, logs."""

from __future__ import annotations

import json
import os
import re
import subprocess
from fnmatch import fnmatchcase
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from pipeline.aws import environment, telemetry
from pipeline.errors import PlanError
from pipeline.planning.images import ACCOUNTS, training_image
from tests.contract.resolving import ROOT, Deployment

KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
EVERYTHING = {
    "KmsKeyArn": KEY,
    "VpcSubnetIds": "subnet-1,subnet-2",
    "VpcSecurityGroupIds": "sg-1",
    "PermissionsBoundaryArn": BOUNDARY,
    "NotificationEmail": "someone@example.com",
    "RunRetentionDays": "90",
    "AdministratorArns": "arn:aws:iam::123456789012:role/admin,arn:aws:iam::123456789012:role/aws-reserved/*",
}
UNLISTED = "ap-southeast-5"
"""A region without an image that warmfold knows."""
NOT_TAGGED = {
    "AWS::Events::Rule": "SAM hands a rule's tags on only when the event is no part of a function",
    "AWS::IAM::ManagedPolicy": "CloudFormation has no tags for it",
}
"""Kinds of resource that could have tags, or look like it, and have none."""


EXCUSED = (
    ("NO_VERSION", "StartRunFunctionRole"),  # SAM writes the policies of these three without one
    ("NO_VERSION", "ResumeRunFunctionRole"),
    ("NO_VERSION", "CleanUpStateMachineRunEndedBadlyRole"),
    ("RESOURCE_STAR", "ec2:CreateNetworkInterface"),  # as SageMaker's guide asks for
    ("RESOURCE_MISMATCH", ":express:"),  # ours is no express machine
)
"""Findings of parliament: their kind, and a part of their text."""


@pytest.fixture(scope="module")
def plain() -> Deployment:
    return Deployment()


@pytest.fixture(scope="module")
def full() -> Deployment:
    return Deployment(**EVERYTHING)


@pytest.mark.parametrize(
    ("region", "domain"),
    [
        ("us-east-1", "683313688378.dkr.ecr.us-east-1.amazonaws.com"),
        ("eu-central-2", "680994064768.dkr.ecr.eu-central-2.amazonaws.com"),
        ("cn-north-1", "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "414596584902.dkr.ecr.us-gov-west-1.amazonaws.com"),
        ("us-iso-east-1", "833128469047.dkr.ecr.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", "281123927165.dkr.ecr.us-isob-east-1.sc2s.sgov.gov"),
    ],
)
def test_the_image_is_the_region_s_own(region: str, domain: str) -> None:
    assert image(region) == f"{domain}/sagemaker-scikit-learn:1.9-0-cpu-py3"


@pytest.mark.parametrize("region", ["us-east-1", UNLISTED])
def test_an_image_of_one_s_own_takes_the_place_of_the_region_s(region: str) -> None:
    assert image(region, TrainingImage="own") == "own"


def test_a_region_without_an_image_is_refused_by_its_name_and_the_remedy() -> None:
    with pytest.raises(PlanError, match=rf"region {UNLISTED} .* deploy again with the parameter TrainingImage"):
        image(UNLISTED)


def image(region: str, **parameters: str) -> str:
    """The image of every job, where the stack is deployed in a region."""
    given = Deployment(region, **parameters).environment("PlanRunFunction")
    read = environment.PlanEnvironment.read({name: str(v) for name, v in given.items()} | {"AWS_REGION": region})
    return training_image(read.training_image, read.region, read.url_suffix)


def test_the_image_is_what_sagemaker_core_says_in_every_region() -> None:
    python = os.environ.get("WARMFOLD_SAGEMAKER_CORE")
    if not python:
        pytest.skip("opt-in: WARMFOLD_SAGEMAKER_CORE names a Python that has sagemaker-core 2.27.0")
    ask = (
        "import json, pathlib, sys; from sagemaker.core import image_uris as u\n"
        "table = json.loads(next(pathlib.Path(u.__file__).parent.rglob('sklearn.json')).read_text())\n"
        "regions = table['training']['versions']['1.9-0']['registries']\n"
        "get = lambda r: u.retrieve('sklearn', region=r, version='1.9-0', instance_type='ml.m5.xlarge')\n"
        "print(json.dumps({r: get(r) for r in regions}))"
    )
    answer = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout
    theirs: dict[str, str] = json.loads(answer.splitlines()[-1])
    assert len(theirs) == 37
    assert {region: image(region) for region in ACCOUNTS} == theirs


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1"])
def test_nothing_names_another_partition_than_the_stack_s(region: str) -> None:
    deployed = Deployment(region)
    machines = [deployed.definition(name) for name in ("TuningStateMachine", "CleanUpStateMachine")]
    text = json.dumps([deployed.resources, machines])
    # AWS's own policies are named by the SAM transform, which knows the region when CloudFormation runs it
    found = re.findall(r"arn:([a-z-]+):(?!iam::aws:policy/)", text)
    assert set(found) == {"aws-cn" if region.startswith("cn") else "aws-us-gov"}


def test_every_role_has_the_boundary_that_is_asked_for_and_none_otherwise(plain: Deployment, full: Deployment) -> None:
    roles = full.of_type("AWS::IAM::Role")
    assert len(roles) == 15
    assert {role.get("PermissionsBoundary") for role in roles.values()} == {BOUNDARY}
    assert not any("PermissionsBoundary" in role for role in plain.of_type("AWS::IAM::Role").values())


def test_every_resource_that_can_have_tags_names_its_stack(full: Deployment) -> None:
    bare = {}
    for name, body in full.resources.items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", body["Type"]).schema
        tags = body.get("Properties", {}).get("Tags", [])
        pairs = tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}
        if "Tags" in schema["properties"] and pairs.get("warmfold:stack") != "warmfold":
            bare[name] = body["Type"]
    assert set(bare.values()) <= set(NOT_TAGGED), bare


def test_rights_to_keys_and_network_are_there_only_when_asked_for(plain: Deployment, full: Deployment) -> None:
    def services(deployed: Deployment) -> set[str]:
        statements = [s for documents in deployed.policies().values() for d in documents for s in d["Statement"]]
        return {action.partition(":")[0] for s in statements for action in _listed(s["Action"])}

    assert {"kms", "ec2"} <= services(full)
    assert not {"kms", "ec2"} & services(plain)


def test_every_function_that_uses_the_bucket_may_use_its_key_and_no_other(full: Deployment) -> None:
    users, keyed = set(), set()
    for name, role in full.of_type("AWS::IAM::Role").items():
        if not name.endswith("FunctionRole"):
            continue
        actions = {a for document in documents(full, role) for s in document["Statement"] for a in _listed(s["Action"])}
        if actions & {"s3:GetObject", "s3:PutObject"}:
            users.add(name)
        if actions & {"kms:Decrypt", "kms:GenerateDataKey"}:
            keyed.add(name)
    assert users == keyed
    assert users


JOBS = ("SplitRole", "CandidateRole", "FoldRole", "ModelRole")


def test_only_split_dataset_reads_what_was_uploaded_and_the_model_its_archive_and_rows(plain: Deployment) -> None:
    reads = {name: rights_to_objects(plain, name, "s3:GetObject", "s3:GetObjectVersion") for name in JOBS}
    assert {name for name, keys in reads.items() if any(key.startswith("datasets/") for key in keys)} == {"SplitRole"}
    assert reads["ModelRole"] == {"runs/*/model/*", "runs/*/score/*"}
    assert reads["FoldRole"] == reads["CandidateRole"] == {"code/*", "runs/*"}
    assert "runs/*" not in reads["SplitRole"]


def test_no_job_writes_what_another_kind_of_job_or_a_function_writes(plain: Deployment) -> None:
    writes = {name: rights_to_objects(plain, name, "s3:PutObject") for name in JOBS}
    assert writes == {
        "SplitRole": {"runs/*/parts/*", "runs/*/holdout/*", "runs/*/score/*", "runs/*/profile.json", "runs/*/split/*"},
        "CandidateRole": {"runs/*/candidates/*", "runs/*/leaderboard/*", "runs/*/candidate-output/*"},
        "FoldRole": {"runs/*/candidates/*", "runs/*/fold-output/*", "runs/*/model/*"},
        "ModelRole": {"runs/*/predictions/*"},
    }


def test_no_job_lists_what_was_uploaded(plain: Deployment) -> None:
    for name in JOBS:
        (listing,) = [one for one in statements(plain, name) if "s3:ListBucket" in _listed(one["Action"])]
        assert set(listing["Condition"]["StringLike"]["s3:prefix"]) <= {"code/*", "runs/*"}, name


def test_only_sagemaker_on_behalf_of_this_account_takes_a_job_s_role(plain: Deployment) -> None:
    for name in JOBS:
        (trust,) = plain.of_type("AWS::IAM::Role")[name]["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "sagemaker.amazonaws.com"}
        assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_jobs_grant_the_stack_s_key_to_aws_only(full: Deployment) -> None:
    for name in JOBS:
        (grant,) = [one for one in statements(full, name) if "kms:CreateGrant" in _listed(one["Action"])]
        assert grant["Action"] == "kms:CreateGrant"
        assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_nobody_but_the_stack_and_named_administrators_writes_what_jobs_run(
    plain: Deployment, full: Deployment
) -> None:
    everything = {*JOBS, "PlanRunFunctionRole", "WriteReportFunctionRole"}
    for deployed in (plain, full):
        policy = deployed.resources["DataBucketPolicy"]["Properties"]["PolicyDocument"]
        excepted: dict[str, set[str]] = {}
        for one in policy["Statement"][1:]:
            assert (one["Effect"], one["Principal"]) == ("Deny", "*")
            assert one["Action"] == ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"]
            roles = {arn.rpartition("/")[2] for arn in one["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]}
            excepted |= {arn.partition("/")[2]: roles for arn in one["Resource"]}
            administrators = one["Condition"].get("ArnNotLike")
            named = EVERYTHING["AdministratorArns"].split(",")
            assert administrators == (None if deployed is plain else {"aws:PrincipalArn": named})
        by_plan_run = {"PlanRunFunctionRole-name"}
        assert excepted == {
            "code/*": by_plan_run,
            "runs/*/plan.json": by_plan_run,
            "runs/*/approval.json": by_plan_run,
            "runs/*": {f"{name}-name" for name in everything},
        }


def test_every_role_that_may_write_below_code_or_runs_is_one_that_the_bucket_lets(plain: Deployment) -> None:
    writers = {
        name
        for name in plain.of_type("AWS::IAM::Role")
        if any(key.startswith(("code/", "runs/")) for key in rights_to_objects(plain, name, "s3:PutObject"))
    }
    assert writers == {*JOBS, "PlanRunFunctionRole", "WriteReportFunctionRole"}


def statements(deployed: Deployment, role: str) -> list[dict[str, Any]]:
    """The statements of a role's policies."""
    found = documents(deployed, deployed.of_type("AWS::IAM::Role")[role])
    return [statement for document in found for statement in document["Statement"]]


def rights_to_objects(deployed: Deployment, role: str, *actions: str) -> set[str]:
    """The keys of the data bucket on which a role may do one of some actions."""
    allowed = [one for one in statements(deployed, role) if set(_listed(one["Action"])) & set(actions)]
    return {arn.partition("/")[2] for one in allowed for arn in _listed(one["Resource"])}


def documents(deployed: Deployment, role: dict[str, Any]) -> list[dict[str, Any]]:
    """A role's policies: its own, and those of the stack that are attached to it."""
    managed = deployed.of_type("AWS::IAM::ManagedPolicy")
    attached = role.get("ManagedPolicyArns", [])
    shared = [p["PolicyDocument"] for name, p in managed.items() if deployed.resolved({"Ref": name}) in attached]
    return [policy["PolicyDocument"] for policy in role.get("Policies", [])] + shared


def test_a_key_encrypts_the_bucket_too(plain: Deployment, full: Deployment) -> None:
    def rule(deployed: Deployment) -> Any:
        encryption = deployed.resources["DataBucket"]["Properties"]["BucketEncryption"]
        (found,) = encryption["ServerSideEncryptionConfiguration"]
        return found["ServerSideEncryptionByDefault"]

    assert rule(plain) == {"SSEAlgorithm": "AES256"}
    assert rule(full) == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}


def test_what_a_run_reads_outlasts_the_longest_run(full: Deployment, plain: Deployment) -> None:
    def rules(deployed: Deployment) -> dict[str, Any]:
        found = deployed.resources["DataBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
        return {rule["Id"]: rule for rule in found}

    longest = full.definition("TuningStateMachine")["TimeoutSeconds"] / 86400
    assert rules(full)["old-versions"]["NoncurrentVersionExpiration"]["NoncurrentDays"] > longest
    allowed = full.template["Parameters"]["RunRetentionDays"]["AllowedValues"]
    assert min(days for days in allowed if days) > longest
    assert rules(full)["old-runs"]["Prefix"] == "runs/"
    assert "old-runs" not in rules(plain)


def test_the_data_stays_when_the_stack_goes_and_its_policy_with_it(plain: Deployment) -> None:
    kept = {name for name, body in plain.resources.items() if body.get("DeletionPolicy") == "Retain"}
    assert kept == {"DataBucket", "DataBucketPolicy"}


def test_nobody_is_subscribed_but_who_is_named(plain: Deployment, full: Deployment) -> None:
    subscribed = full.resources["NotificationTopic"]["Properties"]["Subscription"]
    assert subscribed == [{"Protocol": "email", "Endpoint": "someone@example.com"}]
    assert "Subscription" not in plain.resources["NotificationTopic"]["Properties"]


def test_only_the_stack_s_own_rules_send_to_the_dead_letter_queue_and_each_may(plain: Deployment) -> None:
    rules = plain.of_type("AWS::Events::Rule")
    letters = {target["DeadLetterConfig"]["Arn"] for rule in rules.values() for target in rule["Targets"]}
    (policy,) = plain.of_type("AWS::SQS::QueuePolicy").values()
    allowed = policy["PolicyDocument"]["Statement"][0]
    assert letters == {allowed["Resource"]}
    assert {arn.rpartition("/")[2] for arn in allowed["Condition"]["ArnEquals"]["aws:SourceArn"]} == {
        f"{name}-name" for name in rules
    }


def test_functions_log_into_one_group_and_each_machine_into_its_own_and_all_forget(plain: Deployment) -> None:
    groups = plain.of_type("AWS::Logs::LogGroup")
    assert {group["RetentionInDays"] for group in groups.values()} == {30}
    used = {f["LoggingConfig"]["LogGroup"] for f in plain.of_type("AWS::Lambda::Function").values()}
    assert used == {"FunctionLogs-name"}
    for machine in plain.of_type("AWS::StepFunctions::StateMachine").values():
        (destination,) = machine["LoggingConfiguration"]["Destinations"]
        arn = destination["CloudWatchLogsLogGroup"]["LogGroupArn"]
        assert arn.endswith(":*")  # Step Functions wants it so
        used.add(arn.split(":")[-2])
    assert sorted(used) == sorted(f"{name}-name" for name in groups)


def test_alarms_reach_the_topic_and_one_watches_all_throttles_of_the_account(plain: Deployment) -> None:
    alarms = plain.of_type("AWS::CloudWatch::Alarm")
    assert {tuple(alarm["AlarmActions"]) for alarm in alarms.values()} == {
        (plain.resolved({"Ref": "NotificationTopic"}),)
    }
    throttles = alarms["FunctionsThrottledAlarm"]
    assert (throttles["Namespace"], throttles["MetricName"]) == ("AWS/Lambda", "Throttles")
    assert "Dimensions" not in throttles  # all functions of the account and region share its concurrency


def test_no_alarm_adds_up_more_metrics_than_cloudwatch_takes(plain: Deployment) -> None:
    for name, alarm in plain.of_type("AWS::CloudWatch::Alarm").items():
        assert sum("MetricStat" in metric for metric in alarm.get("Metrics", [])) <= 10, name


def test_the_alarm_on_warm_pools_watches_what_write_report_counts(
    plain: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in plain.environment("WriteReportFunction").items():
        monkeypatch.setenv(name, str(value))
    telemetry.count("WarmPoolsLeft", 2)
    counted = json.loads(capsys.readouterr().out)
    alarm = plain.resources["WarmPoolsLeftAlarm"]["Properties"]
    (metrics,) = counted["_aws"]["CloudWatchMetrics"]
    assert (metrics["Namespace"], metrics["Metrics"][0]["Name"]) == (alarm["Namespace"], alarm["MetricName"])
    assert [{"Name": name, "Value": counted[name]} for name in metrics["Dimensions"][0]] == alarm["Dimensions"]
    assert 'count("WarmPoolsLeft"' in (ROOT / "functions/write_report.py").read_text()


def test_functions_read_what_the_template_gives_them_and_nothing_else(full: Deployment) -> None:
    models = {m for m in vars(environment).values() if isinstance(m, type) and issubclass(m, environment.Environment)}
    read = {str(field.alias) for model in models for field in model.model_fields.values()}
    given = {name for f in full.of_type("AWS::Lambda::Function") for name in full.environment(f)}
    assert {name for name in given if not name.startswith("POWERTOOLS_")} == read - {"AWS_REGION"}


def test_a_deployment_s_environment_is_one_that_plan_run_takes(full: Deployment) -> None:
    given = {name: str(value) for name, value in full.environment("PlanRunFunction").items()}
    read = environment.PlanEnvironment.read(given | {"AWS_REGION": "us-east-1"})
    assert read.vpc == {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    assert read.kms_key_arn == KEY
    assert read.compute == {"instance_type": "ml.m5.xlarge"}


@pytest.mark.parametrize("parameters", [{}, EVERYTHING], ids=["plain", "everything"])
def test_parliament_has_nothing_to_say_about_any_policy(parameters: dict[str, str]) -> None:
    parliament = ROOT / ".venv-sam/bin/parliament"
    if not parliament.is_file():
        pytest.skip("no parliament: make install-sam")
    deployed = Deployment(**parameters)
    documents = [(name, document) for name, found in deployed.policies().items() for document in found]
    script = (
        "import json, sys, warnings; warnings.simplefilter('ignore'); import parliament\n"
        "for name, document in json.load(sys.stdin):\n"
        "    found = parliament.analyze_policy_string(json.dumps(document)).findings\n"
        "    for one in found: print(json.dumps([name, one.issue, str(one.detail)]))"
    )
    asked = subprocess.run(
        [parliament.with_name("python"), "-W", "ignore", "-c", script],
        input=json.dumps(documents),
        capture_output=True,
        text=True,
        check=True,
    )
    findings = [json.loads(line) for line in asked.stdout.splitlines()]
    assert [found for found in findings if not any(found[1] == i and part in str(found) for i, part in EXCUSED)] == []
    assert len(documents) > 15


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@pytest.mark.parametrize("kind", ["ml.trn1.32xlarge", "ml.p5.48xlarge", "ml.g5.xlarge", "ml.inf2.xlarge"])
def test_no_accelerator_is_allowed_unless_the_stack_says_so(plain: Deployment, kind: str) -> None:
    allowed = plain.environment("PlanRunFunction")["ALLOWED_INSTANCE_TYPES"].split(",")
    assert any(fnmatchcase("ml.m5.xlarge", one) for one in allowed)
    assert not any(fnmatchcase(kind, one) for one in allowed)
