"""Step Functions' lists, a page at a time."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from warmfold.cloud.hooks.stepfunctions.refusals import Refusal, breaks, invalid

PAGE = 100
"""As many as come when nothing is said; the most that may be asked for is ten times that."""
_PREFIX = "page-from-"


def page(items: Sequence[Any], asked: Any, *, longest_token: int = 1024) -> tuple[list[Any], str | None]:
    """The page of a list that a request asks for (its members by `asked`), and the token of the next one."""
    size, token = asked("maxResults"), asked("nextToken")
    problems = []
    if size is not None and int(size) > 10 * PAGE:
        problems.append(breaks("maxResults", size, f"have value less than or equal to {10 * PAGE}"))
    if token is not None and len(token) > longest_token:
        problems.append(breaks("nextToken", token, f"have length less than or equal to {longest_token}"))
    if problems:
        raise invalid(problems)
    start = _start(token) if token else 0
    end = start + (int(size or 0) or PAGE)
    following = base64.b64encode(f"{_PREFIX}{end}".encode()).decode() if end < len(items) else None
    return list(items[start:end]), following


def _start(token: str) -> int:
    try:
        told = base64.b64decode(token, validate=True).decode()
        return int(told.removeprefix(_PREFIX))
    except ValueError as error:
        raise Refusal("InvalidToken", "Invalid Token: 'Invalid token'") from error
