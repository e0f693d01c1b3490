"""What moto reads in a request that AWS does not: each is mended in `warmfold/cloud/hooks`, and until moto does so.

Where a test here fails, moto has mended it, and the hook that it names can go.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = """
import io, json
from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

moto = DomainDispatcherApplication(create_backend_app)

def ask(service, method="POST", path="/", body=b"", query="", kind="application/x-amz-json-1.0", **headers):
    credential = f"AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host"
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "wsgi.url_scheme": "http", "HTTP_HOST": "localhost", "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body), "CONTENT_TYPE": kind, "HTTP_AUTHORIZATION": credential,
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()}}
    begun = []
    try:
        answer = b"".join(moto(environ, lambda *given: begun.append(given)))
    except Exception as error:
        return 500, repr(error)
    return int(begun[0][0][:3]), answer.decode("utf-8", "replace")

def sqs(operation, **members):
    return ask("sqs", body=json.dumps(members).encode(), x_amz_target=f"AmazonSQS.{operation}")

found = {}
for name in ("one", "two"):
    sqs("CreateQueue", QueueName=name)
rule = {"Name": "one", "EventPattern": '{"source": ["x"]}', "Description": "&Name=two&EventPattern={}&x="}
ask("events", body=json.dumps(rule).encode(), x_amz_target="AWSEvents.PutRule")
found["_members: a body"] = '"two"' in ask("events", body=b"{}", x_amz_target="AWSEvents.ListRules")[1]
headers = {"queueurl": "http://localhost/1/two", "action": "GetQueueUrl"}
found["_members: a header"] = ask("sqs", **headers)[0] != 404
ask("sqs", body=b'{"QueueName": "west"}', x_amz_target="AmazonSQS.CreateQueue", user_agent="region/eu-west-1")
found["_regions"] = "west" not in sqs("ListQueues")[1]
ask("s3", "PUT", "/plain", kind="")
ask("s3", "PUT", "/plain/form", body=b"acl=private", kind="application/x-www-form-urlencoded")
found["_objects_are_no_forms"] = ask("s3", "GET", "/plain/form", kind="")[1] != "acl=private"
found["_deletions"] = ask("s3", path="/plain", query="delete", body=b"<", kind="")[0] == 500
event = {"Source": "aws.s3", "DetailType": "thing", "Detail": "{}"}
put = ask("events", body=json.dumps({"Entries": [event]}).encode(), x_amz_target="AWSEvents.PutEvents")
found["PutEvents of aws."] = '"FailedEntryCount": 0' in put[1]
found["moto-api"] = ask("sts", "GET", "/moto-api/data.json", query="Action=GetCallerIdentity")[0] == 200
copy = {"x_amz_copy_source": "//plain/plain/form"}
ask("s3", "PUT", "/plain/plain/form", body=b"judged", kind="")
ask("s3", "PUT", "/plain/copied", kind="", **copy)
found["copy sources"] = ask("s3", "GET", "/plain/copied", kind="")[1] != "judged"
ask("s3", "PUT", "/elsewhere", kind="", x_moto_account_id="111111111111")
found["accounts"] = "elsewhere" not in ask("s3", "GET", "/", kind="")[1]
print(json.dumps(found))
"""
HOOKS = {
    "_members: a body": "requests._members",
    "_members: a header": "requests._members",
    "_regions": "requests._regions",
    "_objects_are_no_forms": "requests._objects_are_no_forms",
    "_deletions": "s3._deletions",
    "PutEvents of aws.": "put_own in eventbridge.install",
    "moto-api": "_MOTO_S in warmfold/cloud/one_reading.py",
    "copy sources": "_read_objects in warmfold/cloud/one_reading.py",
    "accounts": "HTTP_X_MOTO_ in warmfold/cloud/one_reading.py",
}


@pytest.fixture(scope="module")
def found() -> dict[str, bool]:
    """What moto, without a hook of ours, still does."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("what", HOOKS)
def test_moto_alone_still_does_what_a_hook_mends(found: dict[str, bool], what: str) -> None:
    assert found[what], f"moto has mended this ({what}): {HOOKS[what]} can go"
