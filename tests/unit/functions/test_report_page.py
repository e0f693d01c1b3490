"""report.html: one file that reaches for nothing, complete, and harmless whatever the data says."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.unit.functions.conftest import BUCKET
from tests.unit.functions.page import Page
from tests.unit.functions.runs import NO_GATE, PACKAGE, Run


def test_the_page_is_one_file_that_reaches_for_nothing(succeeded: Run, report: Any) -> None:  # noqa: ARG001
    text = report()[1]
    page = Page(text)
    assert page.open == []
    assert page.outside == ["data:,"]
    assert "script" not in page.tags
    assert "url(" not in text
    assert "@import" not in text
    assert page.tags.count("table") == page.tags.count("caption") > 4
    assert page.tags.count("svg") == 4
    assert page.tags.count("h1") == 1


def test_a_browser_runs_and_loads_nothing_of_the_page_s_even_if_it_held_it(succeeded: Run, report: Any) -> None:  # noqa: ARG001
    head = report()[1].partition("</head>")[0]
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', head)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "form-action": "'none'",
        "base-uri": "'none'",
    }
    before = head.partition("Content-Security-Policy")[0]
    assert not re.search("<(style|link|title|script)", before)  # it binds what follows it


def test_the_page_shows_what_a_person_asks_for(succeeded: Run, report: Any) -> None:
    text = report()[1]
    for expected in (
        "Model registered",
        NO_GATE,
        "95% interval 0.8100 to 0.8900; 24 rows that no candidate saw",
        "3 folds, 0.7000 to 0.9000",
        "Tuning gained +0.350 ROC AUC (0.31 to 0.39).",
        "95% interval +0.310 to +0.390",
        "Defaults 0.5000, 95% interval 0.5000 to 0.5000",
        "The cross-validation score is optimistic",
        "candidate 3: Failed, no score",
        "candidate 2, fold 0: roc_auc 0.7000",
        "AlgorithmError: no memory",
        "120 rows, 3 columns",
        "Tuning can use at most",
        PACKAGE,
        f"s3://{BUCKET}/runs/{succeeded.id}/predictions/",
    ):
        assert expected in text, expected


def test_the_first_screen_and_the_notification_say_what_was_predicted_from_what_and_what_is_odd(
    succeeded: Run, report: Any, notified: Any
) -> None:
    plan = json.loads(succeeded.read("plan.json"))
    remark = {"code": "leak", "column": "x", "text": "x alone tells the target", "remedy": "columns: {x: ignore}"}
    plan["profile"]["remarks"] = [remark | {"holds": True}]
    succeeded.write("plan.json", plan)
    summary, text = report()
    assert summary["understanding"]["target_why"] == "the column of that name"
    assert summary["remarks"] == [remark | {"holds": True}]
    first_screen = " ".join(" ".join(Page(text.split("<main>")[0]).texts).split())
    for words in (
        "Predicts target (the column of that name), a class, since its cells are texts: no or yes (positive)",
        "Metric roc_auc, since there are two classes",
        "held out; none left out",
        "Features 2 numeric",
        "1 remark",
        "x: x alone tells the target",
        "held for a person's approval",
        "columns: {x: ignore}",
    ):
        assert words in first_screen, words
    told = notified()["Message"]
    assert "Predicts: target (the column of that name)" in told
    assert "Remark: x: x alone tells the target. A model is held" in told


def test_a_perfect_score_is_a_remark_that_holds(succeeded: Run, report: Any) -> None:
    succeeded.final(1.0)
    summary, text = report()
    (remark,) = summary["remarks"]
    assert (remark["code"], remark["holds"]) == ("too_good", True)
    assert "a perfect score (roc_auc 1 in the 24 rows of the holdout)" in text.split("<main>")[0]
    assert "quality_gate: {suspicious: ignore}" in text.split("<main>")[0]


def test_more_remarks_than_one_reads_are_a_click_away(succeeded: Run, report: Any) -> None:
    plan = json.loads(succeeded.read("plan.json"))
    remark = {"code": "odd", "column": None, "remedy": None, "holds": False}
    plan["understanding"]["remarks"] = [remark | {"text": f"odd thing {number}"} for number in range(9)]
    succeeded.write("plan.json", plan)
    text = report()[1]
    assert text.index("odd thing 5") < text.index("<summary>3 more</summary>") < text.index("odd thing 6")


def test_markup_in_the_users_text_is_harmless(run: Run, report: Any) -> None:
    evil = '<script>alert("x")</script>'
    run.candidate(1, [0.7, 0.8, 0.9], status="Failed", FailureReason=evil, tuned={evil: evil})
    profile = json.loads(run.read("plan.json"))["profile"]
    profile |= {"columns": [evil, "target"], "missing": {evil: 3}, "classes": {evil: 2}, "rows_to_score": 7}
    run.write("profile.json", profile)
    summary, text = report("FAILED", evil, {"errorMessage": evil})
    page = Page(text)
    assert summary["reason"] == evil
    assert "script" not in page.tags
    assert "alert(" in "".join(page.texts)
    assert "<script" not in text


@pytest.mark.parametrize("candidates", [1, 45])
def test_charts_hold_one_candidate_as_well_as_many(run: Run, report: Any, candidates: int) -> None:
    for number in range(1, candidates + 1):
        run.candidate(number, [-3141.5, -3141.5, -3141.5])
    text = report("ABORTED")[1]
    assert ("the best 30 of 45" in text) == (candidates == 45)
    assert not re.search(r"\bnan\b", text)
