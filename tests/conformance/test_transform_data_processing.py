"""DataProcessing of a transform job: columns of CSV chosen before the model and after, and joined with the input."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.endpoint import Endpoint, refusal
from tests.conformance.requests import by_line, changed, model, transform

ROWS = b'a,1,2\nb,3,4\n"c, d",5,6\n'


@pytest.mark.parametrize(
    ("name", "script", "processing", "output"),
    [
        ("filter", "doubles.py", {"InputFilter": "$[1:]"}, b"2.0,4.0\n6.0,8.0\n10.0,12.0\n"),
        ("columns", "echo.py", {"InputFilter": "$[2,0]"}, b'2,a\n4,b\n6,"c, d"\n'),
        ("output", "echo.py", {"OutputFilter": "$[-1]"}, b"2\n4\n6\n"),
        (
            "join",
            "doubles.py",
            {"InputFilter": "$[1:]", "JoinSource": "Input"},
            b'a,1,2,2.0,4.0\nb,3,4,6.0,8.0\n"c, d",5,6,10.0,12.0\n',
        ),
        (
            "join-some",
            "doubles.py",
            {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
            b'a,4.0\nb,8.0\n"c, d",12.0\n',
        ),
        ("all", "echo.py", {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}, ROWS),
        ("beyond", "echo.py", {"OutputFilter": "$[0,9]"}, b'a\nb\n"c, d"\n'),
    ],
)
@pytest.mark.parametrize("strategy", ["MultiRecord", "SingleRecord"])
def test_columns_are_chosen_and_joined(
    endpoint: Endpoint, name: str, script: str, processing: dict[str, str], output: bytes, strategy: str
) -> None:
    job = f"columns-{name}-{strategy.lower()}"
    endpoint.put(f"in/{job}/a.csv", ROWS)
    endpoint.sagemaker.create_model(**model(job, script))
    split = by_line("Line" if processing.get("JoinSource") == "Input" else "None")
    request = transform(job, job, DataProcessing=processing, BatchStrategy=strategy, **split)
    assert endpoint.run(request)["TransformJobStatus"] == "Completed", endpoint.lines("transform", job)
    assert endpoint.objects(f"out/{job}/") == {"a.csv.out": output}


def test_an_answer_with_other_records_than_its_request_cannot_be_joined(endpoint: Endpoint) -> None:
    endpoint.put("in/unjoined/a.csv", ROWS)
    endpoint.sagemaker.create_model(**model("unjoined", "first.py"))
    joined = {"DataProcessing": {"JoinSource": "Input"}} | by_line("Line")
    job = endpoint.run(transform("unjoined", "unjoined", BatchStrategy="MultiRecord", **joined))
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(
        "ClientError: See job logs for more information. 1 of 1 inputs failed; a.csv"
    )
    assert "the answer has 1 records where the request had 3" in job["FailureReason"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"DataProcessing": {"InputFilter": "$.features"}},
            "DataProcessing.InputFilter is $.features; the local cloud",
        ),
        ({"DataProcessing": {"OutputFilter": "$[x]"}}, "DataProcessing.OutputFilter is $[x]; the local cloud knows"),
        (
            {"DataProcessing": {"InputFilter": "$[0]"}, "TransformInput": {"ContentType": "application/json"}},
            "DataProcessing needs TransformInput.ContentType text/csv",
        ),
        (
            {"DataProcessing": {"OutputFilter": "$[0]"}, "TransformOutput": {"Accept": "application/json"}},
            "DataProcessing needs TransformOutput.Accept text/csv",
        ),
        ({"DataProcessing": {"JoinSource": "Input"}}, "JoinSource Input needs TransformInput.SplitType Line and"),
        (
            {"DataProcessing": {"JoinSource": "Input"}} | by_line("None"),
            "TransformOutput.AssembleWith Line.",
        ),
    ],
)
def test_data_that_cannot_be_processed_is_refused(endpoint: Endpoint, changes: dict[str, Any], message: str) -> None:
    if not endpoint.sagemaker.list_models(NameContains="unprocessed")["Models"]:
        endpoint.sagemaker.create_model(**model("unprocessed"))
    request = changed(transform("unprocessed", "unprocessed"), **changes)
    code, said = refusal(endpoint.sagemaker.create_transform_job, **request)
    assert code == "ValidationException"
    assert message in said
