"""A page as a browser would see it."""

from __future__ import annotations

from html.parser import HTMLParser

WITHOUT_AN_END = ("meta", "link", "br", "img")


class Page(HTMLParser):
    """What a browser would see: elements, attributes, texts, everything that could reach outside, and what is open.

    Elements are closed in order.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.outside: list[str] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._element(tag, attrs)
        if tag not in WITHOUT_AN_END:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._element(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def _element(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.attributes |= set(found)
        self.outside += [str(found[name]) for name in ("src", "href", "srcset", "action") if name in found]
        assert not any(name.startswith("on") for name in found)
        if tag == "svg":
            assert found["role"] == "img"
            assert found["aria-label"]
