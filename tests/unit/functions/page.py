"""A page as a browser would see it."""

from __future__ import annotations

from html.parser import HTMLParser


class Page(HTMLParser):
    """What a browser would see: elements, texts by element, and everything that could reach outside."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.outside: list[str] = []
        self.tables = self.captions = 0
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self.outside += [str(found[name]) for name in ("src", "href", "srcset", "action") if name in found]
        assert not any(name.startswith("on") for name in found)
        if tag == "svg":
            assert found["role"] == "img"
            assert found["aria-label"]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
