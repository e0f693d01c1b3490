"""What IAM has judged is what is run: requests that read one way for the judge and another way for moto."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.server_alone import Answer, ServerAlone, server_alone, signed

ACCOUNT = "123456789012"
JSON = "application/x-amz-json-1.0"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAlone]:
    with server_alone(tmp_path_factory.mktemp("one-reading")) as server:
        s3 = server.client("s3")
        for bucket in ("allowed", "secret"):
            s3.create_bucket(Bucket=bucket)
            for key in ("private/x", "open/x", "secret/key", "100%25.txt"):
                s3.put_object(Bucket=bucket, Key=key, Body=f"{bucket} {key}".encode())
        s3.put_object(Bucket="secret", Key="key", Body=b"secret key")
        sqs = server.client("sqs")
        for name in ("allowed", "secret"):
            sqs.create_queue(QueueName=name)
        yield server


Statement = dict[str, Any]


class Role:
    """A role with some rights, and requests with its keys."""

    def __init__(self, server: ServerAlone, keys: dict[str, str]) -> None:
        self.server = server
        self.keys = keys

    def client(self, service: str) -> Any:
        return self.server.client_of(self.keys, service)

    def ask(self, service: str, method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
        given = {
            "Authorization": signed(service, self.keys["AccessKeyId"]),
            "X_Amz_Security_Token": self.keys["SessionToken"],
        }
        return self.server.ask(method, target, body, **given, **headers)


@pytest.fixture
def role_with(server: ServerAlone) -> Callable[..., Role]:
    """Makes a role with such statements (by default without any right)."""

    def make(*statements: Statement) -> Role:
        iam, name = server.client("iam"), f"role-{uuid.uuid4()}"
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        session = server.client("sts").assume_role(RoleArn=arn, RoleSessionName="own")
        return Role(server, session["Credentials"])

    return make


def allow(action: str, *resources: str) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": list(resources or ("*",))}


def deny(action: str, *resources: str) -> Statement:
    return {**allow(action, *resources), "Effect": "Deny"}


def keys_of(server: ServerAlone, bucket: str) -> list[str]:
    return [item["Key"] for item in server.client("s3").list_objects_v2(Bucket=bucket).get("Contents", ())]


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


@pytest.mark.parametrize("source", ["//allowed/secret/key", "///allowed/secret/key", "http://allowed/secret/key"])
@pytest.mark.parametrize("part", [False, True])
def test_a_copy_reads_the_object_that_was_judged(
    server: ServerAlone, role_with: Callable[..., Role], source: str, part: bool
) -> None:
    role = role_with(allow("s3:GetObject", "arn:aws:s3:::allowed/*"), allow("s3:PutObject", "arn:aws:s3:::allowed/*"))
    s3, where = server.client("s3"), {"Bucket": "allowed", "Key": "copied"}
    target = "/allowed/copied"
    if part:
        target += f"?partNumber=1&uploadId={s3.create_multipart_upload(**where)['UploadId']}"
    answer = role.ask("s3", "PUT", target, X_Amz_Copy_Source=source)
    assert b"secret key" not in answer.body
    if not part and answer.status == 200:
        assert s3.get_object(**where)["Body"].read() == b"allowed secret/key"
    elif part and answer.status == 200:
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


# members


def message_of(server: ServerAlone, queue: str) -> list[str]:
    sqs = server.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ())
    for message in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [message["Body"] for message in found]


def queue_url(server: ServerAlone, name: str) -> str:
    return f"http://localhost:{server.port}/{ACCOUNT}/{name}"


SENDS = {"Content_Type": JSON, "X_Amz_Target": "AmazonSQS.SendMessage"}


@pytest.mark.parametrize(
    "way", ["query", "form", "text", "multipart", "gzip", "path", "header", "action header", "twice"]
)
def test_members_are_read_from_one_place(server: ServerAlone, role_with: Callable[..., Role], way: str) -> None:
    role = role_with(allow("sqs:*", f"arn:aws:sqs:us-east-1:{ACCOUNT}:allowed"))
    allowed, secret = queue_url(server, "allowed"), queue_url(server, "secret")
    own = json.dumps({"QueueUrl": allowed, "MessageBody": "own"}).encode()
    form = f"Action=SendMessage&MessageBody=own&QueueUrl={allowed}".encode()
    if way == "query":
        role.ask("sqs", "POST", f"/?QueueUrl={secret}", own, **SENDS)
    elif way == "form":
        role.ask("sqs", "POST", f"/?QueueUrl={allowed}", form.replace(b"/allowed", b"/secret"), Content_Type=FORM)
        role.ask("sqs", "POST", f"/?QueueUrl={secret}", form, Content_Type=FORM)
    elif way == "text":
        text = json.dumps({"QueueUrl": allowed, "MessageBody": f"&QueueUrl={secret}&x="}).encode()
        assert role.ask("sqs", "POST", "/", text, **SENDS).status == 200
        assert message_of(server, "allowed") == [f"&QueueUrl={secret}&x="]
    elif way == "multipart":
        fields = {"Action": "SendMessage", "QueueUrl": secret, "MessageBody": "own"}
        parts = "".join(f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items())
        target = f"/?Action=SendMessage&QueueUrl={allowed}&MessageBody=own"
        role.ask("sqs", "POST", target, f"{parts}--x--\r\n".encode(), Content_Type="multipart/form-data; boundary=x")
    elif way == "gzip":
        packed = gzip.compress(form.replace(b"/allowed", b"/secret"))
        target = f"/?Action=SendMessage&QueueUrl={allowed}&MessageBody=own"
        role.ask("sqs", "POST", target, packed, Content_Type=FORM, Content_Encoding="gzip")
    elif way == "path":
        role.ask("sqs", "POST", f"/{ACCOUNT}/secret", form, Content_Type=FORM)
    elif way == "header":
        role.ask("sqs", "POST", "/", **SENDS, QueueUrl=secret, MessageBody="own")
    elif way == "action header":
        role.ask("sqs", "POST", "/", **SENDS | {"X_Amz_Target": "AmazonSQS.ListQueues"}, Action="PurgeQueue")
    else:
        role.ask("sqs", "POST", "/", form + f"&QueueUrl={secret}".encode())
        role.ask("sqs", "POST", "/", form + f"&QueueUrl={secret}".encode(), Content_Type=FORM)
    assert message_of(server, "secret") == []


def test_what_a_member_says_is_no_member(server: ServerAlone, role_with: Callable[..., Role]) -> None:
    role = role_with(allow("events:PutRule", f"arn:aws:events:us-east-1:{ACCOUNT}:rule/one"))
    pattern = json.dumps({"source": ["own"]})
    said = f"&Name=two&EventPattern={pattern}&x="
    role.client("events").put_rule(Name="one", EventPattern=pattern, Description=said)
    (rule,) = server.client("events").list_rules()["Rules"]
    assert (rule["Name"], rule["Description"]) == ("one", said)
    body = json.dumps({"Name": "one", "EventPattern": pattern}).encode()
    own = {"Content_Type": JSON, "X_Amz_Target": "AWSEvents.PutRule"}
    assert role.ask("events", "POST", "/?Name=two", body, **own).status == 400
    assert [rule["Name"] for rule in server.client("events").list_rules()["Rules"]] == ["one"]
    server.client("events").delete_rule(Name="one")


def test_a_packed_body_is_judged_and_run_as_what_it_holds(server: ServerAlone, role_with: Callable[..., Role]) -> None:
    role = role_with(allow("sqs:*", f"arn:aws:sqs:us-east-1:{ACCOUNT}:allowed"))
    own = gzip.compress(json.dumps({"QueueUrl": queue_url(server, "allowed"), "MessageBody": "packed"}).encode())
    assert role.ask("sqs", "POST", "/", own, **SENDS, Content_Encoding="gzip").status == 200
    assert message_of(server, "allowed") == ["packed"]
    bomb = gzip.compress(b"a" * 200_000_000)
    assert role.ask("sqs", "POST", "/", bomb, **SENDS, Content_Encoding="gzip").status == 400
    assert role.ask("sqs", "POST", "/", own[:-9], **SENDS, Content_Encoding="gzip").status == 400


def test_a_session_is_of_the_role_that_was_judged(role_with: Callable[..., Role]) -> None:
    role = role_with()
    target = f"arn:aws:iam::{ACCOUNT}:role/any"
    parts = '--x\r\nContent-Disposition: form-data; name="Action"\r\n\r\nAssumeRole\r\n--x--\r\n'
    kinds = [("multipart/form-data; boundary=x", parts.encode()), (FORM, b"Action=AssumeRole")]
    for kind, body in kinds:
        query = f"/?Action=GetCallerIdentity&RoleArn={target}&RoleSessionName=own"
        answer = role.ask("sts", "POST", query, body, Content_Type=kind)
        assert answer.status in (400, 403)
        assert b"SecretAccessKey" not in answer.body


# forms


def form_of(*fields: tuple[str, str], file: str = "f.txt", header: str = "") -> bytes:
    parts = [f"--x\r\nContent-Disposition: form-data; {name}{header}\r\n\r\n{value}\r\n" for name, value in fields]
    last = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{file}"\r\n\r\nown\r\n--x--\r\n'
    return ("".join(parts) + last).encode()


@pytest.mark.parametrize(
    ("fields", "more"),
    [
        ([("name=key", "private/new")], {}),
        ([('name = "key"', "private/new")], {}),
        ([('name="key"', "private/new")], {"header": "\r\nContent-Type: text/plain"}),
        ([("name*=utf-8''key", "private/new")], {}),
        ([('name="Key"', "open/new"), ("name=key", "private/new")], {}),
        ([('name="key"', "open/new"), ('name="KEY"', "private/new")], {}),
        ([('name="x"', "y" * 30_000), ('name="key"', "private/new")], {}),
        ([('name="key"', "${filename}/new")], {"file": "private"}),
        ([('name="key"', "private/new"), ('name="key"', "open/new")], {}),
        ([('name="key"', "open/new"), ('name="key"', "private/new")], {}),
        ([], {}),
    ],
)
def test_a_form_s_key_is_the_one_that_was_judged(
    server: ServerAlone, role_with: Callable[..., Role], fields: list[tuple[str, str]], more: dict[str, str]
) -> None:
    role = role_with(allow("s3:*"), deny("s3:PutObject", "arn:aws:s3:::allowed/private/*"))
    kind = {"Content_Type": "multipart/form-data; boundary=x"}
    answer = role.ask("s3", "POST", "/allowed", form_of(*fields, **more), **kind)
    assert "private/new" not in keys_of(server, "allowed")
    assert answer.status < 500
    server.client("s3").delete_object(Bucket="allowed", Key="open/new")


def test_a_form_puts_its_file(server: ServerAlone, role_with: Callable[..., Role]) -> None:
    role = role_with(allow("s3:PutObject", "arn:aws:s3:::allowed/open/*"))
    kind = {"Content_Type": "multipart/form-data; boundary=x"}
    assert role.ask("s3", "POST", "/allowed", form_of(('name="key"', "open/${filename}")), **kind).status == 204
    s3 = server.client("s3")
    assert s3.get_object(Bucket="allowed", Key="open/f.txt")["Body"].read() == b"own"
    s3.delete_object(Bucket="allowed", Key="open/f.txt")


def test_what_looks_like_a_form_is_an_object(server: ServerAlone) -> None:
    s3 = server.client("s3")
    s3.put_object(Bucket="allowed", Key="form", Body=b"acl=public-read&key=x", ContentType=FORM)
    got = s3.get_object(Bucket="allowed", Key="form")
    assert (got["Body"].read(), got["ContentType"]) == (b"acl=public-read&key=x", FORM)
    s3.delete_object(Bucket="allowed", Key="form")
    assert s3.list_buckets()["Buckets"]


def test_a_deletion_takes_its_version_from_the_query_alone(server: ServerAlone, role_with: Callable[..., Role]) -> None:
    s3 = server.client("s3")
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="versions", Key="k", Body=b"first")["VersionId"]
    role = role_with(allow("s3:DeleteObject", "arn:aws:s3:::versions/*"))
    role.ask("s3", "DELETE", "/versions/k", f"versionId={version}".encode(), Content_Type=FORM)
    assert s3.get_object(Bucket="versions", Key="k", VersionId=version)["Body"].read() == b"first"


# regions, accounts, services


def test_a_call_is_run_in_the_region_that_it_is_signed_for(server: ServerAlone) -> None:
    body = json.dumps({"QueueName": "by-region"}).encode()
    own = {"Content_Type": JSON, "X_Amz_Target": "AmazonSQS.CreateQueue", "Authorization": signed("sqs")}
    server.ask("POST", "/", body, **own, User_Agent="own region/eu-west-1")
    server.ask("POST", "/?x=.eu-west-2.amazonaws.com", body, **own)
    for region in ("eu-west-1", "eu-west-2"):
        other = server.cloud.session().client("sqs", region_name=region)
        assert not other.list_queues().get("QueueUrls")
    assert server.client("sqs").get_queue_url(QueueName="by-region")["QueueUrl"]


def test_a_call_is_run_in_the_account_that_was_judged(server: ServerAlone) -> None:
    server.ask("PUT", "/own-account", Authorization=signed("s3"), X_Moto_Account_Id="111111111111")
    assert "own-account" in [bucket["Name"] for bucket in server.client("s3").list_buckets()["Buckets"]]


@pytest.mark.parametrize(
    ("service", "scope"),
    [
        ("sqs", "AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/queue/aws4_request"),
        ("iam", "AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/iam.x/aws4_request"),
        ("sqs", "AWS4-HMAC-SHA256 Credential={key}/20260101/sqs/s3/aws4_request"),
        ("iam", "AWS {key}:a/b/us-east-1/iam/c"),
        ("events", "AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/eventbridge/aws4_request"),
    ],
)
def test_no_service_is_called_by_another_name(
    server: ServerAlone, role_with: Callable[..., Role], service: str, scope: str
) -> None:
    role = role_with(allow("*"), deny(f"{service}:*"))
    named = {"sqs": "Action=CreateQueue&QueueName=renamed", "iam": "Action=CreateUser&UserName=renamed"}
    body = named.get(service, "Action=CreateEventBus&Name=renamed").encode()
    headers = {"X_Amz_Security_Token": role.keys["SessionToken"], "Content_Type": FORM}
    authorization = scope.format(key=role.keys["AccessKeyId"])
    assert server.ask("POST", "/", body, **headers, Authorization=authorization).status < 500
    target = "AWSEvents.CreateEventBus" if service == "events" else ""
    if target:
        headers |= {"X_Amz_Target": target, "Content_Type": JSON}
        assert server.ask("POST", "/", b'{"Name": "renamed"}', **headers, Authorization=authorization).status in (
            400,
            403,
        )
    assert not [url for url in server.client("sqs").list_queues().get("QueueUrls", ()) if "renamed" in url]
    assert server.client("iam").list_users()["Users"] == []
    assert len(server.client("events").list_event_buses()["EventBuses"]) == 1


def test_a_presigned_path_leads_to_no_other_service(server: ServerAlone, role_with: Callable[..., Role]) -> None:
    role = role_with(allow("s3:*"))
    credential = f"{role.keys['AccessKeyId']}%2F20260101%2Fus-east-1%2Fs3%2Faws4_request"
    token = role.keys["SessionToken"].replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    query = f"X-Amz-Credential={credential}&X-Amz-Security-Token={token}&Action=CreateUser&UserName=by-path"
    for path in ("/iam_us-east-1/x", "/iam_us-east-1/"):
        server.ask("GET", f"{path}?{query}")
    assert server.client("iam").list_users()["Users"] == []


@pytest.mark.parametrize("target", ["/v20180820/configuration/publicAccessBlock", "/v20180820/accesspoint/x"])
def test_s3_control_is_no_bucket(role_with: Callable[..., Role], target: str) -> None:
    role = role_with(allow("s3:*", "arn:aws:s3:::*/*", "arn:aws:s3:::*"))
    assert role.ask("s3", "PUT", target, b"<x/>", X_Amz_Account_Id=ACCOUNT).status == 403


# events, deletions


@pytest.mark.parametrize("source", ["aws.s3", "aws.", "aws.own"])
def test_nobody_puts_events_of_aws(server: ServerAlone, source: str) -> None:
    entries = [{"Source": name, "DetailType": "thing", "Detail": "{}"} for name in (source, "own", "awsome")]
    answer = server.client("events").put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 1
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == ["NotAuthorizedForSourceException", None, None]
    assert answer["Entries"][0]["ErrorMessage"] == "Not authorized for the source."


@pytest.mark.parametrize(
    "body", [b"", b"<", b"<Delete>", b"<Delete/>", b"<x/>", b"<Delete><Object/></Delete>", b"\xff"]
)
@pytest.mark.parametrize("whose", ["role's", "user's"])
def test_deletions_that_can_not_be_read_are_malformed(
    server: ServerAlone, role_with: Callable[..., Role], body: bytes, whose: str
) -> None:
    if whose == "role's":
        answer = role_with(allow("s3:*")).ask("s3", "POST", "/allowed?delete", body)
    else:
        answer = server.ask("POST", "/allowed?delete", body, Authorization=signed("s3"))
    assert answer.status == 400
    assert b"<Code>MalformedXML</Code>" in answer.body or b"<Code>MissingRequestBodyError</Code>" in answer.body


def test_a_role_s_client_still_does_what_it_may(role_with: Callable[..., Role]) -> None:
    role = role_with(
        allow("s3:GetObject", "arn:aws:s3:::allowed/open/*"), allow("s3:DeleteObject", "arn:aws:s3:::allowed/gone")
    )
    assert role.client("s3").get_object(Bucket="allowed", Key="open/x")["Body"].read() == b"allowed open/x"
    role.client("s3").delete_objects(Bucket="allowed", Delete={"Objects": [{"Key": "gone"}]})
    with pytest.raises(ClientError, match="AccessDenied"):
        role.client("s3").get_object(Bucket="allowed", Key="private/x")
