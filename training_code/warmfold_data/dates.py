"""Dates as people write them, and which of a column's formats is beyond doubt. Standard library only, as `rules.py`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

ISO = "ISO 8601"
"""The format that `date_format: null` of a reading stands for."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_DAYS = (
    *("%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d-%b-%y"),
)
FORMATS = (ISO, *(day + time for day in _DAYS for time in _TIMES))
"""The formats in which dates are recognised, as strptime has them."""
_SHAPE = re.compile(
    r"(?=.*\d)[\dA-Za-z]{1,9}[-/. ][\dA-Za-z]{1,9},?[-/. ]\d{2,4}( \d{1,2}:\d\d(:\d\d)?( [AaPp][Mm])?)?", re.ASCII
)


def seconds_reader(date_format: str | None) -> Callable[[str], float | None]:
    """What reads the cells of a column in one format: seconds since 1970-01-01 UTC, or None for any other cell.

    `date_format` is strptime's, None for ISO 8601. A moment without a time zone is taken as UTC.
    """
    if date_format is None:
        return iso_seconds
    form = date_format

    def read(cell: str) -> float | None:
        try:
            moment = datetime.strptime(cell, form)
        except ValueError:
            return None
        return (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

    return read


def iso_seconds(cell: str) -> float | None:
    """The seconds since 1970-01-01 UTC that a date in ISO 8601 means; None for any other cell."""
    match = _ISO.fullmatch(cell)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        moment = datetime(
            *(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)), tzinfo=_zone(zone)
        )
    except ValueError:
        return None
    return (moment - _EPOCH).total_seconds() + (float(f"0.{fraction}") if fraction else 0.0)


@lru_cache(maxsize=100_000)
def formats_of(cell: str) -> frozenset[str]:
    """The formats in which a cell is a date; none for any other cell."""
    if iso_seconds(cell) is not None:
        return frozenset([ISO])
    if not _SHAPE.fullmatch(cell):
        return frozenset()
    clock = cell.count(":")
    return frozenset(
        form
        for form in FORMATS[1:]
        if form.count(":") == clock and ("%p" in form) == (clock > 0 and cell[-1] in "mM") and _fits(cell, form)
    )


def _fits(cell: str, form: str) -> bool:
    mark = form[2]
    if mark not in cell:
        return False
    try:
        datetime.strptime(cell, form)
    except ValueError:
        return False
    return True


def _zone(zone: str | None) -> timezone:
    if zone in (None, "Z", "UTC"):
        return UTC
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if zone[0] == "-" else offset)
