"""One reading of each request: what is judged is what moto is handed, and what has two readings is refused."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterable
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from warmfold.cloud.failures import refused
from warmfold.cloud.iam import s3
from warmfold.cloud.iam.denial import Refusal, access_denied
from warmfold.cloud.iam.identity import form_of, signature

MAX_UNPACKED_BYTES = 16 * 1024**2  # no service but S3 takes a larger request
_MOTO_S = re.compile(r"/(?:moto-api.*|latest/(?:meta-data|api)/.*|favicon\.ico)", re.DOTALL)
"""Paths of moto's own, which it serves whatever the request is signed for."""
_CBOR = "application/cbor"
_NO_ORIGIN = "Insufficient information. Origin request header needed."
_NO_PREFLIGHT = Refusal("BadRequest", _NO_ORIGIN, s3=("BadRequest", _NO_ORIGIN, 400), status=400)
_KEYLESS = "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields."
_NO_KEY = Refusal("InvalidArgument", _KEYLESS, s3=("InvalidArgument", _KEYLESS, 400))
_NAMELESS = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
_NO_SOURCE = Refusal("InvalidArgument", _NAMELESS, s3=("InvalidArgument", _NAMELESS, 400))


def read_one_way(environ: WSGIEnvironment, start_response: StartResponse, rest: WSGIApplication) -> Iterable[bytes]:
    """A step that hands on a request without what moto would read and AWS does not, or refuses it as AWS does."""
    given = {name: value for name, value in environ.items() if not name.startswith("HTTP_X_MOTO_")}
    service = signature(given).service or "s3"
    refusal = _refusal(given) or (_read_objects(given) if service == "s3" else _unpack(given))
    return rest(given, start_response) if refusal is None else refused(refusal, given, start_response)


def for_moto(environ: WSGIEnvironment) -> WSGIEnvironment:
    """The request as moto reads the same in it: its path encoded once, its signature in the header.

    moto decodes a key from RAW_URI, and takes service and region from the header alone, which a presigned request
    lacks; where the header is of another form it looks for a service in path and body.
    """
    path = environ.get("PATH_INFO", "")
    handed = environ | {"RAW_URI": quote(path.encode("latin-1"), safe="/~"), "PATH_INFO": path.replace("\n", " ")}
    signed = signature(handed)
    if signed.access_key:
        scope = f"{signed.access_key}/20260101/{signed.region or 'us-east-1'}/{signed.service or 's3'}/aws4_request"
        header = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        handed["HTTP_AUTHORIZATION"] = header
    return handed


def _refusal(environ: WSGIEnvironment) -> Refusal | None:
    if environ["REQUEST_METHOD"] == "OPTIONS":
        return _NO_PREFLIGHT  # one of a browser has an origin, and does not come here
    if _MOTO_S.fullmatch(environ.get("PATH_INFO", "")):
        return access_denied(f"The local cloud does not serve {environ['PATH_INFO']}, which is no path of AWS.")
    return None


def _read_objects(environ: WSGIEnvironment) -> Refusal | None:
    """Write the source of a copy as the object that it was read as; a form must name its object once."""
    form = form_of(environ)
    if form is not None and not form.key:
        return _NO_KEY
    if "HTTP_X_AMZ_COPY_SOURCE" not in environ:
        return None
    source = s3.copy_source(environ["HTTP_X_AMZ_COPY_SOURCE"])
    if not source.bucket or not source.key:
        return _NO_SOURCE
    version = f"?versionId={quote(source.version, safe='')}" if source.version else ""
    environ["HTTP_X_AMZ_COPY_SOURCE"] = f"{quote(source.bucket, safe='')}/{quote(source.key, safe='')}{version}"
    return None


def _unpack(environ: WSGIEnvironment) -> Refusal | None:
    """Replace a gzipped body by what is in it; S3 keeps it as it is."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ.pop("HTTP_CONTENT_ENCODING", "").lower() == "gzip":
        unpacking = zlib.decompressobj(wbits=31)
        try:
            body = unpacking.decompress(body, MAX_UNPACKED_BYTES)
        except zlib.error as error:
            return _serialization(f"the body is no gzip: {error}")
        if not unpacking.eof:
            return _serialization(f"the body is cut off, or longer than {MAX_UNPACKED_BYTES} bytes when unpacked")
    if environ.get("CONTENT_TYPE", "").partition(";")[0] != _CBOR:
        try:
            body.decode()
        except UnicodeDecodeError as error:
            return _serialization(f"the body is not UTF-8: {error}")
    environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    return None


def _serialization(message: str) -> Refusal:
    return Refusal("SerializationException", message, s3=("SerializationException", message, 400), status=400)
