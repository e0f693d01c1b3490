"""Search: resources found by what Describe says of them and by their tags."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.model import ListShape, MapShape, Shape, StructureShape

from warmfold.cloud.sagemaker.core import Core
from warmfold.cloud.sagemaker.errors import validation_error
from warmfold.cloud.sagemaker.listing import page_of
from warmfold.cloud.sagemaker.tags import tag_list
from warmfold.cloud.sagemaker.validation import service_model

TIMES = "%Y-%m-%dT%H:%M:%S"
NUMBERS = ("integer", "long", "float", "double")
MODIFIED = "LastModifiedTime"
LEAST = {"timestamp": datetime.min.replace(tzinfo=UTC)} | dict.fromkeys(NUMBERS, float("-inf"))
"""What sorts before every value, by its type; before text, the empty one."""


class Found(Protocol):
    """A resource that may be found."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def arn(self) -> str:
        """Its ARN."""

    @property
    def created_at(self) -> datetime:
        """The CreationTime."""

    def describe(self) -> dict[str, Any]:
        """What Describe says of it."""


Source = Callable[[], Iterable[Found]]
"""Gives all resources of a kind; called under the core's lock, and what it gives is used under it."""


class Search:
    """The operation, over the kinds of resources that there are."""

    def __init__(self, core: Core, sources: Mapping[str, Source]) -> None:
        self._core = core
        self._sources = sources

    def operations(self) -> Mapping[str, Callable[[dict[str, Any], object], dict[str, Any]]]:
        """Operation name to its handler."""
        return {"Search": self._search}

    def shutdown(self) -> None:
        """Nothing runs on its own."""

    def _search(self, request: dict[str, Any], _identity: object) -> dict[str, Any]:
        kind = request["Resource"]
        if kind not in self._sources:
            raise validation_error(
                f"Resource must be one of {', '.join(self._sources)} in the local cloud, not {kind}."
            )
        properties = _Properties(kind)
        expression = request.get("SearchExpression")
        by = request.get("SortBy", MODIFIED)
        key = properties.sort_key(by)
        with self._core.lock:
            all_of_kind = [(found, self._document(properties, found)) for found in self._sources[kind]()]
        holds = [pair for pair in all_of_kind if expression is None or properties.satisfies(pair[1], expression)]
        documents = {found.arn: document for found, document in holds}
        page = page_of(
            [found for found, _ in holds],
            {**request, "SortBy": by},
            result="Results",
            summarize=lambda found: {kind: documents[found.arn]},
            sort_keys={by: lambda found: key(found, documents[found.arn])},
            tie=lambda found: found.arn,
        )
        return {**page, "TotalHits": {"Value": len(holds), "Relation": "EqualTo"}}

    def _document(self, properties: "_Properties", found: Found) -> dict[str, Any]:
        tags = tag_list(self._core.tags.get(found.arn, {}))
        whole = {**found.describe(), "Tags": tags}
        return {name: value for name, value in whole.items() if name in properties.members}


