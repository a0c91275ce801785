"""What alarms would have done on an archive (IF-3, AL-6, AL-18, AL-19.4)."""

from __future__ import annotations

from typing import Any

import pytest
from alarms import TOPIC, expression, math_parameters, stat
from chain import STOP, alarm, backtest, composite, event, feed, report_of, result_of, second, steps
from synthetic import Archive, log_file

from tocsin.app.alarm_data import AlarmData
from tocsin.app.backtest_report import TransitionLine, encode_report
from tocsin.app.ledger import Ledger
from tocsin.core.alarm.state import StateValue
from tocsin.core.notification.message import MessageSettings
from tocsin.core.rule import Rule
from tocsin.core.topic import Subscription
from tocsin.errors import InputError

QUIET = {"name": "GetTrail"}
SPAN = {"since": "10:00", "until": "11:00"}


def archive(*records: dict[str, Any], **more: dict[str, Any]) -> Archive:
    return Archive({"a": log_file(*records)}, **more)


def rings(done: Any, name: str = "a") -> list[TransitionLine]:
    return [one for one in result_of(done, name).transitions if one.to == "ALARM"]


ONE = archive(event("10:10:30"))


# ---------------------------------------------------------------- the span


def test_one_event_and_fifteen_minutes() -> None:
    done = backtest(ONE, [feed(), alarm("a")], **SPAN)
    assert steps(done, "a") == [("10:01", "OK"), ("10:11", "ALARM"), ("10:26", "OK")]
    found = result_of(done, "a")
    assert (found.final, found.matches, found.period, found.evaluation_range) == ("OK", 1, 300, 3)
    assert found.condition == "Sum of Events is at least 1 in 5 minutes"
    assert found.time_in == {"INSUFFICIENT_DATA": 60.0, "OK": 600.0 + 34 * 60, "ALARM": 900.0}
    (ring,) = rings(done)
    assert (ring.from_, ring.datapoints, ring.events) == (
        "OK",
        [("2026-03-01T10:06:00Z", 1.0)],
        ["StopLogging-2026-03-01T10:10:30Z"],
    )
    assert ring.reason == (
        "Threshold Crossed: 1 datapoint [1.0 (01/03/26 10:06:00)] was greater than or equal to the threshold (1.0)."
    )
    assert ring.details[0].who == "IAM user alice"
    report = report_of(done)
    assert (report.from_, report.until, report.evaluations) == ("2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z", 60)
    assert (report.seconds, report.records.read, report.clock) == (1.235, 1, "event")


@pytest.mark.parametrize(
    ("options", "since", "until"),
    [
        ({}, "10:10", "10:26"),  # the minutes of the records, and 3 x 5 minutes
        ({"extra": 0}, "10:10", "10:16"),
        ({"since": "10:05"}, "10:05", "10:26"),
        ({"until": "10:12"}, "10:10", "10:12"),
        ({"since": "10:10:15", "until": "10:13:45"}, "10:10:15", "10:13:45"),
        ({"since": "11:00"}, "11:00", "11:15"),  # no record is chosen
        ({"until": "09:00"}, "09:00", "09:00"),
    ],
)
def test_span_is_that_of_the_archive_unless_it_is_given(options: dict[str, Any], since: str, until: str) -> None:
    done = backtest(ONE, [feed(), alarm("a")], **options)
    assert (done.span.since, done.span.until) == (second(since), second(until))
    assert sum(result_of(done, "a").time_in.values()) == second(until) - second(since)


def test_longest_range_of_all_alarms_counts() -> None:
    rules = [feed(), alarm("a"), alarm("b", Period=3600, EvaluationPeriods=2), composite("c", "ALARM(a)")]
    assert backtest(ONE, rules).span.until == second("10:11") + 4 * 3600


def test_composites_alone_need_no_range() -> None:
    done = backtest(ONE, [feed(), composite("c", "TRUE")])
    assert (done.span.since, done.span.until) == (second("10:10"), second("10:11"))
    assert (report_of(done).evaluations, result_of(done, "c").time_in["ALARM"]) == (0, 60.0)


