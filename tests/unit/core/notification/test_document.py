"""The JSON document (AL-17.3 to AL-17.5, AL-17.7)."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest
from alarm_message import AT, SCOPE, TOPIC, change, composite_alarm, math_alarm, metric_alarm, summary

from tocsin.core.alarm.state import StateValue
from tocsin.core.notification.document import alarm_document, tocsin_member
from tocsin.core.notification.folding import fold_events
from tocsin.core.notification.safe_line import safe_json
from tocsin.core.notification.state_change import Contributor, TriggeringChild, UntoldChange
from tocsin.core.notification.subject import Occasion

# AL-17.a, without the line breaks of the page.
EXAMPLE = (
    '{"AlarmName":"root-use","AlarmDescription":null,"AWSAccountId":"111122223333",'
    '"AlarmConfigurationUpdatedTimestamp":"2026-09-14T11:18:43.639+0000","NewStateValue":"ALARM",'
    '"NewStateReason":"Threshold Crossed: 1 datapoint [1.0 (14/09/26 11:13:00)] was greater than or equal to the threshold (1.0).",'
    '"StateChangeTime":"2026-09-14T11:18:44.252+0000","Region":"US East (N. Virginia)",'
    '"AlarmArn":"arn:aws:cloudwatch:us-east-1:111122223333:alarm:root-use","OldStateValue":"OK",'
    '"ActionExecutedAfterMuteWindow":false,"OKActions":[],"AlarmActions":["arn:aws:sns:us-east-1:111122223333:sec-alerts"],'
    '"InsufficientDataActions":[],"Trigger":{"MetricName":"RootUse","Namespace":"CloudTrailMetrics","StatisticType":"Statistic",'
    '"Statistic":"SUM","Unit":null,"Dimensions":[],"Period":300,"EvaluationPeriods":1,'
    '"ComparisonOperator":"GreaterThanOrEqualToThreshold","Threshold":1.0,"TreatMissingData":"notBreaching",'
    '"EvaluateLowSampleCountPercentile":""}}'
)


def test_the_example_byte_for_byte() -> None:
    assert safe_json(alarm_document(metric_alarm(), change())) == EXAMPLE


def trigger(**parameters: Any) -> dict[str, Any]:
    """The Trigger of an alarm with these parameters."""
    return alarm_document(metric_alarm(**parameters), change())["Trigger"]


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        ({"Statistic": "Average"}, {"StatisticType": "Statistic", "Statistic": "AVERAGE"}),
        (
            {"Statistic": None, "ExtendedStatistic": "p90", "EvaluateLowSampleCountPercentile": "ignore"},
            {
                "StatisticType": "ExtendedStatistic",
                "ExtendedStatistic": "p90",
                "EvaluateLowSampleCountPercentile": "ignore",
            },
        ),
        ({"Unit": "Count"}, {"Unit": "Count"}),
        ({"DatapointsToAlarm": 1}, {"DatapointsToAlarm": 1}),
        ({"TreatMissingData": None}, {"TreatMissingData": ""}),
        (
            {"Dimensions": [{"Name": "b", "Value": "2"}, {"Name": "a", "Value": "1"}]},
            {"Dimensions": [{"value": "1", "name": "a"}, {"value": "2", "name": "b"}]},
        ),
    ],
)
def test_trigger(parameters: dict[str, Any], wanted: dict[str, Any]) -> None:
    made = trigger(**parameters)
    assert {key: made[key] for key in wanted} == wanted
    # The two forms of a statistic exclude each other.
    assert ("Statistic" in made) != ("ExtendedStatistic" in made)


def test_datapoints_to_alarm_stands_before_the_operator() -> None:
    keys = list(trigger(DatapointsToAlarm=1))
    assert (
        keys.index("DatapointsToAlarm") == keys.index("EvaluationPeriods") + 1 == keys.index("ComparisonOperator") - 1
    )


def test_dimensions_have_the_value_first() -> None:
    assert '"Dimensions":[{"value":"v","name":"n"}]' in safe_json(trigger(Dimensions=[{"Name": "n", "Value": "v"}]))


def test_math() -> None:
    made = alarm_document(math_alarm(), change())["Trigger"]
    stat = '"Period":60,"Stat":"p90"'
    assert safe_json(made) == (
        '{"Period":60,"EvaluationPeriods":3,"DatapointsToAlarm":2,"ComparisonOperator":"GreaterThanOrEqualToThreshold",'
        '"Threshold":5.0,"TreatMissingData":"","EvaluateLowSampleCountPercentile":"","Metrics":['
        '{"Expression":"100*m1/m2","Id":"e1","Label":"error rate","ReturnData":true},'
        '{"Id":"m1","MetricStat":{"Metric":{"Dimensions":[{"value":"pay","name":"Service"}],"MetricName":"Errors",'
        f'"Namespace":"Shop"}},{stat},"Unit":"Count"}},"ReturnData":false}},'
        '{"Id":"m2","MetricStat":{"Metric":{"Dimensions":[{"value":"pay","name":"Service"}],"MetricName":"Requests",'
        f'"Namespace":"Shop"}},{stat}}},"ReturnData":false}}]}}'
    )


def test_a_band_is_named_in_place_of_the_threshold() -> None:
    alarm = msgspec.structs.replace(math_alarm(), threshold=None, threshold_metric_id="ad1")
    made = alarm_document(alarm, change())["Trigger"]
    assert made["ThresholdMetricId"] == "ad1"
    assert "Threshold" not in made


@pytest.mark.parametrize("threshold", [None, math.inf, math.nan])
def test_json_has_no_infinite_threshold(threshold: float | None) -> None:
    alarm = msgspec.structs.replace(metric_alarm(), threshold=threshold)
    assert alarm_document(alarm, change())["Trigger"]["Threshold"] is None


def test_a_contributor_stands_between_old_state_and_mute() -> None:
    made = alarm_document(
        metric_alarm(), change(contributor=Contributor(id="c1", attributes={"k": "v"}), after_mute_window=True)
    )
    keys = list(made)
    at = keys.index("OldStateValue")
    assert keys[at + 1 : at + 4] == [
        "AlarmContributorId",
        "AlarmContributorAttributes",
        "ActionExecutedAfterMuteWindow",
    ]
    assert (made["AlarmContributorId"], made["AlarmContributorAttributes"]) == ("c1", {"k": "v"})
    assert made["ActionExecutedAfterMuteWindow"] is True


def test_composite() -> None:
    child = TriggeringChild(arn=SCOPE.arn("a"), state=StateValue.ALARM, at=AT)
    alarm = composite_alarm(rule="ALARM(a)  OR ALARM(b)", AlarmActions=[TOPIC], AlarmDescription="d")
    assert safe_json(alarm_document(alarm, change(reason="r", children=(child,)))) == (
        '{"AlarmName":"under-attack","AlarmDescription":"d","AWSAccountId":"111122223333","NewStateValue":"ALARM",'
        '"NewStateReason":"r","StateChangeTime":"2026-09-14T11:18:44.252+0000","Region":"US East (N. Virginia)",'
        '"AlarmArn":"arn:aws:cloudwatch:us-east-1:111122223333:alarm:under-attack","OKActions":[],'
        f'"AlarmActions":["{TOPIC}"],"InsufficientDataActions":[],"ActionExecutedAfterMuteWindow":false,"OldStateValue":"OK",'
        # The rule is echoed as given (AL-12.8).
        '"AlarmRule":"ALARM(a)  OR ALARM(b)",'
        '"TriggeringChildren":[{"Arn":"arn:aws:cloudwatch:us-east-1:111122223333:alarm:a",'
        '"State":{"Value":"ALARM","Timestamp":"2026-09-14T11:18:44.252+0000"}}]}'
    )


TAGS = [{"Key": "team", "Value": "sec"}, {"Key": "tocsin:rule", "Value": "cis/x"}, {"Key": "env", "Value": "prod"}]


@pytest.mark.parametrize(
    ("propagation", "wanted"),
    [
        (None, None),
        ({"Enabled": False}, None),
        ({"Enabled": True}, ["team", "tocsin:rule", "env"]),
        ({"Enabled": True, "IncludedTagKeys": ["env", "none"]}, ["env"]),
        ({"Enabled": True, "ExcludedTagKeys": ["env"]}, ["team", "tocsin:rule"]),
    ],
)
def test_tags(propagation: dict[str, Any] | None, wanted: list[str] | None) -> None:
    given = None if propagation is None else {"AlarmTagsPropagation": propagation}
    made = alarm_document(metric_alarm(Tags=TAGS, ActionConfiguration=given), change())
    if wanted is None:
        assert list(made)[-1] == "Trigger"
        return
    assert list(made)[-2:] == ["AlarmTags", "AlarmTagsStatus"]
    assert [tag["Key"] for tag in made["AlarmTags"]] == wanted
    assert made["AlarmTagsStatus"] == "SUCCESS"


def test_tags_of_aws_are_never_passed_on() -> None:
    alarm = metric_alarm(ActionConfiguration={"AlarmTagsPropagation": {"Enabled": True}})
    alarm = msgspec.structs.replace(alarm, tags={"AWS:cloudformation:stack": "s", "aws:x": "y", "team": "sec"})
    assert alarm_document(alarm, change())["AlarmTags"] == [{"Key": "team", "Value": "sec"}]


def test_what_is_ours() -> None:
    told = [summary(second, eventID=f"e{second}", errorCode="AccessDenied") for second in (0, 61)]
    member = tocsin_member(fold_events([*told, summary(5, eventName="Other")]), Occasion.CHANGE, "id")
    assert list(member) == ["events", "eventCount", "evaluation"]
    assert (member["eventCount"], member["evaluation"]) == (3, "id")
    single, folded = member["events"]
    assert "count" not in single
    assert "errorCode" not in single
    assert folded["eventID"] == "e61"
    assert folded["errorCode"] == "AccessDenied"
    assert folded["sourceIPAddress"] == "192.0.2.1"
    assert folded["who"] == "IAM user alice"
    assert (folded["count"], folded["first"], folded["last"]) == (2, "1970-01-01T00:00:00Z", "1970-01-01T00:01:01Z")
    assert folded["eventIDs"] == ["e61", "e0"]
    json.dumps(member)


def test_changes_that_were_not_told_are_named_and_counted() -> None:
    untold = [UntoldChange(at=AT, value=StateValue.OK)]
    member = tocsin_member(fold_events([]), Occasion.CHANGE, "", untold, 4)
    assert (member["untold"], member["untoldCount"]) == ([{"state": "OK", "at": "2026-09-14T11:18:44.252+0000"}], 5)


@pytest.mark.parametrize(
    ("occasion", "key"), [(Occasion.LATE, "late"), (Occasion.REMINDER, "reminder"), (Occasion.SUMMARY, "summary")]
)
def test_what_is_no_change_of_state_is_marked(occasion: Occasion, key: str) -> None:
    assert next(iter(tocsin_member(fold_events([]), occasion, "").items())) == (key, True)
