"""Step Functions' errors: what a Retry or Catch of all of them takes."""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl

ALL = "States.ALL"
NOT_AMONG_ALL = ("States.DataLimitExceeded", "States.Runtime")
"""Errors that States.ALL does not stand for: only their own name may catch them."""


def install() -> None:
    """moto's States.ALL retries and catches every error; AWS's leaves out those that end an execution for good."""
    matches = ErrorEqualsDecl._eval_body

    def matches_as_on_aws(self: Any, env: Any) -> None:
        error = env.stack[-1].error_name
        matches(self, env)
        if error in NOT_AMONG_ALL and ALL in {name.error_name for name in self.error_names}:
            env.stack[-1] = False

    ErrorEqualsDecl._eval_body = matches_as_on_aws