def test_empty_archive_rings_nothing() -> None:
    report = report_of(backtest(Archive({}), [feed(), alarm("a")]))
    assert (report.from_, report.until, report.evaluations) == ("1970-01-01T00:00:00Z", "1970-01-01T00:15:00Z", 15)
    assert [one.to for one in report.alarms[0].transitions] == ["OK"]
    assert backtest(Archive({}), [feed(), alarm("a", TreatMissingData="missing")]).timeline.changes == ()


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:30Z", "9999-12-31T23:40:30Z", "9999-12-31T23:59:30Z", "2999-06-01T00:00:00Z"]
)
@pytest.mark.parametrize("changes", [{}, {"Period": 86_400}, {"Period": 10}])
def test_records_of_any_year_are_replayed(at: str, changes: dict[str, Any]) -> None:
    done = backtest(archive(event(at)), [feed(), alarm("a", **changes)])
    found = result_of(done, "a")
    assert sum(found.time_in.values()) == done.span.until - done.span.since
    assert encode_report(report_of(done))["alarms"][0]["name"] == "a"
    if at[11:16] != "23:59":  # after that minute there is no other
        assert [one.events for one in found.transitions if one.to == "ALARM"] == [[f"StopLogging-{at}"]]


def test_span_over_all_years_is_jumped_over() -> None:
    done = backtest(archive(event("0001-01-01T00:00:30Z"), event("9990-12-31T23:59:30Z")), [feed(), alarm("a")])
    assert [one.to for one in result_of(done, "a").transitions] == ["ALARM", "OK", "ALARM", "OK"]


def test_alarm_that_depends_on_the_clock_is_refused_over_centuries() -> None:
    text = "IF(HOUR(m1) > 5, m1, 0)"
    rule = Rule(
        id="a", name="a", alarm=math_parameters(stat("m1"), expression("e", text, returned=True), AlarmName="a")
    )
    with pytest.raises(
        InputError, match=r"a depends on the clock .* from 2026-03-01T10:10:00Z to 2999-06-01"
    ) as caught:
        backtest(archive(event("10:10"), event("2999-06-01T00:00:00Z")), [feed(metric="m1"), rule])
    assert "--since" in caught.value.hint


# ---------------------------------------------------------------- which records


def test_events_of_the_deciding_slots_are_named() -> None:
    records = [
        event("10:10", eventID="old"),
        event("10:12", eventID="x"),
        event("10:12:30", eventID="y"),
        event("10:17:59", eventID="z"),
    ]
    done = backtest(archive(*records), [feed(), alarm("a", Threshold=2)], **SPAN)
    first = rings(done)[0]
    assert (first.at[11:16], first.events) == ("10:13", ["old", "x", "y"])


def test_hundred_events_are_named_and_the_rest_counted() -> None:
    records = [event("10:10:30", eventID=f"e{n:03}") for n in range(130)] + [event("10:11", eventID="late")]
    (ring,) = rings(backtest(archive(*records), [feed(), alarm("a")], **SPAN))
    assert ring.events == [f"e{n:03}" for n in range(100)]
    assert (ring.events_omitted, len(ring.details)) == (30, 100)
    (ring,) = rings(backtest(archive(*records[:100]), [feed(), alarm("a")], **SPAN))
    assert (len(ring.events), ring.events_omitted) == (100, 0)


def test_events_over_several_minutes_are_a_hundred_together() -> None:
    records = [event(f"10:1{n % 4}:{n % 60:02}", eventID=f"e{n:03}") for n in range(400)]
    ring = rings(backtest(archive(*records), [feed(), alarm("a", Threshold=400)], **SPAN))[0]
    assert (ring.at, len(ring.events), ring.events_omitted) == ("2026-03-01T10:14:00Z", 100, 300)


def test_record_that_two_filters_count_is_named_once() -> None:
    rules = [feed(), feed("again", STOP), alarm("a", Threshold=2)]
    done = backtest(ONE, rules, **SPAN)
    (ring,) = rings(done)
    assert (ring.datapoints, ring.events, ring.events_omitted) == (
        [("2026-03-01T10:06:00Z", 2.0)],
        ["StopLogging-2026-03-01T10:10:30Z"],
        0,
    )
    assert result_of(done, "a").matches == 2  # each filter counts it


