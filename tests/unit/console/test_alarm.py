"""The page of one alarm: six answers, why, chart, chain, history. Spec: CON-1.1, CON-4.4."""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from alarm_bench import ALARM, GROUP, AlarmBench
from console_bench import AT, ConsoleBench, Seen

from tocsin.console.visit import Visitor
from tocsin.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator


def answer(seen: Seen, question: str) -> str:
    """What stands under one of the questions, in words."""
    found = re.search(rf"<dt>{re.escape(question)}</dt><dd>(.*?)</dd></div>", seen.text, re.DOTALL)
    assert found is not None, question
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", found[1])).strip()


def ids(seen: Seen) -> list[str]:
    return re.findall(r' id="([^"]*)"', seen.text)


@pytest.fixture
def ringing() -> AlarmBench:
    bench = AlarmBench()
    bench.happens("DescribeSecurityGroups", readOnly=True)
    bench.ring(22, 3389)
    bench.deliver()
    bench.happens("RunInstances", readOnly=False)
    bench.clock.advance(20)
    return bench


def test_the_six_answers(ringing: AlarmBench) -> None:
    seen = ringing.get("alarms/sg")
    assert seen.status == 200
    assert answer(seen, "What happened?") == (
        "2 changes, all done + tcp 22 from 0.0.0.0/0 + tcp 3389 from 0.0.0.0/0 sg-1 , first 03:15:05"
    )
    assert answer(seen, "Who?") == ("IAM user mallory key AKIAIOSFODNN7EXAMPLE First seen today 03:15:05.")
    assert answer(seen, "From where?") == "203.0.113.47 aws-cli/2.31.4 , us-east-1 new address first seen 03:15:05"
    assert answer(seen, "Still going on?") == (
        "Yes. Last change 1 min 20 s ago mallory is still active: 1 call since, latest 03:16:05 RunInstances"
        " Back to OK at 03:31 if nothing more matches."
    )
    assert answer(seen, "What else did they do?") == (
        "4 calls since 02:45 RunInstances 1, never before DescribeSecurityGroups 1, never before Timeline of mallory"
    )
    assert answer(seen, "Who knows?") == (
        "1 of 2 told told security@example.com , delivered: 250 queued 03:16:05"
        " pending oncall@example.com never confirmed, for 2 min 5 s Resend"
    )
    assert "<h1><bdi" in seen.text
    assert re.search("mallory opened tcp (22|3389) of sg-1 to the whole internet", seen.words)


def test_every_fact_leads_to_its_evidence(ringing: AlarmBench) -> None:
    links = ringing.get("alarms/sg").links()
    assert "/console/actors/arn:aws:iam::111122223333:user/mallory" in links
    assert "/console/addresses/203.0.113.47" in links
    assert "/console/resources/sg-1" in links
    assert "/console/events/00000000-0000-4000-b000-000000000002?at=1773458105" in links
    assert any(link.startswith("/console/deliveries/") for link in links)
    assert "/console/filters/trail-group:sg-filter" in links
    assert "/console/logs/trail-group" in links
    assert "/console/topics/sec-alerts" in links


def test_why_it_rings(ringing: AlarmBench) -> None:
    words = ringing.get("alarms/sg").words
    assert "decided 03:16:00 by rule AL-7.1 (1)" in words
    assert "The slot 03:11 to 03:16 held 2, and 1 or more rings. One slot is enough (1 of 1)." in words
    assert "One breaching period rings it for 15 minutes" in words
    assert "Threshold Crossed: 1 datapoint [2.0 (14/03/26 03:11:00)]" in words
    assert "03:11 to 03:16 03:11:00Z 2 2 breaching, decided 03:06 to 03:11 03:06:00Z missing none not needed" in words


def test_a_late_event_shows_that_the_decision_saw_something_else(ringing: AlarmBench) -> None:
    ringing.mallory_opens(443, at=AT + timedelta(seconds=45))
    seen = ringing.get("alarms/sg")
    assert "breaching, decided now 3" in seen.words
    assert "Data that came later changed a slot." in seen.words
    assert "2 events when it was decided" in seen.text
    assert 'class="dec"' in seen.text


