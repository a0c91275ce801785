"""Alarms with real clients in every protocol, and on the clock. Spec: AL-5 to AL-14, WIRE-8.2."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tocsin.app.evaluator import Evaluator
from tocsin.app.topic import SUBSCRIPTIONS, TOPICS, KeptSubscription, Topic
from tocsin.core.envelope import unpack_envelope
from tocsin.core.scope import Scope

HERE = Scope("111122223333", "eu-west-1")
ARN = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:security"
MINIMAL = {
    "MetricName": "m",
    "Namespace": "N",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 3.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}


@pytest.fixture
def topic(service, now) -> None:
    """A topic with a confirmed subscriber."""

    def work(store) -> None:
        TOPICS.put(store, HERE, "security", Topic(name="security", created_at=now()))
        subscription = KeptSubscription(
            ident="s", topic="security", protocol="email", endpoint="security@example.com", owner="111122223333",
            principal="", created_at=now(), confirmed_at=now(),
        )  # fmt: skip
        SUBSCRIPTIONS.put(store, HERE, "security\0s", subscription)

    service.store.write(work)


def put(cloudwatch, name: str = "a", **how) -> None:
    cloudwatch.put_metric_alarm(AlarmName=name, **{**MINIMAL, **how})


def composite(cloudwatch, name: str, rule: str, **how) -> None:
    cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule=rule, **how)


def data(cloudwatch, value: float, at=None) -> None:
    datum = {"MetricName": "m", "Value": value}
    if at is not None:
        datum["Timestamp"] = at
    cloudwatch.put_metric_data(Namespace="N", MetricData=[datum])


def tick(service, clock, seconds: int = 75) -> None:
    clock.advance(seconds)
    while service.part(Evaluator).run().is_behind:
        pass


def state(cloudwatch, name: str = "a") -> str:
    answer = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    (found,) = answer["MetricAlarms"] + answer["CompositeAlarms"]
    return found["StateValue"]


def history(cloudwatch, name: str = "a", **how) -> list[str]:
    answer = cloudwatch.describe_alarm_history(
        AlarmName=name, AlarmTypes=["MetricAlarm", "CompositeAlarm"], ScanBy="TimestampAscending", **how
    )
    return [one["HistorySummary"] for one in answer["AlarmHistoryItems"]]


def mails(service):
    with service.store.read() as store:
        return [unpack_envelope(row.body) for row in reversed(store.outbox.deliveries(limit=100))]


# ---------------------------------------------------------------- definitions


def test_a_minimal_alarm_as_it_is_told(cloudwatch, clock) -> None:
    put(cloudwatch)
    answer = cloudwatch.describe_alarms()
    assert answer["CompositeAlarms"] == answer["LogAlarms"] == []
    assert answer["MetricAlarms"] == [
        {
            **MINIMAL,
            "AlarmName": "a",
            "ActionsEnabled": True,
            "AlarmActions": [],
            "AlarmArn": f"{ARN}a",
            "AlarmConfigurationUpdatedTimestamp": clock.now(),
            "Dimensions": [],
            "InsufficientDataActions": [],
            "OKActions": [],
            "StateReason": "Unchecked: Initial alarm creation",
            "StateTransitionedTimestamp": clock.now(),
            "StateUpdatedTimestamp": clock.now(),
            "StateValue": "INSUFFICIENT_DATA",
        }
    ]


def test_an_identical_put_leaves_no_history(cloudwatch, clock) -> None:
    put(cloudwatch)
    clock.advance(60)
    put(cloudwatch)
    put(cloudwatch, Threshold=5.0)
    assert history(cloudwatch) == ['Alarm "a" created', 'Alarm "a" updated']


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm must be less than or equal to EvaluationPeriods"),
        ({"Period": 61}, "Period must be 10, 20, 30 or a multiple of 60"),
        ({"AlarmActions": ["not-an-arn"]}, "Invalid arn syntax: not-an-arn"),
    ],
)
def test_alarms_that_are_refused(cloudwatch, refused, change, message: str) -> None:
    put(cloudwatch)
    assert refused(cloudwatch.put_metric_alarm, AlarmName="a", **{**MINIMAL, **change}) == ("ValidationError", message)
    assert cloudwatch.describe_alarms()["MetricAlarms"][0]["Period"] == 60


def test_describing_some(cloudwatch, refused) -> None:
    for name in ("b1", "a1", "a2"):
        put(cloudwatch, name, AlarmActions=[TOPIC] if name == "a1" else [])
    composite(cloudwatch, "a3", "ALARM(a1) OR ALARM(b1)")
    composite(cloudwatch, "top", "ALARM(a3)")

    def names(**how):
        answer = cloudwatch.describe_alarms(**how)
        return [one["AlarmName"] for one in answer["MetricAlarms"] + answer["CompositeAlarms"]]

    assert names() == ["a1", "a2", "b1"]
    assert names(AlarmNames=["b1", "none", "a3"]) == ["b1"]
    assert names(AlarmNamePrefix="a", AlarmTypes=["CompositeAlarm"]) == ["a3"]
    assert names(StateValue="OK", AlarmTypes=["MetricAlarm", "CompositeAlarm"]) == ["a3", "top"]
    assert names(ActionPrefix="arn:aws:sns") == ["a1"]
    assert names(ChildrenOfAlarmName="a3") == ["a1", "b1"]
    assert names(ParentsOfAlarmName="a3") == ["top"]
    assert refused(cloudwatch.describe_alarms, AlarmNames=["a"], AlarmNamePrefix="a")[0] == "ValidationError"
    assert refused(cloudwatch.describe_alarms, ParentsOfAlarmName="a", AlarmNamePrefix="a")[0] == "ValidationError"
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmTypes=["MetricAlarm", "CompositeAlarm"], PaginationConfig={"PageSize": 2}
    )
    found = [one["AlarmName"] for page in pages for one in page["MetricAlarms"] + page["CompositeAlarms"]]
    assert found == ["a1", "a2", "b1", "a3", "top"]
    assert refused(cloudwatch.describe_alarms, NextToken="x") == ("InvalidNextToken", "Invalid NextToken : x")
    answer = cloudwatch.describe_alarms_for_metric(Namespace="N", MetricName="m", Statistic="Sum")
    assert [one["AlarmName"] for one in answer["MetricAlarms"]] == ["a1", "a2", "b1"]
    assert cloudwatch.describe_alarms_for_metric(Namespace="N", MetricName="m", Period=300)["MetricAlarms"] == []
    assert cloudwatch.describe_alarm_contributors(AlarmName="a1")["AlarmContributors"] == []


def test_names_are_of_one_kind(cloudwatch, refused) -> None:
    put(cloudwatch)
    message = "AlarmName [a] is already used by another alarm of a different type"
    assert refused(cloudwatch.put_composite_alarm, AlarmName="a", AlarmRule="TRUE") == ("ValidationError", message)


def test_deleting(cloudwatch, refused) -> None:
    put(cloudwatch, "a", Tags=[{"Key": "k", "Value": "v"}])
    put(cloudwatch, "b")
    composite(cloudwatch, "c", "ALARM(a) AND OK(b)")
    assert cloudwatch.list_tags_for_resource(ResourceARN=f"{ARN}a")["Tags"] == [{"Key": "k", "Value": "v"}]
    assert refused(cloudwatch.delete_alarms, AlarmNames=["a", "b"]) == (
        "ValidationError",
        "Cannot delete a,b as there are composite alarm(s) depending on them.",
    )
    cloudwatch.delete_alarms(AlarmNames=["c", "none"])
    cloudwatch.delete_alarms(AlarmNames=["a", "b"])
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []
    assert history(cloudwatch, "a") == ['Alarm "a" created', 'Alarm "a" deleted']
    assert cloudwatch.list_tags_for_resource(ResourceARN=f"{ARN}a")["Tags"] == []


@pytest.mark.parametrize(
    ("key", "value", "takes"),
    [
        ("tocsin:hold-down", "a while", "an ISO 8601 duration from PT1M to P365D, for example PT1H"),
        ("tocsin:flap-limit", "0", "a whole number from 1 to 360, the changes of state in an hour"),
        ("tocsin:skip-first", "yes", "true or false"),
    ],
)
def test_a_tag_of_ours_that_means_nothing_is_refused(cloudwatch, refused, key: str, value: str, takes: str) -> None:
    """AL-19.6: when it is set, not at night."""
    tags = [{"Key": key, "Value": value}]
    expected = ("InvalidParameterValue", f'Tag {key} takes {takes}; it was "{value}".')
    assert refused(cloudwatch.put_metric_alarm, AlarmName="a", **{**MINIMAL, "Tags": tags}) == expected
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []
    put(cloudwatch, "a")
    assert refused(cloudwatch.tag_resource, ResourceARN=f"{ARN}a", Tags=tags) == expected
    assert cloudwatch.list_tags_for_resource(ResourceARN=f"{ARN}a")["Tags"] == []


def test_tags_of_ours_hold_messages_and_nothing_else(cloudwatch, service, clock, topic) -> None:
    put(cloudwatch, "a", AlarmActions=[TOPIC], OKActions=[TOPIC])
    cloudwatch.tag_resource(ResourceARN=f"{ARN}a", Tags=[{"Key": "tocsin:hold-down", "Value": "PT10M"}])
    for state in ("ALARM", "OK"):
        cloudwatch.set_alarm_state(AlarmName="a", StateValue=state, StateReason="by hand")
        clock.advance(1)
    assert cloudwatch.describe_alarms()["MetricAlarms"][0]["StateValue"] == "OK"
    items = cloudwatch.describe_alarm_history(AlarmName="a", HistoryItemType="Action")["AlarmHistoryItems"]
    assert [one["HistorySummary"].partition(TOPIC)[0] for one in items] == [
        "Failed to execute action ",
        "Successfully executed action ",
    ]
    assert "if it lasts (tocsin:hold-down)" in items[0]["HistorySummary"]
    cloudwatch.untag_resource(ResourceARN=f"{ARN}a", TagKeys=["tocsin:hold-down"])
    clock.advance(75)
    service.part(Evaluator).run()
    items = cloudwatch.describe_alarm_history(AlarmName="a", HistoryItemType="Action")["AlarmHistoryItems"]
    assert sum(one["HistorySummary"].startswith("Successfully") for one in items) == 2


def test_composites_that_are_refused(cloudwatch, refused) -> None:
    code, message = refused(cloudwatch.put_composite_alarm, AlarmName="c", AlarmRule="ALARM(x)")
    assert code == "ValidationError"
    assert message == f"Could not save the composite alarm as alarms [{ARN}x] in the alarm rule do not exist"
    assert refused(cloudwatch.put_composite_alarm, AlarmName="c", AlarmRule="ALARM(")[0] == "ValidationError"


def test_setting_a_state(cloudwatch, refused, service, clock, topic) -> None:
    put(cloudwatch, AlarmActions=[TOPIC])
    clock.advance(60)
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="drill", StateReasonData='{"a": 1}')
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="again")
    (told,) = cloudwatch.describe_alarms()["MetricAlarms"]
    assert (told["StateValue"], told["StateReason"], told["StateReasonData"]) == ("ALARM", "drill", '{"a": 1}')
    assert told["StateTransitionedTimestamp"] == clock.now()
    assert history(cloudwatch)[1:] == [
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        f"Successfully executed action {TOPIC}",
    ]
    assert [mail.subject for mail in mails(service)] == ['ALARM: "a" in Europe (Ireland)']
    error = refused(cloudwatch.set_alarm_state, AlarmName="none", StateValue="OK", StateReason="x")
    assert error[0] == "ResourceNotFound"
    bad = {"AlarmName": "a", "StateValue": "OK", "StateReason": "x", "StateReasonData": "{"}
    assert refused(cloudwatch.set_alarm_state, **bad) == ("InvalidFormat", "StateReasonData is not valid JSON.")


def test_an_action_that_reaches_nobody_says_so(cloudwatch, sns, service, clock) -> None:
    """AL-19.4."""
    sns.create_topic(Name=TOPIC.rpartition(":")[2])
    put(cloudwatch, AlarmActions=[TOPIC], OKActions=[TOPIC])
    clock.advance(60)
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="drill")
    assert history(cloudwatch)[-1] == f"Successfully executed action {TOPIC}. Nobody was told: 0 confirmed subscribers"
    queue = f"arn:aws:sqs:{TOPIC.split(':')[3]}:{TOPIC.split(':')[4]}:q"
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=queue, Attributes={"FilterPolicy": '{"severity": ["high"]}'})
    clock.advance(60)
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="OK", StateReason="drill")
    assert history(cloudwatch)[-1].endswith("Nobody was told: the filter policy of its one subscriber drops it")


# ---------------------------------------------------------------- on the clock


def test_an_alarm_rings_and_comes_back(cloudwatch, service, clock, topic) -> None:
    put(cloudwatch, AlarmActions=[TOPIC], OKActions=[TOPIC], TreatMissingData="notBreaching")
    tick(service, clock)
    assert state(cloudwatch) == "OK"
    data(cloudwatch, 5.0)
    tick(service, clock, 75)
    assert state(cloudwatch) == "ALARM"
    tick(service, clock, 600)
    assert state(cloudwatch) == "OK"
    assert [one for one in history(cloudwatch) if "updated from" in one] == [
        "Alarm updated from INSUFFICIENT_DATA to OK",
        "Alarm updated from OK to ALARM",
        "Alarm updated from ALARM to OK",
    ]
    sent = mails(service)
    assert [mail.subject.partition(":")[0] for mail in sent] == ["OK", "ALARM", "OK"]
    assert "Threshold Crossed" in sent[1].message
    with service.store.read() as store:
        records = store.history.evaluations(HERE, "a", limit=10)
    assert len(records) == 3


def test_actions_that_lead_nowhere_are_told(cloudwatch, service, clock) -> None:
    function = "arn:aws:lambda:eu-west-1:111122223333:function:f"
    put(cloudwatch, AlarmActions=[TOPIC, function], TreatMissingData="breaching")
    tick(service, clock)
    assert history(cloudwatch)[-2:] == [
        f'Failed to execute action {TOPIC}. Received error: "Resource: Topic does not exist"',
        f'Failed to execute action {function}. Received error: "Tocsin executes actions on SNS topics only; {function} is kept and shown"',
    ]


def test_switched_off_actions_do_not_run(cloudwatch, service, clock, topic) -> None:
    put(cloudwatch, AlarmActions=[TOPIC], TreatMissingData="breaching")
    cloudwatch.disable_alarm_actions(AlarmNames=["a", "none"])
    tick(service, clock)
    assert state(cloudwatch) == "ALARM"
    cloudwatch.enable_alarm_actions(AlarmNames=["a"])
    tick(service, clock)
    assert mails(service) == []


def test_what_was_missed_is_made_up_for(cloudwatch, service, clock, topic) -> None:
    put(cloudwatch, AlarmActions=[TOPIC], TreatMissingData="notBreaching")
    tick(service, clock)
    data(cloudwatch, 5.0)
    clock.advance(3 * 3600)
    runs = [service.part(Evaluator).run()]
    while runs[-1].is_behind:
        runs.append(service.part(Evaluator).run())
    assert len(runs) > 1
    assert 170 < sum(run.late for run in runs) <= 180  # a minute each
    assert [one for one in history(cloudwatch) if "updated from" in one][-2:] == [
        "Alarm updated from OK to ALARM",
        "Alarm updated from ALARM to OK",
    ]
    clock.advance(3 * 86_400)
    passed = service.part(Evaluator).run().passed_over
    assert passed == 2 * 86_400 // 60


def test_a_restart_goes_on_where_it_stopped(cloudwatch, service, clock, topic) -> None:
    put(cloudwatch, AlarmActions=[TOPIC], TreatMissingData="notBreaching")
    tick(service, clock)
    data(cloudwatch, 5.0)
    clock.advance(75)
    for _ in range(3):  # nothing that a new evaluator finds was done twice
        evaluator = Evaluator(service)
        while evaluator.run().is_behind:
            pass
    assert len(mails(service)) == 1


def test_composites_follow_their_children(cloudwatch, service, clock, topic) -> None:
    put(cloudwatch, "a", TreatMissingData="notBreaching")
    put(cloudwatch, "b", TreatMissingData="notBreaching", Threshold=100.0)
    composite(cloudwatch, "c", "ALARM(a) AND OK(b)", AlarmActions=[TOPIC], OKActions=[TOPIC])
    assert state(cloudwatch, "c") == "OK"
    tick(service, clock)
    data(cloudwatch, 5.0)
    tick(service, clock, 75)
    assert state(cloudwatch, "c") == "ALARM"
    tick(service, clock, 600)
    assert state(cloudwatch, "c") == "OK"
    assert [mail.subject.partition(":")[0] for mail in mails(service)] == ["OK", "ALARM", "OK"]
    assert "Alarm updated from OK to ALARM" in history(cloudwatch, "c")


def test_a_suppressor_holds_actions(cloudwatch, service, clock, topic) -> None:
    put(cloudwatch, "a", TreatMissingData="ignore")
    put(cloudwatch, "s", TreatMissingData="ignore")
    composite(
        cloudwatch,
        "c",
        "ALARM(a)",
        AlarmActions=[TOPIC],
        ActionsSuppressor="s",
        ActionsSuppressorWaitPeriod=120,
        ActionsSuppressorExtensionPeriod=180,
    )
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="x")
    (told,) = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert (told["ActionsSuppressedBy"], told["ActionsSuppressedReason"]) == (
        "WaitPeriod",
        "Actions suppressed by WaitPeriod",
    )
    tick(service, clock, 60)
    assert mails(service) == []
    tick(service, clock, 90)
    assert len(mails(service)) == 1


def mute(cloudwatch, minutes: int, *names: str, start) -> None:
    schedule = {"Expression": f"at({start:%Y-%m-%dT%H:%M})", "Duration": f"PT{minutes}M"}
    cloudwatch.put_alarm_mute_rule(Name="quiet", Rule={"Schedule": schedule}, MuteTargets={"AlarmNames": list(names)})


def test_a_mute_rule_holds_actions_and_lets_go(cloudwatch, service, clock, topic, refused) -> None:
    put(cloudwatch, AlarmActions=[TOPIC])
    mute(cloudwatch, 10, "a", start=clock.now())
    assert cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="quiet")["Status"] == "ACTIVE"
    clock.advance(60)
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="x")
    assert mails(service) == []
    clock.advance(600)
    service.part(Evaluator).run()
    tick(service, clock, 10)
    assert [mail.subject.partition(":")[0] for mail in mails(service)][:1] == ["ALARM"]
    assert cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="quiet")["Status"] == "EXPIRED"
    (told,) = cloudwatch.list_alarm_mute_rules(AlarmName="a")["AlarmMuteRuleSummaries"]
    assert (told["MuteType"], told["Status"]) == ("ONE_TIME", "EXPIRED")
    cloudwatch.delete_alarm_mute_rule(AlarmMuteRuleName="quiet")
    cloudwatch.delete_alarm_mute_rule(AlarmMuteRuleName="quiet")
    assert refused(cloudwatch.get_alarm_mute_rule, AlarmMuteRuleName="quiet")[0] == "ResourceNotFoundException"


def test_deleting_a_mute_rule_lets_go_at_once(cloudwatch, service, clock, topic) -> None:
    put(cloudwatch, AlarmActions=[TOPIC])
    mute(cloudwatch, 600, "a", start=clock.now())
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="x")
    assert mails(service) == []
    cloudwatch.delete_alarm_mute_rule(AlarmMuteRuleName="quiet")
    assert len(mails(service)) == 1


def test_history_by_pages_and_kinds(cloudwatch, service, clock) -> None:
    put(cloudwatch)
    for number in range(5):
        clock.advance(1)
        wanted = ["ALARM", "OK"][number % 2]
        cloudwatch.set_alarm_state(AlarmName="a", StateValue=wanted, StateReason=str(number))
    assert len(history(cloudwatch, HistoryItemType="StateUpdate")) == 5
    assert history(cloudwatch, HistoryItemType="ConfigurationUpdate") == ['Alarm "a" created']
    assert len(history(cloudwatch, StartDate=clock.now() - timedelta(seconds=1))) == 2
    pages = cloudwatch.get_paginator("describe_alarm_history").paginate(AlarmName="a", PaginationConfig={"PageSize": 2})
    found = [json.loads(one["HistoryData"]) for page in pages for one in page["AlarmHistoryItems"]]
    assert [one["newState"]["stateReason"] for one in found if "newState" in one] == ["4", "3", "2", "1", "0"]
    assert history(cloudwatch, "none") == []