def test_metric_that_two_queries_read_counts_its_matches_once() -> None:
    queries = [
        {**stat("m1"), "MetricStat": stat("m1")["MetricStat"]},
        {**stat("m1", name="Maximum"), "Id": "m2"},
        expression("e", "m1 + m2", returned=True),
    ]
    rule = Rule(
        id="a", name="a", alarm=math_parameters(*queries, AlarmName="a", Threshold=100, TreatMissingData="notBreaching")
    )
    records = [event("10:10:30", eventID=f"e{n:03}") for n in range(130)]
    done = backtest(archive(*records), [feed(metric="m1"), rule], **SPAN)
    assert result_of(done, "a").matches == 130
    (ring,) = rings(done)
    assert (len(ring.events), ring.events_omitted) == (100, 30)


@pytest.mark.parametrize(
    ("unit", "events"), [(None, ["DeleteTrail", "StopLogging"]), ("Count", ["StopLogging"]), ("None", ["DeleteTrail"])]
)
def test_records_of_another_unit_are_not_named(unit: str | None, events: list[str]) -> None:
    rules = [feed(unit="Count"), feed("delete", "{ $.eventName = DeleteTrail }"), alarm("a", Unit=unit)]
    done = backtest(archive(event("10:10"), event("10:10", "DeleteTrail")), rules, **SPAN)
    (ring,) = rings(done)
    assert sorted(one.event for one in ring.details) == events
    assert result_of(done, "a").matches == len(events)


def test_wrong_unit_sees_nothing() -> None:
    done = backtest(ONE, [feed(unit="Count"), alarm("a", Unit="Bytes", TreatMissingData="missing")], **SPAN)
    assert done.timeline.changes == ()


def test_dimensions_are_exact() -> None:
    records = [event("10:10"), event("10:20", awsRegion="eu-west-1"), event("10:40", awsRegion=None)]
    named = {"Dimensions": [{"Name": "R", "Value": "eu-west-1"}]}
    rules = [feed(dimensions={"R": "$.awsRegion"}), alarm("a", **named), alarm("b")]
    done = backtest(archive(*records), rules, **SPAN)
    assert [one.at[11:16] for one in rings(done, "a")] == ["10:21"]
    assert [one.at[11:16] for one in rings(done, "b")] == ["10:41"]  # published without dimensions (FP-9.15)


def test_default_values_end_an_alarm_sooner() -> None:
    records = [event("10:10"), *(event(f"10:{minute}", "GetTrail") for minute in range(11, 40))]
    assert steps(backtest(archive(*records), [feed(default_value=0), alarm("a")], **SPAN), "a")[1:] == [
        ("10:11", "ALARM"),
        ("10:16", "OK"),
    ]


def test_unusable_values_publish_nothing() -> None:
    records = [event("10:10", n="x"), event("10:20", n=3)]
    done = backtest(archive(*records), [feed(value="$.n"), alarm("a")], **SPAN)
    assert [one.at[11:16] for one in rings(done)] == ["10:21"]


@pytest.mark.parametrize(("unique", "count"), [(False, 1), (True, 0)])
def test_an_event_id_counts_once_when_asked(unique: bool, count: int) -> None:
    done = backtest(archive(event("10:10"), event("10:10")), [feed(), alarm("a", Threshold=2)], unique=unique, **SPAN)
    assert len(rings(done)) == count


# ---------------------------------------------------------------- when a record is known


def delivered(at: str) -> str:
    return f"111122223333_CloudTrail_us-east-1_20260301T{at.replace(':', '')}Z_AbCdEfGhIjKlMnOp.json.gz"


