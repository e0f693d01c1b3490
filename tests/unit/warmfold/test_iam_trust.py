"""Whom a trust policy means, and what in it can't be told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from warmfold.cloud.iam.policy import PolicyError
from warmfold.cloud.iam.trust import AWS, SERVICE, trusts

SAGEMAKER = {"Principal": {"Service": "sagemaker.amazonaws.com"}}
ROOT = "arn:aws:iam::123456789012:root"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **one} for one in statements]})


def by_sagemaker(*statements: dict[str, Any]) -> bool:
    context = {"aws:sourceaccount": "123456789012"}
    return trusts(document(*statements), SERVICE, {"sagemaker.amazonaws.com"}, context)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (SAGEMAKER, True),
        ({"Principal": {"Service": ["lambda.amazonaws.com", "sagemaker.amazonaws.com"]}}, True),
        ({"Principal": "*"}, True),
        ({"Principal": {"Service": "lambda.amazonaws.com"}}, False),
        ({"Principal": {"AWS": ROOT}}, False),
        ({**SAGEMAKER, "Effect": "Deny"}, False),
        ({**SAGEMAKER, "Action": "sts:TagSession"}, False),
        ({**SAGEMAKER, "Action": ["sts:TagSession", "STS:Assume*"]}, True),
        ({"NotPrincipal": {"Service": "lambda.amazonaws.com"}}, False),
        ({**SAGEMAKER, "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}, True),
        ({**SAGEMAKER, "Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}}, False),
        ({**SAGEMAKER, "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sagemaker:*"}}}, False),
    ],
)
def test_whom_a_role_trusts(statement: dict[str, Any], expected: bool) -> None:
    assert by_sagemaker(statement) is expected


@pytest.mark.parametrize(
    ("deny", "expected"),
    [
        ({**SAGEMAKER}, False),
        ({"Principal": {"Service": "lambda.amazonaws.com"}}, True),
        ({"NotPrincipal": {"Service": "sagemaker.amazonaws.com"}}, False),
        ({**SAGEMAKER, "Condition": {"StringNotEquals": {"aws:SourceAccount": "123456789012"}}}, True),
        ({**SAGEMAKER, "Condition": {"ArnNotLike": {"aws:SourceArn": "arn:aws:sagemaker:*"}}}, False),
    ],
)
def test_a_deny_wins_unless_it_is_about_somebody_else(deny: dict[str, Any], expected: bool) -> None:
    assert by_sagemaker(SAGEMAKER, {**deny, "Effect": "Deny"}) is expected


def test_an_account_is_meant_by_any_of_its_names_and_not_as_a_service() -> None:
    names = {ROOT, "123456789012"}
    assert trusts(document({"Principal": {"AWS": "123456789012"}}), AWS, names, {})
    assert trusts(document({"Principal": {"AWS": ["arn:aws:iam::999999999999:root", ROOT]}}), AWS, names, {})
    assert not trusts(document({"Principal": {"Service": ROOT}}), AWS, names, {})


@pytest.mark.parametrize("text", ["{", "{}", '{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole"}}'])
def test_a_document_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(PolicyError, match="trust policy"):
        trusts(text, SERVICE, {"sagemaker.amazonaws.com"}, {})
