"""The text of the mail (AL-17.6, AL-19.1, R-1 to R-3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from alarm_message import AT, REASON, SCOPE, SECOND, TOPIC, change, composite_alarm, math_alarm, metric_alarm, summary

from tocsin.core.alarm.slot import SlotValue
from tocsin.core.alarm.state import StateValue
from tocsin.core.composite_alarm.reference import AlarmScope
from tocsin.core.notification.email_text import MailContent, email_text
from tocsin.core.notification.folding import fold_events
from tocsin.core.notification.state_change import Contributor, TriggeringChild, UntoldChange
from tocsin.core.notification.subject import Occasion
from tocsin.core.rule import Rule, RuleSeverity

MALLORY = {"type": "IAMUser", "userName": "mallory", "accountId": "111122223333", "accessKeyId": "AKIAEXAMPLE"}
RULE = Rule(
    id="security-group-changes",
    name="cis/security-group-changes",
    title="Security group changes",
    severity=RuleSeverity.HIGH,
    why="A changed group can open a host.",
    runbook="1. Read groupId.\n2. All of it: tocsin grep '{ $.eventName = CreateSecurityGroup }' ARCHIVE\n",
    false_positives="Infrastructure code.",
)


def opened(port: int, second: int, ident: str, **members: Any) -> Any:
    """A port opened to everybody."""
    return summary(
        second,
        service="ec2",
        eventID=ident,
        eventName="AuthorizeSecurityGroupIngress",
        userIdentity=MALLORY,
        sourceIPAddress="203.0.113.47",
        requestParameters={
            "groupId": "sg-1",
            "ipProtocol": "tcp",
            "fromPort": port,
            "toPort": port,
            "cidrIp": "0.0.0.0/0",
        },
        **members,
    )


def mail(*events: Any, alarm: Any = None, total: int | None = None, limit: int = 10, **members: Any) -> str:
    """The mail for these events. `rule`, `public_url` and `folding` are of the content; `decided` is the change's rule."""
    content = {name: members.pop(name) for name in ("rule", "public_url", "folding") if name in members}
    content.setdefault("folding", fold_events(events, limit=limit, total=total))
    if "decided" in members:
        members["rule"] = members.pop("decided")
    return email_text(MailContent(alarm=alarm or metric_alarm(), change=change(**members), **content))


def section(text: str, heading: str) -> str:
    """What stands under a heading."""
    return text.split(f"\n{heading}\n", 1)[1].split("\n\n", maxsplit=1)[0] if f"\n{heading}\n" in text else ""


WHOLE = """\
mallory opened tcp 3389 of sg-1 to the whole internet, and 2 more
events.

The alarm "root-use" in US East (N. Virginia) went to ALARM on Monday 14
September, 2026 11:18:44 UTC: "Threshold Crossed: 1 datapoint [1.0
(14/09/26 11:13:00)] was greater than or equal to the threshold (1.0)."

https://tocsin.example.com/console/alarms/root-use

WHAT HAPPENED
3 events, 2026-09-14 11:18:08Z to 11:18:41Z

The same in all that are listed:
   Who: IAM user mallory
   From: 203.0.113.47
   With: aws-cli/2.31.0
   Resource: sg-1
   Key: AKIAEXAMPLE
   Where: us-east-1, account 111122223333

1. AuthorizeSecurityGroupIngress (ec2), done
   Change: + tcp 3389 from 0.0.0.0/0
   When: 2026-09-14 11:18:41Z
   Record: 7a3c1f52-0c54-4b7e-9a53-5d0a9d3c1e02

2. AuthorizeSecurityGroupIngress (ec2), done
   Change: + tcp 22 from 0.0.0.0/0
   When: 2026-09-14 11:18:08Z
   Record: 7a3c1f52-0c54-4b7e-9a53-5d0a9d3c1e01

3. AuthorizeSecurityGroupIngress (ec2), denied
   Tried: + tcp 22 from 0.0.0.0/0
   Error: AccessDenied
   When: 2026-09-14 11:18:14Z
   Record: 7a3c1f52-0c54-4b7e-9a53-5d0a9d3c1e03

The first of these, raw:
   tocsin grep '"7a3c1f52-0c54-4b7e-9a53-5d0a9d3c1e02"' ARCHIVE

WHAT TO DO NEXT
Security group changes, severity high. A changed group can open a host.
1. Read groupId.
2. All of it:
   tocsin grep '{ $.eventName = CreateSecurityGroup }' ARCHIVE
Often harmless: Infrastructure code.
Expected, and to be left out from now on: add an exclusion with a reason
(except:) to rule cis/security-group-changes.

DETAILS
Name: root-use
Description: none
State: OK -> ALARM
Reason: Threshold Crossed: 1 datapoint [1.0 (14/09/26 11:13:00)] was
  greater than or equal to the threshold (1.0).
Decided by: newest-points (AL-7): the newest datapoints were enough to
  decide
Datapoint: 3.0 from 2026-09-14 11:13:00Z (3 samples)
Time: Monday 14 September, 2026 11:18:44 UTC
Account: 111122223333
ARN: arn:aws:cloudwatch:us-east-1:111122223333:alarm:root-use

THRESHOLD
In ALARM when the value is greater than or equal to 1.0 in at least 1 of
the last 1 period of 300 seconds.
Operator: GreaterThanOrEqualToThreshold
Missing data: notBreaching (a missing datapoint counts as fine)
Looked at: 3 periods

MONITORED METRIC
Namespace: CloudTrailMetrics
Name: RootUse
Dimensions: []
Period: 300 seconds
Statistic: Sum
Unit: not specified

STATE CHANGE ACTIONS
OK: none
ALARM: arn:aws:sns:us-east-1:111122223333:sec-alerts
INSUFFICIENT_DATA: none
"""


