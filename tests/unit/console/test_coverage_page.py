"""The page of coverage, on the screen and on paper, and its JSON (CON-4.10)."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from console_bench import ConsoleBench

from tocsin.app.standard import standards
from tocsin.app.subscription_care import confirm_for

TOPIC = "arn:aws:sns:us-east-1:111122223333:sec-alerts"
GROUP = "trail-group"
RECORD = {
    "eventVersion": "1.11", "eventTime": "2026-03-14T03:14:00Z", "eventSource": "s3.amazonaws.com",
    "eventName": "ListBuckets", "awsRegion": "us-east-1", "eventType": "AwsApiCall", "eventID": "id-1",
    "userIdentity": {"type": "IAMUser", "userName": "alice"}, "recipientAccountId": "111122223333",
}  # fmt: skip


@pytest.fixture
def bench() -> ConsoleBench:
    """An account in which the pack `cis` is on and one person is told."""
    bench = ConsoleBench()
    bench.put_events(GROUP, [RECORD])
    bench.call("sns", "CreateTopic", {"Name": "sec-alerts"})
    wanted = {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": "security@example.com", "ReturnSubscriptionArn": True}
    made = bench.call("sns", "Subscribe", wanted)
    confirm_for(bench.service, made["SubscriptionArn"], reason="a mailbox of the tests")
    assert bench.post("switch-pack-on", {"pack": "cis", "group": GROUP, "topic": TOPIC}).status == 303
    return bench


def test_the_verdict_stands_above_everything(bench: ConsoleBench) -> None:
    seen = bench.get("coverage")
    assert seen.html is not None
    assert "15 of 15 reach a person" in seen.words
    assert "CIS AWS Foundations Benchmark v6.0" in seen.words
    assert "account 111122223333 us-east-1, as of 03:14:20 on 14 Mar 2026" in seen.words
    assert "records arrive from elsewhere; what is left out there cannot be told here" in seen.words


def test_without_anything_nothing_is_claimed() -> None:
    words = ConsoleBench().get("coverage").words
    assert "0 of 15 reach a person" in words
    assert "no filter counts these records" in words
    assert "No filter of these controls is in any log group." in words


def test_a_chain_is_told_link_by_link(bench: ConsoleBench) -> None:
    seen = bench.get("coverage?standard=cis-5.0")
    for text in (
        "4.3",
        "also 1.7",
        "Root user used",
        "equal in text",
        "Sum of CisRootUserUsedCount is at least 1",
        "security@example.com",
    ):
        assert text in seen.words, text
    for link in (
        "rules/cis/root-user-used",
        f"filters/{GROUP}:cis/root-user-used",
        "alarms/cis/root-user-used",
        "topics/sec-alerts",
    ):
        assert f"/console/{link}" in seen.links(), link


def test_what_breaks_says_where_and_the_rest_is_told_in_part(bench: ConsoleBench) -> None:
    bench.call("cloudwatch", "DisableAlarmActions", {"AlarmNames": ["cis/root-user-used"]})
    pattern = "{ $.eventName = StopLogging }"
    bench.call(
        "logs", "DeleteMetricFilter", {"logGroupName": GROUP, "filterName": "cis/cloudtrail-configuration-changes"}
    )
    transformation = {
        "metricName": "CisCloudtrailConfigurationChangesCount",
        "metricNamespace": "CloudTrailMetrics",
        "metricValue": "1",
    }
    tuned = {
        "logGroupName": GROUP,
        "filterName": "tuned",
        "filterPattern": pattern,
        "metricTransformations": [transformation],
    }
    bench.call("logs", "PutMetricFilter", tuned)
    words = bench.get("coverage").words
    assert "13 of 15 reach a person, 1 more in part" in words
    assert "its actions are disabled" in words
    assert "the filter is narrower: it leaves out some of the records" in words
    assert '{"eventName": "CreateTrail"}' in words


@pytest.mark.parametrize("standard", [one.id for one in standards().standards])
def test_every_standard_has_its_page(bench: ConsoleBench, standard: str) -> None:
    seen = bench.get(f"coverage?standard={standard}")
    assert seen.html is not None
    assert re.search(r"\d+ of \d+ (techniques have a rule that )?reach(es)? a person", seen.words)


def test_an_unknown_standard_leads_to_the_nearest(bench: ConsoleBench) -> None:
    seen = bench.get("coverage?standard=cis-8.0")
    assert seen.status == 404
    assert any("standard=cis-" in link for link in seen.links())
    assert bench.get("coverage?standard=zzzzzzzzzzzzzzz").status == 404


def test_the_json_is_the_one_whose_digest_the_page_prints(bench: ConsoleBench) -> None:
    seen = bench.get("coverage")
    (digest,) = set(re.findall(r"\b[0-9a-f]{64}\b", seen.text))
    bench.clock.advance(600)
    answer = bench.get(f"coverage/{digest}")
    assert answer.headers["content-disposition"] == (
        'attachment; filename="tocsin-coverage-cis-6.0-111122223333-us-east-1-20260314T031420Z.json"'
    )
    assert hashlib.sha256(answer.text.encode()).hexdigest() == digest
    told = json.loads(answer.text)
    assert (told["reached"], told["of"], told["at"]) == (15, 15, "2026-03-14T03:14:20Z")
    assert told["controls"][2]["rows"][0]["chain"]["people"][0]["endpoint"] == "security@example.com"


def test_a_report_that_is_gone_says_what_to_do(bench: ConsoleBench) -> None:
    seen = bench.get(f"coverage/{'0' * 64}")
    assert seen.status == 404
    assert "not kept any more" in seen.words
    assert "/console/coverage" in seen.links()


def test_what_is_for_paper_has_the_texts_and_the_digest(bench: ConsoleBench) -> None:
    seen = bench.get("coverage")
    paper = next(one for one in seen.html.iter("section") if one.get("class") == "printed")
    text = " ".join(paper.itertext())
    assert '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}' in text
    assert re.search(r"[0-9a-f]{64}", text)
    style = (Path(__file__).parents[3] / "src/tocsin/console/static/console.css").read_text(encoding="utf-8")
    assert "@page{size:A4" in style
    assert "counter(page)" in style
