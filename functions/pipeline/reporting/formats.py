"""Numbers, as people read them."""

from __future__ import annotations


def score(value: float) -> str:
    """Return a score with four digits."""
    return f"{value:#.4g}".rstrip(".")


def signed(value: float) -> str:
    """Return a difference of scores, with its sign."""
    return f"{value:+#.3g}".rstrip(".")


def interval(ends: list[float] | None) -> str:
    """Return a 95% interval in words."""
    return f"95% interval {score(ends[0])} to {score(ends[1])}" if ends else "interval unknown"


def signed_interval(ends: list[float] | None) -> str:
    """Return the 95% interval of a difference in words."""
    return f"95% interval {signed(ends[0])} to {signed(ends[1])}" if ends else "interval unknown"


def duration(seconds: float | None) -> str:
    """Return seconds as people say them, `–` when they are not known."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def short(value: str) -> str:
    """Return a hyperparameter's value with four digits, as it is when it is no number with more."""
    try:
        number = float(value)
    except ValueError:
        return value
    return value if len(value) <= 6 else f"{number:.4g}"
