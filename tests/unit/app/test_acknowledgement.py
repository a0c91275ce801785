"""Somebody takes an alarm on: it is kept, shown, and stops reminders that come by the clock. Spec: CON-4.4, AL-19.6."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from live_alarm import ALARM_A, HERE, TOPIC, Live

from tocsin.app.acknowledgement import LONGEST_NOTE, acknowledge, acknowledgements_of, current_acknowledgement
from tocsin.app.alarm_record import STANDINGS
from tocsin.app.metric_alarm import delete_alarms, put_composite_alarm, put_metric_alarm, restart_notices, set_state
from tocsin.app.resource_tag import tag_resource
from tocsin.core.alarm.history import HistoryItemType
from tocsin.core.alarm.state import StateValue
from tocsin.core.metric import MetricKey
from tocsin.errors import ConflictError, InvalidParameterError, NotFoundError

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = MetricKey.of("N", "m")
ARN = f"arn:aws:cloudwatch:{HERE.region}:{HERE.account}:alarm:a"


class Bench:
    """The alarm `a`, which reminds every ten minutes, and what became of it."""

    def __init__(self, **tags: str) -> None:
        self.live = Live(START)
        self.live.add_topic()
        self.service = self.live.service
        given = [{"Key": f"tocsin:{key.replace('_', '-')}", "Value": value} for key, value in tags.items()]
        put_metric_alarm(
            self.service,
            HERE,
            {**ALARM_A, "TreatMissingData": "notBreaching", "AlarmActions": [TOPIC], "Tags": given},
        )
        self.pass_minutes(1)

    def breach(self) -> None:
        """A minute that breaches, and its evaluation."""
        self.live.add(KEY, self.live.clock.now(), 1.0)
        self.pass_minutes(1)

    def pass_minutes(self, count: int) -> None:
        for _ in range(count):
            self.live.move_to(self.live.clock.now() + timedelta(minutes=1))
            self.live.run()

    def current(self) -> str | None:
        """Who has taken the present state on."""
        with self.live.store.read() as store:
            standing = STANDINGS.get(store, HERE, "a")
            found = current_acknowledgement(store, HERE, "a", standing)
        return None if found is None else f"{found.by}: {found.note}"

    def subjects(self) -> list[str]:
        """The subjects of what was told, oldest first."""
        items = [one for one in self.live.items(HistoryItemType.ACTION) if one.history_summary.startswith("Succ")]
        texts = [json.loads(json.loads(one.history_data)["publishedMessage"]) for one in items]
        return [text["sms"].partition(":")[0] for text in texts]

    def alarms(self) -> int:
        """How often ALARM was told, reminders included."""
        return sum(subject.startswith("ALARM") for subject in self.subjects())


def test_an_acknowledgement_is_of_the_change_that_it_was_made_for() -> None:
    bench = Bench()
    bench.breach()
    assert bench.current() is None
    made = acknowledge(bench.service, HERE, "a", by="dana", note=" planned change 4711 ")
    assert bench.current() == "dana: planned change 4711"
    assert made.at == bench.live.clock.now()
    bench.pass_minutes(3)
    assert bench.live.states()[-1].told.endswith("to OK")
    assert bench.current() is None
    bench.breach()
    assert bench.current() is None
    acknowledge(bench.service, HERE, "a", by="erin")
    assert bench.current() == "erin: "
    with bench.live.store.read() as store:
        assert [one.by for one in acknowledgements_of(store, HERE, "a")] == ["erin", "dana"]


def test_two_people_may_take_it_on() -> None:
    bench = Bench()
    bench.breach()
    acknowledge(bench.service, HERE, "a", by="dana", note="looking")
    acknowledge(bench.service, HERE, "a", by="erin", note="me too")
    assert bench.current() == "erin: me too"


def test_it_stops_reminders_by_the_clock() -> None:
    bench = Bench(remind_every="PT2M")
    bench.breach()
    for _ in range(4):
        bench.breach()
    assert bench.alarms() == 3
    acknowledge(bench.service, HERE, "a", by="dana")
    for _ in range(6):
        bench.breach()
    assert bench.alarms() == 3
    # The next ALARM is another one, and reminds again.
    bench.pass_minutes(3)
    bench.breach()
    for _ in range(2):
        bench.breach()
    assert bench.alarms() == 5


def test_a_tag_that_comes_later_does_not_remind_of_what_was_acknowledged() -> None:
    bench = Bench()
    bench.breach()
    acknowledge(bench.service, HERE, "a", by="dana")
    tag_resource(bench.service, HERE, ARN, {"tocsin:remind-every": "PT1M"}, follow=restart_notices)
    for _ in range(4):
        bench.breach()
    assert bench.subjects() == ["ALARM"]


def test_it_is_no_business_of_the_state_or_its_history() -> None:
    bench = Bench()
    bench.breach()
    before = bench.live.states(), len(bench.live.items(HistoryItemType.ACTION))
    acknowledge(bench.service, HERE, "a", by="dana")
    assert (bench.live.states(), len(bench.live.items(HistoryItemType.ACTION))) == before


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"name": "b"}, NotFoundError, "no alarm b"),
        ({"note": "x" * (LONGEST_NOTE + 1)}, InvalidParameterError, "at most 1,000"),
        ({"transitioned_at": 7}, ConflictError, "has changed since"),
    ],
)
def test_what_cannot_be_acknowledged(given: dict, error: type[Exception], words: str) -> None:
    bench = Bench()
    bench.breach()
    with pytest.raises(error, match=words):
        acknowledge(bench.service, HERE, **{"name": "a", "by": "dana", **given})
    assert bench.current() is None


def test_an_alarm_that_does_not_ring_cannot_be_acknowledged() -> None:
    with pytest.raises(ConflictError, match="is OK"):
        acknowledge(Bench().service, HERE, "a", by="dana")


def test_a_composite_can_be_acknowledged() -> None:
    bench = Bench()
    put_composite_alarm(bench.service, HERE, {"AlarmName": "c", "AlarmRule": "ALARM(a)"})
    bench.breach()
    acknowledge(bench.service, HERE, "c", by="dana")
    with bench.live.store.read() as store:
        assert [one.by for one in acknowledgements_of(store, HERE, "c")] == ["dana"]


def test_acknowledgements_go_with_their_alarm() -> None:
    bench = Bench()
    bench.breach()
    acknowledge(bench.service, HERE, "a", by="dana")
    delete_alarms(bench.service, HERE, ["a"])
    with bench.live.store.read() as store:
        assert acknowledgements_of(store, HERE, "a") == ()


def test_setting_the_state_ends_it() -> None:
    bench = Bench()
    bench.breach()
    acknowledge(bench.service, HERE, "a", by="dana")
    set_state(bench.service, HERE, "a", StateValue.OK, reason="by hand", reason_data=None)
    assert bench.current() is None
