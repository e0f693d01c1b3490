"""What S3's requests need: the action on the bucket or object behind method, path and query."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree

from moto.s3.responses import S3Response
from moto.s3.utils import bucket_name_from_url

from warmfold.cloud.iam.policy import ANY, UNKNOWN, Call

_BUCKET: dict[tuple[str, str | None], str] = {
    ("GET", ""): "ListBucket",
    ("HEAD", ""): "ListBucket",
    ("PUT", ""): "CreateBucket",
    ("DELETE", ""): "DeleteBucket",
    ("GET", "versions"): "ListBucketVersions",
    ("GET", "uploads"): "ListBucketMultipartUploads",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "policyStatus"): "GetBucketPolicyStatus",
    ("DELETE", "policy"): "DeleteBucketPolicy",
    ("DELETE", "website"): "DeleteBucketWebsite",
}
_CONFIGURATIONS = {
    "accelerate": "AccelerateConfiguration",
    "acl": "BucketAcl",
    "analytics": "AnalyticsConfiguration",
    "cors": "BucketCORS",
    "encryption": "EncryptionConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "inventory": "InventoryConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "logging": "BucketLogging",
    "metrics": "MetricsConfiguration",
    "notification": "BucketNotification",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
"""Subresources of a bucket that are read with a right to get them, and written and deleted with one to put them."""
_OBJECT: dict[tuple[str, str | None], str] = {
    ("GET", ""): "GetObject",
    ("HEAD", ""): "GetObject",
    ("PUT", ""): "PutObject",
    ("DELETE", ""): "DeleteObject",
    ("GET", "uploadId"): "ListMultipartUploadParts",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("PUT", "uploadId"): "PutObject",
    ("POST", "uploadId"): "PutObject",
    ("POST", "uploads"): "PutObject",
    ("GET", "attributes"): "GetObjectAttributes",
    ("GET", "acl"): "GetObjectAcl",
    ("PUT", "acl"): "PutObjectAcl",
    ("GET", "tagging"): "GetObjectTagging",
    ("PUT", "tagging"): "PutObjectTagging",
    ("DELETE", "tagging"): "DeleteObjectTagging",
    ("GET", "retention"): "GetObjectRetention",
    ("PUT", "retention"): "PutObjectRetention",
    ("GET", "legal-hold"): "GetObjectLegalHold",
    ("PUT", "legal-hold"): "PutObjectLegalHold",
    ("GET", "torrent"): "GetObjectTorrent",
    ("POST", "restore"): "RestoreObject",
    ("POST", "select"): "GetObject",
}
_VERSIONED = re.compile(r"(?:Get|Delete)Object|(?:Get|Put|Delete)Object(?:Acl|Tagging|Attributes|Torrent)")
"""The actions that have a name of their own for a version, such as GetObjectVersionAcl."""
_NEUTRAL = re.compile(
    r"(?:list-type|prefix|delimiter|max-keys|marker|start-after|continuation-token|encoding-type|fetch-owner"
    r"|key-marker|version-id-marker|upload-id-marker|max-uploads|part-number-marker|max-parts|max-buckets|bucket-region"
    r"|partNumber|versionId|id|select-type|x-id|response-.+|AWSAccessKeyId|Signature|Expires|[xX]-[aA]mz-.+)"
)
"""Parameters that change nothing about which right a request needs."""
_UNKNOWN = ""
CONTROL = "v20180820"
"""What the paths of S3 Control begin with; its rights are not judged here."""
_CONDITIONS = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys"}
_HEADERS = ("x-amz-acl", "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id")
_GRANTS = "x-amz-grant-"
_OBJECT_HEADERS = {
    "x-amz-tagging": "PutObjectTagging",
    "x-amz-acl": "PutObjectAcl",
    "x-amz-object-lock-mode": "PutObjectRetention",
    "x-amz-object-lock-retain-until-date": "PutObjectRetention",
    "x-amz-object-lock-legal-hold": "PutObjectLegalHold",
    "if-match": "GetObject",
}
_BUCKET_HEADERS = {
    "x-amz-bucket-object-lock-enabled": ("PutBucketObjectLockConfiguration", "PutBucketVersioning"),
    "x-amz-object-ownership": ("PutBucketOwnershipControls",),
}
"""Headers of a request that creates to the rights that they ask for besides."""


class MalformedXMLError(ValueError):
    """A body that S3 can't read."""


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
        return bool(self.key) and self.method in ("GET", "HEAD") and self.subresource == ""

    @property
    def subresource(self) -> str | None:
        """What the query says that it is about; empty where nothing, None where that can't be told."""
        first, *more = [*(name for name in self.parameters if not _NEUTRAL.fullmatch(name)), ""]
        return None if len(more) > 1 else first


def arn(bucket: str, key: str = "") -> str:
    """The ARN of a bucket, or of an object in it."""
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"


