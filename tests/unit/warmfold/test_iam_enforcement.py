"""The local cloud's gate: whose calls are judged, what is answered, and in whose words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.warmfold.iam_requests import ACCOUNT, ROLE, TRUST, WHO, Inner, enforcer, policy, request
from warmfold.cloud.iam.enforcement import Enforcer, Recorder, Role, Verdict, is_on
from warmfold.cloud.iam.identity import Caller
from warmfold.cloud.iam.policy import Call


def test_the_user_s_own_calls_are_not_judged() -> None:
    assert request(enforcer(), "s3", "PUT", "/b/k", role=None)[0] == "200 OK"


def test_an_allowed_call_reaches_the_service_with_its_body() -> None:
    inner = Inner()
    gate = enforcer(p=policy({"Action": "sns:Publish"}))
    body = b"Action=Publish&TopicArn=arn:t"
    assert request(gate, "sns", "POST", "/", inner=inner, body=body)[0] == "200 OK"
    assert inner.bodies == [body]


def test_a_denied_call_does_not_reach_the_service() -> None:
    inner = Inner()
    request(enforcer(), "s3", "PUT", "/b/k", inner=inner)
    assert inner.bodies == []


def test_s3_s_denial() -> None:
    status, headers, body = request(enforcer(), "s3", "PUT", "/b/runs/é".encode().decode("latin-1"))
    assert (status, headers["Content-Type"]) == ("403 Forbidden", "application/xml")
    text = f"{WHO} is not authorized to perform: s3:PutObject on resource: "
    text += '"arn:aws:s3:::b/runs/é" because no identity-based policy allows the s3:PutObject action'
    assert f"<Code>AccessDenied</Code><Message>{text}</Message>" in body.decode()


def test_an_explicit_deny_is_said() -> None:
    gate = enforcer(p=policy({"Action": "*"}, {"Effect": "Deny", "Action": "s3:*"}))
    assert b"with an explicit deny in an identity-based policy<" in request(gate, "s3", "GET", "/b/k")[2]


def test_json_s_denial() -> None:
    body = json.dumps({"stateMachineArn": "arn:m"}).encode()
    target = "AWSStepFunctions.StartExecution"
    status, headers, answer = request(enforcer(), "states", "POST", "/", body=body, HTTP_X_AMZ_TARGET=target)
    assert (status, headers["x-amzn-ErrorType"]) == ("400 Bad Request", "AccessDeniedException")
    assert json.loads(answer) == {
        "__type": "AccessDeniedException",
        "message": f"{WHO} is not authorized to perform: states:StartExecution on resource: arn:m "
        "because no identity-based policy allows the states:StartExecution action",
    }


def test_lambda_s_denial() -> None:
    status, headers, answer = request(enforcer(), "lambda", "POST", "/2015-03-31/functions/f/invocations", body=b"{}")
    assert (status, headers["x-amzn-ErrorType"]) == ("403 Forbidden", "AccessDeniedException")
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
    said = f"{WHO} is not authorized to perform: lambda:InvokeFunction on resource: {function} because no"
    assert json.loads(answer)["Message"].startswith(said)


def test_sns_s_denial() -> None:
    body = b"Action=Publish&TopicArn=arn:t"
    status, _, answer = request(enforcer(), "sns", "POST", "/", body=body)
    assert status == "403 Forbidden"
    said = f"<Code>AuthorizationError</Code><Message>{WHO} is not authorized to perform: SNS:Publish on resource: arn:t"
    assert said in answer.decode()
    assert "allows the SNS:Publish action" in answer.decode()


@pytest.mark.parametrize(("may_list", "expected"), [(True, "404 Not Found"), (False, "403 Forbidden")])
def test_that_an_object_is_not_there_is_told_only_to_those_who_may_list(may_list: bool, expected: str) -> None:
    actions = ["s3:GetObject", *(["s3:ListBucket"] if may_list else [])]
    gate = enforcer(p=policy({"Action": actions}))
    missing = Inner("404 Not Found")
    status, _, body = request(gate, "s3", "GET", "/b/k", inner=missing)
    assert status == expected
    assert (b"s3:ListBucket on resource" in body) is not may_list
    status, headers, body = request(gate, "s3", "HEAD", "/b/k", inner=missing)
    assert status == expected
    if not may_list:
        assert (headers["Content-Length"], body) == ("0", b"")


def test_an_object_that_is_there_needs_no_listing() -> None:
    gate = enforcer(p=policy({"Action": "s3:GetObject"}))
    assert request(gate, "s3", "GET", "/b/k") == ("200 OK", {"X-Inner": "yes"}, b"inner")


def test_a_role_that_is_gone_may_do_nothing() -> None:
    gate = enforcer(p=policy({"Action": "*"}))
    assert gate.judge(Caller(None, ROLE), [Call("s3:GetObject", "arn:aws:s3:::b/k")]) is None
    assert gate.judge(Caller(None, ROLE + "2"), [Call("s3:GetObject", "arn:aws:s3:::b/k")]) is not None


def test_a_boundary_limits_what_policies_allow_and_allows_nothing_itself() -> None:
    def judged(own: str, boundary: str) -> str | None:
        role = Role({"p": own}, TRUST, ("boundary", boundary))
        gate = Enforcer(ACCOUNT, "us-east-1", lambda _: role)
        denial = gate.judge(Caller(None, ROLE, "session"), [Call("sns:Publish", "arn:t")])
        return denial.message if denial else None

    everything, nothing = policy({"Action": "*"}), policy({"Action": "s3:*"})
    assert judged(everything, everything) is None
    assert str(judged(everything, nothing)).endswith("because no permissions boundary allows the SNS:Publish action")
    assert str(judged(nothing, everything)).endswith("because no identity-based policy allows the SNS:Publish action")
    deny = policy({"Action": "*"}, {"Effect": "Deny", "Action": "sns:*"})
    assert str(judged(everything, deny)).endswith("with an explicit deny in a permissions boundary")


def test_a_changed_policy_counts_from_the_next_call_on() -> None:
    policies = {"p": policy({"Action": "s3:*"})}
    gate = Enforcer(ACCOUNT, "us-east-1", lambda _: Role(policies, TRUST))
    call = Call("s3:GetObject", "arn:aws:s3:::b/k")
    assert gate.judge(Caller(None, ROLE), [call]) is None
    policies["p"] = policy({"Action": "sns:*"})
    assert gate.judge(Caller(None, ROLE), [call]) is not None


def sagemaker_gate(trusted: str, *statements: dict[str, Any]) -> Enforcer:
    trust = json.dumps(
        {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": trusted}}]}
    )
    return Enforcer(ACCOUNT, "us-east-1", lambda arn: Role({"p": policy(*statements)}, trust) if arn == ROLE else None)


JOB = {"TrainingJobName": "j", "RoleArn": ROLE, "Tags": [{"Key": "k", "Value": "v"}]}
CREATE, PASS, TAG = "sagemaker:CreateTrainingJob", "iam:PassRole", "sagemaker:AddTags"


@pytest.mark.parametrize("missing", [CREATE, PASS, TAG])
def test_sagemaker_refuses_in_aws_s_words(missing: str) -> None:
    rest = {"Action": [action for action in (CREATE, PASS, TAG) if action != missing]}
    gate = sagemaker_gate("sagemaker.amazonaws.com", rest)
    resource = ROLE if missing == PASS else f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/j"
    assert gate.sagemaker(Caller(None, ROLE, "session"), "CreateTrainingJob", JOB) == (
        "AccessDeniedException",
        f"{WHO} is not authorized to perform: {missing} on resource: {resource} "
        f"because no identity-based policy allows the {missing} action",
    )


def test_sagemaker_takes_only_roles_that_trust_it_whoever_calls() -> None:
    user = Caller("local", None)
    assert sagemaker_gate("sagemaker.amazonaws.com").sagemaker(user, "CreateTrainingJob", JOB) is None
    for gate, role in ((sagemaker_gate("lambda.amazonaws.com"), ROLE), (sagemaker_gate("x"), ROLE + "2")):
        refusal = gate.sagemaker(user, "CreateTrainingJob", {"TrainingJobName": "j", "RoleArn": role})
        assert refusal is not None
        assert refusal[0] == "ValidationException"
        assert refusal[1].startswith(f"Could not assume role {role}. Please ensure that the role exists")


def test_verdicts_are_recorded_once_each_with_what_allowed_them(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "verdicts.jsonl")
    role = Role({"p": policy({"Action": "sns:*"}, {"Action": "s3:Get*"})}, TRUST)
    gate = Enforcer(ACCOUNT, "us-east-1", lambda _: role, recorder)
    for _ in range(2):
        gate.judge(Caller(None, ROLE), [Call("s3:GetObject", "arn:aws:s3:::b/k"), Call("s3:PutObject", "arn:x")])
    lines = [json.loads(line) for line in (tmp_path / "verdicts.jsonl").read_text().splitlines()]
    assert [(line["action"], line["allowed"], line["by"]) for line in lines] == [
        ("s3:GetObject", True, ["p", 1]),
        ("s3:PutObject", False, None),
    ]
    assert Verdict(**lines[0]).role_arn == ROLE


def test_the_switch_is_on_unless_it_is_off() -> None:
    assert is_on({})
    assert is_on({"WARMFOLD_IAM": "on"})
    assert not is_on({"WARMFOLD_IAM": "off"})
    with pytest.raises(ValueError, match="WARMFOLD_IAM is '0'; it must be on or off"):
        is_on({"WARMFOLD_IAM": "0"})


def test_a_call_is_judged_in_the_region_that_it_is_signed_for() -> None:
    east = enforcer(p=policy({"Action": "sqs:*", "Resource": f"arn:aws:sqs:us-east-1:{ACCOUNT}:*"}))
    condition = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    only = enforcer(p=policy({"Action": "sqs:*", "Condition": condition}))
    body = json.dumps({"QueueName": "q"}).encode()
    for gate in (east, only):
        for region, expected in (("us-east-1", "200 OK"), (None, "200 OK"), ("us-west-2", "400 Bad Request")):
            more = {"body": body, "HTTP_X_AMZ_TARGET": "AmazonSQS.CreateQueue"}
            assert request(gate, "sqs", "POST", "/", region=region, **more)[0] == expected, region
    create = {"TrainingJobName": "j"}
    gate = enforcer(p=policy({"Action": "sagemaker:*", "Resource": f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:*"}))
    assert gate.sagemaker(Caller(None, ROLE, region="us-east-1"), "CreateTrainingJob", create) is None
    assert gate.sagemaker(Caller(None, ROLE, region="us-west-2"), "CreateTrainingJob", create) is not None
