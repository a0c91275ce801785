"""The chain from the event to the person, who is told, and the first steps (CON-4.2, AL-19.4, AL-19.8)."""

from __future__ import annotations

import json

import pytest
from board_bench import ALARM, HOUR_MS, OK, BoardBench
from rule_bench import HERE, RuleBench

from tocsin.app.alarm_board import AlarmBoards
from tocsin.app.first_steps import FirstStep, first_steps, step_calls
from tocsin.app.people import Audience, Audiences, last_told
from tocsin.app.ringing import Ringing, Shared, ringing_now
from tocsin.app.told import Told, told_of
from tocsin.app.trail import TRAILS
from tocsin.app.trail_status import Destination, TrailStatus, note_delivery
from tocsin.app.watch_chain import WatchChain, WatchChains
from tocsin.core.delivery import Delivered, DeliveryReason, Endpoint, Failed
from tocsin.core.trail.definition import Trail

PATTERN = "{ $.eventName = StopLogging }"
STOP = json.dumps({"eventTime": "t", "eventName": "StopLogging"})
REFUSED = Failed(DeliveryReason.CONNECTION, "refused")


@pytest.fixture
def bench() -> BoardBench:
    return BoardBench()


def chain(bench: RuleBench) -> WatchChain:
    with bench.store.read() as store:
        lines = bench.service.part(AlarmBoards).of(store, HERE, now=bench.now_ms).lines
        return bench.service.part(WatchChains).of(store, [HERE], lines, now=bench.now_ms)


def audience(bench: RuleBench) -> Audience:
    with bench.store.read() as store:
        return bench.service.part(Audiences).of_all(store, [HERE], now=bench.now_ms)


def told(bench: BoardBench, name: str) -> Told:
    with bench.store.read() as store:
        return told_of(store, bench.line(name))


def ringing(bench: BoardBench, **how: int) -> Ringing:
    with bench.store.read() as store:
        return ringing_now(bench.service, store, bench.lines(), **how)


# ---------------------------------------------------------------- the chain


def test_each_link_has_its_facts(bench: BoardBench) -> None:
    bench.filter("stop", PATTERN, metric="Stop")
    bench.filter("other", "{ $.eventName = Other }", metric="Other")
    bench.alarm("a", "Stop", actions=(bench.heard,))
    bench.alarm("typo", "Stopp", actions=(bench.heard,))
    bench.alarm("lonely", "Stop", actions=(bench.topic("ops-noise"),))
    bench.topic("unused")
    bench.put_events(STOP)
    bench.subscribe("oncall@example.com", confirmed=False)
    found = chain(bench)
    assert (found.groups.total, found.groups.newest) == (1, bench.now_ms)
    assert found.filters[:2] == (2, 1)
    assert (found.alarms.total, found.alarms.unfed, found.alarms.unheard) == (3, 1, 1)
    assert (found.topics.total, found.topics.deaf) == (3, ("ops-noise",))
    assert tuple(found.people) == (1, 1, 1)
    assert tuple(found.trails) == (0, 0, None, (), False)
    assert tuple(found.outbox) == (0, None)


def test_a_filter_counts_as_active_for_an_hour(bench: BoardBench) -> None:
    bench.filter("stop", PATTERN, metric="Stop")
    bench.put_events(STOP)
    assert chain(bench).filters.active == 1
    bench.go(hours=2)
    assert chain(bench).filters.active == 0


def test_trails_tell_how_they_deliver(bench: BoardBench) -> None:
    trail = Trail(name="main", home=HERE, created_at=1, s3_bucket_name="b", is_logging=True)
    stopped = Trail(name="old", home=HERE, created_at=1, s3_bucket_name="b", is_logging=False)
    status = TrailStatus(
        files=Destination(succeeded_at=5), logs=Destination(succeeded_at=9, error="no"), digests=Destination(error="x")
    )

    def work(store) -> None:
        for one in (trail, stopped):
            TRAILS.put(store, HERE, one.name, one)
        note_delivery(store, trail, "eu-central-1", lambda _: status)

    bench.store.write(work)
    assert tuple(chain(bench).trails) == (2, 1, 9, ("main",), True)


def test_deliveries_that_wait_are_told_with_the_oldest(bench: BoardBench) -> None:
    bench.wired("a")
    bench.set("a", ALARM)
    first = bench.now_ms
    bench.go(minutes=5)
    bench.set("a", OK)
    bench.set("a", ALARM)
    assert tuple(chain(bench).outbox) == (2, first)


# ---------------------------------------------------------------- who is told


def test_an_endpoint_is_shown_once_with_its_alarms(bench: BoardBench) -> None:
    bench.subscribe("security@example.com", topic="root")
    bench.alarm("a", "A", actions=(bench.heard, bench.topic("root")))
    bench.alarm("b", "B", actions=(bench.heard,))
    bench.alarm("off", "C", actions=(bench.heard,), ActionsEnabled=False)
    bench.alarm("ok-only", "D", OKActions=[bench.heard])
    (one,) = audience(bench).people
    assert (one.endpoint, one.alarms, len(one.targets)) == ("security@example.com", 2, 2)
    assert [name for _, name in one.topics] == ["root", "sec-alerts"]