@pytest.mark.parametrize(
    ("name", "as_delivered", "expected"),
    [
        (delivered("10:18"), False, [("10:11", "ALARM"), ("10:26", "OK")]),
        (delivered("10:18"), True, [("10:18", "ALARM"), ("10:26", "OK")]),
        (delivered("10:26"), True, []),  # it had left the range when it came (AL-18.5)
        ("events.json", True, [("10:11", "ALARM"), ("10:26", "OK")]),
        (delivered("10:05"), True, [("10:11", "ALARM"), ("10:26", "OK")]),
    ],
)
def test_late_delivery_shows_when_asked(name: str, as_delivered: bool, expected: list[tuple[str, str]]) -> None:
    files = Archive({name: log_file(event("10:10:30"))})
    done = backtest(files, [feed(), alarm("a")], as_delivered=as_delivered, **SPAN)
    assert steps(done, "a")[1:] == expected
    assert report_of(done).clock == ("delivery" if as_delivered else "event")
    assert all(ring.events == ["StopLogging-2026-03-01T10:10:30Z"] for ring in rings(done))


@pytest.mark.parametrize("as_delivered", [False, True])
def test_alarm_of_ten_seconds_does_not_ring_before_the_event(as_delivered: bool) -> None:
    # The datum bears 10:10:00, the record is known at 10:10:33; the range is 7 x 10 s.
    done = backtest(archive(event("10:10:33")), [feed(), alarm("a", Period=10)], as_delivered=as_delivered, **SPAN)
    assert steps(done, "a") == [("10:00:10", "OK"), ("10:10:40", "ALARM"), ("10:11:20", "OK")]


def test_default_value_does_not_come_before_its_minute_is_over() -> None:
    rules = [feed(default_value=5), alarm("a", Period=10), alarm("b", Period=60)]
    done = backtest(archive(event("10:10:33", "GetTrail")), rules, **SPAN)
    assert steps(done, "a")[1:] == [("10:11", "ALARM"), ("10:11:20", "OK")]
    assert steps(done, "b")[1:] == [("10:11", "ALARM"), ("10:14", "OK")]


def test_alarms_of_minutes_see_the_same_beside_one_of_seconds() -> None:
    records = [event(f"10:{minute}:{minute}") for minute in (10, 11, 13, 20, 41, 59)]
    minutes = [alarm("a"), alarm("b", EvaluationPeriods=3, DatapointsToAlarm=2, Period=60, TreatMissingData="missing")]
    alone = backtest(archive(*records), [feed(default_value=0), *minutes], **SPAN)
    beside = backtest(archive(*records), [feed(default_value=0), *minutes, alarm("c", Period=20)], **SPAN)
    for name in ("a", "b"):
        assert result_of(alone, name) == result_of(beside, name)


# ---------------------------------------------------------------- composites


def test_composite_names_its_children_and_their_events() -> None:
    delete = feed("delete", "{ $.eventName = DeleteTrail }", metric="Deletes")
    rules = [feed(), delete, alarm("a"), alarm("b", MetricName="Deletes"), composite("c", "ALARM(a) AND ALARM(b)")]
    rules.append(composite("top", "ALARM(c)"))
    done = backtest(archive(event("10:10"), event("10:12", "DeleteTrail", eventID="d")), rules, **SPAN)
    (ring,) = rings(done, "c")
    assert ring.children is not None
    assert [(one.name, one.state, one.since[11:16]) for one in ring.children] == [
        ("a", "ALARM", "10:11"),
        ("b", "ALARM", "10:13"),
    ]
    assert ring.events == ["StopLogging-2026-03-01T10:10:00Z", "d"]
    assert (ring.datapoints, ring.at[11:16], ring.why) == (None, "10:13", "")
    (above,) = rings(done, "top")
    assert (above.events, above.at) == (ring.events, ring.at)
    over = result_of(done, "c").transitions[-1]
    assert (over.to, over.at[11:16], [one.name for one in over.children or []], over.events) == (
        "OK",
        "10:26",
        ["a"],
        [],
    )
    found = result_of(done, "c")
    assert (found.kind, found.condition, found.threshold, found.period) == (
        "composite",
        "ALARM(a) AND ALARM(b)",
        None,
        None,
    )