def test_the_events_behind_it(ringing: AlarmBench) -> None:
    words = ringing.get("alarms/sg").words
    assert "Contributing events 2 of 2" in words
    assert "AuthorizeSecurityGroupIngress ec2 , us-east-1 mallory 203.0.113.47 sg-1 + tcp 3389" in words


def test_the_records_are_downloaded_as_they_are_stored(ringing: AlarmBench) -> None:
    seen = ringing.get("_/alarm/records?name=sg")
    assert "attachment" in seen.headers["content-disposition"]
    ports = [json.loads(line)["requestParameters"]["fromPort"] for line in seen.text.splitlines()]
    assert ports == [22, 3389]
    assert AlarmBench().get("_/alarm/records?name=sg").text == ""


@pytest.mark.parametrize("window", ["1h", "3h", "24h", "7d", "nonsense"])
@pytest.mark.parametrize("by", ["", "minutes"])
def test_charts_of_all_windows(ringing: AlarmBench, window: str, by: str) -> None:
    seen = ringing.get(f"alarms/sg?window={window}&by={by}")
    assert seen.status == 200
    assert 'class="bb"' in seen.text
    wanted = "1 minute" if by else "5 minutes"
    assert f'aria-label="Sum of sg in {wanted}' in seen.text


def test_the_page_is_sound_html_with_unique_ids(ringing: AlarmBench) -> None:
    seen = ringing.get("alarms/sg")
    assert seen.html.tag == "html"
    assert len(ids(seen)) == len(set(ids(seen)))
    assert " style=" not in seen.text


@pytest.mark.parametrize("part", ["answers", "chart", "history"])
def test_parts_come_alone(ringing: AlarmBench, part: str) -> None:
    seen = ringing.get(f"_/alarm/{part}?name=sg")
    assert seen.status == 200
    assert "<!doctype" not in seen.text
    assert len(seen.text) > 500


def test_the_chart_is_not_made_again_for_nothing(ringing: AlarmBench) -> None:
    first = ringing.get("_/alarm/chart?name=sg")
    again = ringing.get("_/alarm/chart?name=sg", headers={"if-none-match": first.headers["etag"]})
    assert again.status == 304


def test_after_it_has_ended_the_answers_are_about_the_last_time(ringing: AlarmBench) -> None:
    ringing.minute(20)
    seen = ringing.get("alarms/sg")
    assert "OK sg" in seen.text
    assert "Nothing rings. It last rang 03:16, for 15 min" in seen.words
    assert "About the last time it rang, 03:16:00 to 03:31:00" in seen.words
    assert answer(seen, "Still going on?") == "No. It ended 03:31:00"
    assert answer(seen, "What happened?").startswith("2 changes, all done")
    assert "Why it is OK" in seen.words


def test_an_alarm_that_never_rang() -> None:
    seen = AlarmBench().get("alarms/sg")
    assert answer(seen, "What happened?") == "It has not rung Its metric has had no data yet."
    assert answer(seen, "Who knows?") == "Nobody needs to"
    assert "no match yet: test the filter" in seen.words
    assert "no event has come yet" in seen.words


def test_an_alarm_that_was_not_evaluated() -> None:
    bench = AlarmBench()
    bench.call("cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmName": "new"})
    words = bench.get("alarms/new").words
    assert "It has not been evaluated yet" in words
    assert "nobody is told" in words
    assert "it has no action for ALARM" in words


def test_a_state_that_was_set_by_hand_has_no_records(ringing: AlarmBench) -> None:
    ringing.minute(20)
    ringing.call("cloudwatch", "SetAlarmState", {"AlarmName": "sg", "StateValue": "ALARM", "StateReason": "drill"})
    seen = ringing.get("alarms/sg")
    assert answer(seen, "What happened?") == "The state was set by hand drill"
    assert answer(seen, "Who?") == "Not known No record stands behind it."
    assert "the state was set by hand" in seen.words


def test_a_state_that_was_set_by_hand_crossed_no_threshold() -> None:
    bench = AlarmBench(alarm={"MetricName": "cpu"})
    bench.call("cloudwatch", "SetAlarmState", {"AlarmName": "sg", "StateValue": "ALARM", "StateReason": "drill"})
    assert answer(bench.get("alarms/sg"), "What happened?") == "The state was set by hand drill"


