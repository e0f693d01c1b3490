"""Filtering, sorting and paging that SageMaker's List operations have in common."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from warmfold.cloud.sagemaker.errors import validation_error

DEFAULT_PAGE = 10
_SORT_FIELDS = {"CreationTime": "CreationTime", "LastModifiedTime": "LastModifiedTime"}


def page_of(
    summaries: Sequence[Mapping[str, Any]],
    request: Mapping[str, Any],
    *,
    name_field: str,
    status_field: str,
    result: str,
    descending: bool = True,
    sort_keys: Mapping[str, Callable[[Mapping[str, Any]], Any]] | None = None,
) -> dict[str, Any]:
    """The response holding, under `result`, the summaries that the request asks for, and a NextToken when more follow.

    Understands NameContains, StatusEquals, the CreationTime and LastModifiedTime bounds, SortBy, SortOrder, MaxResults
    (default 10) and NextToken. `descending` is the operation's default order; `sort_keys` adds to what it can sort by.
    """
    chosen = [summary for summary in summaries if _wanted(summary, request, name_field, status_field)]
    by = request.get("SortBy", "CreationTime")
    field = {"Name": name_field, "Status": status_field}.get(by) or _SORT_FIELDS.get(by, "CreationTime")
    key = (sort_keys or {}).get(by) or (lambda summary: summary[field])
    order = request.get("SortOrder", "Descending" if descending else "Ascending")
    chosen.sort(key=lambda summary: (key(summary), summary[name_field]), reverse=order == "Descending")
    start = _position(request.get("NextToken"))
    end = start + request.get("MaxResults", DEFAULT_PAGE)
    response: dict[str, Any] = {result: [dict(summary) for summary in chosen[start:end]]}
    if end < len(chosen):
        response["NextToken"] = base64.urlsafe_b64encode(f"from:{end}".encode()).decode()
    return response


def _wanted(summary: Mapping[str, Any], request: Mapping[str, Any], name_field: str, status_field: str) -> bool:
    created, modified = summary["CreationTime"], summary.get("LastModifiedTime", summary["CreationTime"])
    return (
        request.get("NameContains", "").lower() in summary[name_field].lower()
        and request.get("StatusEquals", summary.get(status_field)) == summary.get(status_field)
        and request.get("CreationTimeAfter", created) <= created <= request.get("CreationTimeBefore", created)
        and request.get("LastModifiedTimeAfter", modified)
        <= modified
        <= request.get("LastModifiedTimeBefore", modified)
    )


def _position(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("from:"))
    except ValueError as error:
        raise validation_error("Invalid NextToken") from error
