"""Which actions and resources a request to S3 needs."""

from __future__ import annotations

import pytest

from warmfold.cloud.iam import s3


def s3_needs(method: str, key: str = "k/x", query: str = "", body: bytes = b"", **headers: str) -> list[str]:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    made = s3.calls(s3.S3Request(method, "b", key, query, named), body)
    return [f"{call.action} {call.resource.removeprefix('arn:aws:s3:::')}" for call in made]


@pytest.mark.parametrize(
    ("method", "query", "expected"),
    [
        ("GET", "", ["s3:GetObject b/k/x"]),
        ("HEAD", "", ["s3:GetObject b/k/x"]),
        ("GET", "versionId=1", ["s3:GetObjectVersion b/k/x"]),
        ("HEAD", "versionId=1", ["s3:GetObjectVersion b/k/x"]),
        ("GET", "x-id=GetObject&response-content-type=a", ["s3:GetObject b/k/x"]),
        ("PUT", "", ["s3:PutObject b/k/x"]),
        ("PUT", "partNumber=1&uploadId=u", ["s3:PutObject b/k/x"]),
        ("POST", "uploads", ["s3:PutObject b/k/x"]),
        ("POST", "uploadId=u", ["s3:PutObject b/k/x"]),
        ("DELETE", "uploadId=u", ["s3:AbortMultipartUpload b/k/x"]),
        ("GET", "uploadId=u", ["s3:ListMultipartUploadParts b/k/x"]),
        ("DELETE", "", ["s3:DeleteObject b/k/x"]),
        ("DELETE", "versionId=1", ["s3:DeleteObjectVersion b/k/x"]),
        ("GET", "tagging", ["s3:GetObjectTagging b/k/x"]),
        ("GET", "tagging&versionId=1", ["s3:GetObjectVersionTagging b/k/x"]),
        ("PUT", "acl", ["s3:PutObjectAcl b/k/x"]),
        ("PUT", "acl&versionId=1", ["s3:PutObjectVersionAcl b/k/x"]),
        ("PUT", "legal-hold", ["s3:PutObjectLegalHold b/k/x"]),
        ("GET", "retention&versionId=1", ["s3:GetObjectRetention b/k/x"]),
        ("GET", "attributes&versionId=1", ["s3:GetObjectVersionAttributes b/k/x", "s3:GetObjectVersion b/k/x"]),
        ("GET", "X-Amz-Signature=a&X-Amz-Expires=1", ["s3:GetObject b/k/x"]),
        ("GET", "acl&tagging", ["s3: b/k/x"]),
        ("GET", "renameObject", ["s3: b/k/x"]),
        ("PUT", "policy", ["s3: b/k/x"]),
        ("GET", "attributes", ["s3:GetObjectAttributes b/k/x", "s3:GetObject b/k/x"]),
    ],
)
def test_what_an_object_s_requests_need(method: str, query: str, expected: list[str]) -> None:
    assert s3_needs(method, query=query) == expected


@pytest.mark.parametrize(
    ("method", "query", "expected"),
    [
        ("GET", "list-type=2&prefix=runs/", "s3:ListBucket b"),
        ("GET", "", "s3:ListBucket b"),
        ("HEAD", "", "s3:ListBucket b"),
        ("GET", "versions", "s3:ListBucketVersions b"),
        ("GET", "location", "s3:GetBucketLocation b"),
        ("GET", "lifecycle", "s3:GetLifecycleConfiguration b"),
        ("PUT", "policy", "s3:PutBucketPolicy b"),
        ("DELETE", "policy", "s3:DeleteBucketPolicy b"),
        ("GET", "versioning", "s3:GetBucketVersioning b"),
        ("PUT", "", "s3:CreateBucket b"),
        ("DELETE", "", "s3:DeleteBucket b"),
        ("GET", "accelerate", "s3:GetAccelerateConfiguration b"),
        ("PUT", "accelerate", "s3:PutAccelerateConfiguration b"),
        ("GET", "requestPayment", "s3:GetBucketRequestPayment b"),
        ("GET", "policyStatus", "s3:GetBucketPolicyStatus b"),
        ("GET", "inventory&id=i", "s3:GetInventoryConfiguration b"),
        ("PUT", "inventory&id=i", "s3:PutInventoryConfiguration b"),
        ("DELETE", "analytics&id=i", "s3:PutAnalyticsConfiguration b"),
        ("GET", "metrics", "s3:GetMetricsConfiguration b"),
        ("GET", "intelligent-tiering", "s3:GetIntelligentTieringConfiguration b"),
        ("GET", "replication", "s3:GetReplicationConfiguration b"),
        ("PUT", "object-lock", "s3:PutBucketObjectLockConfiguration b"),
        ("DELETE", "website", "s3:DeleteBucketWebsite b"),
        ("DELETE", "tagging", "s3:PutBucketTagging b"),
        ("GET", "metadataTable", "s3: b"),
        ("PUT", "acl&list-type=2&versioning", "s3: b"),
        ("POST", "", "s3: b"),
    ],
)
def test_what_a_bucket_s_requests_need(method: str, query: str, expected: str) -> None:
    assert s3_needs(method, key="", query=query) == [expected]


