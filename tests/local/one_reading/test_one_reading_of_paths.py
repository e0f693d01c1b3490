"""What IAM has judged is what is run: paths, copies and keys that read one way for the judge and another for moto."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.local.one_reading.requests import ACCOUNT, FORM, Role, allow, deny, keys_of
from tests.server_alone import ServerAlone, signed

# OPTIONS


@pytest.mark.parametrize("authorized", [False, True])
@pytest.mark.parametrize(
    ("service", "target"),
    [
        ("iam", "/?Action=CreateUser&UserName=by-options"),
        ("s3", "/"),
        ("s3", "/allowed"),
        ("sts", f"/?Action=AssumeRole&RoleArn=arn:aws:iam::{ACCOUNT}:role/any&RoleSessionName=own"),
    ],
)
def test_options_runs_nothing(server: ServerAlone, service: str, target: str, authorized: bool) -> None:
    headers = {"Authorization": signed(service)} if authorized else {}
    answer = server.ask("OPTIONS", target, **headers)
    assert answer.status == 400
    assert b"Insufficient information. Origin request header needed." in answer.body
    assert [user["UserName"] for user in server.client("iam").list_users()["Users"]] == []


# moto's own paths


@pytest.mark.parametrize(
    "path",
    [
        "/moto-api/reset",
        "/%6Doto-api/reset",
        "//moto-api/reset",
        "/moto-api/data.json",
        "/latest/meta-data/",
        "/latest/api/token",
    ],
)
@pytest.mark.parametrize("whose", ["role's", "user's"])
@pytest.mark.parametrize("service", ["sts", "s3"])
def test_moto_s_own_paths_are_nobody_s(
    server: ServerAlone, role_with: Callable[..., Role], path: str, whose: str, service: str
) -> None:
    target = f"{path}?Action=GetCallerIdentity"
    ask = role_with().ask if whose == "role's" else None
    for method in ("GET", "POST", "PUT"):
        answer = ask(service, method, target) if ask else server.ask(method, target, Authorization=signed(service))
        assert answer.status == 403, answer.body
    assert "allowed" in [bucket["Name"] for bucket in server.client("s3").list_buckets()["Buckets"]]


def test_what_is_free_is_free_at_its_own_path_only(role_with: Callable[..., Role]) -> None:
    role = role_with()
    form = {"Content_Type": FORM}
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    assert role.ask("sts", "POST", "/", body, **form).status == 200
    assert b"AccessDenied" in role.ask("sts", "POST", "/secret/key", body, **form).body


# copies


@pytest.mark.parametrize(
    ("source", "status"),
    [("//allowed/secret/key", 200), ("///allowed/secret/key", 200), ("http://allowed/secret/key", 403)],
)
@pytest.mark.parametrize("part", [False, True])
def test_a_copy_reads_the_object_that_was_judged(
    server: ServerAlone, role_with: Callable[..., Role], source: str, status: int, part: bool
) -> None:
    role = role_with(allow("s3:GetObject", "arn:aws:s3:::allowed/*"), allow("s3:PutObject", "arn:aws:s3:::allowed/*"))
    s3, where = server.client("s3"), {"Bucket": "allowed", "Key": "copied"}
    target = "/allowed/copied"
    if part:
        target += f"?partNumber=1&uploadId={s3.create_multipart_upload(**where)['UploadId']}"
    answer = role.ask("s3", "PUT", target, X_Amz_Copy_Source=source)
    assert answer.status == status
    if status != 200:
        assert "copied" not in keys_of(server, "allowed")
        return
    if not part:
        assert s3.get_object(**where)["Body"].read() == b"allowed secret/key"
    else:
        tag = answer.body.partition(b"<ETag>")[2].partition(b"</ETag>")[0].decode().replace("&quot;", "")
        s3.complete_multipart_upload(
            **where, UploadId=target.rpartition("=")[2], MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]}
        )
        assert s3.get_object(**where)["Body"].read() == b"allowed secret/key"
    s3.delete_object(**where)


@pytest.mark.parametrize("source", ["", "/", "allowed", "/allowed/", "//"])
def test_a_copy_of_nothing_is_refused(server: ServerAlone, source: str) -> None:
    answer = server.ask("PUT", "/allowed/copied", Authorization=signed("s3"), X_Amz_Copy_Source=source)
    assert answer.status in (400, 403, 404), answer
    assert "copied" not in keys_of(server, "allowed")


@pytest.mark.parametrize("key", ["a+b c%20d/ä", "semi;colon?a=b#c", "two//three", " blank ", "dot/./x"])
def test_a_client_s_copies_have_any_key(server: ServerAlone, key: str) -> None:
    s3 = server.client("s3")
    s3.put_object(Bucket="allowed", Key=key, Body=b"own")
    s3.copy_object(Bucket="allowed", Key="copied", CopySource={"Bucket": "allowed", "Key": key})
    assert s3.get_object(Bucket="allowed", Key="copied")["Body"].read() == b"own"
    for one in (key, "copied"):
        s3.delete_object(Bucket="allowed", Key=one)


# paths


@pytest.mark.parametrize(
    "path",
    [
        "/allowed/%2570rivate/x",
        "/allowed/open/x#/private/x",
        "/allowed/private%2Fx",
        "//allowed/private/x",
        "http://localhost/allowed/private/x",
        "/allowed/p%72ivate/x",
        "/allowed;x/private/x",
    ],
)
def test_a_denied_key_is_denied_however_its_path_is_written(role_with: Callable[..., Role], path: str) -> None:
    role = role_with(allow("s3:*"), deny("s3:GetObject", "arn:aws:s3:::*/private/*"))
    answer = role.ask("s3", "GET", path)
    assert b"allowed private/x" not in answer.body
    assert b"secret private/x" not in answer.body
    assert answer.status in (200, 403, 404)
    assert (answer.status == 200) == (answer.body == b"allowed open/x")


@pytest.mark.parametrize("key", ["100%25.txt", "a%2Fb", "a%252Fb", "line\nfeed", "a\rb", "tab\tx", "//x", "x//y"])
def test_keys_are_what_was_put(server: ServerAlone, key: str) -> None:
    s3 = server.client("s3")
    s3.put_object(Bucket="secret", Key=key, Body=key.encode())
    assert s3.get_object(Bucket="secret", Key=key)["Body"].read() == key.encode()
    assert key in keys_of(server, "secret")
    s3.delete_object(Bucket="secret", Key=key)


def test_a_function_s_name_has_no_slash_that_only_the_judge_sees(role_with: Callable[..., Role]) -> None:
    role = role_with(allow("lambda:InvokeFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:a"))
    answer = role.ask("lambda", "POST", "/2015-03-31/functions/a%2Finvocations", b"{}")
    assert b"function:functions" not in answer.body
    assert b"function:a" in answer.body