def test_the_whole_mail() -> None:
    told = mail(
        opened(3389, SECOND - 3, "7a3c1f52-0c54-4b7e-9a53-5d0a9d3c1e02"),
        opened(22, SECOND - 36, "7a3c1f52-0c54-4b7e-9a53-5d0a9d3c1e01"),
        opened(22, SECOND - 30, "7a3c1f52-0c54-4b7e-9a53-5d0a9d3c1e03", errorCode="AccessDenied"),
        rule=RULE,
        public_url="https://tocsin.example.com",
        decided="newest-points",
        evaluation_range=3,
        points=((AT - timedelta(seconds=344), 3.0),),
        slots=(SlotValue(start=AT - timedelta(seconds=344), value=3.0, sample_count=3.0),),
    )
    assert told == WHOLE


# ---------------------------------------------------------------- the first lines


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        ([opened(22, 1, "a")], "mallory opened tcp 22 of sg-1 to the whole internet."),
        ([opened(22, 1, "a"), opened(22, 2, "b")], "mallory opened tcp 22 of sg-1 to the whole internet, 2 times."),
        (
            [opened(22, 2, "a"), opened(23, 1, "b")],
            "mallory opened tcp 22 of sg-1 to the whole internet, and 1 more event.",
        ),
        (
            [opened(22, 2, "a"), summary(1), summary(0)],
            "mallory opened tcp 22 of sg-1 to the whole internet. 2 callers in 3\nevents; 2 by alice.",
        ),
        ([summary(1, userIdentity={"type": "Root"})], "Root user called Example."),
        ([summary(1, userIdentity=None)], "Somebody whom the record does not name called Example."),
        # A name that is no plain word cannot pass for a part of the sentence.
        (
            [summary(1, userIdentity={"type": "IAMUser", "userName": "nobody. All is well"})],
            '"nobody. All is well" called Example.',
        ),
        (
            [summary(1, userIdentity={"type": "WebIdentityUser", "userName": "https://example.com"})],
            "Web identity https[:]//example.com called Example.",
        ),
    ],
)
def test_the_first_sentence_says_what_happened(events: list[Any], wanted: str) -> None:
    assert mail(*events).split("\n\n")[0] == wanted


def test_more_callers_than_were_kept() -> None:
    told = mail(summary(1), summary(2), opened(22, 3, "a"), total=5020)
    assert "2 callers in the 3 kept of 5,020 events; 2 by alice." in told.replace("\n", " ")


def test_without_events_the_alarm_comes_first() -> None:
    told = mail(alarm=math_alarm(), folding=None)
    assert told.startswith('The alarm "error-rate" in US East (N. Virginia) went to ALARM on Monday')
    assert "WHAT HAPPENED" not in told


def test_the_opening_gives_region_state_reason_time_and_link() -> None:
    told = mail().replace("\n", " ")
    assert (
        'The alarm "root-use" in US East (N. Virginia) went to ALARM on Monday 14 September, 2026 11:18:44 UTC:'
        f' "{REASON}"'
    ) in told
    assert (
        "https://us-east-1.console.aws.amazon.com/cloudwatch/deeplink.js?region=us-east-1#alarmsV2:alarm/root-use "
        in told
    )


