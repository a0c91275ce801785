"""Messages that wait, are folded or repeated as an alarm's tags say; state and history as on AWS. Spec: AL-19.6."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from live_alarm import HERE, TOPIC, Live

from tocsin.app.log_group import create_log_group
from tocsin.app.log_stream import create_log_stream
from tocsin.app.metric_alarm import put_metric_alarm, restart_notices
from tocsin.app.metric_filter import put_metric_filter
from tocsin.app.pipeline import Pipeline
from tocsin.app.resource_tag import tag_resource, untag_resource
from tocsin.core.alarm.history import HistoryItemType
from tocsin.core.envelope import unpack_envelope
from tocsin.core.metric import MetricKey
from tocsin.core.metric_filter import MetricFilter, MetricTransformation
from tocsin.errors import InvalidParameterError

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = MetricKey.of("N", "m")
ARN = f"arn:aws:cloudwatch:{HERE.region}:{HERE.account}:alarm:a"
ALARM = {
    "AlarmName": "a",
    "Namespace": "N",
    "MetricName": "m",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
    "AlarmActions": [TOPIC],
    "OKActions": [TOPIC],
}


class Story:
    """An alarm with tags; minute by minute it breaches or not."""

    def __init__(self, **tags: str) -> None:
        self.live = Live(START, evaluation_range=0)
        self.live.add_topic()
        self.put(tags)
        self.minute = 0

    def put(self, tags: dict[str, str], **more: Any) -> None:
        given = [{"Key": f"tocsin:{key.replace('_', '-')}", "Value": value} for key, value in tags.items()]
        put_metric_alarm(self.live.service, HERE, {**ALARM, "Tags": given, **more})

    def play(self, minutes: str, *, restarts: bool = False) -> None:
        """A minute for each character: `x` breaches."""
        for what in minutes:
            if what == "x":
                self.live.add(KEY, START + timedelta(minutes=self.minute), 1.0)
            self.minute += 1
            self.live.move_to(START + timedelta(minutes=self.minute))
            if restarts:
                self.live.restart()
            self.live.run()

    @property
    def mails(self) -> list[tuple[int, str, str]]:
        """Minute, subject's first words and text of what was published."""
        with self.live.store.read() as store:
            rows = store.outbox.deliveries(limit=1_000)[::-1]
        found = []
        for row in rows:
            envelope = unpack_envelope(row.body)
            minute = (row.created_at / 1000 - START.timestamp()) / 60
            found.append((int(minute), (envelope.subject or "").partition(":")[0], envelope.message))
        return found

    @property
    def told(self) -> list[tuple[int, str]]:
        return [(minute, subject) for minute, subject, _ in self.mails]

    def actions(self) -> list[str]:
        return [item.history_summary for item in self.live.items(HistoryItemType.ACTION)]

    def states(self) -> list[str]:
        return [change.told.rpartition(" ")[2] for change in self.live.states()]


STORIES = [
    ({}, ".x.x..", [(1, "OK"), (2, "ALARM"), (3, "OK"), (4, "ALARM"), (5, "OK")]),
    ({"skip_first": "true"}, ".x.", [(2, "ALARM"), (3, "OK")]),
    ({"hold_down": "PT2M"}, ".x.x....", [(1, "OK"), (2, "ALARM"), (7, "OK")]),
    ({"remind_every": "PT2M"}, ".xxxxxx.", [(1, "OK"), (2, "ALARM"), (4, "ALARM (reminder)"), (6, "ALARM (reminder)"), (8, "OK")]),
    ({"flap_limit": "3"}, ".x.x.x" + "." * 60, [(1, "OK"), (2, "ALARM"), (3, "OK"), (64, "OK (flapping)")]),
]  # fmt: skip


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize(("tags", "minutes", "told"), STORIES)
def test_stories(tags: dict[str, str], minutes: str, told: list[tuple[int, str]], *, restarts: bool) -> None:
    story, plain = Story(**tags), Story()
    story.play(minutes, restarts=restarts)
    plain.play(minutes)
    assert story.told == told
    assert story.states() == plain.states()