def test_headers_ask_for_more() -> None:
    assert s3_needs("PUT", x_amz_copy_source="/c/a%20b?versionId=2") == [
        "s3:PutObject b/k/x",
        "s3:GetObjectVersion c/a b",
    ]
    assert s3_needs("PUT", x_amz_tagging="a=b", x_amz_acl="private") == [
        "s3:PutObject b/k/x",
        "s3:PutObjectTagging b/k/x",
        "s3:PutObjectAcl b/k/x",
    ]
    assert s3_needs("PUT", if_match='"e"') == ["s3:PutObject b/k/x", "s3:GetObject b/k/x"]


def test_grants_and_locks_ask_for_more() -> None:
    assert s3_needs("PUT", x_amz_grant_read="uri=x") == ["s3:PutObject b/k/x", "s3:PutObjectAcl b/k/x"]
    assert s3_needs("POST", query="uploads", x_amz_object_lock_mode="GOVERNANCE") == [
        "s3:PutObject b/k/x",
        "s3:PutObjectRetention b/k/x",
    ]
    assert s3_needs("DELETE", x_amz_bypass_governance_retention="true") == [
        "s3:DeleteObject b/k/x",
        "s3:BypassGovernanceRetention b/k/x",
    ]
    for more in ({"x_amz_acl": "public-read"}, {"x_amz_grant_write": "uri=x"}):
        assert s3_needs("PUT", key="", **more) == ["s3:CreateBucket b", "s3:PutBucketAcl b"]
    assert s3_needs("PUT", key="", x_amz_acl="private") == ["s3:CreateBucket b"]


def test_a_path_without_a_bucket_is_no_listing_of_buckets() -> None:
    for path, expected in (("/", ("s3:ListAllMyBuckets", "*")), ("//b/secret", ("s3:", "unknown"))):
        (call,) = s3.calls(s3.S3Request("GET", *s3.located("localhost", path)))
        assert (call.action, call.resource) == expected


def test_each_deleted_object_is_a_call() -> None:
    body = (
        b'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a</Key></Object>'
        b"<Object><Key>c/d</Key><VersionId>7</VersionId></Object><Quiet>true</Quiet></Delete>"
    )
    expected = ["s3:DeleteObject b/a", "s3:DeleteObjectVersion b/c/d"]
    assert s3_needs("POST", key="", query="delete", body=body) == expected


def test_a_listing_tells_its_prefix() -> None:
    (call,) = s3.calls(s3.S3Request("GET", "b", "", "list-type=2&prefix=runs%2Fa&max-keys=1"))
    assert call.context == {"s3:prefix": "runs/a", "s3:max-keys": "1"}


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        ("localhost:4566", "/b/k/x", ("b", "k/x")),
        ("127.0.0.1:4566", "/b/k/x", ("b", "k/x")),
        ("localhost", "/b", ("b", "")),
        ("localhost", "/", ("", "")),
        ("b.localhost:4566", "/k/x", ("b", "k/x")),
        ("b.s3.localhost:4566", "/k/x", ("b", "k/x")),
        ("b.s3.us-east-1.localhost:4566", "/k/x", ("b", "k/x")),
        ("B.localhost:4566", "/k/x", ("b", "k/x")),
        ("LOCALHOST:4566", "/b/k/x", ("b", "k/x")),
        ("[::1]:4566", "/b/k/x", ("b", "k/x")),
    ],
)
def test_where_a_request_s_bucket_is_told(host: str, path: str, expected: tuple[str, str]) -> None:
    assert s3.located(host, path) == expected
