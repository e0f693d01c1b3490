"""The one sentence of a failed execution's cause that says what went wrong."""

from __future__ import annotations

import json
from typing import Any

LONGEST = 2000
"""Characters of a reason; a cause that is not understood may be 32 KB."""
_NO_CAUSE = {
    "TIMED_OUT": "the execution, or one of its states, ran into its time limit",
    "ABORTED": "the execution was stopped from outside",
}


def readable_reason(status: str, error: str | None, cause: str | None) -> str:
    """Return why an execution ended with a status other than SUCCEEDED, never empty.

    A function's cause is JSON around the sentence that matters, a job's is the job's whole description.
    """
    if not cause:
        return error or _NO_CAUSE.get(status, "Step Functions gave no reason")
    try:
        found = json.loads(cause)
    except ValueError:
        found = None
    text = _sentence(found) if isinstance(found, dict) else None
    return (text or cause)[:LONGEST]


def _sentence(cause: dict[str, Any]) -> str | None:
    for key in ("errorMessage", "ExitMessage"):
        if cause.get(key):
            return str(cause[key])
    kind = next((key.removesuffix("JobName") for key in cause if key.endswith("JobName")), None)
    if kind is None:
        return None
    job = f"job {cause[f'{kind}JobName']}"
    if cause.get("FailureReason"):
        return f"{job}: {cause['FailureReason']}"
    details = [str(cause[key]) for key in (f"{kind}JobStatus", "SecondaryStatus") if cause.get(key)]
    return f"{job} ended {', '.join(dict.fromkeys(details))}" if details else None
