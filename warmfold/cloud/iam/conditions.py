"""The Condition element of IAM's policies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from warmfold.cloud.iam.patterns import Context, Match, matches, without_wildcards

KNOWN_KEYS = re.compile(
    r"aws:(requesttag/.+|tagkeys|principal(arn|account|type|isawsservice)|requestedregion|securetransport|viaawsservice"
    r"|calledvia(first|last)?|sourceaccount|sourcearn|username|multifactorauthpresent)"
    r"|iam:passedtoservice"
    r"|sts:externalid"
    r"|s3:(prefix|delimiter|max-keys|versionid|x-amz-(acl|server-side-encryption(-aws-kms-key-id)?))"
)
"""The keys whose value, or absence, a call here tells as it would on AWS; any other permits nothing."""

Test = Callable[[str, str, Context], Match]


def holds(operator: str, key: str, values: Sequence[str], context: Context) -> Match:
    """Whether one condition holds for a call; None when operator, key or a variable in the values is not known."""
    quantifier, _, plain = operator.rpartition(":")
    base = plain.removesuffix("IfExists")
    name = key.lower()
    if quantifier not in ("", "ForAllValues", "ForAnyValue") or not KNOWN_KEYS.fullmatch(name):
        return None
    given = context.get(name, ())
    if given is None:
        return None
    if base == "Null":
        return (name not in context) == (values[0].lower() == "true") if plain == base and not quantifier else None
    if base not in _TESTS:
        return None
    test, negated = _TESTS[base]
    if name not in context:
        return plain != base or quantifier == "ForAllValues" or (negated and not quantifier)
    found = [_one(test, negated, value, values, context) for value in ([given] if isinstance(given, str) else given)]
    if quantifier == "ForAllValues" or (negated and not quantifier):
        return all_of(found)
    return True if True in found else None if None in found else False


def _one(test: Test, negated: bool, value: str, wanted: Sequence[str], context: Context) -> Match:
    found = [test(value, one, context) for one in wanted]
    if True in found:
        return not negated
    return None if None in found else negated


def all_of(found: Iterable[Match]) -> Match:
    """Whether all are true; None when none is false and one can't be told."""
    unknown = False
    for one in found:
        if one is False:
            return False
        unknown = unknown or one is None
    return None if unknown else True


def _like(value: str, pattern: str, context: Context) -> Match:
    return matches(pattern, value, context)


def _equal(value: str, wanted: str, context: Context) -> Match:
    return matches(without_wildcards(wanted), value, context)  # only StringLike has wildcards


def _equal_in_any_case(value: str, wanted: str, context: Context) -> Match:
    return _equal(value.lower(), wanted.lower(), context)


def _arn_like(value: str, pattern: str, context: Context) -> Match:
    parts, wanted = value.split(":", 5), pattern.split(":", 5)
    if len(parts) != len(wanted):
        return False
    return all_of(matches(one, part, context) for part, one in zip(parts, wanted, strict=True))


def _same_truth(value: str, wanted: str, _: Context) -> Match:
    return value.lower() == wanted.lower()


def _number(compare: Callable[[float, float], bool]) -> Test:
    def test(value: str, wanted: str, _: Context) -> Match:
        try:
            return compare(float(value), float(wanted))
        except ValueError:
            return None

    return test


_TESTS: dict[str, tuple[Test, bool]] = {
    "StringEquals": (_equal, False),
    "StringNotEquals": (_equal, True),
    "StringEqualsIgnoreCase": (_equal_in_any_case, False),
    "StringNotEqualsIgnoreCase": (_equal_in_any_case, True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (_arn_like, False),
    "ArnLike": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnNotLike": (_arn_like, True),
    "Bool": (_same_truth, False),
    "NumericEquals": (_number(lambda value, wanted: value == wanted), False),
    "NumericNotEquals": (_number(lambda value, wanted: value == wanted), True),
    "NumericLessThan": (_number(lambda value, wanted: value < wanted), False),
    "NumericLessThanEquals": (_number(lambda value, wanted: value <= wanted), False),
    "NumericGreaterThan": (_number(lambda value, wanted: value > wanted), False),
    "NumericGreaterThanEquals": (_number(lambda value, wanted: value >= wanted), False),
}
"""Operator to its test, and whether it holds where that fails."""