def test_an_alarm_on_a_metric_that_no_filter_feeds() -> None:
    bench = AlarmBench(alarm={"MetricName": "cpu"})
    datum = {"MetricName": "cpu", "Value": 5.0, "Timestamp": bench.clock.now()}
    bench.call("cloudwatch", "PutMetricData", {"Namespace": "N", "MetricData": [datum]})
    bench.minute()
    seen = bench.get("alarms/sg")
    assert answer(seen, "What happened?").startswith("1 slot crossed the threshold No metric filter feeds this alarm")
    assert answer(seen, "Who?") == "Not known The metric does not come from a metric filter here."
    assert "PutMetricData" in seen.words


def test_an_alarm_on_an_expression_has_its_chart() -> None:
    stat = {"Metric": {"Namespace": "N", "MetricName": "sg"}, "Period": 300, "Stat": "Sum"}
    bench = AlarmBench(
        alarm={
            "Namespace": None, "MetricName": None, "Statistic": None, "Period": None,
            "Metrics": [
                {"Id": "m1", "MetricStat": stat, "ReturnData": False},
                {"Id": "e1", "Expression": "m1 * 10", "Label": "tenfold"},
            ],
        }
    )  # fmt: skip
    bench.ring(22)
    seen = bench.get("alarms/sg")
    assert "highest 10 at" in seen.text
    assert answer(seen, "What happened?").startswith("1 change, done")
    assert "Query e1 m1 * 10" in seen.words


def test_an_alarm_with_a_band_says_what_it_cannot_foresee() -> None:
    stat = {"Metric": {"Namespace": "N", "MetricName": "sg"}, "Period": 300, "Stat": "Sum"}
    bench = AlarmBench(
        alarm={
            "Namespace": None, "MetricName": None, "Statistic": None, "Period": None, "Threshold": None,
            "ComparisonOperator": "GreaterThanUpperThreshold", "ThresholdMetricId": "band",
            "Metrics": [{"Id": "m1", "MetricStat": stat}, {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m1)"}],
        }
    )  # fmt: skip
    bench.call("cloudwatch", "SetAlarmState", {"AlarmName": "sg", "StateValue": "ALARM", "StateReason": "drill"})
    seen = bench.get("alarms/sg")
    assert "When it ends depends on its band or on the clock." in seen.words


def test_a_composite_shows_its_alarms(ringing: AlarmBench) -> None:
    ringing.call("cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmName": "quiet", "MetricName": "q"})
    ringing.call(
        "cloudwatch",
        "PutCompositeAlarm",
        {"AlarmName": "both", "AlarmRule": "ALARM(sg) OR ALARM(quiet)", "AlarmActions": [ringing.topic]},
    )
    seen = ringing.get("alarms/both")
    assert seen.status == 200
    assert answer(seen, "Which alarms?") == "The rule holds ALARM sg decides INSUFFICIENT_DATA quiet"
    assert "ALARM(sg) OR ALARM(quiet)" in seen.words
    assert "part of both" in ringing.get("alarms/sg").words
    assert seen.html.tag == "html"


def test_names_with_slashes_and_unknown_ones() -> None:
    bench = AlarmBench()
    bench.call("cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmName": "cis/root-usage"})
    assert bench.get("alarms/cis/root-usage").status == 200
    assert bench.get("alarms/cis%2Froot-usage").status == 200
    missing = bench.get("alarms/cis/root-usagee")
    assert missing.status == 404
    assert "/console/alarms/cis/root-usage" in missing.links()


def test_hostile_records_are_text() -> None:
    bench = AlarmBench()
    evil = "<script>alert(1)</script>\u202e\x00{{7*7}}"
    parameters = {"groupId": evil, "ipProtocol": evil, "cidrIp": evil}
    identity = {"type": "IAMUser", "userName": evil, "arn": evil, "accountId": evil}
    bench.happens(
        "AuthorizeSecurityGroupIngress",
        requestParameters=parameters,
        userIdentity=identity,
        sourceIPAddress=evil,
        userAgent=evil * 50,
    )
    bench.minute()
    seen = bench.get("alarms/sg")
    assert "<script>alert" not in seen.text
    assert "\u202e" not in seen.text
    assert "\x00" not in seen.text
    assert "49" not in answer(seen, "Who?")
    assert seen.html.tag == "html"


