"""The local cloud's gate: whose calls are judged, what is answered, and in whose words."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from warmfold.cloud import way
from warmfold.cloud.app import serve_moto
from warmfold.cloud.iam.denial import EXPIRED, UNKNOWN_KEY, UNSIGNED, WRONG_TOKEN, Refusal
from warmfold.cloud.iam.enforcement import Enforcer, Recorder, Role, Verdict, is_on
from warmfold.cloud.iam.identity import AuthenticationError, Caller, Signature, signature
from warmfold.cloud.iam.policy import Call
from warmfold.cloud.iam.steps import iam_steps

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/path/fold"
WHO = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/fold/session"
TRUST = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "x"}}]})


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Resource": "*", **statement} for statement in statements]})


class Inner:
    """The service behind the gate: notes what reaches it."""

    def __init__(self, status: str = "200 OK") -> None:
        self.status = status
        self.bodies: list[bytes] = []

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        self.bodies.append(environ["wsgi.input"].read())
        start_response(self.status, [("X-Inner", "yes")])
        return [b"inner"]


def enforcer(**policies: str) -> Enforcer:
    return Enforcer(ACCOUNT, "us-east-1", lambda arn: Role(policies, TRUST) if arn == ROLE else None)


def request(
    gate: Enforcer, service: str, method: str, path: str, *, inner: Any = None, role: str | None = ROLE, **more: Any
) -> tuple[str, dict[str, str], bytes]:
    body, region = more.pop("body", b""), more.pop("region", None)
    identify = more.pop("identify", lambda _: Caller("KEY", role, "session", region))
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": more.pop("query", ""),
        "HTTP_HOST": "localhost:4566",
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/{service}/aws4_request, Signed=x",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **more,
    }
    started: list[Any] = []
    start: Any = lambda *arguments: started.append(arguments)  # noqa: E731
    application = way.application([*iam_steps(gate, identify), serve_moto(inner or Inner())])
    answer = b"".join(application(environ, start))
    ((status, headers),) = started
    return status, dict(headers), answer


def test_the_user_s_own_calls_are_not_judged() -> None:
    assert request(enforcer(), "s3", "PUT", "/b/k", role=None)[0] == "200 OK"


def test_an_allowed_call_reaches_the_service_with_its_body() -> None:
    inner = Inner()
    gate = enforcer(p=policy({"Action": "sns:Publish"}))
    body = b"Action=Publish&TopicArn=arn:t"
    assert request(gate, "sns", "POST", "/", inner=inner, body=body)[0] == "200 OK"
    assert inner.bodies == [body]


def test_a_denied_call_does_not_reach_the_service() -> None:
    inner = Inner()
    request(enforcer(), "s3", "PUT", "/b/k", inner=inner)
    assert inner.bodies == []


def test_s3_s_denial() -> None:
    status, headers, body = request(enforcer(), "s3", "PUT", "/b/runs/é".encode().decode("latin-1"))
    assert (status, headers["Content-Type"]) == ("403 Forbidden", "application/xml")
    text = f"{WHO} is not authorized to perform: s3:PutObject on resource: "
    text += '"arn:aws:s3:::b/runs/é" because no identity-based policy allows the s3:PutObject action'
    assert f"<Code>AccessDenied</Code><Message>{text}</Message>" in body.decode()


def test_an_explicit_deny_is_said() -> None:
    gate = enforcer(p=policy({"Action": "*"}, {"Effect": "Deny", "Action": "s3:*"}))
    assert b"with an explicit deny in an identity-based policy<" in request(gate, "s3", "GET", "/b/k")[2]


def test_json_s_denial() -> None:
    body = json.dumps({"stateMachineArn": "arn:m"}).encode()
    target = "AWSStepFunctions.StartExecution"
    status, headers, answer = request(enforcer(), "states", "POST", "/", body=body, HTTP_X_AMZ_TARGET=target)
    assert (status, headers["x-amzn-ErrorType"]) == ("400 Bad Request", "AccessDeniedException")
    assert json.loads(answer) == {
        "__type": "AccessDeniedException",
        "message": f"{WHO} is not authorized to perform: states:StartExecution on resource: arn:m "
        "because no identity-based policy allows the states:StartExecution action",
    }


def test_lambda_s_denial() -> None:
    status, headers, answer = request(enforcer(), "lambda", "POST", "/2015-03-31/functions/f/invocations", body=b"{}")
    assert (status, headers["x-amzn-ErrorType"]) == ("403 Forbidden", "AccessDeniedException")
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
    said = f"{WHO} is not authorized to perform: lambda:InvokeFunction on resource: {function} because no"
    assert json.loads(answer)["Message"].startswith(said)


def test_sns_s_denial() -> None:
    body = b"Action=Publish&TopicArn=arn:t"
    status, _, answer = request(enforcer(), "sns", "POST", "/", body=body)
    assert status == "403 Forbidden"
    said = f"<Code>AuthorizationError</Code><Message>{WHO} is not authorized to perform: SNS:Publish on resource: arn:t"
    assert said in answer.decode()
    assert "allows the SNS:Publish action" in answer.decode()


@pytest.mark.parametrize(("may_list", "expected"), [(True, "404 Not Found"), (False, "403 Forbidden")])
def test_that_an_object_is_not_there_is_told_only_to_those_who_may_list(may_list: bool, expected: str) -> None:
    actions = ["s3:GetObject", *(["s3:ListBucket"] if may_list else [])]
    gate = enforcer(p=policy({"Action": actions}))
    missing = Inner("404 Not Found")
    status, _, body = request(gate, "s3", "GET", "/b/k", inner=missing)
    assert status == expected
    assert (b"s3:ListBucket on resource" in body) is not may_list
    status, headers, body = request(gate, "s3", "HEAD", "/b/k", inner=missing)
    assert status == expected
    if not may_list:
        assert (headers["Content-Length"], body) == ("0", b"")


def test_an_object_that_is_there_needs_no_listing() -> None:
    gate = enforcer(p=policy({"Action": "s3:GetObject"}))
    assert request(gate, "s3", "GET", "/b/k") == ("200 OK", {"X-Inner": "yes"}, b"inner")


def test_a_role_that_is_gone_may_do_nothing() -> None:
    gate = enforcer(p=policy({"Action": "*"}))
    assert gate.judge(Caller(None, ROLE), [Call("s3:GetObject", "arn:aws:s3:::b/k")]) is None
    assert gate.judge(Caller(None, ROLE + "2"), [Call("s3:GetObject", "arn:aws:s3:::b/k")]) is not None


def test_a_boundary_limits_what_policies_allow_and_allows_nothing_itself() -> None:
    def judged(own: str, boundary: str) -> str | None:
        role = Role({"p": own}, TRUST, ("boundary", boundary))
        gate = Enforcer(ACCOUNT, "us-east-1", lambda _: role)
        denial = gate.judge(Caller(None, ROLE, "session"), [Call("sns:Publish", "arn:t")])
        return denial.message if denial else None

    everything, nothing = policy({"Action": "*"}), policy({"Action": "s3:*"})
    assert judged(everything, everything) is None
    assert str(judged(everything, nothing)).endswith("because no permissions boundary allows the SNS:Publish action")
    assert str(judged(nothing, everything)).endswith("because no identity-based policy allows the SNS:Publish action")
    deny = policy({"Action": "*"}, {"Effect": "Deny", "Action": "sns:*"})
    assert str(judged(everything, deny)).endswith("with an explicit deny in a permissions boundary")


def test_a_changed_policy_counts_from_the_next_call_on() -> None:
    policies = {"p": policy({"Action": "s3:*"})}
    gate = Enforcer(ACCOUNT, "us-east-1", lambda _: Role(policies, TRUST))
    call = Call("s3:GetObject", "arn:aws:s3:::b/k")
    assert gate.judge(Caller(None, ROLE), [call]) is None
    policies["p"] = policy({"Action": "sns:*"})
    assert gate.judge(Caller(None, ROLE), [call]) is not None


def sagemaker_gate(trusted: str, *statements: dict[str, Any]) -> Enforcer:
    trust = json.dumps(
        {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": trusted}}]}
    )
    return Enforcer(ACCOUNT, "us-east-1", lambda arn: Role({"p": policy(*statements)}, trust) if arn == ROLE else None)


JOB = {"TrainingJobName": "j", "RoleArn": ROLE, "Tags": [{"Key": "k", "Value": "v"}]}
CREATE, PASS, TAG = "sagemaker:CreateTrainingJob", "iam:PassRole", "sagemaker:AddTags"


@pytest.mark.parametrize("missing", [CREATE, PASS, TAG])
def test_sagemaker_refuses_in_aws_s_words(missing: str) -> None:
    rest = {"Action": [action for action in (CREATE, PASS, TAG) if action != missing]}
    gate = sagemaker_gate("sagemaker.amazonaws.com", rest)
    resource = ROLE if missing == PASS else f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/j"
    assert gate.sagemaker(Caller(None, ROLE, "session"), "CreateTrainingJob", JOB) == (
        "AccessDeniedException",
        f"{WHO} is not authorized to perform: {missing} on resource: {resource} "
        f"because no identity-based policy allows the {missing} action",
    )


def test_sagemaker_takes_only_roles_that_trust_it_whoever_calls() -> None:
    user = Caller("local", None)
    assert sagemaker_gate("sagemaker.amazonaws.com").sagemaker(user, "CreateTrainingJob", JOB) is None
    for gate, role in ((sagemaker_gate("lambda.amazonaws.com"), ROLE), (sagemaker_gate("x"), ROLE + "2")):
        refusal = gate.sagemaker(user, "CreateTrainingJob", {"TrainingJobName": "j", "RoleArn": role})
        assert refusal is not None
        assert refusal[0] == "ValidationException"
        assert refusal[1].startswith(f"Could not assume role {role}. Please ensure that the role exists")


def test_verdicts_are_recorded_once_each_with_what_allowed_them(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "verdicts.jsonl")
    role = Role({"p": policy({"Action": "sns:*"}, {"Action": "s3:Get*"})}, TRUST)
    gate = Enforcer(ACCOUNT, "us-east-1", lambda _: role, recorder)
    for _ in range(2):
        gate.judge(Caller(None, ROLE), [Call("s3:GetObject", "arn:aws:s3:::b/k"), Call("s3:PutObject", "arn:x")])
    lines = [json.loads(line) for line in (tmp_path / "verdicts.jsonl").read_text().splitlines()]
    assert [(line["action"], line["allowed"], line["by"]) for line in lines] == [
        ("s3:GetObject", True, ["p", 1]),
        ("s3:PutObject", False, None),
    ]
    assert Verdict(**lines[0]).role_arn == ROLE


def test_the_switch_is_on_unless_it_is_off() -> None:
    assert is_on({})
    assert is_on({"WARMFOLD_IAM": "on"})
    assert not is_on({"WARMFOLD_IAM": "off"})
    with pytest.raises(ValueError, match="WARMFOLD_IAM is '0'; it must be on or off"):
        is_on({"WARMFOLD_IAM": "0"})


@pytest.mark.parametrize(
    ("environ", "signed"),
    [
        (
            {
                "HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=K/20260101/eu-west-1/SNS/aws4_request, x",
                "HTTP_X_AMZ_SECURITY_TOKEN": "t",
            },
            Signature("K", "eu-west-1", "sns", "t"),
        ),
        (
            {"QUERY_STRING": "X-Amz-Credential=K%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Security-Token=t"},
            Signature("K", "us-east-1", "s3", "t"),
        ),
        (
            {"QUERY_STRING": "AWSAccessKeyId=K&Signature=s&Expires=1&x-amz-security-token=t"},
            Signature("K", None, None, "t"),
        ),
        ({"HTTP_AUTHORIZATION": "AWS K:signature"}, Signature("K")),
        ({"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Signed=x, Credential=K/20260101/us-east-1/sts/aws4_request"}, None),
        ({"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=K/20260101//sts/aws4_request"}, None),
        ({"HTTP_AUTHORIZATION": "Bearer K"}, None),
        ({}, None),
    ],
)
def test_every_form_of_signature_tells_its_caller(environ: dict[str, str], signed: Signature | None) -> None:
    assert signature(environ) == (signed or Signature(None))


def field(name: str, value: str) -> str:
    return f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'


FORM = "".join(
    [
        field("Key", "runs/a"),
        field("x-amz-credential", "K/20260101/us-east-1/s3/aws4_request"),
        field("key", "other"),
        field('file"; filename="f', field("x-amz-security-token", "not a field")),
        "--B--",
    ]
).encode()


def test_a_browser_s_form_has_its_signer_s_rights() -> None:
    form = {"CONTENT_TYPE": "multipart/form-data; boundary=B", "HTTP_AUTHORIZATION": "", "body": FORM}
    environ = {**form, "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(FORM)), "wsgi.input": io.BytesIO(FORM)}
    assert signature(environ) == Signature("K", "us-east-1", "s3")
    inner = Inner()
    gate = enforcer(p=policy({"Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/runs/*"}))
    assert request(gate, "s3", "POST", "/b", inner=inner, **form)[0] == "200 OK"
    assert inner.bodies == [FORM]
    other = enforcer(p=policy({"Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/other"}))
    assert request(other, "s3", "POST", "/b", **form)[0] == "403 Forbidden"


def nobody(refusal: Refusal) -> Any:
    def identify(_: Any) -> Caller:
        raise AuthenticationError(refusal)

    return identify


JSON = {"HTTP_X_AMZ_TARGET": "AWSStepFunctions.ListStateMachines"}
QUERY = {"body": b"Action=ListTopics"}
FUNCTION = "/2015-03-31/functions/f/invocations"


@pytest.mark.parametrize(
    ("refusal", "service", "path", "more", "status", "code"),
    [
        (UNSIGNED, "", "/b/k", {}, "403 Forbidden", "AccessDenied"),
        (UNSIGNED, "", "/", QUERY, "403 Forbidden", "MissingAuthenticationToken"),
        (UNSIGNED, "", "/", JSON, "400 Bad Request", "MissingAuthenticationTokenException"),
        (UNSIGNED, "", FUNCTION, {}, "403 Forbidden", "MissingAuthenticationTokenException"),
        (UNKNOWN_KEY, "s3", "/b/k", {}, "403 Forbidden", "InvalidAccessKeyId"),
        (UNKNOWN_KEY, "sns", "/", QUERY, "403 Forbidden", "InvalidClientTokenId"),
        (UNKNOWN_KEY, "states", "/", JSON, "400 Bad Request", "UnrecognizedClientException"),
        (WRONG_TOKEN, "s3", "/b/k", {}, "400 Bad Request", "InvalidToken"),
        (EXPIRED, "s3", "/b/k", {}, "400 Bad Request", "ExpiredToken"),
        (EXPIRED, "sns", "/", QUERY, "403 Forbidden", "ExpiredToken"),
        (EXPIRED, "states", "/", JSON, "400 Bad Request", "ExpiredTokenException"),
    ],
)
def test_a_request_of_nobody_is_refused_in_its_service_s_form(
    refusal: Refusal, service: str, path: str, more: dict[str, Any], status: str, code: str
) -> None:
    inner, unsigned = Inner(), {} if service else {"HTTP_AUTHORIZATION": ""}
    answer = request(enforcer(), service, "POST", path, inner=inner, identify=nobody(refusal), **more, **unsigned)
    assert answer[0] == status
    assert code in (answer[1].get("x-amzn-ErrorType"), answer[2].partition(b"<Code>")[2].partition(b"<")[0].decode())
    assert inner.bodies == []


def test_a_browser_may_ask_unsigned_what_it_may_do() -> None:
    assert request(enforcer(), "", "OPTIONS", "/b/k", identify=nobody(UNSIGNED), HTTP_AUTHORIZATION="")[0] == "200 OK"


def test_a_call_is_judged_in_the_region_that_it_is_signed_for() -> None:
    east = enforcer(p=policy({"Action": "sqs:*", "Resource": f"arn:aws:sqs:us-east-1:{ACCOUNT}:*"}))
    condition = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    only = enforcer(p=policy({"Action": "sqs:*", "Condition": condition}))
    body = json.dumps({"QueueName": "q"}).encode()
    for gate in (east, only):
        for region, expected in (("us-east-1", "200 OK"), (None, "200 OK"), ("us-west-2", "400 Bad Request")):
            more = {"body": body, "HTTP_X_AMZ_TARGET": "AmazonSQS.CreateQueue"}
            assert request(gate, "sqs", "POST", "/", region=region, **more)[0] == expected, region
    create = {"TrainingJobName": "j"}
    gate = enforcer(p=policy({"Action": "sagemaker:*", "Resource": f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:*"}))
    assert gate.sagemaker(Caller(None, ROLE, region="us-east-1"), "CreateTrainingJob", create) is None
    assert gate.sagemaker(Caller(None, ROLE, region="us-west-2"), "CreateTrainingJob", create) is not None


def test_a_presigned_call_reaches_the_service_and_the_region_that_it_is_signed_for() -> None:
    seen: list[str] = []

    def inner(environ: Any, start_response: Any) -> Iterable[bytes]:
        seen.append(environ["HTTP_AUTHORIZATION"])
        start_response("200 OK", [])
        return []

    query = "Action=GetCallerIdentity&X-Amz-Credential=K%2F20260101%2Feu-west-1%2Fsts%2Faws4_request"
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "QUERY_STRING": query, "wsgi.input": io.BytesIO()}
    start: Any = lambda *_: None  # noqa: E731
    steps = iam_steps(enforcer(), lambda _: Caller("K", None))
    list(way.application([*steps, serve_moto(inner)])(environ, start))
    assert signature({"HTTP_AUTHORIZATION": seen[0]}) == Signature("K", "eu-west-1", "sts")


@pytest.mark.parametrize("name", ["GetSessionToken", "GetFederationToken"])
def test_a_session_is_given_no_other_session(name: str) -> None:
    gate = enforcer(p=policy({"Action": "*"}))
    status, _, body = request(gate, "sts", "POST", "/", body=f"Action={name}&Name=me".encode())
    assert status == "403 Forbidden"
    assert f"<Code>AccessDenied</Code><Message>Cannot call {name} with session credentials<" in body.decode()
    assert request(gate, "sts", "POST", "/", body=f"Action={name}".encode(), role=None)[0] == "200 OK"


TARGET = f"arn:aws:iam::{ACCOUNT}:role/target"
USER = f"arn:aws:iam::{ACCOUNT}:user/me"
MAY_ASSUME = {"Action": "sts:AssumeRole", "Resource": TARGET}
REFUSED = "is not authorized to perform: sts:AssumeRole on resource: " + TARGET


@pytest.mark.parametrize(
    ("principal", "statements", "session", "user"),
    [
        (f"arn:aws:iam::{ACCOUNT}:root", [MAY_ASSUME], True, True),
        (ACCOUNT, [MAY_ASSUME], True, True),
        (f"arn:aws:iam::{ACCOUNT}:root", [], False, True),
        (ROLE, [], True, False),
        (ROLE, [{**MAY_ASSUME, "Effect": "Deny"}], False, False),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/fold/session", [], True, False),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/fold/other", [MAY_ASSUME], False, False),
        (USER, [MAY_ASSUME], False, True),
        ("arn:aws:iam::999999999999:root", [MAY_ASSUME], False, False),
        (None, [MAY_ASSUME], False, False),
    ],
)
def test_a_role_is_assumed_by_whom_it_trusts(
    principal: str | None, statements: list[dict[str, Any]], session: bool, user: bool
) -> None:
    meant = {"AWS": principal} if principal else {"Service": "sagemaker.amazonaws.com"}
    trust = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": meant}]})
    roles = {ROLE: Role({"p": policy(*statements)}, TRUST), TARGET: Role({}, trust)}
    gate = Enforcer(ACCOUNT, "us-east-1", roles.get, user_arn=lambda _: USER)
    body = f"Action=AssumeRole&RoleArn={TARGET}&RoleSessionName=s".encode()
    for role, may in ((ROLE, session), (None, user)):
        status, _, answer = request(gate, "sts", "POST", "/", body=body, role=role)
        assert status == ("200 OK" if may else "403 Forbidden"), role
        assert (REFUSED in answer.decode()) is not may


def test_a_role_that_is_not_there_is_assumed_by_nobody() -> None:
    gate = Enforcer(ACCOUNT, "us-east-1", {ROLE: Role({"p": policy(MAY_ASSUME)}, TRUST)}.get, user_arn=lambda _: USER)
    body = f"Action=AssumeRole&RoleArn={TARGET}&RoleSessionName=s".encode()
    for role, who in ((ROLE, WHO), (None, f"User: {USER}")):
        status, _, answer = request(gate, "sts", "POST", "/", body=body, role=role)
        assert status == "403 Forbidden"
        assert f"<Code>AccessDenied</Code><Message>{who} {REFUSED}<" in answer.decode()


@pytest.mark.parametrize("name", ["AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"])
@pytest.mark.parametrize("signed", [True, False])
def test_a_foreign_identity_that_can_not_be_checked_is_not_believed(name: str, signed: bool) -> None:
    inner, more = Inner(), {} if signed else {"HTTP_AUTHORIZATION": "", "identify": nobody(UNSIGNED)}
    body = f"Action={name}&RoleArn={ROLE}".encode()
    status, _, answer = request(enforcer(), "sts", "POST", "/", inner=inner, role=None, body=body, **more)
    assert (status, inner.bodies) == ("403 Forbidden", [])
    assert f"<Code>AccessDenied</Code><Message>Not authorized to perform sts:{name}<" in answer.decode()


@pytest.mark.parametrize(
    "elsewhere", [{"query": "Action=GetCallerIdentity"}, {"HTTP_X_AMZ_TARGET": "x.GetCallerIdentity"}]
)
@pytest.mark.parametrize("role", [ROLE, None])
def test_a_request_that_names_two_operations_is_refused_whatever_is_allowed(
    elsewhere: dict[str, str], role: str | None
) -> None:
    gate, inner = enforcer(p=policy({"Action": "*"})), Inner()
    body = f"Action=AssumeRole&RoleArn={TARGET}&RoleSessionName=s".encode()
    status, _, answer = request(gate, "sts", "POST", "/", inner=inner, body=body, role=role, **elsewhere)
    assert status == "400 Bad Request"
    assert b"names more than one operation" in answer
    assert inner.bodies == []
