"""Step Functions' errors: what a Retry or Catch of all of them takes."""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import iteration_worker
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branches_decl

ALL = "States.ALL"
NOT_AMONG_ALL = ("States.DataLimitExceeded", "States.Runtime")
"""Errors that States.ALL does not stand for: only their own name may catch them."""


def install() -> None:
    """Mend what moto does otherwise with errors.

    Its States.ALL retries and catches every error; AWS's leaves out those that end an execution for good. A branch of a
    Parallel, or an iteration of a Map, that ends with an error of the interpreter, such as States.TaskFailed, fails for
    an error of its own in moto; on AWS the state fails with the branch's.
    """
    branches_decl.CustomErrorName = iteration_worker.CustomErrorName = ErrorName
    matches = ErrorEqualsDecl._eval_body

    def matches_as_on_aws(self: Any, env: Any) -> None:
        error = env.stack[-1].error_name
        matches(self, env)
        if error in NOT_AMONG_ALL and ALL in {name.error_name for name in self.error_names}:
            env.stack[-1] = False

    ErrorEqualsDecl._eval_body = matches_as_on_aws