def test_a_record_without_address_or_identity_says_so() -> None:
    bench = AlarmBench()
    bench.happens("AuthorizeSecurityGroupIngress", userIdentity=None, sourceIPAddress=None, userAgent=None)
    bench.minute()
    seen = bench.get("alarms/sg")
    assert answer(seen, "From where?") == "the record carries no address no user agent , us-east-1"
    assert answer(seen, "Who?").startswith("the record names nobody no access key")
    assert answer(seen, "What else did they do?") == "Not known"


def test_several_callers_are_counted() -> None:
    bench = AlarmBench()
    bench.mallory_opens(22)
    bench.mallory_opens(23)
    bench.mallory_opens(80, userIdentity={"type": "IAMUser", "userName": "erin", "arn": "arn:aws:iam::1:user/erin"})
    bench.minute()
    assert "1 other caller" in answer(bench.get("alarms/sg"), "Who?")


def test_denied_calls_are_not_told_as_done() -> None:
    bench = AlarmBench()
    bench.mallory_opens(22, errorCode="Client.UnauthorizedOperation")
    bench.mallory_opens(80)
    bench.minute()
    assert answer(bench.get("alarms/sg"), "What happened?").startswith("2 changes, 1 done, 1 denied")


def test_nobody_told_is_never_green(ringing: AlarmBench) -> None:
    ringing.call("cloudwatch", "DisableAlarmActions", {"AlarmNames": ["sg"]})
    seen = ringing.get("alarms/sg")
    assert "actions off" in seen.words
    assert "nobody is told" in seen.words


def test_a_muted_alarm_says_who_was_not_told() -> None:
    bench = AlarmBench()
    bench.call(
        "cloudwatch",
        "PutAlarmMuteRule",
        {
            "Name": "m",
            "Rule": {"Schedule": {"Expression": "cron(* * * * *)", "Duration": "PT4H"}},
            "MuteTargets": {"AlarmNames": ["sg"]},
        },
    )
    bench.ring(22)
    seen = bench.get("alarms/sg")
    assert answer(seen, "Who knows?").startswith("Nobody was told held Actions are muted")
    assert "End the mute" in seen.words
    assert '<rect x="0.00%" y="200" width="100.00%" height="12" fill="url(#hatch)"/>' in seen.text


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ({"FilterPolicy": '{"kind": ["x"]}'}, "filtered out"),
        ({}, "told"),
    ],
)
def test_who_is_filtered_out(attributes: dict[str, str], wanted: str) -> None:
    bench = AlarmBench()
    bench.subscribe("third@example.com", is_confirmed=True, **attributes)
    bench.ring(22)
    bench.deliver()
    assert f"{wanted} third@example.com" in answer(bench.get("alarms/sg"), "Who knows?")


def test_a_failed_delivery_is_told_with_its_answer() -> None:
    bench = AlarmBench()
    bench.ring(22)
    bench.deliver(failing=True)
    told = answer(bench.get("alarms/sg"), "Who knows?")
    assert told.startswith("0 of 2 told")
    assert "refused: 550 no such user" in told
    assert "failed security@example.com" in bench.get("alarms/sg").words


def test_what_was_sent_to_many_is_told_page_by_page() -> None:
    bench = AlarmBench()
    for number in range(60):
        bench.subscribe(f"p{number}@example.com", is_confirmed=True)
    bench.ring(22)
    bench.deliver()
    seen = bench.get("alarms/sg")
    knows, history = seen.text.split('id="alarm-history"')
    (of_answer,) = {link for link in Seen(200, {}, knows).links() if "deliveries?cause=" in link}
    assert {link for link in Seen(200, {}, history).links() if "deliveries?cause=" in link} == {of_answer}
    assert history.count("told</span>") < 30
    assert "61 of 62 told" in seen.words

    first = bench.get(of_answer)
    assert "Only what tells of sg , 03:16:00" in first.words
    assert first.text.count("@example.com") == 50
    second = bench.get(next(link for link in first.links() if "before=" in link).replace("&amp;", "&"))
    assert second.text.count("@example.com") == 11
    assert not [link for link in second.links() if "before=" in link]


def test_deliveries_of_another_change_are_not_among_them(ringing: AlarmBench) -> None:
    arn = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:sg"
    assert ringing.get(f"deliveries?cause={arn}@1").text.count("@example.com") == 0


