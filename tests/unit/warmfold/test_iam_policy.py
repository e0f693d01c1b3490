"""IAM's evaluation: what AWS's rules allow is allowed, and what can't be told never is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from warmfold.cloud.iam.policy import UNKNOWN, Call, Decision, PolicyError, decide, statements_of

JOB = "arn:aws:sagemaker:us-east-1:123456789012:training-job/wf-run-001"


def decided(call: Call, *statements: dict[str, Any]) -> Decision:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **s} for s in statements]}
    return decide(statements_of("p", json.dumps(document)), call)


def allowed(call: Call, *statements: dict[str, Any]) -> bool:
    return decided(call, *statements).allowed


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("sagemaker:CreateTrainingJob", True),
        ("SAGEMAKER:createtrainingjob", True),
        ("sagemaker:Create*", True),
        ("sagemaker:CreateTrainingJo?", True),
        ("sagemaker:CreateTrainingJob?", False),
        ("sagemaker:*Training", False),
        ("*", True),
        ("s3:*", False),
        ("sagemaker:Create.rainingJob", False),
    ],
)
def test_actions_match_in_any_case_with_wildcards(pattern: str, expected: bool) -> None:
    assert allowed(Call("sagemaker:CreateTrainingJob", JOB), {"Action": pattern}) is expected
    assert allowed(Call("sagemaker:CreateTrainingJob", JOB), {"NotAction": pattern}) is not expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (JOB, True),
        (JOB.upper(), False),
        ("arn:aws:sagemaker:us-east-1:123456789012:training-job/wf-*", True),
        ("arn:aws:sagemaker:*:*:training-job/wf-run-00?", True),
        ("arn:aws:sagemaker:us-east-1:123456789012:training-job/wf2-*", False),
        ("arn:aws:sagemaker:us-east-1:123456789012:*", True),
        ("arn:aws:*", False),
        ("arn:aws:s3:::*", False),
        ("*", True),
    ],
)
def test_resources_match_part_by_part_and_in_their_own_case(pattern: str, expected: bool) -> None:
    call = Call("sagemaker:StopTrainingJob", JOB)
    assert allowed(call, {"Action": "*", "Resource": ["arn:aws:s3:::b/*", pattern]}) is expected
    assert (
        decided(call, {"Action": "*"}, {"Effect": "Deny", "Action": "*", "Resource": pattern}).allowed is not expected
    )


def test_not_resource_leaves_out_what_it_names() -> None:
    document = {"Statement": {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::b/secret/*"}}
    statements = statements_of("p", json.dumps(document))
    assert decide(statements, Call("s3:GetObject", "arn:aws:s3:::b/open/x")).allowed
    assert not decide(statements, Call("s3:GetObject", "arn:aws:s3:::b/secret/x")).allowed


def test_an_action_without_a_resource_needs_every_resource() -> None:
    call = Call("sagemaker:ListTrainingJobs", "*")
    assert allowed(call, {"Action": "sagemaker:List*"})
    assert not allowed(call, {"Action": "sagemaker:List*", "Resource": "arn:aws:sagemaker:*:*:training-job/*"})


def test_an_explicit_deny_wins_wherever_it_stands_and_is_named() -> None:
    deny = {"Effect": "Deny", "Action": "s3:Put*", "Resource": "arn:aws:s3:::b/datasets/*"}
    call = Call("s3:PutObject", "arn:aws:s3:::b/datasets/x")
    for statements in ([{"Action": "*"}, deny], [deny, {"Action": "*"}]):
        decision = decided(call, *statements)
        assert decision.allowed is False
        assert decision.by is not None
        assert decision.by.allows is False
    assert decided(call).by is None


def test_a_decision_names_the_statement_that_allows() -> None:
    by = decided(Call("s3:GetObject", "arn:aws:s3:::b/x"), {"Action": "s3:PutObject"}, {"Action": "s3:Get*"}).by
    assert by is not None
    assert (by.policy, by.index) == ("p", 1)


CONTEXT = {
    "aws:requesttag/warmfold:stack": "wf",
    "aws:tagkeys": ("warmfold:stack", "warmfold:run"),
    "iam:passedtoservice": "sagemaker.amazonaws.com",
    "s3:prefix": "runs/a/",
    "s3:max-keys": "1",
    "aws:securetransport": "true",
    "aws:principalarn": "arn:aws:iam::123456789012:role/fold",
}


@pytest.mark.parametrize(
    ("operator", "key", "values", "expected"),
    [
        ("StringEquals", "iam:PassedToService", "sagemaker.amazonaws.com", True),
        ("StringEquals", "IAM:passedToService", ["x", "sagemaker.amazonaws.com"], True),
        ("StringEquals", "iam:PassedToService", "SAGEMAKER.amazonaws.com", False),
        ("StringEquals", "iam:PassedToService", "sagemaker.*", False),
        ("StringEqualsIgnoreCase", "iam:PassedToService", "SAGEMAKER.amazonaws.com", True),
        ("StringNotEquals", "iam:PassedToService", "lambda.amazonaws.com", True),
        ("StringNotEquals", "iam:PassedToService", ["a", "sagemaker.amazonaws.com"], False),
        ("StringLike", "s3:prefix", "runs/*", True),
        ("StringLike", "s3:prefix", "run?/a/", True),
        ("StringNotLike", "s3:prefix", "runs/*", False),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/f*", True),
        ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::123456789012:role/other", False),
        ("ArnLike", "aws:PrincipalArn", "arn:*", False),
        ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:role/other", True),
        ("Bool", "aws:SecureTransport", True, True),
        ("Bool", "aws:SecureTransport", "false", False),
        ("NumericLessThanEquals", "s3:max-keys", "1", True),
        ("NumericLessThan", "s3:max-keys", 1, False),
        ("NumericEquals", "s3:max-keys", "one", False),
        ("Null", "aws:RequestTag/warmfold:stack", "false", True),
        ("Null", "aws:RequestTag/other", "true", True),
        ("Null", "aws:RequestTag/other", "false", False),
        ("StringEquals", "aws:RequestTag/Warmfold:Stack", "wf", True),
        ("StringEquals", "aws:RequestTag/other", "wf", False),
        ("StringNotEquals", "aws:RequestTag/other", "wf", True),
        ("StringEqualsIfExists", "aws:RequestTag/other", "wf", True),
        ("StringEqualsIfExists", "s3:prefix", "wf", False),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["warmfold:stack", "warmfold:run"], True),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["warmfold:stack"], False),
        ("ForAllValues:StringEquals", "s3:delimiter", "/", True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["warmfold:run"], True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["x"], False),
        ("ForAnyValue:StringEquals", "s3:delimiter", "/", False),
        ("ForAnyValue:StringLike", "aws:TagKeys", "warmfold:*", True),
        ("StringEquals", "s3:prefix", "${s3:prefix}", True),
        ("StringLike", "s3:prefix", "runs/${*}/", False),
    ],
)
def test_conditions(operator: str, key: str, values: Any, expected: bool) -> None:
    call = Call("s3:ListBucket", "arn:aws:s3:::b", CONTEXT)
    assert allowed(call, {"Action": "*", "Condition": {operator: {key: values}}}) is expected


NOT_KNOWN = [
    ("StringEquals", "aws:ResourceTag/warmfold:stack", "wf"),
    ("StringNotEquals", "aws:ResourceTag/warmfold:stack", "wf"),
    ("StringEqualsIfExists", "sagemaker:InstanceTypes", "ml.m5.large"),
    ("Null", "sagemaker:VpcSubnets", "true"),
    ("ForAllValues:StringEquals", "own:key", "x"),
    ("IpAddress", "aws:SourceIp", "0.0.0.0/0"),
    ("StringMatches", "s3:prefix", "runs/a/"),
    ("ForSomeValues:StringEquals", "s3:prefix", "runs/a/"),
    ("StringLike", "s3:prefix", "${aws:username}*"),
    ("StringNotEquals", "s3:prefix", "${aws:userid}"),
]


@pytest.mark.parametrize(("operator", "key", "value"), NOT_KNOWN)
def test_what_is_not_known_permits_nothing_and_still_denies(operator: str, key: str, value: str) -> None:
    call = Call("s3:ListBucket", "arn:aws:s3:::b", CONTEXT)
    condition = {"Condition": {operator: {key: value}}}
    assert not allowed(call, {"Action": "*", **condition})
    assert not allowed(call, {"Action": "*"}, {"Effect": "Deny", "Action": "*", **condition})


SECRET = "arn:aws:dynamodb:us-east-1:123456789012:table/secret"


def test_a_resource_that_can_not_be_told_is_permitted_by_all_only_and_any_deny_may_be_about_it() -> None:
    call = Call("dynamodb:Scan", UNKNOWN)
    assert allowed(call, {"Action": "dynamodb:*"})
    assert not allowed(call, {"Action": "dynamodb:*", "Resource": SECRET})
    assert not allowed(call, {"Action": "dynamodb:*", "Resource": "arn:aws:dynamodb:*:*:*"})
    assert not allowed(call, {"Action": "*"}, {"Effect": "Deny", "Action": "dynamodb:*", "Resource": SECRET})
    assert allowed(call, {"Action": "*"}, {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"})
    document = {"Statement": {"Effect": "Allow", "Action": "dynamodb:*", "NotResource": SECRET}}
    assert not decide(statements_of("p", json.dumps(document)), call).allowed


def test_an_action_that_can_not_be_told_needs_all_of_its_service_and_any_deny_may_be_about_it() -> None:
    call = Call("s3:", "arn:aws:s3:::b")
    assert allowed(call, {"Action": "s3:*"})
    assert not allowed(call, {"Action": "s3:Get*"})
    assert not allowed(call, {"NotAction": "s3:GetObject"})
    assert allowed(call, {"NotAction": "sqs:*"})
    assert not allowed(call, {"Action": "*"}, {"Effect": "Deny", "Action": "s3:PutBucketAcl"})
    assert allowed(call, {"Action": "*"}, {"Effect": "Deny", "Action": "sqs:SendMessage"})


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("StringEquals", "x.amazonaws.com"),
        ("StringNotEquals", "x.amazonaws.com"),
        ("StringEqualsIfExists", "x.amazonaws.com"),
        ("Null", "true"),
        ("Null", "false"),
    ],
)
def test_a_key_whose_value_can_not_be_told_meets_no_condition(operator: str, value: str) -> None:
    call = Call("iam:PassRole", "arn:aws:iam::123456789012:role/r", {"iam:passedtoservice": None})
    assert allowed(call, {"Action": "iam:PassRole"})
    assert not allowed(call, {"Action": "iam:PassRole", "Condition": {operator: {"iam:PassedToService": value}}})


def test_all_conditions_of_a_statement_must_hold() -> None:
    condition = {"StringLike": {"s3:prefix": "runs/*"}, "Bool": {"aws:SecureTransport": "false"}}
    assert not allowed(Call("s3:ListBucket", "arn:aws:s3:::b", CONTEXT), {"Action": "*", "Condition": condition})


@pytest.mark.parametrize("variable", ["${aws:username}", "${aws:PrincipalTag/team}", "${aws:username, 'x'}"])
def test_a_variable_without_a_value_is_no_wildcard(variable: str) -> None:
    call = Call("s3:GetObject", "arn:aws:s3:::b/home/anybody/x")
    assert not allowed(call, {"Action": "*", "Resource": f"arn:aws:s3:::b/home/{variable}/*"})
    document = {"Statement": {"Effect": "Allow", "Action": "*", "NotResource": f"arn:aws:s3:::b/home/{variable}/*"}}
    assert not decide(statements_of("p", json.dumps(document)), call).allowed


def test_a_variable_with_a_value_stands_for_its_letters_only() -> None:
    statement = {"Action": "*", "Resource": "arn:aws:s3:::b/${s3:prefix}x"}
    assert allowed(Call("s3:GetObject", "arn:aws:s3:::b/a*/x", {"s3:prefix": "a*/"}), statement)
    assert not allowed(Call("s3:GetObject", "arn:aws:s3:::b/abc/x", {"s3:prefix": "a*/"}), statement)


@pytest.mark.parametrize(
    "document",
    [
        "{",
        '{"Statement": [{"Effect": "Allow"}]}',
        '{"Statement": {"Effect": "Permit", "Action": "*", "Resource": "*"}}',
    ],
)
def test_a_document_that_iam_would_refuse_is_an_error_that_names_the_policy(document: str) -> None:
    with pytest.raises(PolicyError, match="policy fan-out"):
        statements_of("fan-out", document)