def test_events_of_a_child_that_does_not_count_are_not_named() -> None:
    delete = feed("delete", "{ $.eventName = DeleteTrail }", metric="Deletes")
    rules = [feed(), delete, alarm("a"), alarm("b", MetricName="Deletes"), composite("c", "ALARM(a) AND OK(b)")]
    done = backtest(archive(event("10:10"), event("10:12", "DeleteTrail", eventID="d")), rules, **SPAN)
    ring, over = result_of(done, "c").transitions[1:3]
    assert (ring.to, ring.events) == ("ALARM", ["StopLogging-2026-03-01T10:10:00Z"])
    # The rule is false because of b alone, whose record is what is to be seen.
    assert (over.to, [one.name for one in over.children or []], over.events) == ("OK", ["b"], ["d"])


def test_many_events_of_children_are_counted() -> None:
    delete = feed("delete", "{ $.eventName = DeleteTrail }", metric="Deletes")
    records = [event("10:10", eventID=f"s{n:03}") for n in range(120)]
    records += [event("10:10", "DeleteTrail", eventID=f"d{n:03}") for n in range(120)]
    rules = [feed(), delete, alarm("a"), alarm("b", MetricName="Deletes"), composite("c", "ALARM(a) AND ALARM(b)")]
    (ring,) = rings(backtest(archive(*records), rules, **SPAN), "c")
    assert (len(ring.events), ring.events_omitted) == (100, 140)


# ---------------------------------------------------------------- who is told (AL-19.4)


ALICE = Subscription(topic_arn=TOPIC, protocol="email", endpoint="alice@example.com", subscription_arn=f"{TOPIC}:1")
ACTIONS = {"AlarmActions": [TOPIC], "OKActions": [TOPIC]}


@pytest.mark.parametrize(
    ("changes", "subscriptions", "actions", "notified", "reason"),
    [
        (ACTIONS, (ALICE,), [TOPIC], ["alice@example.com"], ""),
        (ACTIONS, (), [TOPIC], [], "nobody is subscribed to sec-alerts"),
        (ACTIONS, None, [TOPIC], [], "who is subscribed is not known: add the output of aws sns list-subscriptions"),
        ({}, (ALICE,), [], [], "the alarm has no action for ALARM"),
        ({**ACTIONS, "ActionsEnabled": False}, (ALICE,), [], [], "the alarm's actions are disabled"),
    ],
)
def test_who_is_told_or_why_nobody_is(
    changes: dict[str, Any],
    subscriptions: tuple[Subscription, ...] | None,
    actions: list[str],
    notified: list[str],
    reason: str,
) -> None:
    (ring,) = rings(backtest(ONE, [feed(), alarm("a", **changes)], subscriptions=subscriptions, **SPAN))
    assert (ring.actions, ring.notified, ring.not_notified, ring.held) == (actions, notified, reason, None)


def test_ok_actions_are_told_too() -> None:
    done = backtest(ONE, [feed(), alarm("a", **ACTIONS)], subscriptions=(ALICE,), **SPAN)
    assert [(one.to, one.notified) for one in result_of(done, "a").transitions] == [
        ("OK", ["alice@example.com"]),  # the first OK, too (AL-8.3)
        ("ALARM", ["alice@example.com"]),
        ("OK", ["alice@example.com"]),
    ]


def muting(duration: str) -> dict[str, Any]:
    schedule = {"Expression": "at(2026-03-01T10:05)", "Duration": duration}
    return {"Name": "m", "Rule": {"Schedule": schedule}, "MuteTargets": {"AlarmNames": ["a"]}}


def test_muted_actions_are_empty_and_say_so() -> None:
    done = backtest(ONE, [feed(), alarm("a", **ACTIONS)], subscriptions=(ALICE,), mute_rules=[muting("PT1H")], **SPAN)
    (ring,) = rings(done)
    assert (ring.actions, ring.notified, ring.not_notified) == ([], [], "the actions were held (Mute)")
    assert (ring.held.by, ring.held.ran_at) == ("Mute", None)  # type: ignore[union-attr]  # None would fail here


