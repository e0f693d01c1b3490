"""IAM's verdict on one call by the policies of one role: pure, and never more generous than AWS."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from warmfold.cloud.iam.conditions import all_of, holds
from warmfold.cloud.iam.patterns import Context, Match, matches

ARN_PARTS = 6
ANY, UNKNOWN = "*", "unknown"
"""The resource of an action that has none, and one that can't be told."""


class PolicyError(ValueError):
    """A policy document that IAM would have refused; the text names the policy and what is wrong with it."""


@dataclass(frozen=True)
class Call:
    """One action on one resource (or ANY, or UNKNOWN), and the condition keys that come with it.

    An action that can't be told is the service's prefix with its colon.
    """

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class Statement:
    """One statement; `policy` and `index` say where it stands."""

    policy: str
    index: int
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    except_actions: bool = False
    except_resources: bool = False
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """Operator, condition key, values."""

    def applies(self, call: Call) -> Match:
        """Whether the statement is about the call; None when that can't be told here."""
        action = _is_one(self.except_actions, (_names(pattern, call.action) for pattern in self.actions))
        if action is False:
            return False
        resource = _is_one(self.except_resources, (_is_within(pattern, call) for pattern in self.resources))
        if resource is False:
            return False
        return all_of([action, resource, *(holds(*condition, call.context) for condition in self.conditions)])


@dataclass(frozen=True)
class Decision:
    """Whether a call is allowed, and the statement that allows or explicitly denies it (None: none does)."""

    allowed: bool
    by: Statement | None = None


def decide(statements: Iterable[Statement], call: Call) -> Decision:
    """IAM's verdict: an explicit Deny wins, else an Allow is needed.

    An action, resource, condition, operator or variable that is not known here permits nothing, and in a Deny denies.
    """
    allowed_by = None
    for statement in statements:
        if statement.allows:
            if allowed_by is None and statement.applies(call) is True:
                allowed_by = statement
        elif statement.applies(call) is not False:
            return Decision(False, statement)
    return Decision(allowed_by is not None, allowed_by)


@functools.lru_cache(maxsize=512)
def statements_of(policy: str, document: str) -> tuple[Statement, ...]:
    """The statements of a policy document (JSON text); raises PolicyError."""
    try:
        parsed = json.loads(document)
        listed = parsed["Statement"]
        return tuple(_statement(policy, index, body) for index, body in enumerate(_listed(listed)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PolicyError(f"policy {policy} can't be read ({error!r}); correct its document") from error


def _statement(policy: str, index: int, body: Mapping[str, Any]) -> Statement:
    effect = body["Effect"]
    if effect not in ("Allow", "Deny"):
        raise PolicyError(f"Effect is {effect!r}")
    except_actions, except_resources = "NotAction" in body, "NotResource" in body
    return Statement(
        policy,
        index,
        effect == "Allow",
        tuple(_listed(body["NotAction" if except_actions else "Action"])),
        tuple(_listed(body["NotResource" if except_resources else "Resource"])),
        except_actions,
        except_resources,
        tuple(
            (operator, key, tuple(_word(value) for value in _listed(values)))
            for operator, keys in body.get("Condition", {}).items()
            for key, values in keys.items()
        ),
    )


def _is_one(excepted: bool, found: Iterable[Match]) -> Match:
    answers = list(found)
    if True in answers:
        return not excepted
    return None if None in answers else excepted


def _names(pattern: str, action: str) -> Match:
    if matches(pattern.lower(), action.lower(), {}):
        return True
    return None if action.endswith(":") and pattern.lower().startswith(action.lower()) else False


def _is_within(pattern: str, call: Call) -> Match:
    if pattern == ANY:
        return True
    if call.resource == UNKNOWN:
        return None
    wanted, given = pattern.split(":", ARN_PARTS - 1), call.resource.split(":", ARN_PARTS - 1)
    if len(wanted) != len(given):
        return False
    return all_of(matches(part, value, call.context) for part, value in zip(wanted, given, strict=True))


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
