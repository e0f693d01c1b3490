"""Whose call it is: the role travels with the keys over the wire, and with the state machine's own calls."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.sts.models import sts_backends

from warmfold.cloud.app import for_sagemaker
from warmfold.cloud.hooks.stepfunctions.sagemaker import SageMakerTask
from warmfold.cloud.iam.denial import EXPIRED, UNKNOWN_KEY, UNSIGNED, WRONG_TOKEN, Refusal
from warmfold.cloud.iam.identity import STATES_SESSION, AuthenticationError, Caller, Identities
from warmfold.cloud.sagemaker import wire
from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.settings import Settings

ROLE = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/candidate"


class Recorder:
    """A SageMaker that notes who calls."""

    def __init__(self, *answers: dict[str, Any] | ServiceError) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.core = SimpleNamespace(settings=Settings(Path(), "123456789012"))
        self._answers = iter(answers)

    def call(self, operation: str, request: dict[str, Any], identity: Any) -> dict[str, Any]:  # noqa: ARG002
        self.calls.append((operation, identity))
        answer = next(self._answers, {})
        if isinstance(answer, ServiceError):
            raise answer
        return answer


@pytest.fixture
def identities() -> Identities:
    return Identities(DEFAULT_ACCOUNT_ID, "us-east-1")


def signed(key: str, token: str | None = None) -> dict[str, Any]:
    header = f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/sagemaker/aws4_request, SignedHeaders=host"
    return {"HTTP_AUTHORIZATION": header, **({"HTTP_X_AMZ_SECURITY_TOKEN": token} if token else {})}


def test_a_role_s_keys_are_known_again(identities: Identities) -> None:
    keys = identities.credentials(ROLE)
    assert identities.credentials(ROLE) is keys
    known = Caller(keys["AccessKeyId"], ROLE, region="us-east-1")
    assert identities.authenticated(signed(keys["AccessKeyId"], keys["SessionToken"])) == known


def test_a_presigned_request_has_its_caller_too(identities: Identities) -> None:
    keys = identities.credentials(ROLE)
    client = boto3.client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        config=boto3.session.Config(signature_version="s3v4"),
    )
    url = client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
    assert identities.authenticated({"QUERY_STRING": url.split("?")[1]}).role_arn == ROLE


def test_static_keys_are_the_user_s_whatever_they_are(identities: Identities) -> None:
    for key in ("local", "test", "AKIAIOSFODNN7EXAMPLE"):
        assert identities.authenticated(signed(key)) == Caller(key, None, region="us-east-1")


@pytest.mark.parametrize(
    ("environ", "refusal"),
    [
        ({}, UNSIGNED),
        ({"HTTP_AUTHORIZATION": "Bearer x"}, UNSIGNED),
        ({"HTTP_AUTHORIZATION": "AWS :x"}, UNSIGNED),
        (signed("ASIAUNKNOWN000000000"), UNKNOWN_KEY),
        (signed("ASIAUNKNOWN000000000", "made up"), UNKNOWN_KEY),
        (signed("local", "made up"), WRONG_TOKEN),
    ],
)
def test_who_can_not_be_told_is_turned_away_unless_policies_are_off(
    identities: Identities, environ: dict[str, Any], refusal: Refusal
) -> None:
    with pytest.raises(AuthenticationError) as turned_away:
        identities.authenticated(environ)
    assert turned_away.value.refusal is refusal
    assert identities.caller(environ).role_arn is None


def test_temporary_keys_are_worth_nothing_without_their_token(identities: Identities) -> None:
    keys, others = identities.credentials(ROLE), identities.credentials(ROLE, "other")
    for token, refusal in ((None, UNKNOWN_KEY), (others["SessionToken"], WRONG_TOKEN)):
        with pytest.raises(AuthenticationError) as turned_away:
            identities.authenticated(signed(keys["AccessKeyId"], token))
        assert turned_away.value.refusal is refusal


def test_sessions_that_were_asked_for_end_and_those_of_services_are_renewed() -> None:
    times = [datetime.now(UTC)]
    identities = Identities(DEFAULT_ACCOUNT_ID, "us-east-1", now=lambda: times[-1])
    asked: Any = sts_backends[DEFAULT_ACCOUNT_ID]["aws"].assume_role("us-east-1", "mine", ROLE, None, 900, None)  # type: ignore[arg-type]
    user, service = identities.user_session(900), identities.credentials(ROLE)
    callers = [
        signed(asked.access_key_id, asked.session_token),
        signed(user["AccessKeyId"], user["SessionToken"]),
        signed(service["AccessKeyId"], service["SessionToken"]),
    ]
    assert [identities.authenticated(environ).role_arn for environ in callers] == [ROLE, None, ROLE]
    assert identities.authenticated(callers[0]).session == "mine"
    times.append(times[0] + timedelta(seconds=1000))
    for environ in callers[:2]:
        with pytest.raises(AuthenticationError) as turned_away:
            identities.authenticated(environ)
        assert turned_away.value.refusal is EXPIRED
    assert identities.authenticated(callers[2]).role_arn == ROLE


def test_sagemaker_serves_its_own_region_and_names_it_to_others(identities: Identities) -> None:
    here, there = (for_sagemaker(identities.authenticated, region) for region in ("us-east-1", "eu-west-1"))
    assert here(signed("local")).access_key == "local"
    with pytest.raises(
        ServiceError, match=r"not 'us-east-1': the local cloud's SageMaker is in eu-west-1 only\."
    ) as no:
        there(signed("local"))
    assert no.value.code == "InvalidSignatureException"
    with pytest.raises(ServiceError, match="Missing Authentication Token"):
        here({})
    assert for_sagemaker(identities.caller, "us-east-1")({}).role_arn is None


def test_the_wire_hands_the_caller_to_sagemaker(identities: Identities) -> None:
    sagemaker: Any = Recorder()
    application = wire.application(sagemaker, identities.authenticated)
    keys = identities.credentials(ROLE)
    environ = signed(keys["AccessKeyId"], keys["SessionToken"]) | {
        "REQUEST_METHOD": "POST",
        "HTTP_X_AMZ_TARGET": "SageMaker.ListTrainingJobs",
        "CONTENT_LENGTH": "2",
        "wsgi.input": io.BytesIO(b"{}"),
    }
    start_response: Any = lambda *_: None  # noqa: E731
    list(application(environ, start_response))
    ((operation, caller),) = sagemaker.calls
    assert (operation, caller.role_arn) == ("ListTrainingJobs", ROLE)


def task_of(sagemaker: Any, action: str, condition: Any = None) -> Any:
    task = SageMakerTask(lambda: sagemaker)
    task.resource = SimpleNamespace(api_action=action, condition=condition)
    return task


def env_of(*stack: Any) -> Any:
    context = SimpleNamespace(context_object_data={"Execution": {"Id": "arn:execution"}})
    return SimpleNamespace(stack=list(stack), states=SimpleNamespace(context_object=context))


def test_a_state_machine_calls_sagemaker_as_its_role() -> None:
    sagemaker = Recorder({"ModelArn": "arn:model"})
    env = env_of()
    task_of(sagemaker, "createModel")._eval_service_task(env, None, {}, SimpleNamespace(role_arn=ROLE))
    assert sagemaker.calls == [("CreateModel", Caller(None, ROLE, STATES_SESSION))]
    assert env.stack == [{"ModelArn": "arn:model"}]


def test_a_state_machine_waits_for_its_job_as_its_role_and_a_throttled_look_is_no_failure() -> None:
    done = {"TrainingJobName": "j", "TrainingJobStatus": "Completed"}
    busy = {"TrainingJobName": "j", "TrainingJobStatus": "InProgress"}
    throttled = ServiceError("ThrottlingException", "Rate exceeded")
    sagemaker = Recorder(throttled, busy, done, {"Tags": [{"Key": "k", "Value": "v"}]})
    task = task_of(sagemaker, "createTrainingJob", ResourceCondition.Sync)
    resolve = task._build_sync_resolver(
        env_of({"TrainingJobArn": "arn:j"}), None, {"TrainingJobName": "j"}, SimpleNamespace(role_arn=ROLE)
    )
    assert [resolve(), resolve()] == [None, None]
    assert resolve() == done | {"Tags": {"k": "v"}}
    assert [operation for operation, _ in sagemaker.calls] == ["DescribeTrainingJob"] * 3 + ["ListTags"]
    assert {caller for _, caller in sagemaker.calls} == {Caller(None, ROLE, STATES_SESSION)}
    resolve.stop()
    assert sagemaker.calls[-1] == ("StopTrainingJob", Caller(None, ROLE, STATES_SESSION))


def test_ec2_s_regions_are_listed_as_botocore_does_but_without_reading_its_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import warmfold.cloud.hooks  # noqa: F401 - it is the import that replaces the listing

    session = boto3.Session()
    core: Any = session._session
    prefix = core.get_service_data("ec2")["metadata"]["endpointPrefix"]
    expected = core._get_internal_component("endpoint_resolver").get_available_endpoints(prefix, "aws", False)
    monkeypatch.setattr(core, "get_service_data", None)
    assert session.get_available_regions("ec2") == expected
    assert "us-east-1" in expected