@pytest.mark.parametrize("cause", ["nonsense", "a@b", "arn:aws:cloudwatch:us-east-1:111122223333:alarm:sg@x", "@1"])
def test_a_cause_that_is_none_finds_nothing(ringing: AlarmBench, cause: str) -> None:
    seen = ringing.get(f"deliveries?cause={cause}")
    assert seen.status == 200
    assert "No delivery is like that." in seen.words


def test_more_subscribers_than_are_looked_at_are_said_to_be_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.app.alarm_receipt.MOST_RECEIPTS", 5)
    bench = AlarmBench()
    for number in range(6):
        bench.subscribe(f"p{number}@example.com", is_confirmed=True)
    bench.ring(22)
    bench.deliver()
    told = answer(bench.get("alarms/sg"), "Who knows?")
    assert "of 5 or more told" in told
    assert "and 1 or more others, show all deliveries" in told


def test_pages_of_history(ringing: AlarmBench) -> None:
    for place in range(20):
        ringing.call(
            "cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmDescription": f"{place}", "AlarmActions": [ringing.topic]}
        )
    seen = ringing.get("alarms/sg")
    older = next(link for link in seen.links() if "before=" in link)
    page = ringing.get(older.replace("&amp;", "&"))
    assert "created" in page.words.partition("History")[2]


def test_a_viewer_sees_all_and_may_do_nothing() -> None:
    bench = AlarmBench(visitor=Visitor(name="vera", role="viewer"))
    seen = bench.get("alarms/sg")
    assert seen.status == 200
    assert "needs operator" in seen.words


def test_other_scopes_have_their_own_alarms() -> None:
    seen = AlarmBench().get("alarms/sg?in=111122223333/eu-west-1")
    assert seen.status == 404


def test_the_group_is_named() -> None:
    assert GROUP in AlarmBench().get("alarms/sg").words
    assert isinstance(AlarmBench(), ConsoleBench)


# ---------------------------------------------------------------- what is not usual


def test_a_filter_that_names_no_events_is_asked_of_everything() -> None:
    bench = AlarmBench(pattern='{ $.errorCode = "*Unauthorized*" }')
    bench.happens("RunInstances", errorCode="Client.UnauthorizedOperation", readOnly=False)
    bench.minute()
    told = answer(bench.get("alarms/sg"), "What happened?")
    assert told.startswith(
        "1 event, denied tried to launch" if "tried" in told else "1 event, denied was denied RunInstances"
    )