def test_actions_that_ran_after_a_window_name_when() -> None:
    done = backtest(ONE, [feed(), alarm("a", **ACTIONS)], subscriptions=(ALICE,), mute_rules=[muting("PT10M")], **SPAN)
    (ring,) = rings(done)
    assert (ring.actions, ring.notified, ring.not_notified) == ([TOPIC], ["alice@example.com"], "")
    assert (ring.held.by, ring.held.ran_at) == ("Mute", "2026-03-01T10:15:00Z")  # type: ignore[union-attr]  # None would fail here


# ---------------------------------------------------------------- the whole


RULES = [
    feed(value="$.n", default_value=0),
    feed("all", "", metric="All"),
    alarm("a", **ACTIONS),
    alarm("b", MetricName="All", Period=60, EvaluationPeriods=4, DatapointsToAlarm=2, TreatMissingData="missing"),
    alarm("s", MetricName="All", Threshold=20, Period=10),
    composite(
        "c", "ALARM(a) OR ALARM(b)", ActionsSuppressor="s", ActionsSuppressorWaitPeriod=60, ActionsSuppressorExtensionPeriod=90, **ACTIONS
    ),
]  # fmt: skip
MANY = Archive(
    {
        delivered(f"10:{place:02}"): log_file(
            *(event(f"10:{(n * place) % 40:02}:{n:02}", eventID=f"e{(n * place) % 90}", n=n % 4) for n in range(30))
        )
        for place in range(1, 9)
    }
)


@pytest.mark.parametrize("options", [{}, {"unique": True}, {"as_delivered": True}])
def test_report_does_not_depend_on_how_the_files_are_shared(options: dict[str, bool]) -> None:
    whole = report_of(backtest(MANY, RULES, **options))
    for split in (2, 3, 8):
        assert report_of(backtest(MANY, RULES, split=split, **options)) == whole
    assert sum(len(one.transitions) for one in whole.alarms) >= 9


def test_times_in_states_add_up_for_every_alarm() -> None:
    done = backtest(MANY, RULES, since="10:00:30", until="10:44:45")
    for found in report_of(done).alarms:
        assert sum(found.time_in.values()) == second("10:44:45") - second("10:00:30")
        assert found.final == found.transitions[-1].to
    assert report_of(done).evaluations == 44 + 44 + 265


def test_transition_holds_what_decided() -> None:
    for one in result_of(backtest(MANY, RULES), "b").transitions:
        assert one.datapoints is not None
        assert [at for at, _ in one.datapoints] == sorted((at for at, _ in one.datapoints), reverse=True)
        assert one.why


def test_notes_of_the_alarms_are_in_the_report() -> None:
    report = report_of(backtest(ONE, [feed(), alarm("a")]))
    assert report.notes == []


def test_severity_is_that_of_a_rule_with_a_title() -> None:
    rule = Rule(id="a", name="p/a", title="T", why="w", runbook="r", filter=feed().filter, alarm=alarm("a").alarm)
    found = report_of(backtest(ONE, [rule])).alarms[0]
    assert (found.title, found.severity, found.why, found.runbook) == ("T", "medium", "w", "r")
    assert result_of(backtest(ONE, [feed(), alarm("a")]), "a").severity == ""


# ---------------------------------------------------------------- the mail


def test_mail_of_the_last_ring() -> None:
    records = [event("10:10", eventID="first"), event("10:40", eventID="last")]
    rules = [feed(), alarm("a", **ACTIONS), composite("c", "ALARM(a)", **ACTIONS)]
    done = backtest(archive(*records), rules, **SPAN)
    for name in ("a", "c"):
        ring = done.last_ring(name)
        assert ring is not None
        assert (ring.at, ring.new) == (second("10:41"), StateValue.ALARM)
        message = done.message(ring, MessageSettings())
        assert "last" in message.email
        assert name in message.subject
    assert done.last_ring("nobody") is None


def test_ledger_without_records_has_no_span() -> None:
    data = AlarmData(1)
    assert (data.ledger.first, Ledger().last) == (None, None)
