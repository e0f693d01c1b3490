"""The part of the conformance page that is written from the code: `python -m tests.conformance.table` renews it."""

from __future__ import annotations

from pathlib import Path

from warmfold.cloud.sagemaker.unsupported import ACCEPTED, REFUSED

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "conformance.md"
HEADING = "## Members\n"


def members() -> str:
    """The section on members that are refused, or taken though they change nothing."""
    lines = [
        HEADING,
        "Written from `warmfold/cloud/sagemaker/unsupported.py` by `python -m tests.conformance.table`.",
        "A member of AWS's model that is in neither table is used. A path goes through lists.",
        "",
        "| operation | refused member | what to do |",
        "|---|---|---|",
    ]
    for operation, refused in REFUSED.items():
        for path, remedy in refused.items():
            if not isinstance(remedy, str):
                remedy = "; ".join(f"must be {value}: {why}" for value, why in remedy.items())
            lines.append(f"| {operation} | {path} | {remedy} |")
    lines += ["", "| operation | taken, and changes nothing | why |", "|---|---|---|"]
    lines += [
        f"| {operation} | {path} | {why} |" for operation, taken in ACCEPTED.items() for path, why in taken.items()
    ]
    return "\n".join(lines) + "\n"


def renewed(page: str) -> str:
    """The page with that section as the code has it now."""
    return page.partition(HEADING)[0].rstrip() + "\n\n" + members()


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text("utf-8")), "utf-8")
