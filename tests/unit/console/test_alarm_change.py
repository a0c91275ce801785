"""What can be done to one alarm, and what is asked before. Spec: CON-4.4, CON-7."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from alarm_bench import ALARM, AlarmBench
from console_bench import AT, SCOPE

from tocsin.app.acknowledgement import acknowledgements_of
from tocsin.console.visit import Visitor
from tocsin.core.envelope import unpack_envelope
from tocsin.errors import StoreError


@pytest.fixture
def bench() -> AlarmBench:
    made = AlarmBench()
    made.ring(22)
    return made


def transition(bench: AlarmBench) -> str:
    found = re.search(r'name="transition" value="(\d+)"', bench.get("alarms/sg").text)
    assert found is not None
    return found[1]


def mutes(bench: AlarmBench) -> list[dict]:
    names = [
        one["AlarmMuteRuleArn"].rpartition(":")[2]
        for one in bench.call("cloudwatch", "ListAlarmMuteRules", {})["AlarmMuteRuleSummaries"]
    ]
    return [bench.call("cloudwatch", "GetAlarmMuteRule", {"AlarmMuteRuleName": name}) for name in names]


# ---------------------------------------------------------------- acknowledging


def test_an_acknowledgement_stands_on_the_page_and_in_the_history(bench: AlarmBench) -> None:
    seen = bench.follow(
        bench.post("acknowledge-alarm", {"alarm": "sg", "note": "on it", "transition": transition(bench)})
    )
    assert "Acknowledged by local." in seen.words
    assert "acknowledged by local" in seen.words
    assert "not acknowledged" not in seen.words
    assert "by local : on it" in seen.words.partition("History")[2]
    [(change, actor)] = bench.audit.changes
    assert (change.action, change.name, change.reason, actor.name) == ("acknowledge-alarm", "sg", "on it", "local")
    assert bench.state() == "ALARM"


def test_an_acknowledgement_is_seen_before_anybody_is_told_of_it() -> None:
    bench = AlarmBench(parts={"last_signal": lambda: 7})
    bench.mallory_opens(22)
    bench.minute()
    parts = [f"_/alarm/{part}?name=sg" for part in ("answers", "history")]
    first = [bench.get(part) for part in parts]
    assert [bench.get(part).text for part in parts] == [seen.text for seen in first]
    bench.post("acknowledge-alarm", {"alarm": "sg", "note": "on it", "transition": transition(bench)})
    for part, before in zip(parts, first, strict=True):
        after = bench.get(part, headers={"if-none-match": before.headers["etag"]})
        assert after.status == 200
        assert "acknowledged by local" in after.words.lower()


def test_answers_that_failed_for_one_are_tried_again_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = AlarmBench(parts={"last_signal": lambda: 7})
    bench.ring(22)
    with monkeypatch.context() as broken:

        def fails(*_: object, **__: object) -> None:
            raise StoreError("a block is damaged")

        broken.setattr("tocsin.console.views.alarm.incident_of", fails)
        assert "Its records cannot be read" in bench.get("_/alarm/answers?name=sg").words
        assert "Contributing events" not in bench.get("_/alarm/evidence?name=sg").words
    assert "1 change, done" in bench.get("_/alarm/answers?name=sg").words
    assert "Contributing events" in bench.get("_/alarm/evidence?name=sg").words


def test_an_acknowledgement_of_another_change_is_refused(bench: AlarmBench) -> None:
    shown = transition(bench)
    bench.minute(20)
    bench.ring(80)
    seen = bench.post(
        "acknowledge-alarm", {"alarm": "sg", "note": "typed", "transition": shown, "opened": "acknowledge"}
    )
    assert seen.status == 409
    assert "sg has changed since this page was made" in seen.words
    assert 'value="typed"' in seen.text
    with bench.service.store.read() as store:
        assert acknowledgements_of(store, SCOPE, "sg") == ()


def test_a_note_that_is_too_long_keeps_the_form_open(bench: AlarmBench) -> None:
    fields = {"alarm": "sg", "note": "x" * 1001, "opened": "acknowledge"}
    seen = bench.post("acknowledge-alarm", fields)
    assert seen.status == 422
    assert "a note has at most 1,000 characters" in seen.words
    assert re.search(r'<details class="drop" name="do" id="do-acknowledge" open><summary class="btn pri"', seen.text)


# ---------------------------------------------------------------- muting


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, ["PT1H", "planned work"]),
        ({"length": "PT4H", "reason": "the move"}, ["PT4H", "the move"]),
        ({"length": "days", "days": "2"}, ["PT48H"]),
        ({"length": "days", "days": "9" * 400, "reason": "x" * 999}, ["PT1H"]),
        ({"length": "no such"}, ["PT1H"]),
    ],
)
def test_the_equal_command_of_a_mute_follows_what_is_typed(
    bench: AlarmBench, fields: dict[str, str], told: list[str]
) -> None:
    seen = bench.post("mute-alarm", {"alarm": "sg", **fields}, headers={"x-tocsin-live": "1"})
    assert seen.status == 200
    assert all(one in seen.text for one in ["put-alarm-mute-rule", *told])
    assert mutes(bench) == []


@pytest.mark.parametrize(
    ("fields", "zone", "expression", "duration", "until"),
    [
        ({"length": "PT15M"}, "UTC", "at(2026-03-14T03:16)", "PT16M", "03:32"),
        ({"length": "PT1H"}, "UTC", "at(2026-03-14T03:16)", "PT1H1M", "04:17"),
        ({}, "UTC", "at(2026-03-14T03:16)", "PT1H1M", "04:17"),
        ({"length": "PT4H"}, "Europe/Berlin", "at(2026-03-14T04:16)", "PT4H1M", "08:17"),
        ({"length": "morning"}, "Europe/Berlin", "at(2026-03-14T04:16)", "PT3H44M", "08:00"),
        ({"length": "days", "days": "2"}, "UTC", "at(2026-03-14T03:16)", "PT48H1M", "16 Mar 03:17"),
        ({"length": "days", "days": "15"}, "UTC", "at(2026-03-14T03:16)", "PT360H", "29 Mar 03:17"),
    ],
)
def test_an_alarm_is_muted_by_a_rule_of_one_window(
    fields: dict[str, str], zone: str, expression: str, duration: str, until: str
) -> None:
    bench = AlarmBench(visitor=Visitor(name="dana", zone=zone))
    bench.ring(22)
    seen = bench.follow(bench.post("mute-alarm", {"alarm": "sg", "reason": "planned work", **fields}))
    assert f"Muted until {until}." in seen.words
    [rule] = mutes(bench)
    assert rule["Rule"]["Schedule"] == {"Expression": expression, "Duration": duration, "Timezone": zone}
    assert rule["MuteTargets"] == {"AlarmNames": ["sg"]}
    assert rule["Description"] == "planned work (dana)"
    assert rule["Status"] == "ACTIVE"
    assert "muted until" in seen.words


def test_after_eight_the_morning_is_tomorrows() -> None:
    bench = AlarmBench(at=datetime(2026, 3, 14, 9, tzinfo=UTC))
    bench.post("mute-alarm", {"alarm": "sg", "reason": "x", "length": "morning"})
    assert mutes(bench)[0]["Rule"]["Schedule"]["Duration"] == "PT22H59M"


def test_a_mute_in_the_night_when_the_clocks_change_ends_when_it_says() -> None:
    at = datetime(2026, 3, 29, 0, 30, 10, tzinfo=UTC)  # 01:30 in Berlin; at 02:00 it is 03:00
    bench = AlarmBench(at=at, visitor=Visitor(zone="Europe/Berlin"))
    bench.post("mute-alarm", {"alarm": "sg", "reason": "x", "length": "morning"})
    seen = bench.get("alarms/sg")
    assert "muted until 08:00" in seen.words
    end = datetime(2026, 3, 29, 8, tzinfo=ZoneInfo("Europe/Berlin"))
    bench.clock.advance((end - bench.clock.now() - timedelta(minutes=1)).total_seconds())
    assert "muted until" in bench.get("alarms/sg").words
    bench.clock.advance(61)
    assert "muted until" not in bench.get("alarms/sg").words


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"reason": ""}, "Say why"),
        ({"reason": "x" * 201}, "at most 200"),
        ({"reason": "x", "length": "days", "days": "16"}, "from 1 to 15"),
        ({"reason": "x", "length": "days", "days": "no"}, "from 1 to 15"),
        ({"reason": "x", "length": "PT9999H"}, "Choose one of these"),
    ],
)
def test_what_cannot_be_muted(bench: AlarmBench, fields: dict[str, str], problem: str) -> None:
    seen = bench.post("mute-alarm", {"alarm": "sg", "opened": "mute", **fields})
    assert seen.status == 422
    assert problem in seen.words
    assert mutes(bench) == []


def test_a_mute_is_undone(bench: AlarmBench) -> None:
    seen = bench.follow(bench.post("mute-alarm", {"alarm": "sg", "reason": "x"}))
    assert "Undo" in seen.words
    [rule] = mutes(bench)
    after = bench.follow(bench.post("unmute-alarm", {"alarm": "sg", "rule": rule["Name"]}))
    assert "No longer muted." in after.words
    assert mutes(bench) == []


def test_ending_a_mute_ends_the_rules_of_this_alarm_alone(bench: AlarmBench) -> None:
    bench.post("mute-alarm", {"alarm": "sg", "reason": "x"})
    bench.follow(bench.post("unmute-alarm", {"alarm": "sg"}))
    assert mutes(bench) == []
    bench.call("cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmName": "other"})
    rule = {"Schedule": {"Expression": "cron(* * * * *)", "Duration": "PT4H"}}
    bench.call(
        "cloudwatch", "PutAlarmMuteRule", {"Name": "both", "Rule": rule, "MuteTargets": {"AlarmNames": ["sg", "other"]}}
    )
    seen = bench.post("unmute-alarm", {"alarm": "sg"})
    assert seen.status == 409
    assert "mute others too" in seen.words
    assert len(mutes(bench)) == 1


def test_the_preview_counts_what_would_have_been_held(bench: AlarmBench) -> None:
    assert "In the last 7 days this would have held 1 message." in bench.get("alarms/sg").words
    bench.call("cloudwatch", "DisableAlarmActions", {"AlarmNames": ["sg"]})
    assert "would have held 0 messages" in bench.get("alarms/sg").words


# ---------------------------------------------------------------- testing, switching


def test_a_test_goes_the_whole_way_and_changes_no_state(bench: AlarmBench) -> None:
    before = len(bench.call("cloudwatch", "DescribeAlarmHistory", {"AlarmName": "sg"})["AlarmHistoryItems"])
    seen = bench.follow(bench.post("test-alarm", {"alarm": "sg"}))
    assert "A test was sent through sec-alerts." in seen.words
    with bench.service.store.read() as store:
        envelope = unpack_envelope(store.outbox.deliveries(limit=1)[0].body)
    assert envelope.subject == "TEST: sg"
    assert "sent by local on 2026-03-14 03:16:05 UTC" in envelope.message
    assert "http://127.0.0.1:4590/console/alarms/sg" in envelope.message
    after = len(bench.call("cloudwatch", "DescribeAlarmHistory", {"AlarmName": "sg"})["AlarmHistoryItems"])
    assert (bench.state(), after) == ("ALARM", before)


def test_an_alarm_without_a_topic_cannot_be_tested(bench: AlarmBench) -> None:
    bench.put_alarm(AlarmActions=None)
    assert "Send a test message" not in bench.get("alarms/sg").words
    assert bench.post("test-alarm", {"alarm": "sg"}).status == 409


def test_a_subject_is_what_sns_takes() -> None:
    bench = AlarmBench()
    name = "é" * 60 + "x" * 60
    bench.call("cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmName": name, "AlarmActions": [bench.topic]})
    bench.follow(bench.post("test-alarm", {"alarm": name}))
    with bench.service.store.read() as store:
        subject = unpack_envelope(store.outbox.deliveries(limit=1)[0].body).subject
    assert subject is not None
    assert subject.isascii()
    assert len(subject) <= 100


def test_actions_are_switched_off_and_on(bench: AlarmBench) -> None:
    seen = bench.follow(bench.post("switch-alarm-actions", {"alarm": "sg", "to": "off"}))
    assert "Its actions are off: nobody is told." in seen.words
    assert "Switch its actions on" in seen.words
    seen = bench.follow(bench.post("switch-alarm-actions", {"alarm": "sg", "to": "on"}))
    assert "Its actions are on." in seen.words


# ---------------------------------------------------------------- weighty ones


def test_setting_a_state_says_what_follows(bench: AlarmBench) -> None:
    words = bench.get("confirm/set-alarm-state?name=sg").words
    assert "OK runs 0 actions; INSUFFICIENT_DATA runs 0 actions: 1 person or endpoint hear" in words
    assert "until the next evaluation" in words
    seen = bench.post("set-alarm-state", {"alarm": "sg", "state": "OK", "reason": ""})
    assert seen.status == 422
    assert "Say why" in seen.words
    seen = bench.post("set-alarm-state", {"alarm": "sg", "state": "BROKEN", "reason": "x"})
    assert seen.status == 422
    assert "enum value set" in seen.words
    assert (
        "Set to OK." in bench.follow(bench.post("set-alarm-state", {"alarm": "sg", "state": "OK", "reason": "x"})).words
    )
    assert bench.state() == "OK"


def test_deleting_needs_the_name_where_somebody_is_told(bench: AlarmBench) -> None:
    words = bench.get("confirm/delete-alarm?name=sg").words
    assert "1 person or endpoint would no longer be told : security@example.com" in words
    seen = bench.post("delete-alarm", {"alarm": "sg", "typed": "other"})
    assert seen.status == 422
    assert "Type the name of the alarm, sg, to delete it." in seen.words
    seen = bench.post("delete-alarm", {"alarm": "sg", "typed": "sg"})
    assert seen.status == 303
    assert bench.get("alarms/sg").status == 404


def test_a_deleted_alarm_comes_back_without_its_state(bench: AlarmBench) -> None:
    definition = bench.call("cloudwatch", "DescribeAlarms", {"AlarmNames": ["sg"]})["MetricAlarms"][0]
    exported = json.loads(bench.get("_/alarm/export?name=sg").text)
    bench.post("delete-alarm", {"alarm": "sg", "typed": "sg"})
    fields = {"definition": json.dumps({"operation": "PutMetricAlarm", "parameters": exported})}
    assert "The alarm is back." in bench.follow(bench.post("restore-alarm", fields)).words
    back = bench.call("cloudwatch", "DescribeAlarms", {"AlarmNames": ["sg"]})["MetricAlarms"][0]
    assert back["StateValue"] == "INSUFFICIENT_DATA"
    changing = {"StateValue", "StateReason", "StateReasonData"}
    kept = {key: value for key, value in definition.items() if "Timestamp" not in key and key not in changing}
    assert {key: back[key] for key in kept} == kept


@pytest.mark.parametrize("definition", ["", "{}", '{"operation": "DeleteAlarms", "parameters": {}}', "["])
def test_nothing_else_can_be_restored(bench: AlarmBench, definition: str) -> None:
    assert bench.post("restore-alarm", {"definition": definition}).status == 404


def test_a_child_of_a_composite_is_not_deleted(bench: AlarmBench) -> None:
    bench.call("cloudwatch", "PutCompositeAlarm", {"AlarmName": "c", "AlarmRule": "ALARM(sg)"})
    assert "CloudWatch refuses : c names it" in bench.get("confirm/delete-alarm?name=sg").words
    assert bench.post("delete-alarm", {"alarm": "sg", "typed": "sg"}).status == 422
    assert bench.get("alarms/sg").status == 200


def test_an_alarm_that_nobody_hears_is_deleted_without_ado() -> None:
    bench = AlarmBench(alarm={"AlarmActions": None})
    assert "nobody hears of it as it is: it has no action for ALARM" in bench.get("confirm/delete-alarm?name=sg").words
    assert bench.post("delete-alarm", {"alarm": "sg"}).status == 303


@pytest.mark.parametrize("kind", ["json", "cloudformation"])
def test_a_definition_is_downloaded(bench: AlarmBench, kind: str) -> None:
    seen = bench.get(f"_/alarm/export?name=sg&as={kind}")
    assert seen.status == 200
    assert "attachment" in seen.headers["content-disposition"]
    assert ("AWS::CloudWatch::Alarm" in seen.text) == (kind == "cloudformation")


def test_a_composite_is_exported_and_deleted(bench: AlarmBench) -> None:
    bench.call("cloudwatch", "PutCompositeAlarm", {"AlarmName": "c", "AlarmRule": "ALARM(sg)"})
    assert json.loads(bench.get("_/alarm/export?name=c").text)["AlarmRule"] == "ALARM(sg)"
    assert "it stays until one of its alarms changes" in bench.get("confirm/set-alarm-state?name=c").words
    assert bench.post("delete-alarm", {"alarm": "c"}).status == 303


@pytest.mark.parametrize(
    "action",
    [
        "acknowledge-alarm",
        "mute-alarm",
        "unmute-alarm",
        "test-alarm",
        "switch-alarm-actions",
        "set-alarm-state",
        "delete-alarm",
    ],
)
def test_a_viewer_changes_nothing(action: str) -> None:
    bench = AlarmBench(visitor=Visitor(name="vera", role="viewer"))
    bench.ring(22)
    assert bench.post(action, {"alarm": "sg", "reason": "x", "state": "OK", "typed": "sg"}).status == 403
    assert bench.state() == "ALARM"


@pytest.mark.parametrize("action", ["acknowledge-alarm", "mute-alarm", "test-alarm", "delete-alarm"])
def test_an_alarm_that_is_gone_is_not_found(action: str) -> None:
    assert AlarmBench(at=AT).post(action, {"alarm": "gone", "reason": "x"}).status == 404
