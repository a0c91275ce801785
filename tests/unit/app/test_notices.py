"""Messages that wait, are folded or repeated as an alarm's tags say; state and history as on AWS. Spec: AL-19.6."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from live_alarm import ALARM_A, HERE, TOPIC, CrashError, Live

from tocsin.app import alarm_event
from tocsin.app.log_group import create_log_group
from tocsin.app.log_stream import create_log_stream
from tocsin.app.metric_alarm import (
    delete_alarms,
    put_composite_alarm,
    put_metric_alarm,
    restart_notices,
    set_actions_enabled,
)
from tocsin.app.metric_filter import put_metric_filter
from tocsin.app.mute_rule import delete_mute_rule, put_mute_rule
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
ALARM = {**ALARM_A, "TreatMissingData": "notBreaching", "AlarmActions": [TOPIC], "OKActions": [TOPIC]}


class Mail(NamedTuple):
    """A mail: its minute, the first words of its subject, its text, and the JSON of the same message."""

    minute: int
    subject: str
    text: str
    document: dict[str, Any]

    @property
    def ours(self) -> dict[str, Any]:
        """The key `Tocsin`."""
        return dict(self.document["Tocsin"])


class Story:
    """An alarm with tags; minute by minute it breaches or not."""

    def __init__(self, *, delay: int = 0, more: dict[str, Any] | None = None, **tags: str) -> None:
        self.live = Live(START, evaluation_range=0, evaluation_delay=delay)
        self.live.add_topic()
        self.more = more or {}
        self.delay = timedelta(seconds=delay)
        self.put(tags)
        self.minute = 0
        self._events = 0

    def put(self, tags: dict[str, str], **more: Any) -> None:
        given = [{"Key": f"tocsin:{key.replace('_', '-')}", "Value": value} for key, value in tags.items()]
        put_metric_alarm(self.live.service, HERE, {**ALARM, "Tags": given, **self.more, **more})

    def play(self, minutes: str, *, restarts: bool = False) -> None:
        """A minute for each character: `x` breaches."""
        for what in minutes:
            if what == "x":
                self.live.add(KEY, START + timedelta(minutes=self.minute), 1.0)
            self.minute += 1
            self.live.move_to(START + timedelta(minutes=self.minute) + self.delay)
            if restarts:
                self.live.restart()
            self.live.run()

    def feed(self) -> None:
        """A metric filter in front of the alarm, for events."""
        service = self.live.service
        create_log_group(service, HERE, "g")
        create_log_stream(service, HERE, "g", "s")
        transformation = MetricTransformation(metric_name="m", metric_namespace="N", metric_value="1")
        definition = MetricFilter(
            filter_name="f", filter_pattern="{ $.eventName = StopLogging }", metric_transformations=(transformation,)
        )
        put_metric_filter(service, HERE, "g", definition)

    def stop_logging(self, user: str, *, minute: float | None = None) -> None:
        """An event, by default now, that arrives now."""
        at = self.live.clock.now() if minute is None else START + timedelta(minutes=minute)
        self._events += 1
        record = {
            "eventVersion": "1.11",
            "eventID": f"00000000-0000-4000-8000-{self._events:012}",
            "eventName": "StopLogging",
            "eventSource": "cloudtrail.amazonaws.com",
            "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "userIdentity": {"type": "IAMUser", "userName": user},
        }
        pipeline = self.live.service.part(Pipeline)
        pipeline.put(HERE, "g", "s", [(int(at.timestamp() * 1000), json.dumps(record))])

    @property
    def mails(self) -> list[Mail]:
        """What was published, by time."""
        with self.live.store.read() as store:
            rows = store.outbox.deliveries(limit=1_000)[::-1]
        found = []
        for row in rows:
            envelope = unpack_envelope(row.body)
            minute = (row.created_at / 1000 - START.timestamp()) / 60
            subject = (envelope.subject or "").partition(":")[0]
            found.append(Mail(int(minute), subject, envelope.message, {}))
        items = self.live.items(HistoryItemType.ACTION)
        published = [json.loads(one.history_data)["publishedMessage"] for one in items]
        documents = [json.loads(json.loads(one)["default"]) for one in published if one is not None]
        return [mail._replace(document=document) for mail, document in zip(found, documents, strict=True)]

    @property
    def told(self) -> list[tuple[int, str]]:
        return [(mail.minute, mail.subject) for mail in self.mails]

    def actions(self) -> list[str]:
        return [item.history_summary for item in self.live.items(HistoryItemType.ACTION)]

    def states(self) -> list[str]:
        return [change.told.rpartition(" ")[2] for change in self.live.states()]


STORIES = [
    ({}, ".x.x..", [(1, "OK"), (2, "ALARM"), (3, "OK"), (4, "ALARM"), (5, "OK")]),
    ({"skip_first": "true"}, ".x.", [(2, "ALARM"), (3, "OK")]),
    ({"hold_down": "PT2M"}, ".x.x....", [(1, "OK"), (2, "ALARM"), (4, "ALARM"), (7, "OK")]),
    ({"remind_every": "PT2M"}, ".xxxxxx.", [(1, "OK"), (2, "ALARM"), (4, "ALARM (reminder)"), (6, "ALARM (reminder)"), (8, "OK")]),
    ({"flap_limit": "3"}, ".x.x.x" + "." * 60, [(1, "OK"), (2, "ALARM"), (3, "OK"), (64, "OK (summary)")]),
]  # fmt: skip


@pytest.mark.parametrize("delay", [0, 10])
@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize(("tags", "minutes", "told"), STORIES)
def test_stories(
    tags: dict[str, str], minutes: str, told: list[tuple[int, str]], *, restarts: bool, delay: int
) -> None:
    story, plain = Story(delay=delay, **tags), Story(delay=delay)
    story.play(minutes, restarts=restarts)
    plain.play(minutes)
    assert story.told == told
    assert story.states() == plain.states()


@pytest.mark.parametrize("after_commit", [False, True])
def test_no_message_is_lost_or_doubled_by_a_death(*, after_commit: bool) -> None:
    """Whichever write is the last one of a process, the next process says what this one has not said (AR-5)."""
    tags, minutes = {"hold_down": "PT3M", "remind_every": "PT2M", "flap_limit": "4"}, ".xxx.x...x.x.x" + "." * 61
    plain = Story(**tags)
    plain.play(minutes)
    deaths, at_write = 0, 1
    while True:
        story = Story(**tags)
        story.live.store.dies_at, story.live.store.after_commit = story.live.store.writes + at_write, after_commit
        died = False
        for place, what in enumerate(minutes):
            try:
                story.play(what)
            except CrashError:
                died = True
                story.live.restart()
                story.minute = place + 1
                story.live.move_to(START + timedelta(minutes=place + 1))
                if what == "x":  # whoever delivers the datum tries again; twice the breach is a breach, too
                    story.live.add(KEY, START + timedelta(minutes=place), 1.0)
                story.live.run()
        if not died:
            break
        deaths += 1
        at_write += 7
        assert story.told == plain.told
    assert deaths > 5


def test_what_is_not_told_stands_in_the_history() -> None:
    story = Story(hold_down="PT2M")
    story.play(".x.x....")
    done = f"Successfully executed action {TOPIC}"
    held = [
        f'Failed to execute action {TOPIC}. Received error: "Not told: OK is told on 2026-03-01T12:0{minute}:00Z'
        ' if it lasts (tocsin:hold-down)"'
        for minute in (5, 7)
    ]
    assert story.actions() == [done, done, held[0], done, held[1], done]


def test_an_ok_that_did_not_last_is_named() -> None:
    story = Story(hold_down="PT2M")
    story.play(".x.x....")
    returned, last = story.mails[2], story.mails[3]
    text = " ".join(returned.text.split())
    assert "1 change before that was not told: OK on Sunday 01 March, 2026 12:03:00 UTC" in text
    assert returned.ours["untold"] == [{"state": "OK", "at": "2026-03-01T12:03:00.000+0000"}]
    assert returned.ours["untoldCount"] == 1
    assert "untold" not in last.ours


def test_what_a_summary_says() -> None:
    story = Story(flap_limit="1")
    story.play(".x.x.x" + "." * 60)
    summary = story.mails[-1]
    text = " ".join(summary.text.split())
    since = "is in OK on Sunday 01 March, 2026 13:02:00 UTC, since Sunday 01 March, 2026 12:07:00 UTC"
    assert since in text
    assert "6 changes before that were not told: ALARM on Sunday 01 March, 2026 12:02:00 UTC OK on" in text
    assert summary.ours["summary"] is True
    assert [one["state"] for one in summary.ours["untold"]] == ["ALARM", "OK"] * 3


def test_a_long_summary_is_cut_and_counts_the_rest() -> None:
    story = Story(flap_limit="1")
    story.play(".x" * 15 + "." * 40)
    text = " ".join(story.mails[-1].text.split())
    assert "30 changes before that were not told:" in text
    assert "and 10 more changes" in text
    assert len(story.mails[-1].ours["untold"]) == 30


def test_a_reminder_is_marked_and_says_since_when() -> None:
    story = Story(remind_every="PT2M")
    story.play(".xxx")
    mail = story.mails[-1]
    text = " ".join(mail.text.split())
    assert "is still in ALARM on Sunday 01 March, 2026 12:04:00 UTC, since Sunday 01 March, 2026 12:02:00 UTC" in text
    assert mail.ours["reminder"] is True
    assert mail.document["StateChangeTime"] == "2026-03-01T12:02:00.000+0000"


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


def test_a_held_ok_starts_anew_with_the_alarm_and_goes_when_its_tag_goes() -> None:
    story = Story(hold_down="PT3M")
    story.play(".x.")
    story.put({}, AlarmDescription="another")
    story.play("...")
    assert story.told[2:] == [(6, "OK")]
    other = Story(hold_down="PT3M")
    other.play(".x.")
    untag_resource(other.live.service, HERE, ARN, ["tocsin:hold-down"], follow=restart_notices)
    other.play(".")
    assert other.told[2:] == [(4, "OK")]


def test_a_deleted_alarm_says_nothing_more() -> None:
    story = Story(hold_down="PT3M", remind_every="PT1M")
    story.play(".x.")
    delete_alarms(story.live.service, HERE, ["a"])
    story.play("....")
    assert story.told == [(1, "OK"), (2, "ALARM")]


def test_tags_that_mean_nothing_are_refused() -> None:
    story = Story()
    with pytest.raises(InvalidParameterError, match="tocsin:hold-down takes an ISO 8601 duration"):
        tag_resource(story.live.service, HERE, ARN, {"tocsin:hold-down": "a while"}, follow=restart_notices)
    with pytest.raises(InvalidParameterError, match='tocsin:remind-on takes new-events; it was "x"'):
        put_metric_alarm(
            story.live.service, HERE, {**ALARM, "AlarmName": "b", "Tags": [{"Key": "tocsin:remind-on", "Value": "x"}]}
        )


# ---------------------------------------------------------------- alarms with fewer actions


ALARM_ALONE = {"OKActions": []}


def test_the_first_alarm_is_not_left_out_after_an_ok_without_actions() -> None:
    """The first change is the one to OK, whether anybody is to be told of it or not."""
    story = Story(skip_first="true", more=ALARM_ALONE)
    story.play(".x.")
    assert story.told == [(2, "ALARM")]


def test_the_first_change_is_the_first_one_while_actions_are_disabled() -> None:
    story = Story(skip_first="true", more={"ActionsEnabled": False})
    story.play(".")
    set_actions_enabled(story.live.service, HERE, ["a"], is_enabled=True)
    story.play("x")
    assert story.told == [(2, "ALARM")]


def test_a_summary_goes_to_those_who_were_not_told() -> None:
    """The alarm is in OK again, for which it has no action; what was folded is its ALARMs."""
    story = Story(flap_limit="1", more=ALARM_ALONE)
    story.play(".x.x." + "." * 60)
    assert story.told == [(62, "OK (summary)")]
    assert [one["state"] for one in story.mails[-1].ours["untold"]] == ["ALARM", "ALARM"]


def test_a_composite_leaves_out_the_change_that_it_is_made_with() -> None:
    story = Story()
    story.play(".")
    tags = [{"Key": "tocsin:skip-first", "Value": "true"}, {"Key": "tocsin:remind-every", "Value": "PT2M"}]
    lists = {"OKActions": [TOPIC], "AlarmActions": [TOPIC]}
    put_composite_alarm(story.live.service, HERE, {"AlarmName": "c", "AlarmRule": "ALARM(a)", **lists, "Tags": tags})
    story.play("xxx")
    assert story.told == [(1, "OK"), (2, "ALARM"), (2, "ALARM"), (4, "ALARM (reminder)")]
    assert sum("first change (tocsin:skip-first)" in one for one in story.actions()) == 1


# ---------------------------------------------------------------- what else holds messages


def mute(story: Story, minute: int, minutes: int) -> None:
    schedule = {"Expression": f"at(2026-03-01T12:{minute:02})", "Duration": f"PT{minutes}M"}
    put_mute_rule(
        story.live.service,
        HERE,
        {"Name": "q", "Rule": {"Schedule": schedule}, "MuteTargets": {"AlarmNames": ["a"]}},
    )


def test_what_becomes_due_in_a_mute_window_is_told_at_its_end() -> None:
    story = Story(hold_down="PT3M")
    story.play(".x.")
    mute(story, 4, 10)
    story.play("." * 15)
    assert story.told == [(1, "OK"), (2, "ALARM"), (14, "OK")]


def test_what_a_mute_rule_held_is_told_when_the_rule_is_deleted() -> None:
    story = Story(hold_down="PT3M")
    story.play(".x.")
    mute(story, 4, 10 * 24 * 60)
    story.play("." * 5)
    delete_mute_rule(story.live.service, HERE, "q")
    story.play("." * 70)
    assert story.told[:2] == [(1, "OK"), (2, "ALARM")]
    ((minute, subject),) = story.told[2:]
    assert (minute <= 8 + 60, subject) == (True, "OK")


def test_no_reminder_in_a_mute_window() -> None:
    story = Story(remind_every="PT2M")
    story.play(".x")
    mute(story, 3, 5)
    story.play("x" * 8)
    assert story.told == [(1, "OK"), (2, "ALARM"), (8, "ALARM (reminder)"), (10, "ALARM (reminder)")]


def test_a_suppressor_holds_reminders() -> None:
    story = Story()
    story.play(".")
    suppressor = {**ALARM, "AlarmName": "s", "MetricName": "other", "AlarmActions": [], "OKActions": []}
    put_metric_alarm(story.live.service, HERE, suppressor)
    composite = {
        "AlarmName": "c",
        "AlarmRule": "ALARM(a)",
        "AlarmActions": [TOPIC],
        "ActionsSuppressor": "s",
        "ActionsSuppressorWaitPeriod": 0,
        "ActionsSuppressorExtensionPeriod": 0,
        "Tags": [{"Key": "tocsin:remind-every", "Value": "PT2M"}],
    }
    put_composite_alarm(story.live.service, HERE, composite)
    story.play("x")
    other = MetricKey.of("N", "other")
    for minute in (2, 3, 4, 5):
        story.live.add(other, START + timedelta(minutes=minute), 1.0)
    story.play("xxxxxxx")
    # The suppressor is in ALARM from the third minute to the seventh; without it the fourth would have a reminder.
    assert [minute for minute, subject in story.told if "reminder" in subject] == [7, 9]


def test_actions_that_are_disabled_are_not_reminded_of() -> None:
    story = Story(remind_every="PT2M")
    story.play(".x")
    story.put({}, ActionsEnabled=False)
    story.play("xxxxx")
    assert story.told == [(1, "OK"), (2, "ALARM")]


def test_there_is_no_reminder_of_ok() -> None:
    """The alarm has gone to OK while its actions were disabled."""
    story = Story(remind_every="PT5M")
    story.play(".x")
    set_actions_enabled(story.live.service, HERE, ["a"], is_enabled=False)
    story.play("..")
    set_actions_enabled(story.live.service, HERE, ["a"], is_enabled=True)
    story.play("." * 10)
    assert story.told == [(1, "OK"), (2, "ALARM")]


def test_a_held_ok_of_disabled_actions_is_not_told_and_the_history_says_so() -> None:
    story = Story(hold_down="PT3M", flap_limit="2")
    story.play(".x.")
    set_actions_enabled(story.live.service, HERE, ["a"], is_enabled=False)
    story.play("." * 70)
    set_actions_enabled(story.live.service, HERE, ["a"], is_enabled=True)
    story.play("...")
    assert story.told == [(1, "OK"), (2, "ALARM")]
    assert story.actions()[-1].endswith('"Not told: the alarm\'s actions are disabled"')


def test_after_a_pause_there_is_one_reminder() -> None:
    story = Story(remind_every="PT5M")
    story.play(".x")
    for minute in range(2, 122):
        story.live.add(KEY, START + timedelta(minutes=minute), 1.0)
    story.live.move_to(START + timedelta(minutes=122))
    story.live.run()
    assert story.told == [(1, "OK"), (2, "ALARM"), (122, "ALARM (reminder)")]


# ---------------------------------------------------------------- which events are named


def test_new_events_in_alarm() -> None:
    """A reminder for what has come since somebody was told, and none where nothing has."""
    story = Story(remind_on="new-events")
    story.feed()
    story.play(".")
    story.stop_logging("alice")
    story.play("x")
    assert story.told == [(1, "OK"), (2, "ALARM")]
    story.play("x")  # it breaches, and no event is behind it
    assert len(story.told) == 2
    story.stop_logging("mallory")
    story.play("xx")
    assert [one for one in story.told if one[0] > 2] == [(4, "ALARM (reminder)")]
    text = story.mails[-1].text
    assert "mallory" in text
    assert "alice" not in text


def test_new_events_that_come_late() -> None:
    """CloudTrail is minutes late: an event from before the last message that came after it is new."""
    story = Story(remind_on="new-events")
    story.feed()
    story.play(".")
    story.stop_logging("alice")
    story.play("xx")
    story.stop_logging("mallory", minute=1.5)
    story.play("xx")
    assert [one for one in story.told if one[0] > 2] == [(4, "ALARM (reminder)")]
    assert "alice" not in story.mails[-1].text
    assert "mallory" in story.mails[-1].text


def test_new_events_of_an_alarm_that_is_tagged_in_alarm() -> None:
    story = Story()
    story.feed()
    story.play(".")
    story.stop_logging("alice")
    story.play("x")
    tag_resource(story.live.service, HERE, ARN, {"tocsin:remind-on": "new-events"}, follow=restart_notices)
    story.stop_logging("mallory")
    story.play("xx")
    assert "mallory" in story.mails[-1].text


def test_more_events_than_are_looked_at_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is too much to look at, somebody is told rather than nobody."""
    story = Story(remind_on="new-events")
    story.feed()
    story.play(".")
    story.stop_logging("alice")
    story.play("x")
    story.stop_logging("mallory")
    monkeypatch.setattr(alarm_event, "MOST_EXAMINED", 1)
    story.play("x")
    assert story.told[-1] == (3, "ALARM (reminder)")


@pytest.mark.parametrize(
    ("tags", "minutes"),
    [
        ({"hold_down": "PT10M", "remind_every": "PT5M"}, "x"),
        ({"flap_limit": "1"}, "x" + "." * 70),
        ({"flap_limit": "1", "remind_every": "PT5M"}, "x" * 8),
        ({"flap_limit": "2", "hold_down": "PT10M"}, "x" + "." * 70),
    ],
)
def test_the_events_of_every_alarm_are_named(tags: dict[str, str], minutes: str) -> None:
    story = Story(**tags)
    story.feed()
    story.play(".")
    story.stop_logging("alice")
    story.play("x.")
    story.stop_logging("mallory")
    story.play(minutes)
    texts = "".join(mail.text for mail in story.mails)
    assert "alice" in texts
    assert "mallory" in texts
