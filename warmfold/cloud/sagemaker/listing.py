"""Filtering, sorting and paging that SageMaker's List operations have in common."""

import base64
import hashlib
import heapq
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from warmfold.cloud.sagemaker.errors import validation_error

DEFAULT_PAGE = 10


class Record(Protocol):
    """What every list can be filtered and sorted by."""

    @property
    def name(self) -> str:
        """What NameContains looks at."""

    @property
    def created_at(self) -> datetime:
        """The CreationTime."""


Listed = TypeVar("Listed", bound=Record)
Key = tuple[Any, ...]


def page_of(
    records: Iterable[Listed],
    request: Mapping[str, Any],
    *,
    result: str,
    summarize: Callable[[Listed], dict[str, Any]],
    descending: bool = True,
    sort_keys: Mapping[str, Callable[[Listed], Any]] | None = None,
    tie: Callable[[Listed], Any] = lambda record: record.name,
    also: Callable[[Listed], bool] = lambda _: True,
) -> dict[str, Any]:
    """The response holding, under `result`, the summaries that the request asks for, and a NextToken when more follow.

    Understands NameContains, StatusEquals, the CreationTime and LastModifiedTime bounds, SortBy, SortOrder, MaxResults
    (default 10) and NextToken, which says after which record the next page begins, whatever became of the others, and
    is refused for another `result` or another request than the one that was answered with it, but for MaxResults.
    A page is filled before statuses are looked at, and `also`, another filter of the kind, so that it may be empty and
    yet not the last. `descending` is the operation's default order; `sort_keys` adds to what it can sort by; `tie`
    (text or number) tells records apart that are equal in that.
    """
    by = (sort_keys or {}).get(request.get("SortBy", "CreationTime")) or _sort_key(request.get("SortBy"))
    order = request.get("SortOrder", "Descending" if descending else "Ascending")
    first = heapq.nlargest if order == "Descending" else heapq.nsmallest
    asked = _fingerprint(result, request)
    after = _position(request.get("NextToken"), asked)
    wanted = ((by(record), tie(record), record) for record in records if _counted(record, request))
    if after is not None:
        wanted = (item for item in wanted if (item[:2] < after if order == "Descending" else item[:2] > after))
    size = request.get("MaxResults", DEFAULT_PAGE)
    page = first(size + 1, wanted, key=lambda item: item[:2])
    shown = [summarize(record) for _, _, record in page[:size] if _shown(record, request) and also(record)]
    response: dict[str, Any] = {result: shown}
    if len(page) > size:
        response["NextToken"] = _token(page[size - 1][:2], asked)
    return response


def _sort_key(by: str | None) -> Callable[[Any], Any]:
    if by == "Name":
        return lambda record: record.name
    if by == "Status":
        return lambda record: record.status
    return _modified if by == "LastModifiedTime" else lambda record: record.created_at


def _modified(record: Record) -> datetime:
    modified: datetime | None = getattr(record, "modified_at", None)
    return modified or record.created_at


def _shown(record: Record, request: Mapping[str, Any]) -> bool:
    return "StatusEquals" not in request or request["StatusEquals"] == getattr(record, "status", None)


def _counted(record: Record, request: Mapping[str, Any]) -> bool:
    if request.get("NameContains", "").lower() not in record.name.lower():
        return False
    return _within(record.created_at, request, "CreationTime") and _within(
        _modified(record), request, "LastModifiedTime"
    )


def _within(moment: datetime, request: Mapping[str, Any], member: str) -> bool:
    after: datetime | None = request.get(f"{member}After")
    before: datetime | None = request.get(f"{member}Before")
    return (after is None or after < moment) and (before is None or moment < before)


def _fingerprint(result: str, request: Mapping[str, Any]) -> str:
    """What tells a list and its filters and order from others."""
    asked = {name: value for name, value in request.items() if name not in ("NextToken", "MaxResults")}
    plain = json.dumps([result, asked], sort_keys=True, default=datetime.isoformat)
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def _token(key: Key, asked: str) -> str:
    plain = [asked, *({"time": part.isoformat()} if isinstance(part, datetime) else part for part in key)]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode()


def _position(token: str | None, asked: str) -> Key | None:
    if token is None:
        return None
    try:
        of, *plain = json.loads(base64.urlsafe_b64decode(token))
        by, tie = (datetime.fromisoformat(part["time"]) if isinstance(part, dict) else part for part in plain)
    except (ValueError, TypeError, KeyError) as error:
        raise validation_error("Invalid NextToken") from error
    if of != asked:
        raise validation_error("Invalid NextToken: it is of another list, or of other filters or another order")
    return by, tie