def test_those_who_hear_nothing_come_last(bench: BoardBench) -> None:
    bench.wired("a")
    bench.subscribe("deaf@example.com", attributes={"FilterPolicy": '{"k": ["v"]}'})
    failing = bench.subscribe("broken@example.com")
    bench.deliver(failing, cause="x", at=bench.now_ms - 2 * HOUR_MS, outcome=REFUSED)
    bench.subscribe("oncall@example.com", confirmed=False)
    found = audience(bench)
    assert [(one.endpoint, one.is_deaf, one.is_failing) for one in found.people] == [
        ("security@example.com", False, False),
        ("broken@example.com", False, True),
        ("deaf@example.com", True, False),
    ]
    assert (found.hearing, found.pending) == (1, 1)


def test_chat_channels_are_people_too() -> None:
    arn = "arn:aws:sns:eu-central-1:111122223333:sec-alerts"
    bench = BoardBench(channels={arn: (Endpoint("slack", "notifier 1"),)})
    assert [(one.endpoint, one.ident) for one in audience(bench).people][:1] == [("notifier 1", "")]


def test_somebody_was_last_told_when_something_arrived(bench: BoardBench) -> None:
    bench.wired("a")
    (one,) = audience(bench).people

    def last() -> int | None:
        with bench.store.read() as store:
            return last_told(store, one)

    assert last() is None
    bench.deliver(bench.reader, cause="x", at=bench.now_ms - 5, outcome=Delivered("250"))
    bench.deliver(bench.reader, cause="x", at=bench.now_ms, outcome=REFUSED)
    assert last() == bench.now_ms - 5


# ---------------------------------------------------------------- what rings, and who was told of it


def test_told_counts_those_who_have_taken_it(bench: BoardBench) -> None:
    bench.wired("a")
    bench.subscribe("oncall@example.com", confirmed=False)
    second = bench.subscribe("second@example.com")
    bench.set("a", ALARM)
    assert told(bench, "a") == Told(told=0, people=3, waiting=2)
    cause = bench.line("a").cause
    with bench.store.read() as store:
        rows = store.outbox.deliveries(cause=cause, limit=9)
    assert {row.target for row in rows} == {bench.reader, second}
    bench.deliver(bench.reader, cause=cause, at=bench.now_ms + 1, outcome=Delivered("250"))
    bench.deliver(second, cause=cause, at=bench.now_ms + 1, outcome=REFUSED)
    found = told(bench, "a")
    assert (found.told, found.people, found.waiting, found.failed, found.is_nobody) == (1, 3, 0, 1, False)


def test_nobody_is_told_where_nobody_hears(bench: BoardBench) -> None:
    bench.alarm("a", "A", actions=(bench.topic("ops-noise"),))
    bench.set("a", ALARM)
    assert told(bench, "a") == Told()
    assert told(bench, "a").is_nobody


def test_what_a_mute_rule_holds_is_held(bench: BoardBench) -> None:
    bench.wired("a")
    bench.mute("a")
    bench.set("a", ALARM)
    found = told(bench, "a")
    assert (found.is_held, found.is_nobody) == (True, False)


def test_what_rings_is_sorted_by_what_needs_somebody_most(bench: BoardBench) -> None:
    from tocsin.app.acknowledgement import acknowledge

    for name, severity in (("high-old", "high"), ("high-taken", "high"), ("crit", "critical"), ("high-new", "high")):
        bench.wired(name, Tags=[{"Key": "tocsin:severity", "Value": severity}])
        bench.go(minutes=1)
        bench.set(name, ALARM)
    acknowledge(bench.service, HERE, "high-taken", by="dana")
    found = ringing(bench)
    assert [one.line.name for one in found.first] == ["crit", "high-new", "high-old", "high-taken"]
    assert (found.total, found.shared) == (4, None)


def test_of_many_it_is_said_what_they_share(bench: BoardBench) -> None:
    bench.filter("stop", PATTERN, metric="Stop")
    for number in range(30):
        bench.alarm(f"a{number:02}", "Stop" if number < 20 else "Other", actions=(bench.heard,) if number < 10 else ())
        bench.set(f"a{number:02}", ALARM)
    found = ringing(bench)
    assert (len(found.first), found.total, found.shared) == (20, 30, Shared("log group", "trail-group", 20))
    assert ringing(bench, most=30).shared is None


def test_what_few_share_is_not_said(bench: BoardBench) -> None:
    for number in range(30):
        bench.alarm(f"a{number:02}", f"M{number}", actions=(bench.heard,) if number < 10 else ())
        bench.set(f"a{number:02}", ALARM)
    assert ringing(bench).shared is None


# ---------------------------------------------------------------- the first steps


def done(bench: RuleBench) -> list[FirstStep]:
    found = chain(bench)
    with bench.store.read() as store:
        lines = bench.service.part(AlarmBoards).of(store, HERE, now=bench.now_ms).lines
        return [one.step for one in first_steps(store, [HERE], found, lines) if one.is_done]


def test_steps_are_done_one_after_the_other() -> None:
    bench = RuleBench()
    assert done(bench) == []
    bench.put_events(STOP)
    seen = [done(bench)]
    bench.filter("stop", PATTERN, metric="Stop")
    seen.append(done(bench))
    bench.alarm("a", "Stop")
    seen.append(done(bench))
    topic = bench.topic()
    bench.subscribe("you@example.com", confirmed=False)
    seen.append(done(bench))
    bench.subscribe("me@example.com")
    seen.append(done(bench))
    bench.alarm("a", "Stop", actions=(topic,))
    seen.append(done(bench))
    BoardBench.set(bench, "a", ALARM)
    seen.append(done(bench))
    assert seen == [list(FirstStep)[: number + 1] for number in range(7)]


def test_every_step_has_its_calls() -> None:
    calls = step_calls(RuleBench().service, HERE)
    assert list(calls) == list(FirstStep)
    assert all(calls.values())
