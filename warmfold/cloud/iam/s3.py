"""What S3's requests need: the action on the bucket or object behind method, path and query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree

from warmfold.cloud.iam.policy import Call

_BUCKET = {
    ("GET", "versions"): "ListBucketVersions",
    ("GET", "uploads"): "ListBucketMultipartUploads",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "lifecycle"): "GetLifecycleConfiguration",
    ("PUT", "lifecycle"): "PutLifecycleConfiguration",
    ("DELETE", "lifecycle"): "PutLifecycleConfiguration",
    ("GET", "encryption"): "GetEncryptionConfiguration",
    ("PUT", "encryption"): "PutEncryptionConfiguration",
    ("DELETE", "encryption"): "PutEncryptionConfiguration",
    ("GET", "publicAccessBlock"): "GetBucketPublicAccessBlock",
    ("PUT", "publicAccessBlock"): "PutBucketPublicAccessBlock",
    ("DELETE", "publicAccessBlock"): "PutBucketPublicAccessBlock",
    ("DELETE", "policy"): "DeleteBucketPolicy",
    ("GET", ""): "ListBucket",
    ("HEAD", ""): "ListBucket",
    ("PUT", ""): "CreateBucket",
    ("DELETE", ""): "DeleteBucket",
}
_OBJECT = {
    ("GET", "uploadId"): "ListMultipartUploadParts",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("PUT", "uploadId"): "PutObject",
    ("POST", "uploadId"): "PutObject",
    ("POST", "uploads"): "PutObject",
    ("GET", "attributes"): "GetObjectAttributes",
    ("POST", "restore"): "RestoreObject",
    ("POST", "select"): "GetObject",
    ("GET", ""): "GetObject",
    ("HEAD", ""): "GetObject",
    ("PUT", ""): "PutObject",
    ("DELETE", ""): "DeleteObject",
}
_SUBRESOURCES = {name for _, name in (*_BUCKET, *_OBJECT) if name} | {
    *("acl", "tagging", "policy", "versioning", "notification", "website", "logging", "cors", "delete"),
    *("retention", "legal-hold", "torrent", "replication", "ownershipControls", "object-lock"),
}
_CONDITIONS = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys"}
_HEADERS = ("x-amz-acl", "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id")


@dataclass(frozen=True)
class S3Request:
    """A request as far as its permissions depend on it; `key` is empty when it is about the bucket."""

    method: str
    bucket: str
    key: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    """Names in lower case."""

    @property
    def parameters(self) -> dict[str, str]:
        """The query, the first value of each."""
        return {name: values[0] for name, values in parse_qs(self.query, keep_blank_values=True).items()}

    @property
    def arn(self) -> str:
        """The bucket's or the object's."""
        return arn(self.bucket, self.key)

    @property
    def reads_one_object(self) -> bool:
        """Whether it is GetObject or HeadObject, whose 404 is only for those who may list the bucket."""
        return bool(self.key) and self.method in ("GET", "HEAD") and not _SUBRESOURCES & set(self.parameters)


def arn(bucket: str, key: str = "") -> str:
    """The ARN of a bucket, or of an object in it."""
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"


def located(host: str, path: str) -> tuple[str, str]:
    """Bucket and key of a request to `localhost`, or to `<bucket>.localhost` in the virtual-host style."""
    name = host.partition(":")[0].removesuffix("localhost").rstrip(".")
    bucket = name.removesuffix(".s3") if name not in ("", "s3", "127.0.0.1", "[") else ""
    if bucket:
        return bucket, path.removeprefix("/")
    bucket, _, key = path.removeprefix("/").partition("/")
    return bucket, key


def calls(request: S3Request, body: bytes = b"") -> list[Call]:
    """Every action that a request needs; `body` is read for DeleteObjects only."""
    if not request.bucket:
        return [Call("s3:ListAllMyBuckets" if request.method == "GET" else "s3:CreateBucket", "*")]
    parameters, headers = request.parameters, dict(request.headers)
    named = sorted(_SUBRESOURCES & set(parameters), key=lambda name: name != "uploadId")
    subresource = named[0] if named else ""
    if not request.key:
        if (request.method, subresource) == ("POST", "delete"):
            return list(_deletions(request.bucket, body))
        context = {key: parameters[name] for name, key in _CONDITIONS.items() if name in parameters}
        return [Call(f"s3:{_bucket_action(request.method, subresource)}", request.arn, context)]
    context = {f"s3:{name}": headers[name] for name in _HEADERS if name in headers}
    version = parameters.get("versionId")
    action = _object_action(request.method, subresource, version is not None)
    if version is not None:
        context["s3:versionid"] = version
    needed = [Call(f"s3:{action}", request.arn, context)]
    needed += _source(headers.get("x-amz-copy-source"))
    if action == "GetObjectAttributes":
        needed.append(Call("s3:GetObject", request.arn, context))
    if action == "PutObject" and "x-amz-tagging" in headers:
        needed.append(Call("s3:PutObjectTagging", request.arn, context))
    if action == "PutObject" and "x-amz-acl" in headers:
        needed.append(Call("s3:PutObjectAcl", request.arn, context))
    if action == "PutObject" and "if-match" in headers:
        needed.append(Call("s3:GetObject", request.arn, context))
    return needed


def _bucket_action(method: str, subresource: str) -> str:
    known = _BUCKET.get((method, subresource))
    if known:
        return known
    verb = "Get" if method in ("GET", "HEAD") else "Put"
    return f"{verb}Bucket{subresource[:1].upper()}{subresource[1:]}"


def _object_action(method: str, subresource: str, has_version: bool) -> str:
    known = _OBJECT.get((method, subresource))
    if known:
        return (
            f"{known}{'Version' if known == 'GetObject' or known == 'DeleteObject' else ''}" if has_version else known
        )
    verb = {"GET": "Get", "HEAD": "Get", "DELETE": "Delete"}.get(method, "Put")
    name = "".join(part.capitalize() for part in subresource.split("-"))
    return f"{verb}Object{'Version' if has_version else ''}{name}"


def _source(header: str | None) -> Iterable[Call]:
    if header is None:
        return
    path, _, query = header.partition("?")
    bucket, _, key = unquote(path).removeprefix("/").partition("/")
    version = parse_qs(query).get("versionId")
    context: Mapping[str, str] = {"s3:versionid": version[0]} if version else {}
    yield Call(f"s3:GetObject{'Version' if version else ''}", arn(bucket, key), context)


def _deletions(bucket: str, body: bytes) -> Iterable[Call]:
    for item in ElementTree.fromstring(body):
        if item.tag.rpartition("}")[2] != "Object":
            continue
        members = {member.tag.rpartition("}")[2]: member.text or "" for member in item}
        version = members.get("VersionId")
        context = {"s3:versionid": version} if version else {}
        yield Call(f"s3:DeleteObject{'Version' if version else ''}", arn(bucket, members.get("Key", "")), context)