def test_a_partition_without_a_console_has_no_link() -> None:
    told = mail(scope=AlarmScope("111122223333", "us-iso-east-1", "aws-iso"))
    assert "http" not in told


UNTOLD = (UntoldChange(at=AT, value=StateValue.OK),) * 21


@pytest.mark.parametrize(
    ("members", "wanted"),
    [
        ({"occasion": Occasion.REMINDER}, "is still in ALARM on Monday"),
        ({"occasion": Occasion.REMINDER, "told_at": AT}, "on Monday 14 September, 2026 11:18:44 UTC, since Monday 14"),
        ({"occasion": Occasion.SUMMARY}, "is in ALARM on Monday"),
        ({"untold": UNTOLD[:1]}, "1 change before that was not told:    OK on Monday 14 September, 2026 11:18:44 UTC "),
        ({"untold": UNTOLD[:20]}, "20 changes before that were not told:"),
        ({"untold": UNTOLD, "untold_more": 4}, "25 changes before that were not told:"),
        ({"untold": UNTOLD, "untold_more": 4}, "and 5 more changes "),
        ({"occasion": Occasion.LATE}, "would have gone to ALARM on Monday"),
        ({"occasion": Occasion.LATE}, "The data came late"),
        ({"after_mute_window": True}, "A mute rule held this message back until now."),
        (
            {"contributor": Contributor(id="c1", attributes={"user": "bob", "x": "y"})},
            "Contributor: c1 user = bob, x = y",
        ),
        ({"contributor": Contributor(id="c1")}, "Contributor: c1 "),
    ],
)
def test_what_is_special_about_a_message_is_said(members: dict[str, Any], wanted: str) -> None:
    assert wanted in mail(**members).replace("\n", " ")


# ---------------------------------------------------------------- events


def test_what_is_the_same_in_all_is_said_once() -> None:
    told = mail(opened(22, 2, "a"), opened(23, 1, "b"))
    assert told.count("Who: IAM user mallory") == 1
    assert told.index("The same in all that are listed:") < told.index("Who: IAM user mallory") < told.index("1. ")


def test_nothing_is_the_same_in_all() -> None:
    events = (
        summary(1, userAgent="a", awsRegion="us-east-1", sourceIPAddress="192.0.2.1", eventID="x"),
        summary(
            2, userAgent="b", awsRegion="us-east-2", sourceIPAddress="192.0.2.2", eventID="y", userIdentity=MALLORY
        ),
    )
    assert "The same in all" not in mail(*events)


@pytest.mark.parametrize(
    ("members", "wanted"),
    [
        ({"sourceIPAddress": ""}, "From: the record carries no address"),
        ({"eventID": ""}, "Record: the record carries no id"),
        ({"eventName": ""}, "1. a call without a name (example), done"),
        ({"eventSource": ""}, "1. Example, done"),
        ({"errorCode": "E", "errorMessage": "m"}, "Error: E: m"),
        ({"errorMessage": "m"}, "Error: m"),
        ({"userAgent": "bot (+http://example.com)"}, "With: bot (+http[:]//example.com)"),
        ({"additionalEventData": {"MFAUsed": "No"}}, "MFA: no"),
        ({"recipientAccountId": "", "userIdentity": None}, "Where: us-east-1\n"),
        ({"userIdentity": None}, "Who: the record names nobody"),
        ({"userAgent": ""}, "From: 192.0.2.1\n   Key"),
    ],
)
def test_what_a_record_says_and_does_not_say(members: dict[str, Any], wanted: str) -> None:
    assert wanted in mail(summary(1, **members))


def test_what_varies_in_a_fold_is_said() -> None:
    one = {"userAgent": "a", "errorMessage": "m", "userIdentity": {**MALLORY, "accessKeyId": "AKIA1"}}
    two = {"userAgent": "b", "errorMessage": "n", "userIdentity": MALLORY}
    told = mail(summary(2, eventID="x", **one), *[summary(1, eventID=f"y{n}", **two) for n in range(3)])
    assert "1. 4 x Example (example), failed" in told
    assert "With: a (others differ)" in told
    assert "Error: m (others differ)" in told
    assert "Key: AKIA1 and others" in told
    assert "Record: x, y0, y1 and 1 more" in told
    assert "When: 1970-01-01 00:00:01Z to 00:00:02Z" in told


