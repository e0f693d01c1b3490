"""Requests that no client would send, made of what clients do send: the same ones for the same seed."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import botocore.session

from tests.server_alone import signed

SERVICES = {
    "s3": "s3",
    "sqs": "sqs",
    "sns": "sns",
    "iam": "iam",
    "sts": "sts",
    "events": "events",
    "states": "stepfunctions",
    "logs": "logs",
    "lambda": "lambda",
    "cloudformation": "cloudformation",
    "monitoring": "cloudwatch",
    "ssm": "ssm",
    "sagemaker": "sagemaker",
}
"""Signing name to botocore's."""
WORDS = ["", "own", "fuzz-bucket", "a/b", "%", "%00", "\x00", "é", "💥", "../..", "<x>", "&a=b", "{}", "*", "a" * 3000]
WORDS += [
    "arn:aws:sns:us-east-1:123456789012:own",
    "arn:aws:iam::123456789012:role/own",
    "http://localhost/1/own",
    "-1",
]
WORDS += ["99999999999999999999", "1e400", "null", "true", "2012-10-17", "arn:", ":::::", "s3://own/own", "\u2028", "'"]
VALUES: list[Any] = [None, True, 0, -1, 2**70, 1e308, [], {}, [[]], [None], {"": None}, "\ud800"]
METHODS = ["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE", "get", "BREW"]
SUBRESOURCES = [
    "acl",
    "tagging",
    "uploads",
    "uploadId",
    "partNumber",
    "versionId",
    "versions",
    "delete",
    "policy",
    "cors",
]
SUBRESOURCES += ["lifecycle", "notification", "encryption", "website", "list-type", "max-keys", "continuation-token"]
SUBRESOURCES += ["object-lock", "retention", "legal-hold", "attributes", "select", "restore", "replication", "logging"]
S3_HEADERS = [
    "X-Amz-Copy-Source",
    "Range",
    "If-Match",
    "If-Modified-Since",
    "X-Amz-Acl",
    "X-Amz-Tagging",
    "Content-MD5",
]
S3_HEADERS += ["X-Amz-Object-Lock-Mode", "X-Amz-Copy-Source-Range", "X-Amz-Content-Sha256", "X-Amz-Checksum-Crc32"]
S3_HEADERS += ["X-Amz-Decoded-Content-Length", "X-Amz-Object-Attributes", "X-Amz-Max-Parts", "X-Amz-Grant-Read"]
XML = [b"", b"<", b"<x/>", b"\xff\xfe", b"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", b"<Delete/>"]
XML += [b"<Delete><Object><Key>own</Key></Object></Delete>", b"<CompleteMultipartUpload/>", b"{}", b"<a>" * 500]
XML += [b"<LifecycleConfiguration><Rule/></LifecycleConfiguration>", b"<VersioningConfiguration/>", b"own" * 1000]
KINDS = ["application/x-amz-json-1.0", "application/x-amz-json-1.1", "application/json", "text/plain", ""]
KINDS += ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/cbor", "text/xml"]


@dataclass
class Fuzzed:
    """One request."""

    method: str
    target: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(SERVICES[service])


def requests(seed: int, count: int) -> list[Fuzzed]:
    """So many requests."""
    chance = random.Random(seed)
    return [_request(chance) for _ in range(count)]


def _request(chance: random.Random) -> Fuzzed:
    service = chance.choice(list(SERVICES))
    made = _of_s3(chance) if service == "s3" else _of_api(chance, service)
    made.headers.setdefault("Authorization", signed(service))
    if chance.random() < 0.1:
        made.method = chance.choice(METHODS)
    if chance.random() < 0.05:
        made.headers["Authorization"] = chance.choice(
            ["", "AWS", "AWS x:y", "AWS4-HMAC-SHA256", "Basic eA==", signed("own")]
        )
    if chance.random() < 0.05:
        made.headers["Content-Type"] = chance.choice(KINDS)
    if chance.random() < 0.05:
        made.headers["Content-Encoding"] = "gzip"
        made.body = gzip.compress(made.body) if chance.random() < 0.5 else made.body
    if chance.random() < 0.05 and made.body:
        at = chance.randrange(len(made.body))
        made.body = made.body[:at] + bytes([chance.randrange(256)]) + made.body[at + 1 :]
    return made


def _of_s3(chance: random.Random) -> Fuzzed:
    bucket, key = chance.choice(["fuzz-bucket", "own", "UPPER_case", "", "x"]), chance.choice(WORDS)
    path = f"/{quote(bucket)}" + (f"/{quote(key, safe='/')}" if chance.random() < 0.7 else "")
    query = urlencode(
        {name: chance.choice(WORDS[:20]) for name in chance.sample(SUBRESOURCES, chance.choice([0, 1, 1, 2]))}
    )
    headers = {
        name: quote(chance.choice(WORDS[:24]))[:500] for name in chance.sample(S3_HEADERS, chance.choice([0, 0, 1, 2]))
    }
    target = path + (f"?{query}" if query else "")
    return Fuzzed(chance.choice(METHODS[:5]), target, chance.choice(XML), headers)


def _of_api(chance: random.Random, service: str) -> Fuzzed:
    model = _model(service)
    operation = model.operation_model(chance.choice(model.operation_names))
    members = _members(chance, operation.input_shape, 0) if operation.input_shape else {}
    protocol = model.metadata["protocol"]
    if protocol == "query" or (protocol != "rest-json" and chance.random() < 0.05):
        flat = {
            name: chance.choice(WORDS) if isinstance(value, dict | list) else value for name, value in members.items()
        }
        named = {"Action": operation.name, "Version": model.metadata["apiVersion"]}
        body = urlencode({**named, **flat}, errors="surrogatepass").encode()
        return Fuzzed("POST", "/", body, {"Content-Type": "application/x-www-form-urlencoded"})
    body = json.dumps(members).encode()
    if protocol == "rest-json":
        uri = operation.http["requestUri"].partition("?")[0]
        path = "".join(quote(chance.choice(WORDS), safe="") if i % 2 else part for i, part in enumerate(_split(uri)))
        return Fuzzed(operation.http["method"], path or "/", body, {"Content-Type": "application/json"})
    target = f"{model.metadata.get('targetPrefix', 'Own')}.{operation.name}"
    return Fuzzed("POST", "/", body, {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"})


def _split(uri: str) -> list[str]:
    return uri.replace("}", "{").split("{")


def _members(chance: random.Random, shape: Any, depth: int) -> dict[str, Any]:
    return {
        name: _value(chance, member, depth)
        for name, member in shape.members.items()
        if name in shape.required_members or chance.random() < 0.3
    }


def _value(chance: random.Random, shape: Any, depth: int) -> Any:
    if chance.random() < 0.08 or depth > 3:
        return chance.choice(VALUES)
    if shape.type_name == "structure":
        return _members(chance, shape, depth + 1)
    if shape.type_name == "list":
        return [_value(chance, shape.member, depth + 1) for _ in range(chance.randrange(3))]
    if shape.type_name == "map":
        return {chance.choice(WORDS): _value(chance, shape.value, depth + 1)}
    if shape.type_name in ("integer", "long", "float", "double"):
        return chance.choice([0, 1, 10, -1, 2**31])
    if shape.type_name == "boolean":
        return chance.random() < 0.5
    return chance.choice(shape.enum) if getattr(shape, "enum", None) and chance.random() < 0.7 else chance.choice(WORDS)
