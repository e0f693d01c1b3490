"""Two stacks in one account, and quotas that leave hardly an instance."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.local.runs import (
    as_csv,
    assert_nothing_is_left,
    breast_cancer,
    fold_starts,
    is_fold,
    read_frames,
    succeeded,
    summary_of,
    training_jobs,
    upload,
)
from tests.ports import free_port
from warmfold.cloud import local
from warmfold.cloud.deploy import deploy
from warmfold.stack import Stack, open_stack

SMALL = """\
cross_validation: {n_splits: 2}
search:
  max_candidates: 2
  max_parallel_candidates: 2
  abandon: "off"
  hyperparameters: {learning_rate: {min: 0.1, max: 0.2}, max_iter: 5}
"""
JOBS = "compute: {fold_placement: warm-pool}\n"
ONE_TYPE = """\
compute: {instance_type: ml.m5.large, candidate_instance_type: ml.m5.large, fold_placement: warm-pool}
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[local.LocalCloud]:
    """A cloud with four training instances of one type, whose stack waits a second for one.

    Two runs' tuning jobs set one aside each, and each has the default hyperparameters' candidate beside it.
    """
    home = tmp_path_factory.mktemp("own-cloud")
    parameters = {"NamePrefix": "wf", "QuotaPatienceSeconds": "1"}
    quotas = {"instance_quotas": {"ml.m5.large": 4}}
    yield local.up(home, free_port(), stack_name="wf", parameters=parameters, sagemaker=quotas)
    local.down(home)


@pytest.fixture(scope="module")
def one(cloud: local.LocalCloud) -> Stack:
    return open_stack("wf", cloud.session())


def test_two_stacks_side_by_side_do_not_see_each_other_s_jobs(cloud: local.LocalCloud, one: Stack) -> None:
    deploy(cloud.session(), local.TEMPLATE, "wf2", {"NamePrefix": "wf2"})
    other = open_stack("wf2", cloud.session())
    experiment = SMALL.replace("parallel_candidates: 2", "parallel_candidates: 1") + JOBS
    data = as_csv(breast_cancer(150))
    started = [(stack, upload(stack, "shared", data, experiment=experiment)) for stack in (one, other)]
    for stack, execution in started:
        summary = summary_of(stack, execution)
        jobs = training_jobs(stack, summary["run"])
        assert {job["TrainingJobName"].split("-")[0] for job in jobs} == {stack.name}
        assert summary["candidates"]["total"] == 2
        assert summary["model_package"]["arn"].endswith(f":model-package/{stack.name}-shared/1")
        cold, warm = fold_starts(jobs)
        assert len(cold) + len(warm) == (2 + 1) * 2, "two candidates, and the default hyperparameters"
        assert 2 <= len(cold) <= 2 * 2, "one candidate at a time, and the default hyperparameters beside it"
        assert_nothing_is_left(stack, summary["run"])


@pytest.mark.parametrize("by_change_set", [False, True])
def test_a_second_stack_with_the_same_names_is_refused_and_leaves_nothing(
    cloud: local.LocalCloud, one: Stack, by_change_set: bool
) -> None:
    session = cloud.session()
    client, topics = session.client("cloudformation"), session.client("sns")
    machine = {"StateMachineName": "wf-tuning", "DefinitionString": "{}", "RoleArn": "arn:aws:iam::123456789012:role/r"}
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "made-before-it"}}
    resources = {
        "Topic": topic,
        "Machine": {"Type": "AWS::StepFunctions::StateMachine", "DependsOn": "Topic", "Properties": machine},
    }
    name, template = f"again-{by_change_set}", json.dumps({"Resources": resources})

    def create() -> None:
        if not by_change_set:
            client.create_stack(StackName=name, TemplateBody=template)
            return
        client.create_change_set(StackName=name, ChangeSetName="one", ChangeSetType="CREATE", TemplateBody=template)
        client.execute_change_set(StackName=name, ChangeSetName="one")

    with pytest.raises(ClientError, match=rf"State Machine Already Exists: '{one.state_machine_arn}'"):
        create()
    assert name not in [stack["StackName"] for stack in client.describe_stacks()["Stacks"]]
    assert not [made for made in topics.list_topics()["Topics"] if "made-before-it" in made["TopicArn"]]


def test_a_quota_that_the_candidates_fill_ends_in_a_model_all_the_same(one: Stack) -> None:
    summary = succeeded(one, "tight", breast_cancer(150), experiment=SMALL + ONE_TYPE)
    assert summary["candidates"]["completed"] == 2
    jobs = training_jobs(one, summary["run"])
    assert len([job for job in jobs if is_fold(job)]) < (2 + 1) * 2
    assert len(read_frames(one, f"runs/{summary['run']}/predictions/")) == summary["holdout"]["rows"]
    assert_nothing_is_left(one, summary["run"])