def test_what_was_there_before_a_policy_is_found() -> None:
    bench = AlarmBench(pattern="{ $.eventName = PutUserPolicy }")

    def put(action: str) -> None:
        document = {"Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}}
        parameters = {"userName": "bob", "policyName": "p", "policyDocument": document}
        bench.happens("PutUserPolicy", eventSource="iam.amazonaws.com", requestParameters=parameters)

    put("s3:*")
    bench.minute(30)
    put("*")
    bench.minute()
    told = answer(bench.get("alarms/sg"), "What happened?")
    assert told.startswith("1 change, done − allow s3:* on * + allow * on * ")


def test_many_changes_are_cut_and_counted() -> None:
    bench = AlarmBench()
    bench.ring(*range(1, 11))
    told = answer(bench.get("alarms/sg"), "What happened?")
    assert told.startswith("10 changes, all done")
    assert "and 4 more" in told


def test_somebody_known_who_does_something_new() -> None:
    bench = AlarmBench()
    bench.happens("DescribeInstances")
    bench.minute(30)
    bench.ring(22)
    assert "Never called AuthorizeSecurityGroupIngress before." in answer(bench.get("alarms/sg"), "Who?")


@pytest.mark.parametrize(
    ("treat", "told"),
    [
        ("ignore", "Stays until a good point arrives."),
        ("missing", "To INSUFFICIENT_DATA at 03:31 if nothing more matches."),
    ],
)
def test_when_it_can_end(treat: str, told: str) -> None:
    bench = AlarmBench(alarm={"TreatMissingData": treat})
    bench.ring(22)
    assert told in answer(bench.get("alarms/sg"), "Still going on?")


def test_missing_slots_that_breach_are_told_as_such() -> None:
    bench = AlarmBench(alarm={"TreatMissingData": "breaching"})
    seen = bench.get("alarms/sg")
    assert "missing none counts as breaching" in seen.words
    assert 'class="fill"' in seen.text
    assert "1 slot without data counts as breaching." in seen.words


def test_who_came_later_who_left_and_what_waits() -> None:
    bench = AlarmBench()
    bench.ring(22)
    bench.clock.advance(20)
    bench.subscribe("late-comer@example.com", is_confirmed=True)
    told = answer(bench.get("alarms/sg"), "Who knows?")
    assert told.startswith("0 of 2 told on its way security@example.com pending oncall@example.com")
    assert "came later late-comer@example.com" in told
    [arn] = [
        one["SubscriptionArn"]
        for one in bench.call("sns", "ListSubscriptionsByTopic", {"TopicArn": bench.topic})["Subscriptions"]
        if one["Endpoint"] == "security@example.com"
    ]
    bench.call("sns", "Unsubscribe", {"SubscriptionArn": arn})
    assert "on its way" in answer(bench.get("alarms/sg"), "Who knows?")


def test_a_definition_with_everything() -> None:
    bench = AlarmBench(
        alarm={
            "Dimensions": [{"Name": "account", "Value": "1"}],
            "OKActions": ["arn:aws:lambda:us-east-1:111122223333:function:f"],
            "Tags": [{"Key": "team", "Value": "blue"}],
            "Threshold": 2.5,
        }
    )
    words = bench.get("alarms/sg").words
    assert "Dimensions account = 1" in words
    assert "Actions for OK arn:aws:lambda:us-east-1:111122223333:function:f" in words
    assert "team = blue" in words
    assert "Rings at at least 2.5 GreaterThanOrEqualToThreshold" in words


def test_a_composite_with_a_suppressor_and_a_child_that_is_gone(ringing: AlarmBench) -> None:
    ringing.call("cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmName": "quiet", "MetricName": "q"})
    ringing.call(
        "cloudwatch",
        "PutCompositeAlarm",
        {
            "AlarmName": "c",
            "AlarmRule": "ALARM(sg)",
            "ActionsSuppressor": "quiet",
            "ActionsSuppressorWaitPeriod": 60,
            "ActionsSuppressorExtensionPeriod": 60,
        },
    )
    assert "Actions suppressor quiet" in ringing.get("alarms/c").words


def test_an_alarm_of_a_wall_clock_has_no_tinted_slots() -> None:
    bench = AlarmBench(alarm={"EvaluationWindow": {"WallClockWindow": {"Timezone": "UTC"}}})
    bench.mallory_opens(22)
    bench.minute(6)
    seen = bench.get("alarms/sg")
    assert seen.status == 200
    assert 'class="win"' not in seen.text


class _Counting:
    """A store that counts what is asked of it, and the events that it gives."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.write, self.pack_logs, self.changes = store.write, store.pack_logs, store.changes
        self.asked: Counter[str] = Counter()

    @contextmanager
    def read(self) -> Iterator[Any]:
        with self._store.read() as reader:
            yield _Spy(reader, self.asked, "")


class _Spy:
    """Passes everything on, and notes it."""

    def __init__(self, inner: Any, asked: Counter[str], name: str) -> None:
        self._inner, self._asked, self._name = inner, asked, name

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in {"logs", "metrics", "history", "outbox"}:
            return _Spy(found, self._asked, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            answer = found(*args, **kwargs)
            self._asked[f"{self._name}.{name}"] += 1
            events = getattr(answer, "events", answer if self._name == "logs" else ())
            if isinstance(events, list | tuple):
                self._asked["events"] += len(events)
            return answer

        return call


@pytest.mark.parametrize("noise", [0, 3_000])
def test_what_a_page_costs_does_not_grow_with_the_store(noise: int) -> None:
    """The same number of look-ups, and no event that has nothing to do with the alarm (CON-4.0)."""
    store = _Counting(MemoryStore())
    bench = AlarmBench(store=store)
    quiet = {"type": "IAMUser", "userName": "erin", "arn": "arn:aws:iam::111122223333:user/erin"}
    for _ in range(noise // 1_000):
        bench.put_events(GROUP, [bench.record("DescribeInstances", userIdentity=quiet) for _ in range(1_000)])
    bench.ring(22, 23)
    bench.deliver()
    store.asked.clear()
    assert bench.get("alarms/sg").status == 200
    assert store.asked["events"] <= 10
    assert sum(store.asked.values()) < 260
