"""What a file is by its first bytes, and what to do where it is no CSV. Standard library only, as `rules.py`."""

from __future__ import annotations

import re

from warmfold_data.errors import DatasetRuleError

_EXPORT = "export it as CSV in UTF-8 and upload that"
_UNPACK = "unpack it and upload the CSV file that is in it"
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook of the old kind (.xls)", _EXPORT),
    (b"%PDF-", "a PDF", "export the table in it as CSV in UTF-8 and upload that"),
    (b"PAR1", "Parquet", "upload it under the name data.parquet"),
    (b"ARROW1", "an Arrow or Feather file", _EXPORT),
    (b"\xff\xff\xff\xff", "an Arrow stream", _EXPORT),
    (b"ORC", "ORC", _EXPORT),
    (b"Obj\x01", "Avro", _EXPORT),
    (b"\x89HDF\r\n\x1a\n", "HDF5", _EXPORT),
    (b"SQLite format 3\x00", "an SQLite database", _EXPORT),
    (b"\x93NUMPY", "a NumPy array (.npy)", _EXPORT),
    (b"RDX", "R's data (.rda)", _EXPORT),
    (b"$FL2", "SPSS data (.sav)", _EXPORT),
    (b"<stata_dta>", "Stata data (.dta)", _EXPORT),
    (b"\x00\x05\x16\x07", "what a Mac keeps beside a file (`._` and its name)", "upload the file itself"),
    (b"BZh", "bzip2", _UNPACK),
    (b"\xfd7zXZ\x00", "xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "Zstandard", _UNPACK),
    (b"\x04\x22\x4d\x18", "LZ4", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"\x89PNG", "a picture (PNG)", "upload the table it shows, as CSV"),
    (b"\xff\xd8\xff", "a picture (JPEG)", "upload the table it shows, as CSV"),
    (b"GIF8", "a picture (GIF)", "upload the table it shows, as CSV"),
    (b"\xff\xfe\x00\x00", "UTF-32", "save the file as UTF-8"),
    (b"\x00\x00\xfe\xff", "UTF-32", "save the file as UTF-8"),
)
_TEXTUAL = frozenset({b"%PDF-", b"<stata_dta>"})
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_LFS = re.compile(rb"version https://(?:git-lfs\.github\.com|hawser\.github\.com)/spec/")
_MARKUP = re.compile(rb"<(?:!doctype\s+html|html|head|body|table|script|meta)[\s>]", re.I)
_XML = re.compile(rb"<\?xml\b|<Error>", re.I)
_JSON = re.compile(rb'(?:\[\s*)?\{\s*(?:"(?:[^"\\]|\\.)*"\s*:|\})|\[\s*[\[\]"]')
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a]")
_MARKDOWN = re.compile(rb"\|[^\n]*\|[ \t\r]*\n\|[ :|-]*--[ :|-]*\|[ \t\r]*(?:\n|$)")
_ARFF = re.compile(rb"(?:%[^\n]*\n|\s)*@relation\b", re.I)


def check_kind(head: bytes, file: str) -> None:
    """Raise DatasetRuleError for a file that is something else than lines of cells, by its first 1 KiB."""
    found = _kind(head)
    if found is not None:
        kind, remedy = found
        raise DatasetRuleError(f"{file}: this is {kind}, not CSV; {remedy}.")


def _kind(head: bytes) -> tuple[str, str] | None:
    if head.startswith(b"PK\x03\x04"):
        office = {b"xl/": "an Excel workbook (.xlsx)", b"[Content_Types].xml": "an Excel workbook (.xlsx)"}
        office |= {b"mimetypeapplication/vnd.oasis": "an OpenDocument file"}
        kind = next((kind for mark, kind in office.items() if mark in head), None)
        return (kind, _EXPORT) if kind else ("a ZIP archive", _UNPACK)
    for magic, kind, remedy in _MAGIC:
        # a column may be called ORC or PAR1; what is no text has bytes that no text has
        if head.startswith(magic) and (magic in _TEXTUAL or _NO_TEXT.search(head) or not magic.isascii()):
            return kind, remedy
    if _PICKLE.match(head) and b"\n" not in head[:4]:
        return "a Python pickle", "write the table by `to_csv(index=False)` and upload that"
    if head[257:262] == b"ustar":
        return "a tar archive", _UNPACK
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _LFS.match(text):
        return "a pointer of Git LFS, not the file itself", "run `git lfs pull` and upload the file again"
    if _MARKUP.match(text):
        return "HTML, perhaps a page that asks to sign in", "download the table itself, as CSV"
    if _XML.match(text):
        if b"<html" in text.lower():
            return "HTML, perhaps a page that asks to sign in", "download the table itself, as CSV"
        return "XML", _EXPORT
    if _JSON.match(text):
        return "JSON", "write it as CSV (pandas: `read_json(…).to_csv(index=False)`) and upload that"
    if _MARKDOWN.match(text):
        return "a table in Markdown", _EXPORT
    if _ARFF.match(text):
        return "ARFF, Weka's format", _EXPORT
    return None