class _Properties:
    """The properties that a kind of resource can be searched by, and what an expression says of them."""

    def __init__(self, kind: str) -> None:
        names = {"HyperParameterTuningJob": "HyperParameterTuningJobSearchEntity"}
        shape = service_model().shape_for(names.get(kind, kind))
        assert isinstance(shape, StructureShape)
        self._kind = kind
        self._shape = shape

    @property
    def members(self) -> Mapping[str, Shape]:
        """The members of a result."""
        return self._shape.members

    def satisfies(self, document: Mapping[str, Any], expression: Mapping[str, Any]) -> bool:
        """Whether the document satisfies a SearchExpression; raises ServiceError for what can't be asked."""
        answers = [self._holds(document, item, item["Name"]) for item in expression.get("Filters", ())]
        answers += [self._nested(document, item) for item in expression.get("NestedFilters", ())]
        answers += [self.satisfies(document, item) for item in expression.get("SubExpressions", ())]
        if not answers:
            raise validation_error("SearchExpression must have at least one filter, nested filter or subexpression.")
        return any(answers) if expression.get("Operator") == "Or" else all(answers)

    def sort_key(self, by: str) -> Callable[[Found, Mapping[str, Any]], Any]:
        """What resources are sorted by; raises ServiceError."""
        if by == MODIFIED:
            return lambda found, _: getattr(found, "modified_at", None) or found.created_at
        kind = self._type_of(by)
        if kind not in (*NUMBERS, "timestamp", "string"):
            raise validation_error(f"SortBy must be a property with one value, and {by} is a {kind}.")

        def key(_: Found, document: Mapping[str, Any]) -> Any:
            value = next(_values(document, by), None)
            if value is None:
                return LEAST.get(kind, "")
            return value if kind == "timestamp" else float(value) if kind in NUMBERS else str(value)

        return key

    def _nested(self, document: Mapping[str, Any], nested: Mapping[str, Any]) -> bool:
        """Whether one of the objects in a list satisfies all the filters, whose names begin with the list's."""
        name = nested["NestedPropertyName"]
        self._type_of(name)
        for item in nested["Filters"]:
            self._type_of(item["Name"])
        return any(
            all(self._holds(one, item, item["Name"].removeprefix(f"{name}.")) for item in nested["Filters"])
            for one in _values(document, name)
        )

    def _holds(self, document: Any, item: Mapping[str, Any], path: str) -> bool:
        kind = self._type_of(item["Name"])
        wanted, operator = item.get("Value"), item.get("Operator", "Equals")
        values = list(_values(document, path))
        if operator in ("Exists", "NotExists"):
            return bool(values) is bool(operator == "Exists")
        if wanted is None:
            raise validation_error(f"The filter on {item['Name']} has no Value, which {operator} needs.")
        if operator == "NotEquals":
            return all(not _compared("Equals", value, wanted, kind) for value in values)
        return any(_compared(operator, value, wanted, kind) for value in values)

    def _type_of(self, path: str) -> str:
        """The type of a property; raises ServiceError for one that there is not."""
        if path.startswith("Tags.") and "Tags" in self.members:
            return "string"
        if path.startswith("Metrics.") and "FinalMetricDataList" in self.members:
            return "float"
        shape: Shape = self._shape
        rest = path
        while rest:
            while isinstance(shape, ListShape):
                shape = shape.member
            if isinstance(shape, MapShape):
                return "either"
            name, _, rest = rest.partition(".")
            if not isinstance(shape, StructureShape) or name not in shape.members:
                raise validation_error(f"Unknown property name: {path} is no property of a {self._kind}.")
            shape = shape.members[name]
        return str(shape.type_name)


def _values(document: Any, path: str) -> Iterator[Any]:
    """What is at a path, in every item of the lists on the way."""
    if isinstance(document, list):
        for item in document:
            yield from _values(item, path)
    elif not path:
        yield document
    elif isinstance(document, Mapping):
        name, _, rest = path.partition(".")
        if name == "Tags" and rest:
            yield from (tag["Value"] for tag in document.get("Tags", ()) if tag["Key"] == rest)
        elif name == "Metrics" and rest:
            metrics = document.get("FinalMetricDataList", ())
            yield from (metric["Value"] for metric in metrics if metric["MetricName"] == rest)
        elif path in document:
            yield from _values(document[path], "")
        elif name in document:
            yield from _values(document[name], rest)


def _compared(operator: str, value: Any, wanted: str, kind: str) -> bool:
    if operator == "Contains":
        return wanted in str(value)
    if operator == "In":
        return str(value) in [one.strip() for one in wanted.split(",")]
    left, right = _comparable(value, wanted, kind)
    if operator == "Equals":
        return bool(left == right)
    if isinstance(left, str):
        raise validation_error(f"{operator} is not supported for text, and {value!r} is compared with {wanted!r}.")
    return bool(
        {
            "GreaterThan": left > right,
            "GreaterThanOrEqualTo": left >= right,
            "LessThan": left < right,
            "LessThanOrEqualTo": left <= right,
        }[operator]
    )


def _comparable(value: Any, wanted: str, kind: str) -> tuple[Any, Any]:
    """Both as what the property is; the values of maps as numbers where both are."""
    if kind == "timestamp":
        try:
            return value, datetime.strptime(wanted.removesuffix("Z"), TIMES).replace(tzinfo=UTC)
        except ValueError as error:
            raise validation_error(f"The time {wanted!r} must have the form YYYY-mm-ddTHH:MM:SS.") from error
    if kind == "boolean":
        return str(value).lower(), wanted.lower()
    if kind in NUMBERS or kind == "either":
        try:
            return float(value), float(wanted)
        except (TypeError, ValueError) as error:
            if kind != "either":
                raise validation_error(f"{wanted!r} must be a number, as the property is one.") from error
    return str(value), wanted