def test_the_total_is_always_stated() -> None:
    told = mail(*[summary(n, eventName=f"E{n}", eventID=f"id{n}") for n in range(9)], limit=2, total=1234)
    assert section(told, "WHAT HAPPENED") == "1,234 events, 1970-01-01 00:00:00Z to 00:00:08Z"
    assert "Besides: 1,232 events\n   1 x E0 by alice\n" in told
    assert "\n   1,227 others\n" in told


@pytest.mark.parametrize(
    ("events", "total", "wanted"),
    [
        ([], 37, "37 events\n\nNot listed: 37 events.\n"),
        (
            [summary(1, errorCode="AccessDenied")],
            None,
            "1 event, 1970-01-01 00:00:01Z\n\nNot listed: 1 event\n   1 x Example by alice, denied\n\nDETAILS",
        ),
    ],
)
def test_none_are_listed_on_request(events: list[Any], total: int | None, wanted: str) -> None:
    assert f"WHAT HAPPENED\n{wanted}" in mail(*events, limit=0, total=total)


def test_no_record_behind_an_alarm_is_said_and_behind_an_ok_is_not() -> None:
    assert section(mail(), "WHAT HAPPENED") == "No record is known behind the datapoints that decided."
    assert "WHAT HAPPENED" not in mail(old=StateValue.ALARM, new=StateValue.OK)
    assert "WHAT HAPPENED" in mail(summary(1), old=StateValue.ALARM, new=StateValue.OK)


@pytest.mark.parametrize(("ident", "shown"), [("a-1", True), ("a'; rm -rf ~ #", False), ("", False)])
def test_no_id_that_is_more_than_an_id_gets_into_a_command(ident: str, shown: bool) -> None:
    assert ("tocsin grep" in mail(summary(1, eventID=ident))) is shown


# ---------------------------------------------------------------- what to do, details


def test_the_runbook_only_for_an_alarm() -> None:
    assert "WHAT TO DO NEXT" in mail(rule=RULE)
    assert "WHAT TO DO NEXT" not in mail(rule=RULE, old=StateValue.ALARM, new=StateValue.OK)


def test_a_rule_with_little_in_it() -> None:
    told = section(mail(rule=Rule(id="x", name="x")), "WHAT TO DO NEXT")
    assert told.startswith("x, severity medium.\nExpected,")


def test_a_long_description_is_told_line_by_line() -> None:
    told = mail(alarm=metric_alarm(AlarmDescription="Who to call:\n\nalice\n" + "x\n" * 100))
    assert "Description: Who to call:\n  alice\n  x\n" in told
    assert told.count("\n  x\n") <= 40
    assert "Description: none\n" in mail(alarm=metric_alarm(AlarmDescription=""))


@pytest.mark.parametrize(
    ("decided", "wanted"),
    [
        ("premature", "Decided by: premature (AL-7): datapoints were missing"),
        ("a-new-one", "Decided by: a-new-one (AL-7)\n"),
    ],
)
def test_the_rule_that_decided_is_named(decided: str, wanted: str) -> None:
    assert wanted in mail(decided=decided)


def test_the_points_that_decided_with_their_samples() -> None:
    starts = [AT - timedelta(minutes=n) for n in range(12)]
    told = mail(
        points=tuple((start, 2.5) for start in starts),
        slots=(
            SlotValue(start=starts[0], value=2.5, sample_count=1.0),
            SlotValue(start=starts[1], value=2.5),
            SlotValue(start=starts[2], value=2.5, sample_count=0.5),
        ),
    )
    assert "Datapoint: 2.5 from 2026-09-14 11:18:44Z (1 sample)\n" in told
    assert "Datapoint: 2.5 from 2026-09-14 11:17:44Z\n" in told
    assert "Datapoint: 2.5 from 2026-09-14 11:16:44Z (0.5 samples)\n" in told
    assert told.count("Datapoint:") == 10
    assert "and 2 more datapoints\n" in told


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        (
            {},
            "In ALARM when the value is greater than or equal to 1.0 in at least 1 of\nthe last 1 period of 300 seconds.\nOperator: GreaterThanOrEqualToThreshold\nMissing data: notBreaching (a missing datapoint counts as fine)",
        ),
        (
            {"EvaluationPeriods": 5, "DatapointsToAlarm": 3, "ComparisonOperator": "LessThanThreshold"},
            "less than 1.0 in at least 3 of the last 5\nperiods of 300 seconds.",
        ),
        ({"TreatMissingData": None}, "Missing data: missing (no data at all: INSUFFICIENT_DATA)"),
        (
            {"Statistic": None, "ExtendedStatistic": "p90", "EvaluateLowSampleCountPercentile": "ignore"},
            "Percentiles over few samples: ignore",
        ),
    ],
)
def test_threshold(parameters: dict[str, Any], wanted: str) -> None:
    assert wanted in section(mail(alarm=metric_alarm(**parameters)), "THRESHOLD")


