"""Write docs/reference."""

from __future__ import annotations

from pathlib import Path

from tools.reference.pages import pages

ROOT = Path(__file__).resolve().parents[2]

if __name__ == "__main__":
    for name, text in pages(ROOT).items():
        path = ROOT / "docs/reference" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
