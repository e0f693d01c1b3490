"""What IAM has judged is what is run: members, forms, regions and services that read in more than one way."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from tests.local.one_reading.requests import ACCOUNT, FORM, JSON, Role, allow, deny, keys_of
from tests.server_alone import ServerAlone, signed

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
        server.client("sqs").send_message(QueueUrl=secret, MessageBody="kept")
        body = json.dumps({"QueueUrl": allowed, "MessageBody": "own"}).encode()
        role.ask("sqs", "POST", "/", body, **SENDS, Action="PurgeQueue", QueueUrl=secret)
        assert message_of(server, "secret") == ["kept"]
        assert message_of(server, "allowed") == ["own"]
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
