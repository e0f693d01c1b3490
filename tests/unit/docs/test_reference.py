"""docs/reference says what the code says now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.reference.pages import BY_HAND, INDEX, pages

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "docs/reference"
PAGES = pages(ROOT)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_the_code_would_write_it(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name], "the code has changed: run `make reference`"


def test_the_index_leads_to_every_page_that_there_is() -> None:
    assert set(PAGES) == {*INDEX, "README.md", "experiment.schema.json"}
    assert {path.name for path in FOLDER.iterdir()} == {*PAGES, *BY_HAND}