def test_what_is_not_told_stands_in_the_history() -> None:
    story = Story(hold_down="PT2M")
    story.play(".x.x....")
    held = "OK has to last first (tocsin:hold-down)"
    returned = "it was out of ALARM for a short while (tocsin:hold-down)"
    done = f"Successfully executed action {TOPIC}"
    untold = [f'Failed to execute action {TOPIC}. Received error: "Not told: {why}"' for why in (held, returned, held)]
    assert story.actions() == [done, done, *untold, done]


def test_what_a_summary_says() -> None:
    story = Story(flap_limit="1")
    story.play(".x.x.x" + "." * 60)
    (_, _, text) = story.mails[-1]
    assert "6 changes of its state since Sunday 01 March, 2026 12:02:00 UTC were not told one by one" in " ".join(
        text.split()
    )


def test_a_tag_that_comes_later_counts_from_then_on() -> None:
    story = Story()
    story.play(".xx")
    tag_resource(story.live.service, HERE, ARN, {"tocsin:remind-every": "PT2M"}, follow=restart_notices)
    story.play("xxx")
    assert story.told == [(1, "OK"), (2, "ALARM"), (5, "ALARM (reminder)")]
    untag_resource(story.live.service, HERE, ARN, ["tocsin:remind-every"], follow=restart_notices)
    story.play("xxxx")
    assert len(story.told) == 3


def test_a_change_of_the_alarm_restarts_the_timers() -> None:
    story = Story(remind_every="PT3M")
    story.play(".xxx")  # the next reminder would come in the fifth minute
    story.put({}, AlarmDescription="another")
    story.play("xxx")
    assert story.told == [(1, "OK"), (2, "ALARM"), (7, "ALARM (reminder)")]


def test_actions_that_are_disabled_are_not_reminded_of() -> None:
    story = Story(remind_every="PT2M")
    story.play(".x")
    story.put({}, ActionsEnabled=False)
    story.play("xxxxx")
    assert story.told == [(1, "OK"), (2, "ALARM")]


def test_tags_that_mean_nothing_are_refused() -> None:
    story = Story()
    with pytest.raises(InvalidParameterError, match="tocsin:hold-down is an ISO 8601 duration"):
        tag_resource(story.live.service, HERE, ARN, {"tocsin:hold-down": "a while"}, follow=restart_notices)
    with pytest.raises(InvalidParameterError, match="tocsin:remind-on is new-events"):
        put_metric_alarm(
            story.live.service, HERE, {**ALARM, "AlarmName": "b", "Tags": [{"Key": "tocsin:remind-on", "Value": "x"}]}
        )


def test_new_events_in_alarm() -> None:
    """A reminder for what has come since somebody was told, and none where nothing has."""
    story = Story(remind_on="new-events")
    service = story.live.service
    create_log_group(service, HERE, "g")
    create_log_stream(service, HERE, "g", "s")
    transformation = MetricTransformation(metric_name="m", metric_namespace="N", metric_value="1")
    definition = MetricFilter(
        filter_name="f", filter_pattern="{ $.eventName = StopLogging }", metric_transformations=(transformation,)
    )
    put_metric_filter(service, HERE, "g", definition)

    def stop_logging(user: str) -> None:
        at = story.live.clock.now()
        record = {
            "eventVersion": "1.11",
            "eventName": "StopLogging",
            "eventSource": "cloudtrail.amazonaws.com",
            "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "userIdentity": {"type": "IAMUser", "userName": user},
        }
        service.part(Pipeline).put(HERE, "g", "s", [(int(at.timestamp() * 1000), json.dumps(record))])

    story.play(".")
    stop_logging("alice")
    story.play("x")
    assert story.told == [(1, "OK"), (2, "ALARM")]
    story.play("x")  # it breaches, and no event is behind it
    assert len(story.told) == 2
    stop_logging("mallory")
    story.play("xx")
    assert [one for one in story.told if one[0] > 2] == [(4, "ALARM (reminder)")]
    text = story.mails[-1][2]
    assert "mallory" in text
    assert "alice" not in text