def located(host: str, path: str) -> tuple[str, str]:
    """Bucket and key of a request, in the path or the virtual-host style, as moto tells them."""
    if any(word in host for word in ("s3-control", "s3-accesspoint")):
        return CONTROL, path.removeprefix("/")
    if S3Response.subdomain_based_buckets(SimpleNamespace(headers={"host": host})):
        return (bucket_name_from_url(f"http://{host}") or "").lower(), path.removeprefix("/")
    bucket, _, key = path.removeprefix("/").partition("/")
    return bucket, key


def calls(request: S3Request, body: bytes = b"") -> list[Call]:
    """Every action that a request needs; `body` is read for DeleteObjects only, and raises MalformedXMLError."""
    if request.bucket == CONTROL:
        return [Call(f"s3:{_UNKNOWN}", UNKNOWN)]
    if not request.bucket:
        lists = request.method == "GET" and not request.key and request.subresource == ""
        return [Call("s3:ListAllMyBuckets", ANY) if lists else Call(f"s3:{_UNKNOWN}", UNKNOWN)]
    return _object_calls(request) if request.key else _bucket_calls(request, body)


def _bucket_calls(request: S3Request, body: bytes) -> list[Call]:
    method, subresource, headers = request.method, request.subresource, dict(request.headers)
    if (method, subresource) == ("POST", "delete"):
        return list(_deletions(request, body))
    verb = {"GET": "Get", "PUT": "Put", "DELETE": "Put"}.get(method)
    action = _BUCKET.get((method, subresource), _UNKNOWN)
    if action == _UNKNOWN and verb and subresource in _CONFIGURATIONS:
        action = f"{verb}{_CONFIGURATIONS[subresource]}"
    context = {key: request.parameters[name] for name, key in _CONDITIONS.items() if name in request.parameters}
    actions = [action]
    if action == "CreateBucket":
        actions += [one for name, more in _BUCKET_HEADERS.items() if name in headers for one in more]
        if headers.get("x-amz-acl", "private") != "private" or _grants(headers):
            actions.append("PutBucketAcl")
    return [Call(f"s3:{one}", request.arn, context) for one in actions]


def _object_calls(request: S3Request) -> list[Call]:
    headers = dict(request.headers)
    context = {f"s3:{name}": headers[name] for name in _HEADERS if name in headers}
    version = request.parameters.get("versionId")
    if version is not None:
        context["s3:versionid"] = version
    action = _OBJECT.get((request.method, request.subresource), _UNKNOWN)
    actions = [action]
    if action == "GetObjectAttributes":
        actions.append("GetObject")
    if action == "PutObject":
        actions += [more for name, more in _OBJECT_HEADERS.items() if name in headers]
        actions += ["PutObjectAcl"] if _grants(headers) else []
    if version is not None:
        actions = [_VERSIONED.sub(_of_version, one) if _VERSIONED.fullmatch(one) else one for one in actions]
    actions += _bypass(headers)
    needed = [Call(f"s3:{one}", request.arn, context) for one in dict.fromkeys(actions)]
    return [*needed, *_source(headers.get("x-amz-copy-source"))]


def _of_version(action: re.Match[str]) -> str:
    return action[0].replace("Object", "ObjectVersion")


def _grants(headers: Mapping[str, str]) -> bool:
    return any(name.startswith(_GRANTS) for name in headers)


def _bypass(headers: Mapping[str, str]) -> list[str]:
    bypasses = headers.get("x-amz-bypass-governance-retention", "").lower() == "true"
    return ["BypassGovernanceRetention"] if bypasses else []


@dataclass(frozen=True)
class Source:
    """What a copy is made of."""

    bucket: str
    key: str
    version: str = ""


def copy_source(header: str) -> Source:
    """The source that x-amz-copy-source names; its parts are empty where it names none."""
    path, _, query = header.partition("?")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    return Source(bucket, key, parse_qs(query).get("versionId", [""])[0])


def _source(header: str | None) -> Iterable[Call]:
    if header is None:
        return
    source = copy_source(header)
    context: Mapping[str, str] = {"s3:versionid": source.version} if source.version else {}
    yield Call(f"s3:GetObject{'Version' if source.version else ''}", arn(source.bucket, source.key), context)


def _deletions(request: S3Request, body: bytes) -> Iterable[Call]:
    try:
        items = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise MalformedXMLError(str(error)) from error
    for item in items:
        if item.tag.rpartition("}")[2] != "Object":
            continue
        members = {member.tag.rpartition("}")[2]: member.text or "" for member in item}
        version = members.get("VersionId")
        context = {"s3:versionid": version} if version else {}
        for action in (f"DeleteObject{'Version' if version else ''}", *_bypass(dict(request.headers))):
            yield Call(f"s3:{action}", arn(request.bucket, members.get("Key", "")), context)