def test_the_range_that_was_looked_at_is_stated() -> None:
    assert "Looked at: 3 periods" in mail(evaluation_range=3)
    assert "Looked at" not in mail()


def test_a_band_is_named() -> None:
    alarm = msgspec.structs.replace(math_alarm(), threshold=None, threshold_metric_id="ad1")
    assert "the band ad1 in at least 2 of the last 3" in mail(alarm=alarm).replace("\n", " ")
    alarm = msgspec.structs.replace(alarm, threshold_metric_id=None)
    assert 'the band ""' in mail(alarm=alarm)


def test_one_metric() -> None:
    alarm = metric_alarm(Dimensions=[{"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}], Unit="Count")
    assert section(mail(alarm=alarm), "MONITORED METRIC") == (
        "Namespace: CloudTrailMetrics\nName: RootUse\nDimensions: [a = 1, b = 2]\nPeriod: 300 seconds\n"
        "Statistic: Sum\nUnit: Count"
    )


def test_math() -> None:
    stat = "  Dimensions: [Service = pay]\n  Period: 60 seconds\n  Statistic: p90\n"
    assert section(mail(alarm=math_alarm()), "MONITORED METRIC") == (
        f"e1 (error rate): 100*m1/m2\nm1:\n  Namespace: Shop\n  Name: Errors\n{stat}  Unit: Count\n"
        f"m2:\n  Namespace: Shop\n  Name: Requests\n{stat}  Unit: not specified"
    )


def test_actions() -> None:
    told = mail(alarm=metric_alarm(OKActions=[f"{TOPIC}-1", f"{TOPIC}-2"], ActionsEnabled=False))
    assert section(told, "STATE CHANGE ACTIONS") == (
        "The actions of this alarm are disabled.\n"
        f"OK: {TOPIC}-1\n  {TOPIC}-2\nALARM: {TOPIC}\nINSUFFICIENT_DATA: none\n"
    )


# ---------------------------------------------------------------- composite alarms


def children(number: int) -> tuple[TriggeringChild, ...]:
    """Children in ALARM."""
    return tuple(TriggeringChild(arn=SCOPE.arn(f"child-{n}"), state=StateValue.ALARM, at=AT) for n in range(number))


@pytest.mark.parametrize(
    ("number", "first"),
    [
        (1, "Set off by child-0."),
        (3, "Set off by child-0, child-1, child-2."),
        (5, "Set off by child-0, child-1, child-2 and 2 more."),
    ],
)
def test_a_composite_names_what_set_it_off(number: int, first: str) -> None:
    told = mail(alarm=composite_alarm(), folding=None, children=children(number))
    assert told.split("\n\n")[0] == first
    assert "Rule: ALARM(a) OR ALARM(b)\n" in told
    assert "THRESHOLD" not in told
    assert "MONITORED METRIC" not in told


def test_up_to_ten_children_are_listed() -> None:
    told = section(mail(alarm=composite_alarm(), folding=None, children=children(12)), "TRIGGERING ALARMS")
    assert told.startswith("child-0 is ALARM since Monday 14 September, 2026 11:18:44 UTC\n")
    assert told.count("is ALARM since") == 10
    assert told.endswith("and 2 more alarms")


def test_a_composite_with_events_begins_with_them() -> None:
    told = mail(opened(22, 1, "a"), alarm=composite_alarm(), children=children(1))
    assert told.startswith("mallory opened tcp 22")
    assert "TRIGGERING ALARMS" in told


def test_a_composite_that_is_over_has_no_first_sentence() -> None:
    told = mail(alarm=composite_alarm(), folding=None, children=children(1), old=StateValue.ALARM, new=StateValue.OK)
    assert told.startswith("The alarm")
    told = mail(alarm=composite_alarm(), folding=None)
    assert told.startswith("The alarm")
